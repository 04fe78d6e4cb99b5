//! What can go wrong in taking part, and the gRPC status that says so.

use pavane::error::{Details, status};
use pavane_feed as feed;
use pavane_flow::choreography::projection::Problem;
use pavane_flow::diagnostic::{Diagnostic, Severity};
use tonic::{Code, Status};

/// An error of taking part.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The store failed or refused.
    #[error(transparent)]
    Store(#[from] feed::Error),
    /// There is no clock.
    #[error(transparent)]
    Clock(#[from] pavane_clock::Error),
    /// What was remembered does not decode.
    #[error("the state `{state}` has a record that does not decode: {found}")]
    CorruptState {
        /// Name of the state.
        state: String,
        /// What was found.
        found: String,
    },
    /// A part of the request is missing.
    #[error("{field} must be set")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A member that cannot be one.
    #[error("member `{name}` {problem}")]
    InvalidMember {
        /// Its name, cut to what one may have.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The descriptors of the request cannot be used.
    #[error("the descriptors cannot be used: {found}")]
    InvalidDescriptors {
        /// What is wrong with them.
        found: String,
    },
    /// The definition has mistakes.
    #[error(
        "the definition of `{workflow}` does not compile{}",
        first_of(diagnostics)
    )]
    InvalidDefinition {
        /// Name of the workflow.
        workflow: String,
        /// What was found.
        diagnostics: Vec<Diagnostic>,
    },
    /// Definition and descriptors make another revision.
    #[error("workflow `{workflow}` compiles to revision {found}, expected {expected}")]
    OtherRevision {
        /// Name of the workflow.
        workflow: String,
        /// What they make.
        found: String,
        /// What the request says.
        expected: String,
    },
    /// The one who is asked is not among the members.
    #[error(
        "`{name}` performs no step of `{workflow}`; participants are {}",
        quoted(members)
    )]
    NotAMember {
        /// Its name.
        name: String,
        /// Name of the workflow.
        workflow: String,
        /// Names of the participants.
        members: Vec<String>,
    },
    /// The one who is asked is said to own what it does not.
    #[error("`{name}` does not own `{service}`; it owns {}", quoted(owned))]
    NotOwned {
        /// Its name.
        name: String,
        /// Full name of the service.
        service: String,
        /// What it owns.
        owned: Vec<String>,
    },
    /// The one who is asked has no part in the revision.
    #[error("`{name}` is not prepared for revision {revision}")]
    NotPrepared {
        /// Its name.
        name: String,
        /// The revision.
        revision: String,
    },
    /// A member's feed is not the one that it is said to be.
    #[error("feed `{feed}` of `{name}` has incarnation `{found}`, expected `{expected}`")]
    OtherIncarnation {
        /// Whose feed it is.
        name: String,
        /// Name of the feed.
        feed: String,
        /// The incarnation that is there.
        found: String,
        /// The incarnation that the request says.
        expected: String,
    },
    /// Another of this name is listened to, and is still there.
    #[error(
        "another `{name}` is listened to, whose feed has incarnation `{incarnation}` and is served at \
         {target}: both cannot have this name"
    )]
    StillThere {
        /// The name that both have.
        name: String,
        /// Where the one that is listened to is.
        target: String,
        /// Of its feed.
        incarnation: String,
    },
    /// The workflow cannot be divided among its members.
    #[error("workflow `{workflow}` cannot be choreographed: {problem}{}", and_more(*more))]
    NotProjectable {
        /// Name of the workflow.
        workflow: String,
        /// The first thing that stands in the way.
        problem: Problem,
        /// How many more there are.
        more: usize,
    },
    /// The address of a member cannot be used.
    #[error("target `{target}` of `{name}` is no address: expected host:port")]
    InvalidTarget {
        /// Its name.
        name: String,
        /// The address.
        target: String,
    },
    /// A member does not answer, or not as one.
    #[error("`{name}` cannot be reached at {target}: {found}")]
    Unreachable {
        /// Its name.
        name: String,
        /// Where it was looked for.
        target: String,
        /// What the attempt was answered with.
        found: String,
    },
    /// The runtime has ended.
    #[error("it takes part in nothing any more: the server is going away")]
    Stopped,
}

/// The first mistake, and how many more there are.
fn first_of(diagnostics: &[Diagnostic]) -> String {
    let is_error = |found: &&Diagnostic| found.severity == Severity::Error;
    let mut errors = diagnostics.iter().filter(is_error);
    match errors.next() {
        Some(first) => format!(": {}{}", first.message, and_more(errors.count())),
        None => String::new(),
    }
}

fn and_more(more: usize) -> String {
    match more {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    }
}

fn quoted(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => format!("`{}`", names.join("`, `")),
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let invalid = |field: &str, reason: &str| {
            Details::new()
                .field(field, &message)
                .status(Code::InvalidArgument, reason, &message)
        };
        match error {
            Error::Store(error) => error.into(),
            Error::Clock(_) => Details::new().status(Code::Internal, "NO_CLOCK", message),
            Error::CorruptState { state, .. } => {
                Details::new()
                    .fact("state", state)
                    .status(Code::DataLoss, "CORRUPT_STATE", message)
            }
            Error::Missing { field } => invalid(field, "INVALID_PREPARATION"),
            Error::InvalidMember { .. } => invalid("participants", "INVALID_PREPARATION"),
            Error::InvalidDescriptors { .. } => invalid("descriptors", "INVALID_DESCRIPTORS"),
            Error::InvalidDefinition { .. } => invalid("workflow", "INVALID_DEFINITION"),
            Error::OtherRevision {
                found, expected, ..
            } => Details::new()
                .field("revision", &message)
                .fact("found", found)
                .fact("expected", expected)
                .status(Code::InvalidArgument, "OTHER_REVISION", &message),
            Error::InvalidTarget { .. } => invalid("participants.target", "INVALID_TARGET"),
            Error::NotAMember { name, workflow, .. } => Details::new()
                .fact("participant", name)
                .fact("workflow", workflow)
                .status(Code::FailedPrecondition, "NOT_A_MEMBER", message),
            Error::NotPrepared { name, revision } => Details::new()
                .fact("participant", name)
                .fact("revision", revision)
                .status(Code::FailedPrecondition, "NOT_PREPARED", message),
            Error::NotOwned { name, service, .. } => Details::new()
                .fact("participant", name)
                .fact("service", service)
                .status(Code::FailedPrecondition, "SERVICE_NOT_OWNED", message),
            Error::OtherIncarnation {
                name,
                found,
                expected,
                ..
            } => Details::new()
                .fact("participant", name)
                .fact("found", found)
                .fact("expected", expected)
                .status(Code::FailedPrecondition, "OTHER_INCARNATION", message),
            Error::StillThere {
                name,
                target,
                incarnation,
            } => Details::new()
                .fact("name", name)
                .fact("target", target)
                .fact("incarnation", incarnation)
                .status(Code::FailedPrecondition, "NAME_IN_USE", message),
            Error::NotProjectable {
                workflow, problem, ..
            } => Details::new().fact("workflow", workflow).status(
                Code::FailedPrecondition,
                problem.reason(),
                message,
            ),
            Error::Unreachable { name, target, .. } => Details::new()
                .fact("participant", name)
                .fact("target", target)
                .status(Code::Unavailable, "PARTICIPANT_UNREACHABLE", message),
            Error::Stopped => status(Code::Unavailable, "SHUTTING_DOWN", message),
        }
    }
}
