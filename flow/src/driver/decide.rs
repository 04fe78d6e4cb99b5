//! What follows from the facts for a driver and its part: the rules of the fold, applied until
//! nothing more follows.

use std::sync::Arc;

use super::call::{self, Direction, Phase};
use super::{Action, CallRequest, Driver, call_of};
use crate::Timestamp;
use crate::event::{EventKey, EventKind, Failure};
use crate::fold::{Cause, Progress};
use crate::plan::{Plan, StepIndex};
use crate::program::EvaluationError;

impl Driver {
    /// Goes on from `cause`, the event that just happened, until nothing more follows.
    pub(super) fn decide(&mut self, now: Timestamp, cause: EventKey, out: &mut Vec<Action>) {
        let plan = Arc::clone(&self.plan);
        let Some(started) = &self.state.started else {
            return;
        };
        let deadline = started.deadline;
        let mut cause = cause;
        let is_late = deadline.is_some_and(|deadline| deadline <= now);
        let is_news = self.state.outcome().is_none() && !self.state.is_deadline_exceeded();
        if is_late && is_news && self.role.is_home() {
            cause = self.emit(
                now,
                EventKind::DeadlineExceeded,
                Some(EventKey::Started),
                out,
            );
        }
        // Each round settles at least one step or is the last.
        while self.state.outcome().is_none() {
            let settled = if self.state.is_failing() {
                self.roll_back(&plan, now, cause, out)
            } else if is_late {
                None // the home is about to say so
            } else {
                self.advance(&plan, now, cause, deadline, out)
            };
            match settled {
                Some(event) => cause = event,
                None => break,
            }
        }
    }

    /// On the way to success: begins what is ready. The event that changes what is ready, if any.
    fn advance(
        &mut self,
        plan: &Plan,
        now: Timestamp,
        cause: EventKey,
        deadline: Option<Timestamp>,
        out: &mut Vec<Action>,
    ) -> Option<EventKey> {
        for step in plan.step_indices() {
            let is_mine = self.role.performs(step);
            if !is_mine || !self.state.is_ready(plan, step) || !self.is_due(step, now) {
                continue;
            }
            let begun = self.attempts[step.at()].made > 0;
            if !begun {
                if self.state.is_skipped_with_another(plan, step) {
                    return Some(self.emit(now, EventKind::StepSkipped { step }, Some(cause), out));
                }
                match self.holds(plan, step) {
                    Ok(true) => {}
                    Ok(false) => {
                        let kind = EventKind::StepSkipped { step };
                        return Some(self.emit(now, kind, Some(cause), out));
                    }
                    Err(error) => return Some(self.fail_evaluation(now, step, cause, &error, out)),
                }
            }
            let timeout = plan.step(step).call.timeout;
            let timeout = deadline.map_or(timeout, |deadline| timeout.min(deadline.since(now)));
            if let Err(error) = self.perform(plan, step, Direction::Forward, cause, timeout, out) {
                return Some(self.fail_evaluation(now, step, cause, &error, out));
            }
        }
        if !self.role.is_home() || !self.state.is_complete(plan) {
            return None;
        }
        let scope = self.state.scope(plan, &self.execution)?;
        let kind = match plan.evaluate_output(&scope) {
            Ok(output) => EventKind::ExecutionSucceeded { output },
            Err(error) => EventKind::OutputFailed {
                failure: evaluation_failure("output", &error),
            },
        };
        Some(self.emit(now, kind, Some(cause), out))
    }

    /// On the way back: abandons what has not begun, undoes what was done, declares the outcome.
    fn roll_back(
        &mut self,
        plan: &Plan,
        now: Timestamp,
        cause: EventKey,
        out: &mut Vec<Action>,
    ) -> Option<EventKey> {
        for step in plan.step_indices() {
            if !self.role.performs(step) {
                continue;
            }
            if self.state.progress(step) == Progress::Pending {
                if let Some(event) = self.give_up(plan, now, step, cause, out) {
                    return Some(event);
                }
            } else if self.state.is_compensation_ready(plan, step) && self.is_due(step, now) {
                let timeout = call_of(plan, step, Direction::Compensation).timeout;
                let performed =
                    self.perform(plan, step, Direction::Compensation, cause, timeout, out);
                if let Err(error) = performed {
                    let kind = EventKind::CompensationFailed {
                        step,
                        failure: evaluation_failure("compensation", &error),
                        attempts: 0,
                        round: self.state.round(),
                    };
                    return Some(self.emit(now, kind, Some(cause), out));
                }
            }
        }
        if !self.role.is_home() {
            return None;
        }
        if self.state.is_rolled_back(plan) {
            let kind = self.outcome_kind(plan);
            return Some(self.emit(now, kind, Some(cause), out));
        }
        self.suspend_if_stuck(plan, now, cause, out)
    }

