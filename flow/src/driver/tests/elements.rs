//! A step over a list.

use std::sync::Arc;
use std::time::Duration;

use insta::assert_snapshot;

use super::play::{Play, row, step};
use crate::driver::Input;
use crate::event::Resolution;
use crate::plan::{ForEach, Step, StepIndex, Unit, Work};
use crate::testing;

const UNKNOWN: i32 = 2;
const FAILED_PRECONDITION: i32 = 9;

fn over(count: usize, max_concurrency: u32) -> Step {
    Step {
        for_each: Some(ForEach {
            elements: testing::elements(count),
            max_concurrency,
            responses: testing::message(),
        }),
        ..step(Work::Call(testing::call("Do", 1)))
    }
}

fn one(element: u32) -> Unit {
    Unit::element(StepIndex(0), element)
}

#[test]
fn so_many_calls_at_a_time_and_the_responses_in_order() {
    let (mut play, said) = Play::start(&row(vec![over(3, 2)]));
    assert_snapshot!(said, @"
    e/started
    call e/a/0 (attempt 1)
    call e/a/1 (attempt 1)
    ");
    assert_snapshot!(play.answer(one(1), b"one"), @"
    e/a/1/completed
    call e/a/2 (attempt 1)
    ");
    assert_snapshot!(play.answer(one(2), b"two"), @"e/a/2/completed");
    assert_snapshot!(play.answer(one(0), b"zero"), @"
    e/a/0/completed
    e/a/completed
    e/outcome
    ");
    assert_eq!(play.output(0), Some(&b"\n\x04zero\n\x03one\n\x03two"[..]));
}

#[test]
fn an_empty_list_is_done_at_once() {
    let (play, said) = Play::start(&row(vec![over(0, 2)]));
    assert_snapshot!(said, @"
    e/started
    e/a/completed
    e/outcome
    ");
    assert_eq!(play.output(0), Some(&b""[..]));
}

#[test]
fn one_that_fails_undoes_the_others_once_they_have_ended() {
    let (mut play, _) = Play::start(&row(vec![over(4, 3)]));
    play.answer(one(0), b"");
    assert_snapshot!(play.refuse(one(1), FAILED_PRECONDITION), @"e/a/1/failed");
    assert_snapshot!(play.answer(one(3), b""), @"e/a/3/completed");
    assert_snapshot!(play.answer(one(2), b""), @"
    e/a/2/completed
    e/a/failed
    undo e/a/3 (attempt 1)
    undo e/a/2 (attempt 1)
    undo e/a/0 (attempt 1)
    ");
    play.undone(one(0));
    play.undone(one(2));
    assert_snapshot!(play.undone(one(3)), @"
    e/a/3/compensated
    e/a/compensated
    e/outcome
    ");
}

#[test]
fn after_a_restart_only_those_are_called_that_are_not_recorded() {
    let (mut play, _) = Play::start(&row(vec![over(4, 2)]));
    play.answer(one(1), b"");
    assert_snapshot!(play.restart(), @"
    call e/a/0 (attempt 1)
    call e/a/2 (attempt 1)
    ");
}

#[test]
fn a_failing_execution_undoes_those_that_may_have_been_called_before_a_restart() {
    let (mut play, _) = Play::start(&row(vec![over(4, 2)]));
    play.answer(one(0), b"");
    play.refuse(one(1), FAILED_PRECONDITION);
    assert_snapshot!(play.restart(), @"
    e/a/2/failed
    e/a/failed
    undo e/a/2 (attempt 1)
    undo e/a/0 (attempt 1)
    ");
}

#[test]
fn a_restart_suspects_no_more_elements_than_can_have_been_under_way() {
    let (mut play, _) = Play::start(&row(vec![over(5, 2)]));
    play.answer(one(0), b"");
    let reason = "test".to_owned();
    play.input(Input::Cancel { reason });
    assert_snapshot!(play.restart(), @"
    e/a/1/failed
    e/a/2/failed
    e/a/failed
    undo e/a/2 (attempt 1)
    undo e/a/1 (attempt 1)
    ");
}

#[test]
fn an_empty_list_that_a_failing_execution_has_not_come_to_is_abandoned() {
    let call = step(Work::Call(testing::call("Do", 1)));
    let mut plan = row(vec![call, over(0, 2)]);
    let whole = Arc::get_mut(&mut plan).expect("nobody else has it");
    whole.deadline = Some(Duration::from_secs(1));
    let (mut play, _) = Play::start(&plan);
    assert_snapshot!(play.answer(StepIndex(0), b""), @"
    e/a/completed
    e/b/completed
    e/outcome
    ");
    play.lose_last();
    play.lose_last();
    play.pass(Duration::from_secs(2));
    assert_snapshot!(play.restart(), @"
    wake at 1 s
    e/deadline-exceeded
    e/b/abandoned
    undo e/a (attempt 1)
    ");
}

#[test]
fn one_that_may_be_called_once_waits_for_an_operator_while_the_others_go_on() {
    let mut over = over(3, 2);
    if let Work::Call(call) = &mut over.work {
        call.at_most_once = true;
    }
    let (mut play, said) = Play::start(&row(vec![over]));
    assert_snapshot!(said, @"
    e/started
    e/a/0/begun-1
    call e/a/0 (attempt 1)
    e/a/1/begun-1
    call e/a/1 (attempt 1)
    ");
    assert_snapshot!(play.refuse(one(0), UNKNOWN), @"
    e/a/0/suspended-1
    e/suspended-1
    ");
    assert_snapshot!(play.answer(one(1), b""), @"
    e/a/1/completed
    e/a/2/begun-1
    call e/a/2 (attempt 1)
    ");
    play.answer(one(2), b"");
    assert_snapshot!(play.resolve(one(0), Resolution::Completed), @"
    e/a/0/resolved-completed
    e/resumed-1
    e/a/0/completed
    e/a/completed
    e/outcome
    ");
}
