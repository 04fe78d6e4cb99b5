//! What follows from the facts for a driver and its part: the rules of the fold, applied until
//! nothing more follows.

use std::sync::Arc;

use super::call::{self, Direction, Phase};
use super::{Action, CallRequest, Driver, call_of};
use crate::Timestamp;
use crate::event::{EventKey, EventKind, Failure};
use crate::fold::{Cause, Progress};
use crate::plan::{Plan, StepIndex, Unit, Work};
use crate::program::{EvaluationError, Scope};

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
                self.advance(&plan, now, cause, out)
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
        out: &mut Vec<Action>,
    ) -> Option<EventKey> {
        for step in plan.step_indices() {
            if !self.role.performs(step) {
                continue;
            }
            if let Some(event) = self.settle_by_hand(now, step.into(), out) {
                return Some(event);
            }
            if !self.state.is_ready(plan, step) {
                continue;
            }
            if !self.has_begun(step) {
                if self.state.is_skipped_with_another(plan, step) {
                    return Some(self.emit(now, EventKind::StepSkipped { step }, Some(cause), out));
                }
                match self.holds(plan, step) {
                    Ok(true) => {}
                    Ok(false) => {
                        let kind = EventKind::StepSkipped { step };
                        return Some(self.emit(now, kind, Some(cause), out));
                    }
                    Err(error) => {
                        return Some(self.fail_evaluation(now, step.into(), cause, &error, out));
                    }
                }
            }
            let planned = plan.step(step);
            let settled = match (&planned.work, &planned.for_each) {
                (Work::Call(_), None) => self.advance_call(plan, now, step.into(), cause, out),
                (Work::Call(_), Some(for_each)) => {
                    self.advance_elements(plan, for_each, now, step, cause, out)
                }
                (Work::Wait(pause), _) => self.advance_wait(pause, now, step, cause, out),
                (Work::Await(wait), _) => self.advance_await(wait, now, step, cause, out),
            };
            if settled.is_some() {
                return settled;
            }
        }
        if !self.role.is_home() {
            return None;
        }
        if !self.state.is_complete(plan) {
            return self.suspend_if_stuck(plan, now, cause, out);
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
            } else if let Some(event) = self.settle_by_hand(now, step.into(), out) {
                return Some(event);
            } else if self.state.is_compensation_ready(plan, step) {
                let settled = match &plan.step(step).for_each {
                    None => self.undo_call(plan, now, step.into(), cause, out),
                    Some(for_each) => self.undo_elements(plan, for_each, now, step, cause, out),
                };
                if settled.is_some() {
                    return settled;
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
        let planned = plan.step(step);
        let Work::Call(called) = &planned.work else {
            return Some(self.emit(now, EventKind::StepAbandoned { step }, Some(cause), out));
        };
        let possibly_called = match self.attempts[step.at()].phase {
            Phase::InFlight(_) => return None,
            Phase::BackingOff(..) => return Some(self.fail_unit(now, step.into(), out)),
            _ if called.at_most_once => self.state.begun(step.into()).is_some(),
            _ if self.rejoined => self.may_have_been_called(plan, step)?,
            _ => self.attempts[step.at()].possibly_called,
        };
        if let Some(for_each) = &planned.for_each {
            return self.give_up_elements(for_each, now, step, possibly_called, cause, out);
        }
        Some(if possibly_called {
            self.attempts[step.at()].cause = cause;
            self.fail_unit(now, step.into(), out)
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
        when.evaluate(&self.scope())
    }

    /// Whether the step has begun, so that its `when` was found to hold.
    fn has_begun(&self, step: StepIndex) -> bool {
        self.attempts[step.at()].made() > 0
            || self.runs.contains_key(&step)
            || self.state.begun(step.into()).is_some()
    }

    /// Makes the call of a step, or of an element, if one is due. The event that settles it, if there is
    /// one.
    pub(super) fn advance_call(
        &mut self,
        plan: &Plan,
        now: Timestamp,
        unit: Unit,
        cause: EventKey,
        out: &mut Vec<Action>,
    ) -> Option<EventKey> {
        if let Some(event) = self.settle_by_hand(now, unit, out) {
            return Some(event);
        }
        let is_blocked = self.state.unit_blocked_by(unit).is_some();
        if is_blocked || !self.attempts(unit).is_due(now) {
            return None;
        }
        let is_once = call_of(plan, unit.step, Direction::Forward).at_most_once;
        if is_once && self.attempts(unit).phase == Phase::Idle {
            if self.state.is_open(unit) {
                self.attempts_mut(unit).cause = cause;
                return Some(self.suspend_unit(now, unit, out));
            }
            let kind = EventKind::StepBegun {
                unit,
                until: None,
                round: self.state.round(),
            };
            self.emit(now, kind, Some(cause), out);
        }
        let performed = self.perform(plan, now, unit, Direction::Forward, cause, out);
        let error = performed.err()?;
        Some(self.fail_evaluation(now, unit, cause, &error, out))
    }

    /// Makes the call that undoes a step, or an element, if one is due. The event with which an operator
    /// is asked for, if it cannot be made.
    pub(super) fn undo_call(
        &mut self,
        plan: &Plan,
        now: Timestamp,
        unit: Unit,
        cause: EventKey,
        out: &mut Vec<Action>,
    ) -> Option<EventKey> {
        if let Some(event) = self.settle_by_hand(now, unit, out) {
            return Some(event);
        }
        if !self.attempts(unit).is_due(now) {
            return None;
        }
        let performed = self.perform(plan, now, unit, Direction::Compensation, cause, out);
        let error = performed.err()?;
        let kind = EventKind::CompensationFailed {
            unit,
            failure: evaluation_failure("compensation", &error),
            attempts: 0,
            round: self.state.round(),
        };
        Some(self.emit(now, kind, Some(cause), out))
    }

    fn perform(
        &mut self,
        plan: &Plan,
        now: Timestamp,
        unit: Unit,
        direction: Direction,
        cause: EventKey,
        out: &mut Vec<Action>,
    ) -> Result<(), EvaluationError> {
        let called = call_of(plan, unit.step, direction);
        let mut scope = self.scope();
        scope.element = self.element(unit);
        let request = called.request.evaluate(&scope)?;
        let metadata = called.metadata.iter().map(|(name, text)| {
            let text = text.evaluate(&scope)?;
            Ok((Arc::clone(name), text))
        });
        let mut metadata = metadata.collect::<Result<Vec<_>, EvaluationError>>()?;
        metadata.extend(self.causal_chain());
        // No attempt of a step outlasts the deadline; compensations are not bound by it.
        let budget = match direction {
            Direction::Forward => self.deadline().map(|deadline| deadline.since(now)),
            Direction::Compensation => None,
        };
        let timeout = called.timeout.min(budget.unwrap_or(called.timeout));
        let attempts = self.attempts_mut(unit);
        attempts.begin(direction, cause);
        let (attempt, cause) = (attempts.made, attempts.cause);
        out.push(Action::Call(CallRequest {
            unit,
            direction,
            request,
            metadata,
            timeout,
            has_default_timeout: called.has_default_timeout,
            budget,
            attempt,
            cause,
        }));
        Ok(())
    }

    /// What expressions of a step can see that is ready, or to be undone.
    pub(super) fn scope(&self) -> Scope<'_> {
        let scope = self.state.scope(&self.plan, &self.execution);
        scope.expect("a step that is ready has a start")
    }

    pub(super) fn fail_evaluation(
        &mut self,
        now: Timestamp,
        unit: Unit,
        cause: EventKey,
        error: &EvaluationError,
        out: &mut Vec<Action>,
    ) -> EventKey {
        let attempts = self.attempts_mut(unit);
        attempts.cause = cause;
        attempts.last_failure = Some(Box::new(evaluation_failure("request", error)));
        self.fail_unit(now, unit, out)
    }
}

pub(super) fn evaluation_failure(what: &str, error: &EvaluationError) -> Failure {
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
