//! Why a sidecar does not start, or had to end.

use pavane_kit as kit;
use tonic::{Code, Status};

/// An error of a sidecar.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing that it could do.
    #[error("a sidecar needs a service to perform steps of, and none is named")]
    NoServices,
    /// A service's name is none.
    #[error(
        "`{service}` is not the full name of a gRPC service, such as \
         `acme.shipping.v1.ShippingService`"
    )]
    InvalidService {
        /// As it was given.
        service: String,
    },
    /// What is said of the service's target, or of how peers are reached, cannot be used.
    #[error(transparent)]
    Target(#[from] pavane_calls::Error),
    /// The participant could not start, or had to stop.
    #[error(transparent)]
    Kit(#[from] kit::Error),
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let invalid = |reason| pavane::error::status(Code::InvalidArgument, reason, &message);
        match error {
            Error::NoServices => invalid("NO_SERVICES"),
            Error::InvalidService { .. } => invalid("INVALID_SERVICE"),
            Error::Target(error) => error.into(),
            Error::Kit(error) => error.into(),
        }
    }
}
