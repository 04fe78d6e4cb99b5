//! Steps that call nothing: waits, and events that are awaited. Both say that they have begun, so
//! that neither a restart nor another clock changes how long they take.

use bytes::Bytes;

use super::call::{self, Phase};
use super::{Action, Driver, evaluation_failure};
use crate::Timestamp;
use crate::event::{EventKey, EventKind, Failure};
use crate::fold::Begun;
use crate::plan::{Await, StepIndex, Work};
use crate::program::{EventInfo, Pause};

impl Driver {
    /// Begins a wait, or ends it when its time has come.
    pub(super) fn advance_wait(
        &mut self,
        pause: &Pause,
        now: Timestamp,
        step: StepIndex,
        cause: EventKey,
        out: &mut Vec<Action>,
    ) -> Option<EventKey> {
        let Some(begun) = self.state.begun(step.into()) else {
            return Some(match pause.end(now, &self.scope()) {
                Ok(until) => self.begin(now, step, Some(until), cause, out),
                Err(error) => self.fail_waiting(now, step, "wait", &error, cause, out),
            });
        };
        if begun.until.is_some_and(|until| until <= now) {
            let kind = EventKind::StepCompleted {
                unit: step.into(),
                output: Bytes::new(),
                attempts: 0,
            };
            let cause = EventKey::Begun(step.into(), begun.round);
            return Some(self.emit(now, kind, Some(cause), out));
        }
        self.wait_once(step, begun, out);
        None
    }

    /// Begins to await an event, or gives up when it is too late.
    pub(super) fn advance_await(
        &mut self,
        wait: &Await,
        now: Timestamp,
        step: StepIndex,
        cause: EventKey,
        out: &mut Vec<Action>,
    ) -> Option<EventKey> {
        let Some(begun) = self.state.begun(step.into()) else {
            let until = wait.timeout.map(|timeout| now + timeout);
            return Some(self.begin(now, step, until, cause, out));
        };
        let cause = EventKey::Begun(step.into(), begun.round);
        if begun.until.is_some_and(|until| until <= now) {
            let timeout = wait.timeout.unwrap_or_default();
            let events = &wait.events;
            let failure = Failure {
                code: call::DEADLINE_EXCEEDED,
                message: format!(
                    "no `{}` that matches came from feed `{}` within {timeout:?}",
                    events.event_type, events.feed
                ),
                details: Vec::new(),
            };
            return Some(self.say_failed(now, step, failure, cause, out));
        }
        if self.attempts[step.at()].phase == Phase::Waiting {
            return None;
        }
        let subject = wait.events.subject.as_ref();
        let subject = subject.map(|subject| subject.evaluate(&self.scope()));
        match subject.transpose() {
            Ok(subject) => out.push(Action::Await { step, subject }),
            Err(error) => {
                return Some(self.fail_waiting(now, step, "subject", &error, cause, out));
            }
        }
        self.wait_once(step, begun, out);
        None
    }

    /// Takes an event in that may be the one that is awaited. One that it cannot be compared with is
    /// not. The event that says so, if it is.
    pub(super) fn on_arrived(
        &mut self,
        now: Timestamp,
        step: StepIndex,
        event: &Bytes,
        data: Bytes,
        out: &mut Vec<Action>,
    ) -> Option<EventKey> {
        let plan = std::sync::Arc::clone(&self.plan);
        let Work::Await(wait) = &plan.step(step).work else {
            return None;
        };
        let begun = self.state.begun(step.into())?;
        if !self.role.performs(step) || !self.state.is_ready(&plan, step) {
            return None;
        }
        if let Some(condition) = &wait.events.condition {
            let mut scope = self.scope();
            scope.event = Some(EventInfo { event, data: &data });
            if condition.evaluate(&scope) != Ok(true) {
                return None;
            }
        }
        let kind = EventKind::StepCompleted {
            unit: step.into(),
            output: data,
            attempts: 0,
        };
        let cause = EventKey::Begun(step.into(), begun.round);
        Some(self.emit(now, kind, Some(cause), out))
    }

    fn begin(
        &mut self,
        now: Timestamp,
        step: StepIndex,
        until: Option<Timestamp>,
        cause: EventKey,
        out: &mut Vec<Action>,
    ) -> EventKey {
        let kind = EventKind::StepBegun {
            unit: step.into(),
            until,
            round: self.state.round(),
        };
        self.emit(now, kind, Some(cause), out)
    }

    /// Asks once to be woken.
    fn wait_once(&mut self, step: StepIndex, begun: Begun, out: &mut Vec<Action>) {
        let attempts = &mut self.attempts[step.at()];
        if attempts.phase != Phase::Waiting {
            attempts.phase = Phase::Waiting;
            out.extend(begun.until.map(Action::Wake));
        }
    }

    fn fail_waiting(
        &mut self,
        now: Timestamp,
        step: StepIndex,
        what: &str,
        error: &crate::program::EvaluationError,
        cause: EventKey,
        out: &mut Vec<Action>,
    ) -> EventKey {
        let failure = evaluation_failure(what, error);
        self.say_failed(now, step, failure, cause, out)
    }

    /// Says that a step failed that has no effect.
    fn say_failed(
        &mut self,
        now: Timestamp,
        step: StepIndex,
        failure: Failure,
        cause: EventKey,
        out: &mut Vec<Action>,
    ) -> EventKey {
        let kind = EventKind::StepFailed {
            unit: step.into(),
            failure,
            ambiguous: false,
            attempts: 0,
        };
        self.emit(now, kind, Some(cause), out)
    }
}
