//! What may be called once, and what operators settle.

use insta::assert_snapshot;

use super::play::{Play, row, step};
use crate::driver::{Input, Refusal};
use crate::event::Resolution;
use crate::plan::{StepIndex, Unit, Work};
use crate::testing;

const UNKNOWN: i32 = 2;
const FAILED_PRECONDITION: i32 = 9;
const A: StepIndex = StepIndex(0);
const B: StepIndex = StepIndex(1);

fn once() -> Work {
    let mut call = testing::call("Do", 5);
    call.at_most_once = true;
    Work::Call(call)
}

fn often() -> Work {
    Work::Call(testing::call("Do", 5))
}

#[test]
fn a_call_that_may_be_made_once_is_not_made_again_after_a_restart() {
    let (mut play, said) = Play::start(&row(vec![step(once())]));
    assert_snapshot!(said, @"
    e/started
    e/a/begun-1
    call e/a (attempt 1)
    ");
    assert_snapshot!(play.restart(), @"
    e/a/suspended-1
    e/suspended-1
    ");
    assert_snapshot!(play.restart(), @"");
    assert_snapshot!(play.input(Input::Resume), @"
    e/resumed-1
    e/a/begun-2
    call e/a (attempt 1)
    ");
    assert_snapshot!(play.restart(), @"
    e/a/suspended-2
    e/suspended-2
    ");
}

#[test]
fn a_definite_answer_needs_no_operator() {
    let (mut play, _) = Play::start(&row(vec![step(once())]));
    assert_snapshot!(play.refuse(A, FAILED_PRECONDITION), @"
    e/a/failed
    e/outcome
    ");
}

#[test]
fn what_is_not_known_is_undone_if_the_execution_is_canceled() {
    let (mut play, _) = Play::start(&row(vec![step(once())]));
    play.refuse(A, UNKNOWN);
    let reason = "test".to_owned();
    assert_snapshot!(play.input(Input::Cancel { reason }), @"
    e/cancel-requested
    e/a/failed
    undo e/a (attempt 1)
    ");
}

#[test]
fn a_step_that_is_skipped_by_hand_lets_the_others_go_on() {
    let (mut play, _) = Play::start(&row(vec![step(once()), step(often())]));
    play.refuse(A, UNKNOWN);
    assert_snapshot!(play.resolve(A, Resolution::Skipped), @"
    e/a/resolved-skipped
    e/resumed-1
    e/a/skipped
    call e/b (attempt 1)
    ");
}

#[test]
fn a_compensation_that_was_made_by_hand_ends_the_execution() {
    let (mut play, _) = Play::start(&row(vec![step(often()), step(often())]));
    play.answer(A, b"");
    play.refuse(B, FAILED_PRECONDITION);
    assert_eq!(
        play.driver().refusal(A.into(), Resolution::Compensated),
        Some(Refusal::InFlight)
    );
    play.input(failed_to_undo());
    assert_snapshot!(play.resolve(A, Resolution::Compensated), @"
    e/a/resolved-compensated
    e/resumed-1
    e/a/compensated
    e/outcome
    ");
}

fn failed_to_undo() -> Input {
    use crate::driver::{CallFailure, Direction};
    use crate::event::Failure;
    Input::Answered {
        unit: A.into(),
        direction: Direction::Compensation,
        result: Err(CallFailure {
            failure: Failure {
                code: FAILED_PRECONDITION,
                message: String::new(),
                details: Vec::new(),
            },
            retry_after: None,
            sent: true,
            settled: false,
            held_back: false,
        }),
        jitter: 0.5,
    }
}

#[test]
fn what_cannot_be_settled_by_hand_says_why() {
    let (mut play, _) = Play::start(&row(vec![step(often()), step(often())]));
    let check = |play: &Play, unit: Unit, resolution, expected| {
        assert_eq!(play.driver().refusal(unit, resolution), Some(expected));
    };
    use Resolution::{Compensated, Completed, Skipped, Unspecified};
    check(&play, A.into(), Skipped, Refusal::InFlight);
    check(&play, B.into(), Unspecified, Refusal::NoResolution);
    check(&play, B.into(), Compensated, Refusal::NotFailing);
    check(&play, Unit::element(B, 1), Completed, Refusal::NoElement(1));
    assert_eq!(play.driver().refusal(B.into(), Skipped), None);
    play.answer(A, b"");
    check(&play, A.into(), Skipped, Refusal::Settled("completed"));
    play.refuse(B, FAILED_PRECONDITION);
    check(&play, B.into(), Completed, Refusal::Failing);
    check(&play, B.into(), Compensated, Refusal::NothingToCompensate);
    play.undone(A);
    check(&play, A.into(), Compensated, Refusal::Ended);
}
