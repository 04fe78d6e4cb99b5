//! What can go wrong for a client, and what a server has said about it.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::time::Duration;

use pavane::error::{COMPENSATED, EXECUTION_ID};
use prost::{Message, Name};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt, pb};

pub use tonic_types::FieldViolation;

use crate::Meta;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was to be connected to is no address.
    #[error("`{found}` is not an address; expected `host:port` or `http://host:port`")]
    InvalidAddress {
        /// What was given.
        found: String,
    },
    /// No connection.
    #[error("{address} cannot be reached: {cause}")]
    Unreachable {
        /// Where it was tried.
        address: String,
        /// Why not.
        cause: String,
    },
    /// What was to be called is no method.
    #[error("`{found}` is not a method; expected `package.Service/Method`")]
    InvalidMethod {
        /// What was given.
        found: String,
    },
    /// A call, or a stream, was answered with an error.
    #[error("{0}")]
    Failed(Box<Failure>),
    /// An event is not what it says it is. The subscription goes on with the next one.
    #[error("event `{}` is to carry a {expected}, {found}", .meta.id)]
    UnexpectedData {
        /// The event.
        meta: Box<Meta>,
        /// The type that it is to carry.
        expected: String,
        /// What it carries.
        found: String,
    },
    /// An answer lacks what the contract says it has.
    #[error("the answer has no {expected}")]
    IncompleteAnswer {
        /// What it lacks.
        expected: &'static str,
    },
}

/// A call that failed: its code and message, and the details that came with it.
#[derive(Debug)]
pub struct Failure {
    status: Status,
    details: ErrorDetails,
}

impl Failure {
    /// The canonical code.
    pub fn code(&self) -> Code {
        self.status.code()
    }

    /// What went wrong, in words.
    pub fn message(&self) -> &str {
        self.status.message()
    }

    /// The reason, such as `UNKNOWN_WORKFLOW`: stable, and explained in `docs/errors.md`.
    pub fn reason(&self) -> Option<&str> {
        let info = self.details.error_info();
        info.map(|info| info.reason.as_str())
    }

    /// Who has made the reason: `pavane`.
    pub fn domain(&self) -> Option<&str> {
        let info = self.details.error_info();
        info.map(|info| info.domain.as_str())
    }

    /// A fact of the error, such as `earliest_cursor`.
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.metadata()?.get(name).map(String::as_str)
    }

    /// All facts of the error.
    pub fn metadata(&self) -> Option<&HashMap<String, String>> {
        self.details.error_info().map(|info| &info.metadata)
    }

    /// The fields of the request that were wrong, each with what is wrong about it.
    pub fn field_violations(&self) -> &[FieldViolation] {
        let request = self.details.bad_request();
        request.map_or(&[], |request| &request.field_violations)
    }

    /// How long the server asks to wait before it is tried again.
    pub fn retry_after(&self) -> Option<Duration> {
        self.details.retry_info()?.retry_delay
    }

    /// The execution that the error is about.
    pub fn execution_id(&self) -> Option<&str> {
        self.fact(EXECUTION_ID)
    }

    /// Of an execution that failed: whether all that had to be undone is.
    pub fn is_compensated(&self) -> bool {
        self.fact(COMPENSATED) == Some("true")
    }

    /// The detail of this type, if there is one: of a deploy that was refused, the
    /// `CheckWorkflowResponse` with the place of each mistake.
    pub fn detail<M: Name + Default>(&self) -> Option<M> {
        let rich = pb::Status::decode(self.status.details()).ok()?;
        let mut details = rich.details.iter();
        details.find_map(|detail| detail.to_msg().ok())
    }

    /// The whole status, with its metadata.
    pub fn status(&self) -> &Status {
        &self.status
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let message = match self.message() {
            "" => self.code().description(),
            message => message,
        };
        match self.reason() {
            Some(reason) => write!(f, "{message} ({reason})"),
            None => write!(f, "{message} ({:?})", self.code()),
        }
    }
}

impl Error {
    /// What the server has said, if it has.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            Self::InvalidAddress { .. }
            | Self::Unreachable { .. }
            | Self::InvalidMethod { .. }
            | Self::UnexpectedData { .. }
            | Self::IncompleteAnswer { .. } => None,
        }
    }

    /// The canonical code, if a server has given one.
    pub fn code(&self) -> Option<Code> {
        self.failure().map(Failure::code)
    }

    /// The reason, such as `UNKNOWN_WORKFLOW`, if a server has given one.
    pub fn reason(&self) -> Option<&str> {
        self.failure().and_then(Failure::reason)
    }

    /// Of a call that was to take no longer than this.
    pub(crate) fn of_call(status: Status, timeout: Duration) -> Self {
        if is_timeout(&status) {
            let message = format!("no answer within {timeout:?}");
            return Self::from(Status::deadline_exceeded(message));
        }
        Self::from(status)
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        Self::Failed(Box::new(Failure { status, details }))
    }
}

/// Whether it is the client's own clock that has ended the call, which tonic calls a cancel.
fn is_timeout(status: &Status) -> bool {
    let mut source = status.source();
    while let Some(error) = source {
        if error.is::<tonic::TimeoutExpired>() {
            return true;
        }
        source = error.source();
    }
    false
}

/// The innermost error, which says what happened.
pub(crate) fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
