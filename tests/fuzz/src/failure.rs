//! What can be wrong with how an input was read, and how a worker tells it: by its exit code.

use std::fmt;
use std::process::ExitStatus;

/// Why a worker ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Something panicked.
    Panic,
    /// It took too long.
    Hang,
    /// It took too much memory.
    Memory,
    /// It was killed: by an overflow of the stack, or by what cannot be caught otherwise.
    Death,
}

impl Failure {
    /// The code with which a worker says it.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Panic => 101,
            Self::Hang => 102,
            Self::Memory => 103,
            Self::Death => 104,
        }
    }

    /// How a worker failed, if it did.
    pub(crate) fn of(status: ExitStatus) -> Option<Self> {
        match status.code() {
            Some(0) => None,
            Some(101) => Some(Self::Panic),
            Some(102) => Some(Self::Hang),
            Some(103) => Some(Self::Memory),
            _ => Some(Self::Death),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Panic => "a panic",
            Self::Hang => "it takes too long",
            Self::Memory => "it takes too much memory",
            Self::Death => "the process died",
        })
    }
}
