//! Where each step of an execution stands.

use pavane::feed::v1::Event;
use pavane::workflow::v1::{AwaitedEvent, Settlement, StepState, StepStatus, Wait};
use pavane_flow::driver::{Attempts, Direction};
use pavane_flow::fold::{Progress, State};
use pavane_flow::language::json;
use pavane_flow::plan::{EventMatch, Plan, Step, StepIndex, Unit, Work};

use super::elements::{self, Elements};
use super::settlements::Settlements;
use super::{Detail, Known};

/// All that is known of the steps of one execution.
pub(super) struct Steps<'a> {
    id: &'a str,
    plan: &'a Plan,
    pub(super) state: &'a State,
    settlements: Settlements,
    known: &'a Known<'a>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(
        id: &'a str,
        plan: &'a Plan,
        state: &'a State,
        events: &[Event],
        known: &'a Known<'a>,
    ) -> Self {
        Self {
            id,
            plan,
            state,
            settlements: Settlements::of(events),
            known,
        }
    }

    /// In the order of the definition.
    pub(super) fn all(&self) -> Vec<StepStatus> {
        let steps = self.plan.step_indices();
        steps.map(|step| self.status(step)).collect()
    }

    fn status(&self, index: StepIndex) -> StepStatus {
        let (plan, state) = (self.plan, self.state);
        let step = plan.step(index);
        let attempts = self.attempts(index.into());
        let elements = elements::look(self.id, plan, state, index, self.known.live);
        let output = state.output_of(index);
        let of_elements = elements.as_ref().and_then(|it| it.last_failure.as_ref());
        let recorded = state
            .blocked_by(index)
            .or(state.failure_of(index).map(|failed| &failed.failure));
        let last = attempts.and_then(Attempts::last_failure);
        let last = last.or(of_elements).or(recorded);
        let next = attempts.and_then(Attempts::next_attempt).map(Into::into);
        let next = next.or(elements.as_ref().and_then(|it| it.next_attempt));
        let list = match (&elements, self.known.detail) {
            (Some(it), Detail::Elements) => elements::list(self, index, it.counts.total),
            (Some(_), Detail::Steps) | (None, _) => Vec::new(),
        };
        StepStatus {
            id: step.id.to_string(),
            state: self.state_of(index.into(), elements.as_ref()).into(),
            call: step
                .call()
                .map(|call| call.method.to_string())
                .unwrap_or_default(),
            attempts: attempts.map(Attempts::made).unwrap_or_default(),
            last_failure: last.cloned(),
            next_attempt_time: next,
            output: output
                .zip(step.response())
                .and_then(|(output, response)| json::decode_to_struct(response, output).ok()),
            ambiguous: state
                .failure_of(index)
                .is_some_and(|failed| failed.ambiguous),
            depends_on: step
                .dependencies
                .iter()
                .map(|&on| plan.step(on).id.to_string())
                .collect(),
            child_execution_id: String::new(),
            element_counts: elements.map(|elements| elements.counts),
            elements: list,
            until_time: self.until(index).map(Into::into),
            awaited_event: self.awaited(step, index),
            settlement: self.settlement(index.into()),
        }
    }

    /// How the calls of a unit stand in this process.
    pub(super) fn attempts(&self, unit: Unit) -> Option<&Attempts> {
        self.known.live.map(|live| live.attempts(unit))
    }

    pub(super) fn settlement(&self, unit: Unit) -> Option<Settlement> {
        let step = &self.plan.step(unit.step).id;
        self.settlements.get(step, unit.element)
    }

    /// Where a step stands, or an element of one. `elements` are those of the step, if it has some.
    pub(super) fn state_of(&self, unit: Unit, elements: Option<&Elements>) -> StepState {
        let state = self.state;
        let progress = state.progress_of(unit);
        let blocked = match unit.element {
            None => state.blocked_by(unit.step),
            Some(_) => state.unit_blocked_by(unit),
        };
        if blocked.is_some() {
            return match progress {
                Progress::Pending => StepState::Suspended,
                _ => StepState::CompensationFailed,
            };
        }
        let attempts = self.attempts(unit);
        let in_flight = attempts.and_then(Attempts::in_flight);
        let in_flight = in_flight.or(elements.and_then(|it| it.in_flight));
        let is_backing_off = attempts.is_some_and(|it| it.next_attempt().is_some())
            || elements.is_some_and(|it| it.next_attempt.is_some());
        let is_its_turn = unit.element.is_none() && self.turn(unit.step).is_some();
        let has_begun_elements = || state.elements(unit.step).next().is_some();
        match progress {
            Progress::Pending if in_flight == Some(Direction::Forward) => StepState::Running,
            Progress::Pending if is_backing_off => StepState::BackingOff,
            Progress::Pending if self.is_waiting(unit) => StepState::Waiting,
            Progress::Pending if is_its_turn => StepState::Running,
            Progress::Pending if unit.element.is_none() && has_begun_elements() => {
                StepState::Running
            }
            Progress::Pending => StepState::Pending,
            Progress::Skipped => StepState::Skipped,
            Progress::Abandoned => StepState::Abandoned,
            Progress::Compensated => StepState::Compensated,
            Progress::Completed | Progress::Failed { .. }
                if in_flight == Some(Direction::Compensation) || is_backing_off || is_its_turn =>
            {
                StepState::Compensating
            }
            Progress::Completed => StepState::Completed,
            Progress::Failed { .. } => StepState::Failed,
        }
    }

    /// That a participant is to go on with the step, which is as near as can be seen from here to its
    /// being called.
    fn turn(&self, step: StepIndex) -> Option<&Wait> {
        let id = &self.plan.step(step).id;
        self.known.waits.iter().find(|wait| *wait.step == **id)
    }

    fn is_waiting(&self, unit: Unit) -> bool {
        let calls_nothing = self.plan.step(unit.step).call().is_none();
        calls_nothing && self.state.begun(unit).is_some()
    }

    /// When a wait is over, or an awaited event too late.
    fn until(&self, step: StepIndex) -> Option<pavane_flow::Timestamp> {
        let calls_nothing = self.plan.step(step).call().is_none();
        let begun = self.state.begun(step.into()).filter(|_| calls_nothing);
        begun?.until
    }

    fn awaited(&self, step: &Step, index: StepIndex) -> Option<AwaitedEvent> {
        let Work::Await(wait) = &step.work else {
            return None;
        };
        Some(AwaitedEvent {
            feed: wait.events.feed.to_string(),
            r#type: wait.events.event_type.to_string(),
            subject: self.subject(&wait.events, index).unwrap_or_default(),
        })
    }

    /// Known once all is known that it is computed from.
    fn subject(&self, events: &EventMatch, step: StepIndex) -> Option<String> {
        let subject = events.subject.as_ref()?;
        if !self.state.dependencies_allow(self.plan, step) {
            return None;
        }
        subject
            .evaluate(&self.state.scope(self.plan, self.id)?)
            .ok()
    }
}
