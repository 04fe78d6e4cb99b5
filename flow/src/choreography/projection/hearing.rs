//! What each must hear. Every line here answers for what a driver looks at before it decides
//! (`driver/decide.rs`, `fold/rules.rs`); the test `side_by_side` holds them against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{EventType, Hears};
use crate::plan::{Plan, StepIndex};

/// What concerns everyone: the start, what makes an execution failing, what an operator settled, what
/// sets it going again after a suspension, and its end.
const OF_THE_EXECUTION: [EventType; 9] = [
    EventType::ExecutionStarted,
    EventType::StepResolved,
    EventType::CancelRequested,
    EventType::DeadlineExceeded,
    EventType::OutputFailed,
    EventType::ExecutionResumed,
    EventType::ExecutionSucceeded,
    EventType::ExecutionFailed,
    EventType::ExecutionCanceled,
];

/// All that can happen to a step.
const OF_A_STEP: [EventType; 8] = [
    EventType::StepBegun,
    EventType::StepCompleted,
    EventType::StepFailed,
    EventType::StepSuspended,
    EventType::StepSkipped,
    EventType::StepAbandoned,
    EventType::StepCompensated,
    EventType::CompensationFailed,
];

/// What a participant must hear. `performers` has a name for each step.
pub(super) fn of_participant(
    plan: &Plan,
    performers: &[Arc<str>],
    name: &Arc<str>,
    home: &Arc<str>,
) -> Vec<Hears> {
    let mut ears = Ears {
        performers,
        name: Some(name),
        peers: BTreeMap::new(),
    };
    let of_home = OF_THE_EXECUTION.map(|event| (event, None));
    ears.peers.insert(Arc::clone(home), of_home.into());
    for step in plan.step_indices() {
        // A failure anywhere makes the execution failing.
        ears.hear(step, &[EventType::StepFailed]);
        if performers[step.at()] != *name {
            continue;
        }
        let own = plan.step(step);
        // Whether the step may begin; and, once failing, whether it can have begun (rule 7).
        for &dependency in &own.dependencies {
            ears.hear(
                dependency,
                &[
                    EventType::StepCompleted,
                    EventType::StepSkipped,
                    EventType::StepAbandoned,
                ],
            );
        }
        if own.compensation.is_none() {
            continue;
        }
        // What the compensation's request is made from.
        for &reference in &own.compensation_references {
            ears.hear(
                reference,
                &[EventType::StepCompleted, EventType::StepSkipped],
            );
        }
        // Whether all that came after the step is settled.
        for &later in &own.descendants {
            ears.hear(later, &[EventType::StepSkipped, EventType::StepAbandoned]);
            ears.hear(later, &[settles(plan, later)]);
        }
    }
    ears.finish()
}

/// What a home must hear: all that happens to any step.
pub(super) fn of_home(plan: &Plan, performers: &[Arc<str>]) -> Vec<Hears> {
    let mut ears = Ears {
        performers,
        name: None,
        peers: BTreeMap::new(),
    };
    for step in plan.step_indices() {
        ears.hear(step, &OF_A_STEP);
    }
    ears.finish()
}

/// The event with which a step that was called is settled in a failing execution, unless it failed.
fn settles(plan: &Plan, step: StepIndex) -> EventType {
    match plan.step(step).compensation {
        Some(_) => EventType::StepCompensated,
        None => EventType::StepCompleted,
    }
}

struct Ears<'a> {
    performers: &'a [Arc<str>],
    /// Whose they are; `None`: of the home, which performs nothing.
    name: Option<&'a Arc<str>>,
    peers: BTreeMap<Arc<str>, BTreeSet<(EventType, Option<StepIndex>)>>,
}

impl Ears<'_> {
    /// Hears events of a step; of one's own there is nothing to hear.
    fn hear(&mut self, step: StepIndex, events: &[EventType]) {
        let performer = &self.performers[step.at()];
        if self.name != Some(performer) {
            let heard = self.peers.entry(Arc::clone(performer)).or_default();
            heard.extend(events.iter().map(|event| (*event, Some(step))));
        }
    }

    fn finish(self) -> Vec<Hears> {
        let hears = self.peers.into_iter();
        hears.map(|(peer, events)| Hears { peer, events }).collect()
    }
}
