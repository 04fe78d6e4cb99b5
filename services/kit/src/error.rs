//! What can go wrong in a participant, and how it leaves the server.

use pavane::error::{Details, status};
use pavane_choreography as choreography;
use pavane_feed as feed;
use pavane_server as server;
use tonic::{Code, Status};

use crate::MAX_KEY_BYTES;

/// An error of the kit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed or refused.
    #[error(transparent)]
    Store(#[from] feed::Error),
    /// It could not begin to take part in choreographies, or could not go on.
    #[error(transparent)]
    Choreography(#[from] choreography::Error),
    /// What is said of how peers are reached cannot be used.
    #[error("peers cannot be reached over TLS: {0}")]
    PeerTls(#[from] pavane_calls::Error),
    /// The server could not start, or stopped.
    #[error(transparent)]
    Server(#[from] server::Error),
    /// The `idempotency-key` of a call cannot be used.
    #[error("idempotency-key must be 1 to {MAX_KEY_BYTES} visible ASCII characters, found {found}")]
    MalformedKey {
        /// What is wrong with it.
        found: String,
    },
    /// The `idempotency-compensation` of a call is neither true nor false.
    #[error("idempotency-compensation must be `true` or `false`, found `{found}`")]
    MalformedCompensation {
        /// The value.
        found: String,
    },
    /// A call wants to undo, but does not say what.
    #[error(
        "idempotency-compensation says which call to undo by its idempotency-key, which is missing"
    )]
    CompensationWithoutKey,
    /// A key came back with another method or another request.
    #[error(
        "idempotency-key `{key}` belongs to another call of `{method}`; \
         expected the same method with the same request"
    )]
    KeyReused {
        /// The key.
        key: String,
        /// The method that was called with it first.
        method: String,
    },
    /// A forward call came after the compensation with its key.
    #[error("the call with idempotency-key `{key}` was compensated and will not be performed")]
    CompensatedBefore {
        /// The key.
        key: String,
    },
    /// A record of the service's state does not decode.
    #[error("the state `{state}` has a record that does not decode: {found}")]
    CorruptState {
        /// Name of the state.
        state: String,
        /// What the decoder said.
        found: String,
    },
    /// A page token that this server did not make.
    #[error("page_token must come from next_page_token of the page before, found `{found}`")]
    MalformedPageToken {
        /// The token.
        found: String,
    },
    /// A page size below zero.
    #[error("page_size must not be negative, found {found}")]
    NegativePageSize {
        /// The size.
        found: i32,
    },
    /// A fault for a method that is not served.
    #[error("no method `{found}` is served here{}", did_you_mean(nearest))]
    UnknownFaultMethod {
        /// The method.
        found: String,
        /// The one that was probably meant.
        nearest: Option<String>,
    },
    /// A fault that neither fails nor delays.
    #[error("a fault needs a code, a delay or both, found neither")]
    FaultWithoutEffect,
    /// Too many faults wait for calls.
    #[error("max_waiting_faults is {limit}: clear some, or wait until they are used up")]
    TooManyFaults {
        /// The limit.
        limit: usize,
    },
    /// A task of the server ended without saying why.
    #[error("a task of the server panicked")]
    Panicked,
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map_or(String::new(), |name| format!("; did you mean `{name}`?"))
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let field = |field: &str, reason: &str| {
            Details::new()
                .field(field, &message)
                .status(Code::InvalidArgument, reason, &message)
        };
        match error {
            Error::Store(error) => error.into(),
            Error::Choreography(error) => error.into(),
            Error::PeerTls(error) => error.into(),
            Error::Server(error) => error.into(),
            Error::MalformedKey { .. } => {
                status(Code::InvalidArgument, "MALFORMED_IDEMPOTENCY_KEY", message)
            }
            Error::MalformedCompensation { .. } | Error::CompensationWithoutKey => {
                status(Code::InvalidArgument, "MALFORMED_COMPENSATION", message)
            }
            Error::KeyReused { key, method } => Details::new()
                .fact("idempotency_key", key)
                .fact("method", method)
                .status(Code::AlreadyExists, "IDEMPOTENCY_KEY_REUSED", message),
            Error::CompensatedBefore { key } => Details::new().fact("idempotency_key", key).status(
                Code::Aborted,
                "COMPENSATED_BEFORE",
                message,
            ),
            Error::CorruptState { state, .. } => {
                Details::new()
                    .fact("state", state)
                    .status(Code::DataLoss, "CORRUPT_STATE", message)
            }
            Error::MalformedPageToken { .. } => field("page_token", "MALFORMED_PAGE_TOKEN"),
            Error::NegativePageSize { .. } => field("page_size", "INVALID_REQUEST"),
            Error::UnknownFaultMethod { .. } => field("method", "INVALID_FAULT"),
            Error::FaultWithoutEffect => field("code", "INVALID_FAULT"),
            Error::TooManyFaults { limit } => Details::new()
                .fact("limit", "max_waiting_faults")
                .fact("value", limit)
                .status(Code::ResourceExhausted, "TOO_MANY_FAULTS", message),
            Error::Panicked => status(Code::Internal, "SERVER_PANICKED", message),
        }
    }
}
