//! The observer: what an execution's events say, as the contract's `Execution`.
//!
//! Made from what is durable. What only this process knows (attempts on their way, when the next
//! one is due) is added from the live execution, if there is one.

use pavane::feed::v1::Event as StoredEvent;
use pavane::workflow::v1 as wire;
use pavane::workflow::v1::{ExecutionState, StepState, Wait};
use pavane_flow::choreography::projection::EventType;
use pavane_flow::driver::{Attempts, Direction, Driver};
use pavane_flow::event::{Event, Failure};
use pavane_flow::fold::{Cause, Outcome, Progress, State};
use pavane_flow::language::json;
use pavane_flow::plan::{Plan, StepIndex};

use crate::Error;

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
        ..wire::Execution::default()
    }
}

/// An execution as GetExecution shows it. `live` is what this process knows besides.
pub(crate) fn execution(
    id: &str,
    plan: &Plan,
    state: &State,
    events: Vec<StoredEvent>,
    live: Option<&Driver>,
    waits: &[Wait],
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
        steps: plan
            .step_indices()
            .map(|step| step_status(plan, state, step, live, waits))
            .collect(),
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

fn step_status(
    plan: &Plan,
    state: &State,
    index: StepIndex,
    live: Option<&Driver>,
    waits: &[Wait],
) -> wire::StepStatus {
    let step = plan.step(index);
    let turn = waits.iter().find(|wait| *wait.step == *step.id);
    let attempts = live.map(|live| live.attempts(index));
    let output = state.output_of(index);
    let recorded = state
        .blocked_by(index)
        .or(state.failure_of(index).map(|failed| &failed.failure));
    let last = attempts.and_then(Attempts::last_failure).or(recorded);
    wire::StepStatus {
        id: step.id.to_string(),
        state: step_state(state, index, attempts, turn).into(),
        call: step
            .call()
            .map(|call| call.method.to_string())
            .unwrap_or_default(),
        attempts: attempts.map(Attempts::made).unwrap_or_default(),
        last_failure: last.cloned(),
        next_attempt_time: attempts.and_then(Attempts::next_attempt).map(Into::into),
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
    }
}

/// `turn` says that a participant is to go on with the step, which is as near as can be seen from
/// here to its being called.
fn step_state(
    state: &State,
    step: StepIndex,
    attempts: Option<&Attempts>,
    turn: Option<&Wait>,
) -> StepState {
    let in_flight = attempts.and_then(Attempts::in_flight);
    if state.blocked_by(step).is_some() {
        return StepState::CompensationFailed;
    }
    match state.progress(step) {
        Progress::Pending if in_flight == Some(Direction::Forward) => StepState::Running,
        Progress::Pending if attempts.is_some_and(|a| a.next_attempt().is_some()) => {
            StepState::BackingOff
        }
        Progress::Pending if turn.is_some() => StepState::Running,
        Progress::Pending => StepState::Pending,
        Progress::Skipped => StepState::Skipped,
        Progress::Abandoned => StepState::Abandoned,
        Progress::Compensated => StepState::Compensated,
        Progress::Completed | Progress::Failed { .. }
            if is_compensating(attempts) || turn.is_some() =>
        {
            StepState::Compensating
        }
        Progress::Completed => StepState::Completed,
        Progress::Failed { .. } => StepState::Failed,
    }
}

fn is_compensating(attempts: Option<&Attempts>) -> bool {
    attempts.is_some_and(|attempts| {
        attempts.in_flight() == Some(Direction::Compensation) || attempts.next_attempt().is_some()
    })
}

/// Whether an event says how its execution ended.
pub(crate) fn is_outcome(event: &StoredEvent) -> bool {
    is_outcome_type(&event.r#type)
}

/// Whether events of this type are outcomes.
pub(crate) fn is_outcome_type(r#type: &str) -> bool {
    [
        EventType::ExecutionSucceeded,
        EventType::ExecutionFailed,
        EventType::ExecutionCanceled,
    ]
    .iter()
    .any(|outcome| r#type == outcome.full_name())
}
