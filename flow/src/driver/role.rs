//! Which part of an execution a driver plays: all that distinguishes the three.

use std::sync::Arc;

use crate::event::Mode;
use crate::plan::StepIndex;

/// Who performs the steps of an execution that is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Performers {
    /// The one who starts it.
    Conductor,
    /// Participants, each the steps of its own service.
    Participants,
}

impl Performers {
    pub(super) fn mode(self) -> Mode {
        match self {
            Self::Conductor => Mode::Orchestrated,
            Self::Participants => Mode::Choreographed,
        }
    }
}

/// A driver's part in an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Performs every step, and declares the outcome.
    Conductor,
    /// Performs these steps, ascending: those of its own service.
    Participant(Arc<[StepIndex]>),
    /// Performs no step. Says when the deadline has passed, and declares the outcome.
    Home,
}

impl Role {
    /// The part of the one whose feed has the start.
    pub(super) fn of_starter(mode: Mode) -> Self {
        match mode {
            Mode::Unspecified | Mode::Orchestrated => Self::Conductor,
            Mode::Choreographed => Self::Home,
        }
    }

    /// Whether it calls this step, and undoes it.
    pub fn performs(&self, step: StepIndex) -> bool {
        match self {
            Self::Conductor => true,
            Self::Participant(steps) => steps.binary_search(&step).is_ok(),
            Self::Home => false,
        }
    }

    /// Whether its feed holds the start, and it alone declares the outcome.
    pub fn is_home(&self) -> bool {
        match self {
            Self::Conductor | Self::Home => true,
            Self::Participant(_) => false,
        }
    }
}
