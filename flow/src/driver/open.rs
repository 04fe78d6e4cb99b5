//! What is open: calls whose effect may yet come, or may have come unseen, to be stopped where an
//! execution is failing and whoever carries them out can be told; and events that are awaited.

use std::sync::Arc;

use pavane::metadata::CAUSAL_CHAIN;

use super::call::Phase;
use super::{Attempts, Direction, Driver};
use crate::fold::Progress;
use crate::plan::{StepIndex, Unit, Work};

impl Driver {
    /// The forward calls that are on their way or are to be tried again, and those of which it is not
    /// known what came of them. In order.
    pub fn open_calls(&self) -> Vec<Unit> {
        let mut units = Vec::new();
        let calling = self.plan.step_indices();
        for step in calling.filter(|step| self.plan.step(*step).call().is_some()) {
            units.push(step.into());
            let under_way = self.runs.get(&step).into_iter();
            units.extend(
                under_way.flat_map(|run| run.under_way().map(move |at| Unit::element(step, at))),
            );
            units.extend(self.state.elements(step).map(|(unit, _)| unit));
        }
        units.retain(|&unit| self.is_open(unit));
        units.sort_unstable();
        units.dedup();
        units
    }

    /// Whether a step awaits an event of a feed, here.
    pub fn awaits(&self, step: StepIndex) -> bool {
        matches!(self.plan.step(step).work, Work::Await(_))
            && self.role.performs(step)
            && self.state.begun(step.into()).is_some()
            && self.state.is_ready(&self.plan, step)
    }

    /// What its calls carry, if events led to it: by what workflows.
    pub(super) fn causal_chain(&self) -> Option<(Arc<str>, String)> {
        let chain = &self.state.started.as_ref()?.origin.causal_chain;
        (!chain.is_empty()).then(|| (CAUSAL_CHAIN.into(), chain.join(",")))
    }

    fn is_open(&self, unit: Unit) -> bool {
        let over_a_list = self.plan.step(unit.step).for_each.is_some();
        if over_a_list && unit.element.is_none() {
            return false;
        }
        match self.state.progress_of(unit) {
            Progress::Failed { ambiguous } => ambiguous,
            Progress::Pending => is_under_way(self.attempts(unit)),
            Progress::Skipped
            | Progress::Abandoned
            | Progress::Completed
            | Progress::Compensated => false,
        }
    }
}

fn is_under_way(attempts: &Attempts) -> bool {
    match attempts.phase {
        Phase::InFlight(direction) | Phase::BackingOff(direction, _) => {
            direction == Direction::Forward
        }
        Phase::Idle | Phase::Waiting => false,
    }
}
