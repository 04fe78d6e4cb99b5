//! Why a server cannot start, go on, or know a set of descriptors.
//!
//! What a caller did wrong is not here: that is a `tonic::Status`, made where it is found.

use std::io;
use std::net::SocketAddr;

use pavane::error::Details;
use tonic::{Code, Status};

/// Why a server cannot do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else listens there.
    #[error("cannot listen on {addr}: address already in use")]
    AddressInUse {
        /// Where it was to listen.
        addr: SocketAddr,
    },
    /// The address cannot be listened on for another reason.
    #[error("cannot listen on {addr}: {}", source.kind())]
    Listen {
        /// Where it was to listen.
        addr: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// The listener broke while the server ran.
    #[error("gave up accepting connections after {failures} failures in a row, the last: {source}")]
    Accept {
        /// How often accepting failed without a success in between.
        failures: u32,
        /// What the operating system said last.
        source: io::Error,
    },
    /// A service was to be announced that its descriptors do not define.
    #[error(
        "the descriptors do not define service `{service}`{}",
        did_you_mean(nearest)
    )]
    UnknownService {
        /// The service that was named.
        service: String,
        /// The service with the nearest name that exists.
        nearest: Option<String>,
    },
    /// An origin that is to be allowed is none.
    #[error(
        "`{found}` is not an origin: expected `https://HOST`, `http://HOST:PORT` or the like with \
         nothing behind it, or `*` for all"
    )]
    InvalidOrigin {
        /// What was given.
        found: String,
    },
    /// The filter for logs cannot be read.
    #[error("cannot read log filter `{filter}`: {detail} (one that works: `info,h2=warn`)")]
    LogFilter {
        /// The filter that was given.
        filter: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The format for logs does not exist.
    #[error("unknown log format `{found}`, expected `text` or `json`")]
    LogFormat {
        /// The format that was given.
        found: String,
    },
    /// Logs were set up before.
    #[error("logs are already set up in this process")]
    LogsInstalled,
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let details = Details::new();
        match error {
            Error::UnknownService { service, .. } => details.fact("service", service).status(
                Code::InvalidArgument,
                "UNKNOWN_SERVICE",
                message,
            ),
            Error::AddressInUse { addr } | Error::Listen { addr, .. } => details
                .fact("address", addr)
                .status(Code::Unavailable, "LISTENER_FAILED", message),
            Error::Accept { .. } => details.status(Code::Unavailable, "LISTENER_FAILED", message),
            Error::InvalidOrigin { found } => details.fact("origin", found).status(
                Code::InvalidArgument,
                "INVALID_ORIGIN",
                message,
            ),
            Error::LogFilter { .. } | Error::LogFormat { .. } | Error::LogsInstalled => {
                details.status(Code::InvalidArgument, "INVALID_LOG_OPTIONS", message)
            }
        }
    }
}

/// `: did you mean ...?`, or nothing.
pub(crate) fn did_you_mean(nearest: &Option<String>) -> String {
    match nearest {
        Some(name) => format!(": did you mean `{name}`?"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_service_is_named() {
        let error = Error::UnknownService {
            service: "acme.ThingServise".to_owned(),
            nearest: None,
        };
        let status = Status::from(error);
        assert_eq!(status.code(), Code::InvalidArgument);
        let info = tonic_types::StatusExt::get_details_error_info(&status).unwrap();
        assert_eq!(info.reason, "UNKNOWN_SERVICE");
        assert_eq!(info.metadata["service"], "acme.ThingServise");
    }
}
