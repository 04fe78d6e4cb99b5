//! Executions that nobody conducts, with the orchestrator as their home and observer, and three
//! participants that do as they are told.

mod deploying;
mod incidents;
mod restart;
mod running;
mod steering;
mod watching;

use pavane::workflow::v1::{Execution, StepState};

/// `one: first/completed` for each event, in order; the home's own without a source.
fn story(execution: &Execution) -> Vec<String> {
    let events = execution.events.iter();
    events
        .map(|event| {
            let (_, what) = event.id.split_once('/').unwrap();
            match event.source.trim_start_matches('/') {
                "orchestrator" => what.to_owned(),
                source => format!("{source}: {what}"),
            }
        })
        .collect()
}

fn states(execution: &Execution) -> Vec<StepState> {
    execution.steps.iter().map(|step| step.state()).collect()
}
