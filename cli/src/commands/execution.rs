//! What the commands about one execution share.

use std::time::{SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use pavane::workflow::v1::{Execution, ExecutionState, GetExecutionRequest, Mode};
use prost_types::Timestamp;

use super::Context;
use crate::connection::{Connection, unary};
use crate::error::Error;
use crate::render::Json;
use crate::render::timeline::timeline;

mod follow;

pub(crate) use follow::{Follower, News};

/// How an execution is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeName {
    /// A conductor calls the services.
    Orchestrated,
    /// Each service reacts to the events of its peers.
    Choreographed,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Orchestrated => Self::Orchestrated,
            ModeName::Choreographed => Self::Choreographed,
        }
    }
}

/// The clock, for what is rendered.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let nanos = i32::try_from(since.subsec_nanos()).expect("below a billion");
    Timestamp {
        seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        nanos,
    }
}

/// Asks the server for an execution.
pub(crate) async fn get(connection: &Connection, id: &str) -> Result<Execution, Error> {
    get_with(connection, id, false).await
}

/// The same, with the elements of its steps over lists if they are wanted.
pub(crate) async fn get_with(
    connection: &Connection,
    id: &str,
    with_elements: bool,
) -> Result<Execution, Error> {
    let request = unary(GetExecutionRequest {
        execution_id: id.to_owned(),
        with_elements,
    });
    let answer = connection.executions().get_execution(request).await;
    answer
        .map_err(|status| connection.error(status))
        .and_then(|answer| present(answer.into_inner().execution))
}

/// An answer that has to hold an execution.
pub(crate) fn present(execution: Option<Execution>) -> Result<Execution, Error> {
    execution.ok_or_else(|| {
        Error::failed(
            "MALFORMED_RESPONSE",
            "the server answered without an execution",
        )
    })
}

/// Prints a timeline, or the execution as JSON.
pub(crate) fn show(context: &Context<'_>, execution: &Execution) -> Result<(), Error> {
    context.output.show(
        |paint| timeline(&execution.id, execution, &now(), paint),
        || Json::new().message("pavane.workflow.v1.Execution", execution),
    )
}

/// The same, unless nothing was to be done: then that it would have been.
pub(crate) fn show_unless_dry(
    context: &Context<'_>,
    execution: Option<Execution>,
    dry_run: bool,
    done: &str,
) -> Result<(), Error> {
    let execution = present(execution)?;
    if !dry_run {
        return show(context, &execution);
    }
    context.output.show(
        |_| format!("{} would be {done}; nothing was changed", execution.id),
        || serde_json::json!({ "execution_id": execution.id, "dry_run": true }),
    )
}

/// Whether it has ended.
pub(crate) fn has_ended(execution: &Execution) -> bool {
    match execution.state() {
        ExecutionState::Succeeded | ExecutionState::Failed | ExecutionState::Canceled => true,
        ExecutionState::Unspecified
        | ExecutionState::Running
        | ExecutionState::Failing
        | ExecutionState::Suspended => false,
    }
}

/// The exit code follows the outcome, once there is one; one that only an operator can bring on has
/// none.
pub(crate) fn outcome(execution: &Execution) -> Result<(), Error> {
    match execution.state() {
        ExecutionState::Failed | ExecutionState::Canceled | ExecutionState::Suspended => {
            Err(Error::Outcome)
        }
        ExecutionState::Unspecified
        | ExecutionState::Running
        | ExecutionState::Failing
        | ExecutionState::Succeeded => Ok(()),
    }
}
