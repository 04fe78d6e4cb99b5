//! Why a suite cannot be run at all. What a server does wrong is no error: it is in the report.

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The target is no address.
    #[error("`{target}` is no target: expected HOST:PORT or a URL")]
    InvalidTarget {
        /// What was given.
        target: String,
    },
    /// Nobody answers there.
    #[error("cannot reach {target}: {reason}")]
    Unreachable {
        /// What was given.
        target: String,
        /// Why not.
        reason: String,
    },
}
