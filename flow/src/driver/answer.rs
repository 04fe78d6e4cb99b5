//! What follows from the answer to a call: it is recorded, tried again, or the step has failed.

use std::sync::Arc;

use bytes::Bytes;

use super::call::{self, CallFailure, Direction, Phase};
use super::{Action, Driver, call_of};
use crate::Timestamp;
use crate::event::{EventKey, EventKind, Failure};
use crate::plan::Unit;

impl Driver {
    pub(super) fn on_answered(
        &mut self,
        now: Timestamp,
        unit: Unit,
        direction: Direction,
        result: Result<Bytes, CallFailure>,
        jitter: f64,
        out: &mut Vec<Action>,
    ) -> EventKey {
        let plan = Arc::clone(&self.plan);
        let attempts = self.attempts_mut(unit);
        debug_assert_eq!(
            attempts.phase,
            Phase::InFlight(direction),
            "answered exactly once"
        );
        attempts.phase = Phase::Idle;
        if matches!(&result, Err(failed) if failed.held_back) {
            attempts.made -= 1;
        }
        let made = attempts.made;
        let cause = attempts.cause;
        let failed = match result {
            Ok(output) => {
                attempts.last_failure = None;
                let kind = match direction {
                    Direction::Forward => EventKind::StepCompleted {
                        unit,
                        output,
                        attempts: made,
                    },
                    Direction::Compensation => EventKind::StepCompensated {
                        unit,
                        attempts: made,
                    },
                };
                return self.emit(now, kind, Some(cause), out);
            }
            Err(failed) => failed,
        };
        let is_ambiguous = failed.is_ambiguous();
        attempts.ambiguous |= is_ambiguous;
        let called = call_of(&plan, unit.step, direction);
        let policy = &called.retry;
        let allowed = !failed.settled
            && policy.is_retryable(failed.failure.code)
            && policy.max_attempts.is_none_or(|most| made < most);
        // What may be called once is not called again, unless it never left.
        let is_once = called.at_most_once && direction == Direction::Forward;
        let more = failed.held_back || allowed && !(is_once && failed.sent);
        let retry_after = failed.retry_after;
        attempts.last_failure = Some(Box::new(failed.failure));
        // A failing execution begins no further attempt of a step; compensations go on.
        let more = more && (direction == Direction::Compensation || !self.state.is_failing());
        if more {
            let spread = 0.8 + 0.4 * jitter.clamp(0.0, 1.0);
            let wait = policy
                .backoff(made)
                .mul_f64(spread)
                .max(retry_after.unwrap_or_default());
            let due = now + wait;
            self.attempts_mut(unit).phase = Phase::BackingOff(direction, due);
            out.push(Action::Wake(due));
            return cause;
        }
        match direction {
            Direction::Forward if is_once && is_ambiguous && !self.state.is_failing() => {
                self.suspend_unit(now, unit, out)
            }
            Direction::Forward => self.fail_unit(now, unit, out),
            Direction::Compensation => {
                let attempts = self.attempts_mut(unit);
                let kind = EventKind::CompensationFailed {
                    unit,
                    failure: attempts.take_failure().unwrap_or_default(),
                    attempts: made,
                    round: self.state.round(),
                };
                self.emit(now, kind, Some(cause), out)
            }
        }
    }

    /// Records that a step failed for good, or an element of one, with what its attempts have shown.
    pub(super) fn fail_unit(
        &mut self,
        now: Timestamp,
        unit: Unit,
        out: &mut Vec<Action>,
    ) -> EventKey {
        let may_have_been_called = self.may_have_been_called_before(unit);
        let attempts = self.attempts_mut(unit);
        attempts.phase = Phase::Idle;
        let failure = attempts.take_failure().unwrap_or_else(not_known);
        let kind = EventKind::StepFailed {
            unit,
            failure,
            ambiguous: attempts.ambiguous || may_have_been_called,
            attempts: attempts.made,
        };
        let cause = attempts.cause;
        self.emit(now, kind, Some(cause), out)
    }

    /// Records that nobody knows what came of a call that may not be made again.
    pub(super) fn suspend_unit(
        &mut self,
        now: Timestamp,
        unit: Unit,
        out: &mut Vec<Action>,
    ) -> EventKey {
        let round = self.state.round();
        let attempts = self.attempts_mut(unit);
        attempts.phase = Phase::Idle;
        attempts.made = 0;
        let kind = EventKind::StepSuspended {
            unit,
            failure: attempts.take_failure().unwrap_or_else(not_known),
            round,
        };
        let cause = attempts.cause;
        self.emit(now, kind, Some(cause), out)
    }

    /// Rule 7: whether an earlier process may have called the step, or the element. What may be called
    /// once has said so before.
    fn may_have_been_called_before(&self, unit: Unit) -> bool {
        let call = self.plan.step(unit.step).call();
        if call.is_some_and(|call| call.at_most_once) {
            return self.state.was_suspended(unit)
                || self.state.begun(unit).is_some() && self.attempts(unit).made() == 0;
        }
        self.attempts[unit.step.at()].possibly_called || self.rejoined
    }
}

fn not_known() -> Failure {
    Failure {
        code: call::UNKNOWN,
        message: "the step may have been called before the restart; whether it was is not known"
            .to_owned(),
        details: Vec::new(),
    }
}
