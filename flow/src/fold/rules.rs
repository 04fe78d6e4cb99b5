//! What follows from the facts, by the rules of the fold: what is ready, what has to be undone and
//! when, and how it ends. Pure functions of plan and state: the three drivers share them, which is
//! why the two modes cannot drift apart.

use bytes::Bytes;

use super::{Begun, ByHand, Facts, Outcome, Progress, State, StepFailure};
use crate::Timestamp;
use crate::event::{Failure, Resolution};
use crate::plan::{Plan, StepIndex, Unit};
use crate::program::{ExecutionInfo, Scope};

/// What made an execution failing: the earliest of all that did.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause<'a> {
    /// A step failed.
    Step(StepIndex, &'a StepFailure),
    /// The output could not be computed.
    Output(&'a Failure),
    /// The deadline passed.
    Deadline,
    /// Somebody asked for it.
    Cancel(&'a str),
}

impl State {
    /// Where a step stands.
    pub fn progress(&self, step: StepIndex) -> Progress {
        progress(&self.steps[step.at()], self.outputs[step.at()].is_some())
    }

    /// Where a step stands, or an element of one.
    pub fn progress_of(&self, unit: Unit) -> Progress {
        match unit.element {
            None => self.progress(unit.step),
            Some(_) => match self.elements.get(&unit) {
                Some((facts, output)) => progress(facts, output.is_some()),
                None => Progress::Pending,
            },
        }
    }

    /// The elements of a step of which something was said, ascending, and where they stand.
    pub fn elements(
        &self,
        step: StepIndex,
    ) -> impl DoubleEndedIterator<Item = (Unit, Progress)> + '_ {
        let range = Unit::element(step, 0)..=Unit::element(step, u32::MAX);
        self.elements
            .range(range)
            .map(|(unit, (facts, output))| (*unit, progress(facts, output.is_some())))
    }

    /// A step's encoded response; of a step over a list, the responses as field 1, repeated.
    pub fn output_of(&self, step: StepIndex) -> Option<&Bytes> {
        self.outputs[step.at()].as_ref()
    }

    /// The encoded response to the call of one element; not kept once all of them are there.
    pub fn element_output(&self, unit: Unit) -> Option<&Bytes> {
        self.elements.get(&unit)?.1.as_ref()
    }

    /// How a step failed, if it did. Of a step over a list, how the element did that failed first.
    pub fn failure_of(&self, step: StepIndex) -> Option<&StepFailure> {
        let whole = self.steps[step.at()].failed.as_deref();
        let range = Unit::element(step, 0)..=Unit::element(step, u32::MAX);
        let elements = self.elements.range(range);
        elements
            .filter_map(|(_, (facts, _))| facts.failed.as_deref())
            .chain(whole)
            .min_by_key(|failed| failed.time)
    }

    /// That a step has begun, if it is one of those that say so.
    pub fn begun(&self, unit: Unit) -> Option<Begun> {
        self.facts(unit)?.begun
    }

    /// What an operator has settled by hand and whoever performs the step has still to say: how, and what
    /// it counts as having been answered with.
    pub fn resolution(&self, unit: Unit) -> Option<(Resolution, &Bytes)> {
        let &(resolution, ref output) = self.by_hand(unit)?.resolved.as_ref()?;
        let progress = self.progress_of(unit);
        let is_open = match resolution {
            Resolution::Unspecified => false,
            Resolution::Skipped | Resolution::Completed => progress == Progress::Pending,
            Resolution::Compensated => progress.owes(),
        };
        is_open.then_some((resolution, output))
    }

    /// Whether it has begun and nobody knows what came of it, nor has an operator been asked since.
    pub fn is_open(&self, unit: Unit) -> bool {
        let Some(facts) = self.facts(unit) else {
            return false;
        };
        let by_hand = facts.by_hand.as_deref();
        let asked = by_hand.and_then(|by_hand| by_hand.suspended.as_ref());
        let asked = asked.map_or(0, |asked| asked.0);
        facts.begun.is_some_and(|begun| begun.round > asked)
    }

    /// Whether it was once not known what came of a call: it may have its effect still.
    pub fn was_suspended(&self, unit: Unit) -> bool {
        self.by_hand(unit)
            .is_some_and(|by_hand| by_hand.suspended.is_some())
    }

    /// Why a step waits for an operator, unless one has had it retried since: its compensation failed
    /// for good, or what came of its call is not known.
    pub fn blocked_by(&self, step: StepIndex) -> Option<&Failure> {
        let whole = self.unit_blocked_by(step.into());
        whole.or_else(|| {
            self.elements(step)
                .find_map(|(unit, _)| self.unit_blocked_by(unit))
        })
    }

    /// As [`State::blocked_by`], of one element, or of a step apart from its elements.
    pub fn unit_blocked_by(&self, unit: Unit) -> Option<&Failure> {
        let by_hand = self.by_hand(unit)?;
        let said = match self.progress_of(unit) {
            Progress::Pending => by_hand.suspended.as_ref(),
            Progress::Completed | Progress::Failed { .. } => by_hand.compensation_failed.as_ref(),
            Progress::Skipped | Progress::Abandoned | Progress::Compensated => None,
        };
        let (round, failure) = said?;
        let is_open = *round > self.resumed_round && self.resolution(unit).is_none();
        is_open.then_some(failure)
    }

    fn by_hand(&self, unit: Unit) -> Option<&ByHand> {
        self.facts(unit)?.by_hand.as_deref()
    }

    fn facts(&self, unit: Unit) -> Option<&Facts> {
        match unit.element {
            None => self.steps.get(unit.step.at()),
            Some(_) => self.elements.get(&unit).map(|(facts, _)| facts),
        }
    }

    /// How it ended.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// Whether it waits for an operator.
    pub fn is_suspended(&self) -> bool {
        self.outcome.is_none() && self.suspended_round > self.resumed_round
    }

    /// Whether somebody has asked for it to be canceled.
    pub fn is_cancel_requested(&self) -> bool {
        self.cancel.is_some()
    }

    /// Whether its deadline has passed, as recorded.
    pub fn is_deadline_exceeded(&self) -> bool {
        self.deadline_exceeded.is_some()
    }

    /// The number that the next suspension has, and that the present one has if there is one.
    pub fn round(&self) -> u32 {
        self.resumed_round + 1
    }

    /// Rule 2: whether something failed, was canceled or came too late. Never reverts.
    pub fn is_failing(&self) -> bool {
        self.cancel.is_some()
            || self.deadline_exceeded.is_some()
            || self.output_failed.is_some()
            || self.steps.iter().any(|facts| facts.failed.is_some())
            || self.has_failed_element
    }

    /// Why it is failing: the earliest cause; of several at the same time, all readers take the
    /// same.
    pub fn cause(&self, plan: &Plan) -> Option<Cause<'_>> {
        let steps = plan.step_indices().filter_map(|step| {
            let failed = self.failure_of(step)?;
            Some((failed.time, 0, Cause::Step(step, failed)))
        });
        let output = self
            .output_failed
            .as_deref()
            .map(|(time, failure)| (*time, 1, Cause::Output(failure)));
        let deadline = self
            .deadline_exceeded
            .map(|time| (time, 2, Cause::Deadline));
        let cancel = self
            .cancel
            .as_ref()
            .map(|(time, reason)| (*time, 3, Cause::Cancel(reason)));
        steps
            .chain(output)
            .chain(deadline)
            .chain(cancel)
            .min_by_key(|(time, rank, _): &(Timestamp, u8, Cause<'_>)| (*time, *rank))
            .map(|(_, _, cause)| cause)
    }

    /// Rule 1: whether the step may begin, its `when` aside.
    pub fn is_ready(&self, plan: &Plan, step: StepIndex) -> bool {
        !self.is_failing()
            && self.progress(step) == Progress::Pending
            && self.dependencies_allow(plan, step)
    }

    /// Whether all that the step depends on has gone well, or had before it was undone.
    pub fn dependencies_allow(&self, plan: &Plan, step: StepIndex) -> bool {
        plan.step(step).dependencies.iter().all(|&dependency| {
            matches!(
                self.progress(dependency),
                Progress::Completed | Progress::Skipped | Progress::Compensated
            )
        })
    }

    /// A skip spreads along references: whether the step refers to one that was skipped.
    pub fn is_skipped_with_another(&self, plan: &Plan, step: StepIndex) -> bool {
        let references = &plan.step(step).data_dependencies;
        references
            .iter()
            .any(|&dependency| self.progress(dependency) == Progress::Skipped)
    }

    /// Rule 3: whether the step has, or may have, an effect that is still to be undone in a failing
    /// execution.
    pub fn owes_compensation(&self, plan: &Plan, step: StepIndex) -> bool {
        plan.step(step).compensation.is_some() && self.progress(step).owes()
    }

    /// Whether nothing more will happen to the step in a failing execution.
    pub fn is_settled(&self, plan: &Plan, step: StepIndex) -> bool {
        self.progress(step) != Progress::Pending && !self.owes_compensation(plan, step)
    }

    /// Rule 4: whether the step is to be undone now: all that came after it is settled. What the
    /// compensation refers to happened before the step, but one who hears of it from another feed,
    /// or hears everything anew after a crash, may hear of it later.
    pub fn is_compensation_ready(&self, plan: &Plan, step: StepIndex) -> bool {
        self.is_failing()
            && self.outcome.is_none()
            && self.owes_compensation(plan, step)
            && self.is_undoing_open(plan, step)
            && self.are_references_known(plan, step)
            && plan
                .step(step)
                .descendants
                .iter()
                .all(|&later| self.is_settled(plan, later))
    }

    /// Whether there is something to undo that does not wait for an operator. Of a step over a list,
    /// also once all of its elements are undone, and only the step as a whole is not yet.
    fn is_undoing_open(&self, plan: &Plan, step: StepIndex) -> bool {
        if plan.step(step).for_each.is_none() {
            return self.unit_blocked_by(step.into()).is_none();
        }
        let mut owing = self
            .elements(step)
            .filter(|(_, progress)| progress.owes())
            .peekable();
        self.unit_blocked_by(step.into()).is_none()
            && (owing.peek().is_none()
                || owing.any(|(unit, _)| self.unit_blocked_by(unit).is_none()))
    }

    fn are_references_known(&self, plan: &Plan, step: StepIndex) -> bool {
        let references = &plan.step(step).compensation_references;
        references
            .iter()
            .all(|&reference| self.progress(reference) != Progress::Pending)
    }

    /// Rule 4: whether nothing can happen before an operator has looked at a compensation that failed
    /// for good, or at a call of which nobody knows what came.
    pub fn is_stuck(&self, plan: &Plan) -> bool {
        let waits = |step| self.blocked_by(step).is_some();
        let rests = |step| {
            let is_pending = self.progress(step) == Progress::Pending;
            if self.is_failing() {
                !is_pending && !self.is_compensation_ready(plan, step)
            } else {
                !is_pending || waits(step) || !self.dependencies_allow(plan, step)
            }
        };
        plan.step_indices().any(waits) && plan.step_indices().all(rests)
    }

    /// Rule 5: every step is completed or skipped, and nothing failed.
    pub fn is_complete(&self, plan: &Plan) -> bool {
        !self.is_failing()
            && plan
                .step_indices()
                .all(|step| matches!(self.progress(step), Progress::Completed | Progress::Skipped))
    }

    /// Rule 5: it is failing, every step is settled and every compensation done.
    pub fn is_rolled_back(&self, plan: &Plan) -> bool {
        self.is_failing() && plan.step_indices().all(|step| self.is_settled(plan, step))
    }

    /// The steps that were compensated, in the order of the definition.
    pub fn compensated(&self, plan: &Plan) -> Vec<StepIndex> {
        plan.step_indices()
            .filter(|&step| self.progress(step) == Progress::Compensated)
            .collect()
    }

    /// What expressions can see. `None` until the start has been heard of.
    pub fn scope<'a>(&'a self, plan: &'a Plan, execution: &'a str) -> Option<Scope<'a>> {
        let started = self.started.as_ref()?;
        Some(Scope {
            input: &started.input,
            outputs: &self.outputs,
            execution: ExecutionInfo {
                id: execution,
                workflow: &plan.name,
                revision: &plan.revision.0,
                create_time: started.time,
            },
            element: None,
            event: None,
        })
    }
}

/// The strongest of what was said.
fn progress(facts: &Facts, has_output: bool) -> Progress {
    if facts.compensated {
        Progress::Compensated
    } else if has_output {
        Progress::Completed
    } else if let Some(failed) = &facts.failed {
        Progress::Failed {
            ambiguous: failed.ambiguous,
        }
    } else if facts.abandoned {
        Progress::Abandoned
    } else if facts.skipped {
        Progress::Skipped
    } else {
        Progress::Pending
    }
}

impl Progress {
    /// Rule 3: whether there is, or may be, an effect.
    pub fn owes(self) -> bool {
        matches!(self, Self::Completed | Self::Failed { ambiguous: true })
    }
}
