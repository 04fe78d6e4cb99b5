//! What is said of single calls: of the elements of lists, of calls that may be made once, and of what
//! operators settle.

use bytes::{BufMut, Bytes, BytesMut};
use pavane_flow::event::{EventKind, Resolution};
use pavane_flow::plan::Unit;

use super::History;
use crate::model::{self, ByHand};
use crate::scenario::slot;

/// What an operator says that a step was answered with.
pub(crate) const ANSWER_BY_HAND: &[u8] = b"by hand";

/// What was said of a call, and what became of it.
#[derive(Clone, Debug, Default)]
pub(super) struct CallHistory {
    /// Of one that may be made once: in which round it has begun last, and whether it has left since, as
    /// far as its caller can tell.
    begun: u32,
    has_left: bool,
    answer: Bytes,
    /// What operators have settled, as they did it.
    wanted: Vec<Resolution>,
    /// Whether they said that it was done, and that is durable.
    is_done_by_hand: bool,
}

impl History<'_> {
    /// What is said of a call that may be made once, and by operators. Whether it is no more than that.
    pub(super) fn add_of_call(
        &mut self,
        unit: Unit,
        kind: &EventKind,
        must: &dyn Fn(bool, &str) -> Result<(), String>,
    ) -> Result<bool, String> {
        let (at, slot) = (unit.step.at(), slot(unit));
        let step = &self.graph.steps[at];
        let whole = self.steps[at];
        let said = unit.element.and(self.elements[at].get(slot));
        let is_pending = whole.is_pending() && said.is_none_or(|said| said.is_pending());
        let mut before = step.dependencies.iter();
        let is_ready = before.all(|&on| self.steps[on].has_gone_well());
        let resumed = self.resumed;
        let Some(call) = self.calls[at].get_mut(slot) else {
            return Ok(false);
        };
        match kind {
            EventKind::StepBegun { round, .. } => {
                must(step.is_once, "though it may be called again")?;
                must(is_pending && is_ready, "though it is not to begin")?;
                let is_wanted = call.begun == 0 || resumed >= call.begun;
                must(is_wanted, "though nobody has asked for it")?;
                must(*round > call.begun, "for an earlier round")?;
                call.begun = *round;
                call.has_left = false;
            }
            EventKind::StepSuspended { .. } => {
                must(step.is_once && call.begun > 0, "though it has not begun")?;
                must(is_pending, "though it is decided")?;
                self.was_unknown = true;
            }
            EventKind::StepResolved { resolution, .. } => {
                let is_wanted = call.wanted.contains(resolution);
                must(is_wanted, "though no operator has done it")?;
                call.is_done_by_hand |= *resolution == Resolution::Completed;
                if *resolution == Resolution::Skipped {
                    self.by_hand[at][slot] = Some(ByHand::Skipped);
                }
            }
            EventKind::StepSkipped { .. } if self.by_hand[at][slot].is_some() => {
                self.runs = model::runs(self.graph, &self.by_hand);
                return Ok(false);
            }
            EventKind::StepCompleted { output, .. }
                if unit.element.is_some() || !step.is_list() =>
            {
                let is_answer = *output == response(self.id, at, slot)
                    || call.is_done_by_hand && *output == ANSWER_BY_HAND;
                must(is_answer, "with another response than its service's")?;
                call.answer = output.clone();
                return Ok(false);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// An operator does something in the place of a call, and says so then.
    pub(crate) fn settle_by_hand(&mut self, unit: Unit, resolution: Resolution) {
        self.calls[unit.step.at()][slot(unit)]
            .wanted
            .push(resolution);
    }

    /// What operators did in the place of calls that were to be made.
    pub(crate) fn by_hand(&self) -> Vec<Vec<Option<ByHand>>> {
        let of_call = |call: &CallHistory| match call.wanted.first() {
            Some(Resolution::Completed) => Some(ByHand::Completed),
            Some(Resolution::Skipped) => Some(ByHand::Skipped),
            _ => None,
        };
        let calls = self.calls.iter();
        calls
            .map(|calls| calls.iter().map(of_call).collect())
            .collect()
    }

    /// A call leaves. Errors: it must not.
    pub(crate) fn leave(&mut self, unit: Unit, is_undoing: bool) -> Result<(), String> {
        self.check_call(unit, is_undoing)?;
        let (at, slot) = (unit.step.at(), slot(unit));
        if is_undoing || !self.graph.steps[at].is_once {
            return Ok(());
        }
        let call = &mut self.calls[at][slot];
        if call.begun == 0 {
            return Err(format!(
                "s{at}/{slot} is called before it is recorded as begun"
            ));
        }
        if std::mem::replace(&mut call.has_left, true) {
            return Err(format!(
                "s{at}/{slot} is called again, and nobody asked for it"
            ));
        }
        Ok(())
    }

    /// A caller is told that its call has not left.
    pub(crate) fn stay(&mut self, unit: Unit) {
        self.calls[unit.step.at()][slot(unit)].has_left = false;
    }

    pub(super) fn add_of_element(
        &mut self,
        unit: Unit,
        element: usize,
        kind: &EventKind,
        must: &dyn Fn(bool, &str) -> Result<(), String>,
    ) -> Result<(), String> {
        let at = unit.step.at();
        let step = &self.graph.steps[at];
        must(
            element < self.elements[at].len(),
            "though there is no such element",
        )?;
        let (whole, said) = (self.steps[at], self.elements[at][element]);
        let mut before = step.dependencies.iter();
        let is_ready = before.all(|&on| self.steps[on].has_gone_well());
        let can_have_begun = self.can_have_begun(at, element);
        let said_now = &mut self.elements[at][element];
        match kind {
            EventKind::StepCompleted { .. } | EventKind::StepFailed { .. } => {
                // Of one that is to be skipped it is not known, after a restart, that nobody called it.
                let may_be_said = self.runs[at] || matches!(kind, EventKind::StepFailed { .. });
                must(may_be_said, "though the step was to be skipped")?;
                must(whole.is_pending(), "after the step was decided")?;
                must(said.is_pending(), "after the element was decided")?;
                must(is_ready, "before the dependencies of the step were")?;
                must(can_have_begun, "though it cannot have begun")?;
            }
            EventKind::StepCompensated { .. } | EventKind::CompensationFailed { .. } => {
                must(step.compensation.is_some(), "without a compensation")?;
                must(whole.may_stand(), "though the step does not stand")?;
                must(said.may_stand(), "though there was nothing to undo")?;
            }
            _ => must(false, "of an element")?,
        }
        match kind {
            EventKind::StepCompleted { .. } => said_now.completed = true,
            EventKind::StepFailed { ambiguous, .. } => said_now.failed = Some(*ambiguous),
            EventKind::StepCompensated { .. } => said_now.compensated = true,
            EventKind::CompensationFailed { .. } => said_now.undoing_failed = true,
            _ => {}
        }
        Ok(())
    }

    /// Whether an element may have been called: of those before it, so few are not completed that they
    /// are under way beside it.
    fn can_have_begun(&self, step: usize, element: usize) -> bool {
        let before = self.elements[step][..element].iter();
        let beside = before.filter(|said| !said.completed);
        beside.count() < self.graph.steps[step].at_once()
    }

    /// Whether a call may be made now. Errors: why not.
    fn check_call(&self, unit: Unit, is_undoing: bool) -> Result<(), String> {
        self.check_call_of_step(unit.step.at(), is_undoing)?;
        let Some(element) = unit.element.map(|element| element as usize) else {
            return Ok(());
        };
        let step = unit.step.at();
        let (elements, name) = (&self.elements[step], format!("s{step}/{element}"));
        let said = elements[element];
        if !is_undoing {
            return match () {
                () if said.is_decided() => {
                    Err(format!("{name} is called though it is recorded as {said}"))
                }
                () if !self.can_have_begun(step, element) => {
                    Err(format!("{name} is called beside too many others"))
                }
                () => Ok(()),
            };
        }
        if !said.may_stand() {
            return Err(format!("{name} is undone though it is recorded as {said}"));
        }
        let after = elements[element + 1..].iter();
        let beside = after.filter(|said| said.may_stand() && !said.undoing_failed);
        if beside.count() < self.graph.steps[step].at_once() {
            Ok(())
        } else {
            Err(format!("{name} is undone before those that came after it"))
        }
    }
}

/// What a service answers to a call.
pub(crate) fn response(execution: &str, step: usize, call: usize) -> Bytes {
    Bytes::from(format!("{execution}/s{step}/{call}"))
}

/// What a step over a list is answered with: all responses, in order, as field 1 of a message.
pub(super) fn all_answers(calls: &[CallHistory]) -> Bytes {
    let mut all = BytesMut::new();
    for CallHistory { answer, .. } in calls {
        all.put_u8(1 << 3 | 2);
        all.put_u8(u8::try_from(answer.len()).expect("it is short"));
        all.put_slice(answer);
    }
    all.freeze()
}
