//! What a participant hears of a step of another, and what for.

use pavane_flow::choreography::projection::{EventType, Hears, Part};
use pavane_flow::plan::{Plan, Step, StepIndex};

/// What is heard of one step, or of the execution itself.
pub(super) struct Heard {
    pub(super) step: Option<StepIndex>,
    pub(super) events: Vec<EventType>,
}

/// The events of a peer, by step.
pub(super) fn by_step(hears: &Hears) -> Vec<Heard> {
    let mut heard: Vec<Heard> = Vec::new();
    let mut events: Vec<_> = hears.events.iter().collect();
    events.sort_by_key(|(event, step)| (*step, *event));
    for &(event, step) in events {
        match heard.last_mut() {
            Some(last) if last.step == step => last.events.push(event),
            _ => heard.push(Heard {
                step,
                events: vec![event],
            }),
        }
    }
    heard
}

/// An event in one word.
pub(super) fn word(event: EventType) -> &'static str {
    match event {
        EventType::ExecutionStarted => "started",
        EventType::StepBegun => "begun",
        EventType::StepCompleted => "completed",
        EventType::StepFailed => "failed",
        EventType::StepSuspended => "suspended",
        EventType::StepResolved => "resolved",
        EventType::StepSkipped => "skipped",
        EventType::StepAbandoned => "abandoned",
        EventType::StepCompensated => "compensated",
        EventType::CompensationFailed => "compensation failed",
        EventType::OutputFailed => "output failed",
        EventType::CancelRequested => "cancel requested",
        EventType::DeadlineExceeded => "deadline exceeded",
        EventType::ExecutionSucceeded => "succeeded",
        EventType::ExecutionFailed => "failed",
        EventType::ExecutionCanceled => "canceled",
        EventType::ExecutionSuspended => "suspended",
        EventType::ExecutionResumed => "resumed",
    }
}

/// The own steps that begin only after a step of another's.
pub(super) fn begins<'a>(
    plan: &'a Plan,
    part: &'a Part,
    step: StepIndex,
) -> impl Iterator<Item = StepIndex> + 'a {
    own(plan, part, move |own| own.dependencies.contains(&step))
}

/// The own steps that are undone only after a step of another's is settled.
pub(super) fn undoes<'a>(
    plan: &'a Plan,
    part: &'a Part,
    step: StepIndex,
) -> impl Iterator<Item = StepIndex> + 'a {
    own(plan, part, move |own| {
        own.compensation.is_some() && own.descendants.contains(&step)
    })
}

/// The own steps whose compensations need the response of a step of another's.
pub(super) fn needs<'a>(
    plan: &'a Plan,
    part: &'a Part,
    step: StepIndex,
) -> impl Iterator<Item = StepIndex> + 'a {
    own(plan, part, move |own| {
        own.compensation_references.contains(&step)
    })
}

fn own<'a>(
    plan: &'a Plan,
    part: &'a Part,
    related: impl Fn(&Step) -> bool + 'a,
) -> impl Iterator<Item = StepIndex> + 'a {
    let own = part.steps.iter().copied();
    own.filter(move |own| related(plan.step(*own)))
}
