//! A step over a list: one call for each element, so many at a time, in the order of the list.
//!
//! To everyone else it is one step: it is completed when all elements are, with their responses as
//! one; it has failed once one of them has and no call is on its way any more; and it is compensated
//! when all of them are that need it. What happens to single elements is said as well, so that
//! nothing is done twice after a crash.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use prost::encoding::{WireType, encode_key, encode_varint};

use super::call::{self, Attempts, Phase};
use super::{Action, Driver, evaluation_failure};
use crate::Timestamp;
use crate::event::{EventKey, EventKind, Failure};
use crate::fold::Progress;
use crate::plan::{ForEach, Plan, StepIndex, Unit};
use crate::program::EvaluationError;

/// Largest response of a step over a list as a whole, in bytes.
pub const MAX_COLLECTED_BYTES: usize = 1024 * 1024;

/// A step over a list that is under way in this process.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// The elements, once they were computed.
    list: Option<Arc<[Bytes]>>,
    /// Of the elements whose calls are under way.
    attempts: BTreeMap<u32, Attempts>,
    /// All elements before this one have begun, or need not.
    next: u32,
}

impl Run {
    pub(super) fn attempts(&self, element: u32) -> Option<&Attempts> {
        self.attempts.get(&element)
    }

    pub(super) fn attempts_mut(&mut self, element: u32) -> &mut Attempts {
        self.attempts.entry(element).or_default()
    }

    /// The elements whose calls are under way.
    pub(super) fn under_way(&self) -> impl Iterator<Item = u32> + '_ {
        self.attempts.keys().copied()
    }

    pub(super) fn is_active(&self) -> bool {
        self.attempts.values().any(Attempts::is_active)
    }

    fn is_in_flight(&self) -> bool {
        self.attempts
            .values()
            .any(|attempts| attempts.in_flight().is_some())
    }

    fn len(&self) -> u32 {
        let length = self.list.as_ref().map_or(0, |list| list.len());
        u32::try_from(length).expect("lists are limited")
    }
}

impl Driver {
    /// The element that a call is for, as expressions see it.
    pub(super) fn element(&self, unit: Unit) -> Option<&Bytes> {
        let list = self.runs.get(&unit.step)?.list.as_ref()?;
        list.get(unit.element? as usize)
    }

    /// Computes the elements, unless they are known.
    fn compute_elements(
        &mut self,
        for_each: &ForEach,
        step: StepIndex,
    ) -> Result<(), EvaluationError> {
        let is_known = self.runs.get(&step).is_some_and(|run| run.list.is_some());
        if !is_known {
            let scope = self.scope();
            let list = for_each.elements.evaluate(&scope)?;
            self.runs.entry(step).or_default().list = Some(list.into());
        }
        Ok(())
    }

    /// Begins what elements can begin. The event that settles the step, if it does.
    pub(super) fn advance_elements(
        &mut self,
        plan: &Plan,
        for_each: &ForEach,
        now: Timestamp,
        step: StepIndex,
        cause: EventKey,
        out: &mut Vec<Action>,
    ) -> Option<EventKey> {
        if let Err(error) = self.compute_elements(for_each, step) {
            return Some(self.fail_evaluation(now, step.into(), cause, &error, out));
        }
        let mut open = 0;
        let under_way: Vec<u32> = self.runs[&step].attempts.keys().copied().collect();
        for element in under_way {
            let unit = Unit::element(step, element);
            if self.state.progress_of(unit) != Progress::Pending {
                self.forget(unit);
                continue;
            }
            open += 1;
            if let Some(event) = self.advance_call(plan, now, unit, cause, out) {
                return Some(event);
            }
        }
        while open < for_each.max_concurrency && self.runs[&step].next < self.runs[&step].len() {
            let unit = Unit::element(step, self.runs[&step].next);
            self.runs.entry(step).or_default().next += 1;
            if self.state.progress_of(unit) != Progress::Pending {
                continue;
            }
            open += 1;
            self.attempts_mut(unit).cause = cause;
            if let Some(event) = self.advance_call(plan, now, unit, cause, out) {
                return Some(event);
            }
        }
        (open == 0).then(|| self.complete_step(now, step, cause, out))
    }

    /// Forgets how the calls of an element went that is settled.
    fn forget(&mut self, unit: Unit) {
        if let (Some(run), Some(element)) = (self.runs.get_mut(&unit.step), unit.element) {
            run.attempts.remove(&element);
        }
    }

    /// Says that all elements are completed.
    fn complete_step(
        &mut self,
        now: Timestamp,
        step: StepIndex,
        cause: EventKey,
        out: &mut Vec<Action>,
    ) -> EventKey {
        let mut output = Vec::new();
        let mut attempts = 0;
        for element in 0..self.runs[&step].len() {
            let unit = Unit::element(step, element);
            let response = self.state.element_output(unit).cloned().unwrap_or_default();
            encode_key(1, WireType::LengthDelimited, &mut output);
            encode_varint(response.len() as u64, &mut output);
            output.extend_from_slice(&response);
            attempts += 1;
        }
        if output.len() > MAX_COLLECTED_BYTES {
            let failure = Failure {
                code: call::FAILED_PRECONDITION,
                message: format!(
                    "the responses have {} bytes together, more than the allowed \
                     {MAX_COLLECTED_BYTES}",
                    output.len()
                ),
                details: Vec::new(),
            };
            return self.fail_list(now, step, failure, cause, out);
        }
        let kind = EventKind::StepCompleted {
            unit: step.into(),
            output: output.into(),
            attempts,
        };
        self.emit(now, kind, Some(cause), out)
    }

