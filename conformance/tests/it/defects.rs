//! The suite can fail: servers that each break one promise are found out by the check that says so.

mod broken;

use std::time::Duration;

use pavane_conformance::Outcome;
use pavane_conformance::feed::{Options, run};

use self::broken::{Broken, Defect};
use crate::server::Served;
use crate::unchecked::Unchecked;

/// Runs one check against a server with a defect; it must fail, and pass without the defect.
async fn check(defect: Defect, name: &str) {
    for (defect, fails) in [(Some(defect), true), (None, false)] {
        let served = Served::start(move |store, shutdown| {
            Unchecked::new(Broken::new(store, shutdown, defect))
        })
        .await;
        let options = Options {
            only: Some(name.to_owned()),
            events: 300,
            subscribers: 20,
            seed: 7,
            patience: Duration::from_secs(if fails { 1 } else { 30 }),
            powers: served.powers(),
            ..Options::new(served.address.to_string())
        };
        let report = run(options, |_| {}).await.unwrap();
        let [result] = &*report.results else {
            panic!("{name} is not the name of one check: {report}")
        };
        let failed = matches!(result.outcome, Outcome::Failed { .. });
        assert_eq!(failed, fails, "with {defect:?}: {report}");
        assert_eq!(report.skipped(), 0, "{report}");
    }
}

macro_rules! found_out {
    ($($defect:ident by $check:ident)*) => {
        $(
            #[tokio::test]
            async fn $check() {
                check(Defect::$defect, stringify!($check)).await;
            }
        )*
    };
}

found_out! {
    ForgetsStarted by a_stream_tells_where_the_feed_stands
    LosesEvents by no_event_is_missing
    RepeatsEvents by no_event_comes_twice
    ReversesBatches by events_of_a_subject_come_in_order
    LosesAttributes by an_event_comes_as_it_was_published
    SplitsCommits by a_commit_is_never_split
    IgnoresBatchSize by a_batch_keeps_to_the_size_asked_for
    RepeatsAfterResume by a_resumed_subscriber_sees_no_gap_and_no_duplicate
    SkipsAfterResume by every_cursor_of_a_history_resumes
    ProgressAhead by progress_is_never_ahead_of_events
    LiveProgressAhead by progress_under_load_is_never_ahead_of_events
    SkipsAfterCommit by a_reader_that_leaves_within_a_batch_loses_nothing
    IgnoresFilters by types_are_chosen
    StarIsNoPattern by a_trailing_star_matches_any_ending
    OneSubjectOnly by subjects_are_chosen
    IgnoresAttributes by attributes_are_chosen
    IgnoresAlternatives by alternatives_are_chosen
    PartsAreAlternatives by parts_of_a_filter_combine
    DefaultIsLatest by earliest_is_the_default
    IgnoresTime by a_time_is_a_place_to_start
    RepeatsAfterResume by after_the_head_nothing_old_comes
    LatestIsEarliest by latest_brings_only_what_comes_later
    BareErrors by an_unknown_feed_is_not_found
    AcceptsAnyCursor by a_malformed_cursor_is_refused
    AcceptsAnyFilter by a_malformed_filter_is_refused
    IgnoresBatchSize by a_batch_size_out_of_range_is_refused
    AcceptsAnyCursor by a_cursor_of_another_feed_is_refused
    LosesTheFirstLiveBatch by history_and_live_meet_without_a_seam
    SplitsLiveCommits by a_live_commit_is_never_split
    DropsSlowReaders by a_slow_reader_is_never_dropped_and_holds_up_nobody
    NeverBeats by an_idle_subscriber_hears_from_the_server
    FewAtATime by a_peer_that_stops_reading_holds_up_nobody
    CountsForEver by subscribers_that_have_gone_are_forgotten
    ForgetsSomebody by each_of_many_subscribers_sees_every_event
    AcceptsAnyCursor by an_expired_cursor_is_told_where_history_begins
    LeavesWithoutAWord by a_draining_server_says_so_and_loses_nobody
    AcceptsAnyCursor by a_cursor_of_an_earlier_life_is_refused
}
