//! What an operator settles by hand. The home says what is wanted; whoever performs the step hears it
//! from there, and says that it is so: of a step, nobody else says anything.

use bytes::Bytes;

use super::call::Phase;
use super::{Action, Driver};
use crate::Timestamp;
use crate::event::{EventKey, EventKind, Resolution};
use crate::fold::Progress;
use crate::plan::Unit;

/// Why a step cannot be settled by hand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The execution has ended.
    #[error("the execution has ended")]
    Ended,
    /// Only the home settles steps by hand.
    #[error("only the home of an execution settles its steps by hand")]
    NotHome,
    /// Not one of the ways to settle a step.
    #[error("no resolution was given, expected skipped, completed or compensated")]
    NoResolution,
    /// The step is not one over a list, or the list is shorter.
    #[error("the step has no element {0}")]
    NoElement(u32),
    /// Elements are completed or compensated by hand, never skipped.
    #[error("an element cannot be skipped, only a step as a whole")]
    ElementSkipped,
    /// A call is on its way; what comes of it is recorded.
    #[error("a call of the step is on its way: wait for its end")]
    InFlight,
    /// To skip or to complete a step, the execution must not be failing.
    #[error("the execution is failing: its steps can only be compensated by hand")]
    Failing,
    /// To compensate a step, the execution must be failing.
    #[error("the execution is not failing: there is nothing to compensate by hand")]
    NotFailing,
    /// It is settled already.
    #[error("the step is {0} already")]
    Settled(&'static str),
    /// It has no effect to undo.
    #[error("the step has nothing to compensate")]
    NothingToCompensate,
}

impl Driver {
    /// Why a step cannot be settled by hand in this way. `None`: it can.
    pub fn refusal(&self, unit: Unit, resolution: Resolution) -> Option<Refusal> {
        let state = &self.state;
        let progress = state.progress_of(unit);
        let step = self.plan.step(unit.step);
        if state.outcome().is_some() {
            return Some(Refusal::Ended);
        }
        if !self.role.is_home() {
            return Some(Refusal::NotHome);
        }
        if let Some(element) = unit.element
            && (step.for_each.is_none() || progress == Progress::Pending && self.lacks(unit))
        {
            return Some(Refusal::NoElement(element));
        }
        if self.is_in_flight(unit) {
            return Some(Refusal::InFlight);
        }
        match resolution {
            Resolution::Unspecified => Some(Refusal::NoResolution),
            Resolution::Skipped if unit.element.is_some() => Some(Refusal::ElementSkipped),
            Resolution::Skipped | Resolution::Completed if state.is_failing() => {
                Some(Refusal::Failing)
            }
            Resolution::Skipped | Resolution::Completed => match progress {
                Progress::Pending => None,
                Progress::Skipped => Some(Refusal::Settled("skipped")),
                Progress::Abandoned => Some(Refusal::Settled("abandoned")),
                Progress::Failed { .. } => Some(Refusal::Settled("failed")),
                Progress::Completed => Some(Refusal::Settled("completed")),
                Progress::Compensated => Some(Refusal::Settled("compensated")),
            },
            Resolution::Compensated if !state.is_failing() => Some(Refusal::NotFailing),
            Resolution::Compensated if progress == Progress::Compensated => {
                Some(Refusal::Settled("compensated"))
            }
            Resolution::Compensated => (step.compensation.is_none() || !progress.owes())
                .then_some(Refusal::NothingToCompensate),
        }
    }

    /// Whether nothing is known of an element: neither was anything said of it, nor has it begun here.
    fn lacks(&self, unit: Unit) -> bool {
        self.element(unit).is_none()
            && self.state.begun(unit).is_none()
            && self.state.unit_blocked_by(unit).is_none()
    }

    /// Says what an operator has settled; and goes on, if nothing else waits for one. The last of the
    /// events that say so. `None`: it is refused.
    pub(super) fn on_resolved(
        &mut self,
        now: Timestamp,
        unit: Unit,
        resolution: Resolution,
        output: Bytes,
        reason: String,
        out: &mut Vec<Action>,
    ) -> Option<EventKey> {
        if self.refusal(unit, resolution).is_some() {
            return None;
        }
        let kind = EventKind::StepResolved {
            unit,
            resolution,
            output,
            reason,
        };
        let key = self.emit(now, kind, self.last_cause(), out);
        let is_blocked = |step| self.state.blocked_by(step).is_some();
        if !self.state.is_suspended() || self.plan.step_indices().any(is_blocked) {
            return Some(key);
        }
        let round = self.state.round();
        let kind = EventKind::ExecutionResumed { round };
        Some(self.emit(now, kind, Some(key), out))
    }

    /// Says what an operator wants a step to count as, or an element, unless a call of it is on its
    /// way: what comes of that is stronger.
    pub(super) fn settle_by_hand(
        &mut self,
        now: Timestamp,
        unit: Unit,
        out: &mut Vec<Action>,
    ) -> Option<EventKey> {
        let (resolution, output) = self.state.resolution(unit)?;
        let is_of_this_way = (resolution == Resolution::Compensated) == self.state.is_failing();
        if !is_of_this_way || self.is_in_flight(unit) {
            return None;
        }
        let attempts = 0;
        let kind = match resolution {
            Resolution::Unspecified => return None,
            Resolution::Skipped => EventKind::StepSkipped { step: unit.step },
            Resolution::Completed => EventKind::StepCompleted {
                unit,
                output: output.clone(),
                attempts,
            },
            Resolution::Compensated => EventKind::StepCompensated { unit, attempts },
        };
        self.attempts_mut(unit).phase = Phase::Idle;
        let cause = EventKey::Resolved(unit, resolution);
        Some(self.emit(now, kind, Some(cause), out))
    }
}
