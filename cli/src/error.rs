//! Why a command failed, what it says of that, and with which code it exits.

use std::io;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::render::{self, Json, Paint, code_name};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A flag, a file or a value is not what it should be.
    #[error("{message}")]
    Usage {
        /// What was found and what was expected.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Nobody answers at an address.
    #[error("cannot reach {address}: {cause}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// Such as `connection refused`.
        cause: String,
    },
    /// Somebody listens at an address, but says nothing.
    #[error("{address} was reached but did not answer within {} s", .waited.as_secs())]
    Unanswered {
        /// Host and port.
        address: String,
        /// How long an answer was waited for.
        waited: Duration,
    },
    /// An execution was followed, and its server is gone.
    #[error(
        "lost the connection to {address}, and no server was there within {} s: {cause}",
        .patience.as_secs()
    )]
    Lost {
        /// Host and port.
        address: String,
        /// Such as `connection refused`.
        cause: String,
        /// How long the server was waited for.
        patience: Duration,
        /// Id of the execution.
        execution: String,
    },
    /// A server said no.
    #[error("{}", .0.message())]
    Refused(Box<Status>),
    /// Something did not work here.
    #[error("{message}")]
    Failed {
        /// UPPER_SNAKE_CASE, for programs.
        reason: &'static str,
        /// What went wrong.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The result that was printed is itself the bad news: exit 1.
    #[error("the outcome is a failure")]
    Outcome,
    /// The mistakes that were printed are in the file that was given: exit 2.
    #[error("the definition has mistakes")]
    Diagnostics,
    /// Nobody reads what is printed.
    #[error("cannot write to stdout: {0}")]
    Output(#[source] io::Error),
}

impl Error {
    /// A wrong flag, file or value.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            hint: None,
        }
    }

    /// Something did not work.
    pub fn failed(reason: &'static str, message: impl Into<String>) -> Self {
        Self::Failed {
            reason,
            message: message.into(),
            hint: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, text: impl Into<String>) -> Self {
        if let Self::Usage { hint, .. } | Self::Failed { hint, .. } = &mut self {
            *hint = Some(text.into());
        }
        self
    }

    /// With which code the process exits.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } | Self::Diagnostics => 2,
            Self::Refused(status) if status.code() == Code::InvalidArgument => 2,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Unreachable { .. }
            | Self::Unanswered { .. }
            | Self::Lost { .. }
            | Self::Refused(_)
            | Self::Failed { .. }
            | Self::Outcome
            | Self::Output(_) => 1,
        }
    }

    /// For people. `None`: everything has been said.
    pub(crate) fn to_text(&self, paint: Paint) -> Option<String> {
        let hint = match self {
            Self::Outcome | Self::Diagnostics => return None,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return None,
            Self::Refused(status) => return Some(render::status(status, paint)),
            Self::Usage { hint, .. } | Self::Failed { hint, .. } => hint.clone(),
            Self::Unreachable { .. } => Some(
                "start a server with `pavane serve` or `pavane demo --serve`, or name another \
                 with --server"
                    .to_owned(),
            ),
            Self::Unanswered { .. } => {
                Some("is it a gRPC server, and does it run? Name another with --server".to_owned())
            }
            Self::Lost {
                address, execution, ..
            } => Some(format!(
                "the execution goes on when its server runs; follow it with: \
                 pavane watch {execution} --server {address}"
            )),
            Self::Output(_) => None,
        };
        let mut text = format!("{} {self}\n", paint.error("error:"));
        if let Some(hint) = hint {
            text.push_str(&format!("{} {hint}\n", paint.accent("hint:")));
        }
        Some(text)
    }

    /// For programs. `None`: everything has been said.
    pub(crate) fn to_json(&self) -> Option<Value> {
        let mut error = Map::new();
        let (code, reason) = match self {
            Self::Outcome | Self::Diagnostics => return None,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return None,
            Self::Usage { .. } => (Code::InvalidArgument, "USAGE".to_owned()),
            Self::Unreachable { .. } => (Code::Unavailable, "UNREACHABLE".to_owned()),
            Self::Unanswered { .. } => (Code::DeadlineExceeded, "UNANSWERED".to_owned()),
            Self::Lost { execution, .. } => {
                let metadata = json!({ "execution_id": execution });
                error.insert("metadata".to_owned(), metadata);
                (Code::Unavailable, "CONNECTION_LOST".to_owned())
            }
            Self::Failed { reason, .. } => (Code::FailedPrecondition, (*reason).to_owned()),
            Self::Output(_) => (Code::Unknown, "OUTPUT".to_owned()),
            Self::Refused(status) => {
                let details = status.get_error_details();
                let info = details.error_info();
                if let Some(info) = info {
                    error.insert("metadata".to_owned(), json!(info.metadata));
                }
                if let Some(bad) = details.bad_request() {
                    let violations = bad.field_violations.iter().map(|violation| {
                        json!({"field": violation.field, "description": violation.description})
                    });
                    error.insert("violations".to_owned(), violations.collect());
                }
                if let Some(report) = render::report(status) {
                    let name = "pavane.workflow.v1.CheckWorkflowResponse";
                    let report = Json::new().message(name, &report);
                    error.insert("diagnostics".to_owned(), report["diagnostics"].clone());
                }
                if let Some(report) = render::impact_report(status) {
                    let name = "pavane.workflow.v1.ImpactReport";
                    let report = Json::new().message(name, &report);
                    error.insert("impacts".to_owned(), report["impacts"].clone());
                }
                if let Some(delay) = details.retry_info().and_then(|info| info.retry_delay) {
                    error.insert("retry_after_s".to_owned(), json!(delay.as_secs_f64()));
                }
                (
                    status.code(),
                    info.map(|info| info.reason.clone()).unwrap_or_default(),
                )
            }
        };
        error.insert("code".to_owned(), json!(code_name(code as i32)));
        error.insert("reason".to_owned(), json!(reason));
        error.insert("message".to_owned(), json!(self.to_string()));
        error.entry("metadata").or_insert_with(|| json!({}));
        if let Self::Usage {
            hint: Some(hint), ..
        }
        | Self::Failed {
            hint: Some(hint), ..
        } = self
        {
            error.insert("hint".to_owned(), json!(hint));
        }
        Some(json!({ "error": error }))
    }
}
