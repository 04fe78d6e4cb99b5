//! What is wrong with what an operator says of a target, beyond its address.

use std::path::PathBuf;

use tonic::{Code, Status};

/// Why a target cannot be called as it is configured. Each is documented, with its cure, in
/// `docs/errors.md`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A file that it names cannot be read.
    #[error("cannot read {what} {}: {problem}", path.display())]
    Unreadable {
        /// What it is for.
        what: &'static str,
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        problem: String,
    },
    /// A file that it names has something else in it.
    #[error("{} holds no {expected}: {problem}", path.display())]
    Malformed {
        /// What was expected in it.
        expected: &'static str,
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The client's certificate cannot be used.
    #[error("the client certificate {} cannot be used with the key {}: {problem}", certificate.display(), key.display())]
    UnusableIdentity {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The system has no certificates of CAs.
    #[error("the system has no certificates of CAs ({problem}); name a file of them with `ca`")]
    NoSystemRoots {
        /// What was found instead.
        problem: String,
    },
    /// The name that a certificate is to be for is none.
    #[error("`{name}` is no name that a certificate can be for")]
    InvalidDomain {
        /// As it was given.
        name: String,
    },
    /// Metadata has a name that cannot be sent, or that is not for an operator to set.
    #[error("metadata `{name}` {problem}")]
    InvalidMetadataName {
        /// As it was given.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The value of metadata cannot be sent. It is not shown: it may be a secret.
    #[error("the value of metadata `{name}` ({origin}) cannot be sent: {problem}")]
    InvalidMetadataValue {
        /// Which.
        name: String,
        /// Where it comes from.
        origin: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A variable of the environment is not set.
    #[error(
        "metadata `{name}` comes from the variable {variable} of the environment, which is not set"
    )]
    UnsetVariable {
        /// Which metadata.
        name: String,
        /// Which variable.
        variable: String,
    },
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let status = |reason| pavane::error::status(Code::FailedPrecondition, reason, &message);
        match error {
            Error::Unreadable { .. } => status("TARGET_FILE_UNREADABLE"),
            Error::Malformed { .. } | Error::UnusableIdentity { .. } => {
                status("INVALID_TARGET_CERTIFICATE")
            }
            Error::NoSystemRoots { .. } => status("NO_SYSTEM_ROOTS"),
            Error::InvalidDomain { .. } => status("INVALID_TARGET_DOMAIN"),
            Error::InvalidMetadataName { .. }
            | Error::InvalidMetadataValue { .. }
            | Error::UnsetVariable { .. } => status("INVALID_TARGET_METADATA"),
        }
    }
}
