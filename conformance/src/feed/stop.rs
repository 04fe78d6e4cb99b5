//! Why a check ends before its end.

use tonic::Status;

/// The promise is not kept, or cannot be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    Failed { found: String, expected: String },
    Skipped { reason: String },
}

/// What a check has to say.
pub(crate) type Verdict = Result<(), Stop>;

impl Stop {
    pub(crate) fn failed(found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Failed {
            found: found.into(),
            expected: expected.into(),
        }
    }

    pub(crate) fn skipped(reason: impl Into<String>) -> Self {
        Self::Skipped {
            reason: reason.into(),
        }
    }

    /// A status where there should have been none.
    pub(crate) fn status(status: &Status, expected: impl Into<String>) -> Self {
        Self::failed(describe(status), expected)
    }

    /// Says under which circumstances it happened.
    pub(crate) fn when(self, circumstances: impl std::fmt::Display) -> Self {
        match self {
            Self::Failed { found, expected } => Self::Failed {
                found: format!("{found} ({circumstances})"),
                expected,
            },
            skipped @ Self::Skipped { .. } => skipped,
        }
    }
}

/// Code and message.
pub(crate) fn describe(status: &Status) -> String {
    format!("{:?}: {}", status.code(), status.message())
}

/// Fails unless `condition` holds.
pub(crate) fn ensure(
    condition: bool,
    found: impl FnOnce() -> String,
    expected: impl Into<String>,
) -> Verdict {
    if condition {
        Ok(())
    } else {
        Err(Stop::failed(found(), expected))
    }
}
