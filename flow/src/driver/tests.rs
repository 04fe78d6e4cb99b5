//! The driver by the actions that it returns.

mod by_hand;
mod elements;
mod play;
mod waiting;

use std::sync::Arc;

use bytes::Bytes;

use super::{Action, CallFailure, CallRequest, Direction, Driver, Input, Performers};
use crate::Timestamp;
use crate::event::{EventKind, Failure, Origin};
use crate::plan::{StepIndex, Work};
use crate::testing::{Random, random_plan};

const UNAVAILABLE: i32 = 14;

fn failure(held_back: bool) -> Input {
    Input::Answered {
        unit: StepIndex(0).into(),
        direction: Direction::Forward,
        result: Err(CallFailure {
            failure: Failure {
                code: UNAVAILABLE,
                message: String::new(),
                details: Vec::new(),
            },
            retry_after: None,
            sent: false,
            settled: false,
            held_back,
        }),
        jitter: 0.5,
    }
}

fn only_call(actions: &[Action]) -> &CallRequest {
    let call = actions.iter().find_map(|action| match action {
        Action::Call(call) if call.unit == StepIndex(0).into() => Some(call),
        _ => None,
    });
    call.expect("the first step is called")
}

#[test]
fn a_call_that_was_held_back_is_made_again_and_not_counted() {
    let mut plan = random_plan(&mut Random::new(1));
    let step = &mut Arc::get_mut(&mut plan).expect("not shared yet").steps[0];
    step.when = None;
    let Work::Call(call) = &mut step.work else {
        unreachable!("all steps of these plans are calls");
    };
    call.retry.max_attempts = Some(1);
    call.retry.retryable_codes = 0;
    let mut now = Timestamp::from_nanos(1);
    let mut actions = Vec::new();
    let (id, input) = ("e".into(), Bytes::new());
    let conductor = Performers::Conductor;
    let mut driver = Driver::start(
        plan,
        conductor,
        id,
        input,
        Origin::default(),
        now,
        &mut actions,
    );
    for _ in 0..10 {
        assert_eq!(only_call(&actions).attempt, 1);
        actions.clear();
        driver.step(now, failure(true), &mut actions);
        let [Action::Wake(due)] = actions[..] else {
            panic!("it is only to wait: {actions:?}");
        };
        assert!(due > now);
        now = due;
        actions.clear();
        driver.step(now, Input::Wake, &mut actions);
    }
    only_call(&actions);
    actions.clear();
    driver.step(now, failure(false), &mut actions);
    let failed = actions.iter().find_map(|action| match action {
        Action::Append { event, .. } => match &event.kind {
            EventKind::StepFailed { attempts, .. } => Some(*attempts),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(failed, Some(1), "{actions:?}");
}
