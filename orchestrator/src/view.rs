//! The observer: what an execution's events say, as the contract's `Execution`.
//!
//! Made from what is durable. What only this process knows (attempts on their way, when the next
//! one is due) is added from the live execution, if there is one.

mod elements;
mod settlements;
mod steps;

use pavane::feed::v1::Event as StoredEvent;
use pavane::workflow::v1 as wire;
use pavane::workflow::v1::{ExecutionState, Wait};
use pavane_flow::choreography::projection::EventType;
use pavane_flow::driver::Driver;
use pavane_flow::event::{Event, Failure};
use pavane_flow::fold::{Cause, Outcome, State};
use pavane_flow::language::json;
use pavane_flow::plan::{Plan, StepIndex};

use crate::Error;
use steps::Steps;

/// How much of an execution is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Its steps; of those over lists, how many elements stand where.
    Steps,
    /// Their elements, too.
    Elements,
}

/// What is known of an execution besides its events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    /// What only this process knows, if it conducts it.
    pub(crate) live: Option<&'a Driver>,
    /// What it waits for, if it is choreographed.
    pub(crate) waits: &'a [Wait],
    pub(crate) detail: Detail,
}

/// The state that these events fold to. Errors: they are not this plan's.
pub(crate) fn fold(plan: &Plan, events: &[StoredEvent]) -> Result<State, Error> {
    let mut state = State::new(plan);
    for event in events {
        let event =
            Event::decode(event, plan).map_err(|error| Error::CorruptJournal(error.to_string()))?;
        state.apply(&event);
    }
    Ok(state)
}

/// An execution without input, output, steps and events, as lists show it.
pub(crate) fn summary(id: &str, plan: &Plan, state: &State) -> wire::Execution {
    let started = state.started.as_ref();
    let (failed_step, failure) = failure_of(plan, state);
    let parent = started.and_then(|started| started.origin.parent.clone());
    let (parent_execution_id, parent_step) = parent.unwrap_or_default();
    wire::Execution {
        id: id.to_owned(),
        workflow: plan.name.to_string(),
        revision: plan.revision.to_string(),
        mode: started
            .map(|started| started.mode.into())
            .unwrap_or_default(),
        state: state_of(state).into(),
        create_time: started.map(|started| started.time.into()),
        end_time: state.outcome().map(|outcome| outcome.time().into()),
        deadline: started.and_then(|started| started.deadline).map(Into::into),
        failed_step,
        failure,
        cancel_reason: cancel_reason(plan, state),
        parent_execution_id,
        parent_step,
        ..wire::Execution::default()
    }
}

/// An execution as GetExecution shows it.
pub(crate) fn execution(
    id: &str,
    plan: &Plan,
    state: &State,
    events: Vec<StoredEvent>,
    known: &Known<'_>,
) -> wire::Execution {
    let started = state.started.as_ref();
    let output = match state.outcome() {
        Some(Outcome::Succeeded { output, .. }) => {
            json::decode_to_struct(&plan.output, output).ok()
        }
        Some(Outcome::Failed { .. } | Outcome::Canceled { .. }) | None => None,
    };
    wire::Execution {
        input: started.and_then(|start| json::decode_to_struct(&plan.input, &start.input).ok()),
        output,
        steps: Steps::new(id, plan, state, &events, known).all(),
        events,
        ..summary(id, plan, state)
    }
}

/// Where an execution stands.
pub(crate) fn state_of(state: &State) -> ExecutionState {
    match state.outcome() {
        Some(Outcome::Succeeded { .. }) => ExecutionState::Succeeded,
        Some(Outcome::Failed { .. }) => ExecutionState::Failed,
        Some(Outcome::Canceled { .. }) => ExecutionState::Canceled,
        None if state.is_suspended() => ExecutionState::Suspended,
        None if state.is_failing() => ExecutionState::Failing,
        None => ExecutionState::Running,
    }
}

/// A state in a sentence.
pub(crate) fn state_word(state: ExecutionState) -> &'static str {
    match state {
        ExecutionState::Unspecified => "unknown",
        ExecutionState::Running => "running",
        ExecutionState::Failing => "failing",
        ExecutionState::Suspended => "suspended",
        ExecutionState::Succeeded => "succeeded",
        ExecutionState::Failed => "failed",
        ExecutionState::Canceled => "canceled",
    }
}

/// How an execution ended, to follow "it".
pub(crate) fn outcome_phrase(state: &State) -> &'static str {
    match state.outcome() {
        Some(Outcome::Succeeded { .. }) => "succeeded",
        Some(Outcome::Failed { .. }) => "failed",
        Some(Outcome::Canceled { .. }) => "was canceled",
        None => "is ending",
    }
}

fn failure_of(plan: &Plan, state: &State) -> (String, Option<Failure>) {
    let name = |step: StepIndex| plan.step(step).id.to_string();
    match state.outcome() {
        Some(Outcome::Succeeded { .. }) => return (String::new(), None),
        Some(Outcome::Failed { step, failure, .. }) => {
            return (step.map(name).unwrap_or_default(), Some(failure.clone()));
        }
        Some(Outcome::Canceled { .. }) | None => {}
    }
    match state.cause(plan) {
        Some(Cause::Step(step, failed)) => (name(step), Some(failed.failure.clone())),
        Some(Cause::Output(failure)) => (String::new(), Some(failure.clone())),
        Some(Cause::Deadline | Cause::Cancel(_)) | None => (String::new(), None),
    }
}

fn cancel_reason(plan: &Plan, state: &State) -> String {
    match (state.outcome(), state.cause(plan)) {
        (Some(Outcome::Canceled { reason, .. }), _) => reason.clone(),
        (None, Some(Cause::Cancel(reason))) => reason.to_owned(),
        (Some(Outcome::Failed { .. } | Outcome::Succeeded { .. }), _)
        | (None, Some(Cause::Step(..) | Cause::Output(_) | Cause::Deadline) | None) => {
            String::new()
        }
    }
}

/// Whether an event says how its execution ended.
pub(crate) fn is_outcome(event: &StoredEvent) -> bool {
    OUTCOMES
        .iter()
        .any(|outcome| event.r#type == outcome.full_name())
}

/// The types of events that say how an execution ended.
pub(crate) const OUTCOMES: [EventType; 3] = [
    EventType::ExecutionSucceeded,
    EventType::ExecutionFailed,
    EventType::ExecutionCanceled,
];
