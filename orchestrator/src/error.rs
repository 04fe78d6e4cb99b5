//! What can go wrong in an orchestrator, and what a caller is told of it.

use std::collections::HashMap;

use pavane::error::{Details, EXECUTION_ID};
use pavane::workflow::v1::Impact;
use pavane_flow::diagnostic::Diagnostic;
use prost::Message;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::Unprepared;

mod impact;
mod settling;

pub(crate) use impact::breaks;

/// What can go wrong. Each is documented, with its cure, in `docs/errors.md`.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Error {
    #[error(transparent)]
    InvalidTarget(#[from] pavane_calls::InvalidTarget),
    #[error(transparent)]
    Target(#[from] pavane_calls::Error),
    #[error("{field}: {problem}")]
    InvalidArgument {
        field: &'static str,
        problem: String,
    },
    #[error("the definition of {file_name} has {}", count(.diagnostics))]
    InvalidDefinition {
        file_name: String,
        diagnostics: Vec<Diagnostic>,
    },
    #[error("no workflow `{name}` is deployed{}", did_you_mean(.nearest))]
    UnknownWorkflow {
        name: String,
        nearest: Option<String>,
    },
    #[error("workflow `{name}` has no revision `{revision}`")]
    UnknownRevision { name: String, revision: String },
    #[error(
        "there is no feed `{name}`{}; publish to it, or name its server under `[feeds]`",
        did_you_mean(.nearest)
    )]
    UnknownFeed {
        name: String,
        nearest: Option<String>,
    },
    #[error("there is no execution `{id}`{}", did_you_mean(.nearest))]
    UnknownExecution { id: String, nearest: Option<String> },
    #[error("execution `{id}` exists already, {difference}")]
    ExecutionExists {
        id: String,
        difference: &'static str,
    },
    #[error("the call with idempotency-key `{key}` was compensated and will not be performed")]
    CompensatedBefore { key: String },
    #[error("execution `{id}` has ended already: it {outcome}")]
    ExecutionEnded { id: String, outcome: &'static str },
    #[error("execution `{id}` ended so long ago that it has been forgotten")]
    ExecutionForgotten { id: String },
    #[error("execution `{id}` is not suspended: it is {state}")]
    NotSuspended { id: String, state: &'static str },
    #[error("step `{step}` of execution `{id}` cannot be settled by hand: {why}")]
    StepNotSettled {
        id: String,
        step: String,
        why: pavane_flow::driver::Refusal,
    },
    #[error("`{method}` is implemented by workflow `{workflow}` already; delete that first")]
    MethodTaken { method: String, workflow: String },
    #[error(
        "`{method}` is in a package that the server keeps to itself; implement a method of your own"
    )]
    MethodReserved { method: String },
    #[error("no target is configured for {}; name it in the configuration, such as `--target {}=127.0.0.1:9000`", list(.services), .services[0])]
    NoTarget { services: Vec<String> },
    #[error("cannot read the descriptors: {0}")]
    InvalidDescriptors(String),
    #[error(
        "cannot read the descriptors of `{service}` from {target} by server reflection: {problem}; pass them with the request instead"
    )]
    ReflectionFailed {
        service: String,
        target: String,
        problem: String,
    },
    #[error("the descriptors contradict each other: {0}")]
    DescriptorConflict(Box<pavane_flow::evolution::Conflict>),
    #[error(
        "deploying `{workflow}` would break {}; `allow_breaking` deploys it all the same",
        impact::whom(.impacts)
    )]
    BreakingChange {
        workflow: String,
        impacts: Vec<Impact>,
    },
    #[error("workflow `{workflow}` cannot be choreographed: {why}")]
    NotChoreographed { workflow: String, why: Unprepared },
    #[error("{what} is limited to {limit}, and {found} is more")]
    LimitExceeded {
        what: &'static str,
        limit: usize,
        found: usize,
    },
    #[error(
        "{why}; execution `{execution}` goes on: ask for it with GetExecution or WaitExecution"
    )]
    GoesOn { execution: String, why: GoesOn },
    #[error("the journal cannot be read: {0}")]
    CorruptJournal(String),
    #[error(transparent)]
    Clock(#[from] pavane_clock::Error),
    #[error(transparent)]
    Choreography(#[from] pavane_choreography::Error),
    #[error(transparent)]
    Feed(#[from] pavane_feed::Error),
    #[error(transparent)]
    Server(#[from] pavane_server::Error),
}

/// Why a caller is sent away before the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum GoesOn {
    #[error("the server is shutting down")]
    ShuttingDown,
    #[error("the time of the call is over")]
    TooLate,
}

fn count(diagnostics: &[Diagnostic]) -> String {
    match diagnostics.len() {
        1 => "1 mistake".to_owned(),
        mistakes => format!("{mistakes} mistakes"),
    }
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

fn list(services: &[String]) -> String {
    services
        .iter()
        .map(|service| format!("`{service}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let details = Details::new();
        match error {
            Error::InvalidTarget(_) => {
                details.status(Code::InvalidArgument, "INVALID_TARGET", message)
            }
            Error::InvalidArgument { field, problem } => details.field(field, problem).status(
                Code::InvalidArgument,
                "INVALID_REQUEST",
                message,
            ),
            Error::InvalidDefinition { diagnostics, .. } => {
                invalid_definition(message, diagnostics)
            }
            Error::UnknownWorkflow { name, .. } => {
                details
                    .fact("workflow", name)
                    .status(Code::NotFound, "UNKNOWN_WORKFLOW", message)
            }
            Error::UnknownRevision { name, revision } => details
                .fact("workflow", name)
                .fact("revision", revision)
                .status(Code::NotFound, "UNKNOWN_REVISION", message),
            Error::UnknownFeed { name, .. } => {
                details
                    .fact("feed", name)
                    .status(Code::FailedPrecondition, "UNKNOWN_FEED", message)
            }
            Error::UnknownExecution { id, .. } => {
                details
                    .fact(EXECUTION_ID, id)
                    .status(Code::NotFound, "UNKNOWN_EXECUTION", message)
            }
            Error::ExecutionExists { id, .. } => details.fact(EXECUTION_ID, id).status(
                Code::AlreadyExists,
                "EXECUTION_EXISTS",
                message,
            ),
            Error::CompensatedBefore { key } => details.fact("idempotency_key", key).status(
                Code::Aborted,
                "COMPENSATED_BEFORE",
                message,
            ),
            Error::ExecutionEnded { id, .. } => details.fact(EXECUTION_ID, id).status(
                Code::FailedPrecondition,
                "EXECUTION_ENDED",
                message,
            ),
            Error::ExecutionForgotten { id } => details.fact(EXECUTION_ID, id).status(
                Code::NotFound,
                "EXECUTION_FORGOTTEN",
                message,
            ),
            Error::StepNotSettled { id, step, why } => {
                let (code, reason) = settling::reason(&why);
                let details = details.fact(EXECUTION_ID, id).fact("step", step);
                details.status(code, reason, message)
            }
            Error::NotSuspended { id, .. } => details.fact(EXECUTION_ID, id).status(
                Code::FailedPrecondition,
                "EXECUTION_NOT_SUSPENDED",
                message,
            ),
            Error::MethodTaken { method, workflow } => details
                .fact("method", method)
                .fact("workflow", workflow)
                .status(Code::FailedPrecondition, "METHOD_TAKEN", message),
            Error::MethodReserved { method } => details.fact("method", method).status(
                Code::FailedPrecondition,
                "METHOD_RESERVED",
                message,
            ),
            Error::NoTarget { services } => details.fact("services", services.join(",")).status(
                Code::FailedPrecondition,
                "NO_TARGET",
                message,
            ),
            Error::InvalidDescriptors(_) => {
                details.status(Code::InvalidArgument, "INVALID_DESCRIPTORS", message)
            }
            Error::ReflectionFailed {
                service, target, ..
            } => details
                .fact("service", service)
                .fact("target", target)
                .status(Code::FailedPrecondition, "REFLECTION_FAILED", message),
            Error::DescriptorConflict(conflict) => details.fact("file", conflict.file).status(
                Code::FailedPrecondition,
                "DESCRIPTOR_CONFLICT",
                message,
            ),
            Error::BreakingChange { workflow, impacts } => {
                impact::refusal(&workflow, message, impacts)
            }
            Error::NotChoreographed { workflow, why } => why.into_status(&workflow, message),
            Error::LimitExceeded { limit, found, .. } => details
                .fact("limit", limit)
                .fact("found", found)
                .status(Code::ResourceExhausted, "LIMIT_EXCEEDED", message),
            Error::GoesOn { execution, why } => {
                let details = details.fact(EXECUTION_ID, execution);
                match why {
                    GoesOn::ShuttingDown => details
                        .retry_after(std::time::Duration::from_secs(1))
                        .status(Code::Unavailable, "SHUTTING_DOWN", message),
                    GoesOn::TooLate => {
                        details.status(Code::DeadlineExceeded, "EXECUTION_GOES_ON", message)
                    }
                }
            }
            Error::CorruptJournal(_) => details.status(Code::DataLoss, "CORRUPT_JOURNAL", message),
            Error::Target(error) => error.into(),
            Error::Clock(_) => details.status(Code::Internal, "NO_CLOCK", message),
            Error::Choreography(error) => error.into(),
            Error::Feed(error) => error.into(),
            Error::Server(error) => error.into(),
        }
    }
}

/// Each mistake as a field violation for those who show errors, and all of them as they are for
/// those who show source.
fn invalid_definition(message: String, diagnostics: Vec<Diagnostic>) -> Status {
    let mut details = tonic_types::ErrorDetails::new();
    details.set_error_info("INVALID_DEFINITION", pavane::error::DOMAIN, HashMap::new());
    for diagnostic in &diagnostics {
        details.add_bad_request_violation(&diagnostic.path, &diagnostic.message);
    }
    let base = Status::with_error_details(Code::InvalidArgument, message, details);
    let mut status = tonic_types::pb::Status::decode(base.details()).unwrap_or_default();
    let report = pavane::workflow::v1::CheckWorkflowResponse {
        diagnostics: diagnostics.iter().map(Into::into).collect(),
        ..Default::default()
    };
    status
        .details
        .push(prost_types::Any::from_msg(&report).expect("a message can be encoded"));
    Status::with_details(base.code(), base.message(), status.encode_to_vec().into())
}