    /// Says that the step has failed as a whole: no call of it is on its way.
    fn fail_list(
        &mut self,
        now: Timestamp,
        step: StepIndex,
        failure: Failure,
        cause: EventKey,
        out: &mut Vec<Action>,
    ) -> EventKey {
        let ambiguous = self
            .state
            .elements(step)
            .any(|(_, progress)| progress.owes());
        let kind = EventKind::StepFailed {
            unit: step.into(),
            failure,
            ambiguous,
            attempts: 0,
        };
        self.emit(now, kind, Some(cause), out)
    }

    /// Settles a pending step over a list in a failing execution, as soon as none of its calls is on
    /// its way. The next event on the way there, if there is one.
    pub(super) fn give_up_elements(
        &mut self,
        for_each: &ForEach,
        now: Timestamp,
        step: StepIndex,
        possibly_called: bool,
        cause: EventKey,
        out: &mut Vec<Action>,
    ) -> Option<EventKey> {
        if self.runs.get(&step).is_some_and(Run::is_in_flight) {
            return None;
        }
        let has_begun = self.runs.get(&step).is_some_and(|run| run.next > 0);
        let was_said = self.state.elements(step).next().is_some();
        if !has_begun && !was_said && !possibly_called {
            return Some(self.emit(now, EventKind::StepAbandoned { step }, Some(cause), out));
        }
        // What cannot be computed now could not before: then nothing was called.
        let is_known = self.compute_elements(for_each, step).is_ok();
        let length = if is_known { self.runs[&step].len() } else { 0 };
        let waiting = self.runs.get(&step).into_iter().flat_map(|run| {
            let waiting = run.attempts.iter();
            waiting.filter(|(_, attempts)| matches!(attempts.phase, Phase::BackingOff(..)))
        });
        let waiting = waiting.map(|(element, _)| *element).next();
        if let Some(element) = waiting {
            return Some(self.fail_unit(now, Unit::element(step, element), out));
        }
        let elements = (0..length).map(|element| Unit::element(step, element));
        let not_done = elements.filter(|unit| self.state.progress_of(*unit) != Progress::Completed);
        // They began in their order, so many at a time: no others can have been called. Those that
        // have failed were among them.
        let begun: Vec<Unit> = not_done.take(for_each.max_concurrency as usize).collect();
        let is_done = begun.is_empty();
        let mut suspects = begun
            .into_iter()
            .filter(|unit| self.state.progress_of(*unit) == Progress::Pending);
        let is_once = self
            .plan
            .step(step)
            .call()
            .is_some_and(|call| call.at_most_once);
        let suspect = suspects.find(|unit| {
            if is_once {
                self.state.begun(*unit).is_some()
            } else {
                possibly_called
            }
        });
        if let Some(unit) = suspect {
            self.attempts_mut(unit).cause = cause;
            return Some(self.fail_unit(now, unit, out));
        }
        let said = self.state.elements(step).count();
        if said == 0 {
            return Some(self.emit(now, EventKind::StepAbandoned { step }, Some(cause), out));
        }
        if is_known && is_done {
            return Some(self.complete_step(now, step, cause, out));
        }
        let failure = match self.state.failure_of(step) {
            Some(failed) => failed.failure.clone(),
            None => Failure {
                code: call::ABORTED,
                message: format!(
                    "the execution was failing when {said} of {length} calls were made"
                ),
                details: Vec::new(),
            },
        };
        Some(self.fail_list(now, step, failure, cause, out))
    }

    /// Undoes what was done for elements, the last ones first. The event that settles the step, or with
    /// which an operator is asked for, if there is one.
    pub(super) fn undo_elements(
        &mut self,
        plan: &Plan,
        for_each: &ForEach,
        now: Timestamp,
        step: StepIndex,
        cause: EventKey,
        out: &mut Vec<Action>,
    ) -> Option<EventKey> {
        if let Err(error) = self.compute_elements(for_each, step) {
            let kind = EventKind::CompensationFailed {
                unit: step.into(),
                failure: evaluation_failure("list of elements", &error),
                attempts: 0,
                round: self.state.round(),
            };
            return Some(self.emit(now, kind, Some(cause), out));
        }
        let owing = self.state.elements(step).rev();
        let owing = owing.filter(|(_, progress)| progress.owes());
        let owing: Vec<Unit> = owing.map(|(unit, _)| unit).collect();
        let is_open = |unit: &Unit| self.state.unit_blocked_by(*unit).is_none();
        let open: Vec<Unit> = owing.iter().copied().filter(is_open).collect();
        for unit in open.into_iter().take(for_each.max_concurrency as usize) {
            if let Some(event) = self.undo_call(plan, now, unit, cause, out) {
                return Some(event);
            }
        }
        if !owing.is_empty() {
            return None;
        }
        let kind = EventKind::StepCompensated {
            unit: step.into(),
            attempts: 0,
        };
        Some(self.emit(now, kind, Some(cause), out))
    }

    /// Whether a call of the step is on its way, or of one of its elements; or of the element.
    pub(super) fn is_in_flight(&self, unit: Unit) -> bool {
        let run = self.runs.get(&unit.step);
        let of_elements = unit.element.is_none() && run.is_some_and(Run::is_in_flight);
        of_elements || self.attempts(unit).in_flight().is_some()
    }
}