    /// Settles a pending step of a failing execution, unless its call is on its way.
    fn give_up(
        &mut self,
        plan: &Plan,
        now: Timestamp,
        step: StepIndex,
        cause: EventKey,
        out: &mut Vec<Action>,
    ) -> Option<EventKey> {
        let possibly_called = match self.attempts[step.at()].phase {
            Phase::InFlight(_) => return None,
            Phase::BackingOff(..) => return Some(self.fail_step(now, step, out)),
            Phase::Idle if self.rejoined => self.may_have_been_called(plan, step)?,
            Phase::Idle => self.attempts[step.at()].possibly_called,
        };
        Some(if possibly_called {
            self.attempts[step.at()].cause = cause;
            self.fail_step(now, step, out)
        } else {
            self.emit(now, EventKind::StepAbandoned { step }, Some(cause), out)
        })
    }

    /// Rule 7, for a participant that has rejoined: whether an earlier process may have called the
    /// step. `None` until enough is heard again of what the step depends on.
    fn may_have_been_called(&self, plan: &Plan, step: StepIndex) -> Option<bool> {
        let dependencies = &plan.step(step).dependencies;
        let stopped = dependencies.iter().any(|&on| {
            matches!(
                self.state.progress(on),
                Progress::Failed { .. } | Progress::Abandoned
            )
        });
        if stopped || self.state.is_skipped_with_another(plan, step) {
            return Some(false);
        }
        self.state.dependencies_allow(plan, step).then_some(true)
    }

    /// Rule 4: a compensation that failed for good suspends the execution, once nothing else is
    /// left to do.
    fn suspend_if_stuck(
        &mut self,
        plan: &Plan,
        now: Timestamp,
        cause: EventKey,
        out: &mut Vec<Action>,
    ) -> Option<EventKey> {
        if self.state.is_suspended() || !self.state.is_stuck(plan) {
            return None;
        }
        let steps: Vec<_> = plan
            .step_indices()
            .filter(|&step| self.state.blocked_by(step).is_some())
            .collect();
        let kind = EventKind::ExecutionSuspended {
            round: self.state.round(),
            steps,
        };
        Some(self.emit(now, kind, Some(cause), out))
    }

    fn outcome_kind(&self, plan: &Plan) -> EventKind {
        let compensated = self.state.compensated(plan);
        let cause = self
            .state
            .cause(plan)
            .expect("a failing execution has a cause");
        let (step, failure) = match cause {
            Cause::Cancel(reason) => {
                return EventKind::ExecutionCanceled {
                    reason: reason.to_owned(),
                    compensated,
                };
            }
            Cause::Step(step, failed) => (Some(step), failed.failure.clone()),
            Cause::Output(failure) => (None, failure.clone()),
            Cause::Deadline => (None, deadline_failure(plan)),
        };
        EventKind::ExecutionFailed {
            step,
            failure,
            compensated,
        }
    }

    fn holds(&self, plan: &Plan, step: StepIndex) -> Result<bool, EvaluationError> {
        let Some(when) = &plan.step(step).when else {
            return Ok(true);
        };
        let scope = self
            .state
            .scope(plan, &self.execution)
            .expect("a ready step has a start");
        when.evaluate(&scope)
    }

    fn perform(
        &mut self,
        plan: &Plan,
        step: StepIndex,
        direction: Direction,
        cause: EventKey,
        timeout: std::time::Duration,
        out: &mut Vec<Action>,
    ) -> Result<(), EvaluationError> {
        let scope = self
            .state
            .scope(plan, &self.execution)
            .expect("a ready step has a start");
        let request = call_of(plan, step, direction).request.evaluate(&scope)?;
        let attempts = &mut self.attempts[step.at()];
        attempts.begin(direction, cause);
        out.push(Action::Call(CallRequest {
            step,
            direction,
            request,
            timeout,
            attempt: attempts.made,
            cause: attempts.cause,
        }));
        Ok(())
    }

    fn is_due(&self, step: StepIndex, now: Timestamp) -> bool {
        match self.attempts[step.at()].phase {
            Phase::Idle => true,
            Phase::InFlight(_) => false,
            Phase::BackingOff(_, due) => due <= now,
        }
    }

    fn fail_evaluation(
        &mut self,
        now: Timestamp,
        step: StepIndex,
        cause: EventKey,
        error: &EvaluationError,
        out: &mut Vec<Action>,
    ) -> EventKey {
        let attempts = &mut self.attempts[step.at()];
        attempts.cause = cause;
        attempts.last_failure = Some(Box::new(evaluation_failure("request", error)));
        self.fail_step(now, step, out)
    }
}

fn evaluation_failure(what: &str, error: &EvaluationError) -> Failure {
    Failure {
        code: call::FAILED_PRECONDITION,
        message: format!("cannot compute the {what}: {error}"),
        details: Vec::new(),
    }
}

fn deadline_failure(plan: &Plan) -> Failure {
    let allowed = plan.deadline.unwrap_or_default();
    Failure {
        code: call::DEADLINE_EXCEEDED,
        message: format!("the execution did not end within its deadline of {allowed:?}"),
        details: Vec::new(),
    }
}
