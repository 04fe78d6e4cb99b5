//! The checks, in the order in which they run: from what a quiet feed owes, to what only whoever runs
//! the server can bring about.

mod choosing;
mod leaving;
mod living;
mod many;
mod operating;
mod reading;
mod refusing;
mod resuming;
mod starting;

use futures_util::future::BoxFuture;

use super::stop::Verdict;
use super::suite::Suite;

/// One promise.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    /// It appends to feeds that it makes.
    pub(crate) writes: bool,
    pub(crate) run: for<'a> fn(&'a mut Suite) -> BoxFuture<'a, Verdict>,
}

/// A check is named as its function.
macro_rules! check {
    (reads $module:ident::$name:ident) => {
        check!(false, $module, $name)
    };
    (writes $module:ident::$name:ident) => {
        check!(true, $module, $name)
    };
    ($writes:literal, $module:ident, $name:ident) => {
        Check {
            name: stringify!($name),
            writes: $writes,
            run: |suite| Box::pin($module::$name(suite)),
        }
    };
}

pub(crate) const ALL: &[Check] = &[
    check!(reads reading::a_stream_tells_where_the_feed_stands),
    check!(reads reading::no_event_is_missing),
    check!(reads reading::no_event_comes_twice),
    check!(reads reading::events_of_a_subject_come_in_order),
    check!(reads reading::an_event_comes_as_it_was_published),
    check!(reads reading::a_commit_is_never_split),
    check!(reads reading::a_batch_keeps_to_the_size_asked_for),
    check!(reads resuming::a_resumed_subscriber_sees_no_gap_and_no_duplicate),
    check!(reads resuming::every_cursor_of_a_history_resumes),
    check!(reads resuming::progress_is_never_ahead_of_events),
    check!(writes resuming::progress_under_load_is_never_ahead_of_events),
    check!(reads leaving::a_reader_that_leaves_within_a_batch_loses_nothing),
    check!(reads choosing::types_are_chosen),
    check!(reads choosing::a_trailing_star_matches_any_ending),
    check!(reads choosing::subjects_are_chosen),
    check!(reads choosing::attributes_are_chosen),
    check!(reads choosing::alternatives_are_chosen),
    check!(reads choosing::parts_of_a_filter_combine),
    check!(reads starting::earliest_is_the_default),
    check!(reads starting::a_time_is_a_place_to_start),
    check!(reads starting::after_the_head_nothing_old_comes),
    check!(writes starting::latest_brings_only_what_comes_later),
    check!(reads refusing::an_unknown_feed_is_not_found),
    check!(reads refusing::a_malformed_cursor_is_refused),
    check!(reads refusing::a_malformed_filter_is_refused),
    check!(reads refusing::a_batch_size_out_of_range_is_refused),
    check!(reads refusing::a_cursor_of_another_feed_is_refused),
    check!(writes living::history_and_live_meet_without_a_seam),
    check!(writes living::a_live_commit_is_never_split),
    check!(writes living::a_slow_reader_is_never_dropped_and_holds_up_nobody),
    check!(reads living::an_idle_subscriber_hears_from_the_server),
    check!(reads leaving::a_peer_that_stops_reading_holds_up_nobody),
    check!(writes many::subscribers_that_have_gone_are_forgotten),
    check!(writes many::each_of_many_subscribers_sees_every_event),
    check!(writes operating::an_expired_cursor_is_told_where_history_begins),
    check!(writes operating::a_draining_server_says_so_and_loses_nobody),
    check!(writes operating::a_cursor_of_an_earlier_life_is_refused),
];
