//! Waits, and events that are awaited.

use std::time::Duration;

use bytes::Bytes;
use insta::assert_snapshot;

use super::play::{Play, row, step};
use crate::driver::{Input, Rest};
use crate::event::Resolution;
use crate::plan::{Await, EventMatch, StepIndex, Work};
use crate::program::{Condition, Pause};
use crate::{Timestamp, testing};

const DAY: Duration = Duration::from_secs(86_400);

fn wait() -> Work {
    Work::Wait(Pause::Fixed(DAY))
}

fn awaiting(matches: bool, timeout: Option<Duration>) -> Work {
    Work::Await(Await {
        events: EventMatch {
            feed: "orders".into(),
            event_type: "test.Paid".into(),
            subject: None,
            condition: Some(Condition::constant(matches)),
        },
        data: testing::message(),
        timeout,
    })
}

fn arrived() -> Input {
    Input::Arrived {
        step: StepIndex(0),
        event: Bytes::new(),
        data: Bytes::from_static(b"paid"),
    }
}

#[test]
fn a_wait_says_when_it_ends_and_ends_then() {
    let (mut play, said) = Play::start(&row(vec![step(wait()), step(wait())]));
    assert_snapshot!(said, @"
    e/started
    e/a/begun-1
    wake at 86400 s
    ");
    let until = Some(Timestamp::from_nanos(0) + DAY);
    assert_eq!(play.driver().rests(), Some(Rest { until }));
    play.pass(DAY / 2);
    assert_snapshot!(play.input(Input::Wake), @"");
    play.pass(DAY);
    assert_snapshot!(play.input(Input::Wake), @"
    e/a/completed
    e/b/begun-1
    wake at 216000 s
    ");
}

#[test]
fn a_restart_makes_a_wait_neither_longer_nor_shorter() {
    let (mut play, _) = Play::start(&row(vec![step(wait())]));
    play.pass(DAY / 4);
    assert_snapshot!(play.restart(), @"wake at 86400 s");
    play.pass(DAY * 10);
    assert_snapshot!(play.restart(), @"
    e/a/completed
    e/outcome
    ");
}

#[test]
fn a_wait_of_a_failing_execution_is_over() {
    let (mut play, _) = Play::start(&row(vec![step(wait())]));
    let reason = "test".to_owned();
    assert_snapshot!(play.input(Input::Cancel { reason }), @"
    e/cancel-requested
    e/a/abandoned
    e/outcome
    ");
}

#[test]
fn what_calls_is_not_at_rest() {
    let call = Work::Call(testing::call("Do", 1));
    let (play, _) = Play::start(&row(vec![step(call)]));
    assert_eq!(play.driver().rests(), None);
}

#[test]
fn the_event_that_matches_completes_the_step_with_its_data() {
    let (mut play, said) = Play::start(&row(vec![step(awaiting(true, None))]));
    assert_snapshot!(said, @"
    e/started
    e/a/begun-1
    await for e/a of None
    ");
    assert_eq!(play.driver().rests(), Some(Rest { until: None }));
    assert_snapshot!(play.input(arrived()), @"
    e/a/completed
    e/outcome
    ");
    assert_eq!(play.output(0), Some(&b"paid"[..]));
}

#[test]
fn other_events_change_nothing_and_a_restart_awaits_again() {
    let (mut play, _) = Play::start(&row(vec![step(awaiting(false, None))]));
    assert_snapshot!(play.input(arrived()), @"");
    assert_snapshot!(play.restart(), @"await for e/a of None");
}

#[test]
fn an_event_that_comes_too_late_is_a_failure() {
    let (mut play, said) = Play::start(&row(vec![step(awaiting(true, Some(DAY)))]));
    assert_snapshot!(said, @"
    e/started
    e/a/begun-1
    await for e/a of None
    wake at 86400 s
    ");
    play.pass(DAY * 2);
    assert_snapshot!(play.input(Input::Wake), @"
    e/a/failed
    e/outcome
    ");
}

#[test]
fn an_operator_ends_a_wait_by_hand() {
    let (mut play, _) = Play::start(&row(vec![step(wait())]));
    assert_snapshot!(play.resolve(StepIndex(0), Resolution::Skipped), @"
    e/a/resolved-skipped
    e/a/skipped
    e/outcome
    ");
}
