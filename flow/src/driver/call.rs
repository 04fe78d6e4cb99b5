//! How the calls of a step stand in this process. None of it is recorded: after a restart it
//! begins anew.

use std::time::Duration;

use crate::Timestamp;
use crate::event::{EventKey, Failure};

pub(super) const CANCELLED: i32 = 1;
pub(super) const UNKNOWN: i32 = 2;
pub(super) const DEADLINE_EXCEEDED: i32 = 4;
pub(super) const FAILED_PRECONDITION: i32 = 9;
pub(super) const ABORTED: i32 = 10;
pub(super) const UNAVAILABLE: i32 = 14;

/// Which of a step's two calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The step itself.
    Forward,
    /// The call that undoes it.
    Compensation,
}

/// How an attempt failed.
#[derive(Clone, Debug)]
pub struct CallFailure {
    /// The status.
    pub failure: Failure,
    /// How long the service asked to wait (`google.rpc.RetryInfo`).
    pub retry_after: Option<Duration>,
    /// Whether the request may have left this process.
    pub sent: bool,
    /// Whether this is the recorded outcome of an execution behind a front door: nothing of it
    /// stands, and asking again gives the same.
    pub settled: bool,
    /// Whether it was held back before anything was tried, by a limit of whoever calls: that is no
    /// attempt, so it is not counted, and it is tried again whatever the policy says.
    pub held_back: bool,
}

impl CallFailure {
    /// Rule 3: whether the effect may have happened all the same.
    pub fn is_ambiguous(&self) -> bool {
        match self.failure.code {
            _ if self.settled => false,
            UNKNOWN | DEADLINE_EXCEEDED | CANCELLED => true,
            UNAVAILABLE => self.sent,
            _ => false,
        }
    }
}

/// The attempts at a step's present call: forward, or, once it is being undone, the compensation.
#[derive(Debug, Default)]
pub struct Attempts {
    pub(super) phase: Phase,
    pub(super) made: u32,
    pub(super) ambiguous: bool,
    pub(super) possibly_called: bool,
    pub(super) last_failure: Option<Box<Failure>>,
    /// The event that made the call due.
    pub(super) cause: EventKey,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Idle,
    InFlight(Direction),
    BackingOff(Direction, Timestamp),
    /// It waits for a time, or for an event, and the shell knows.
    Waiting,
}

/// Of that of which no call was made.
pub(super) static NONE: Attempts = Attempts {
    phase: Phase::Idle,
    made: 0,
    ambiguous: false,
    possibly_called: false,
    last_failure: None,
    cause: EventKey::Started,
};

impl Attempts {
    /// Which call is on its way now.
    pub fn in_flight(&self) -> Option<Direction> {
        match self.phase {
            Phase::InFlight(direction) => Some(direction),
            Phase::Idle | Phase::BackingOff(..) | Phase::Waiting => None,
        }
    }

    /// When the next attempt is due, if one is.
    pub fn next_attempt(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::BackingOff(_, due) => Some(due),
            Phase::Idle | Phase::InFlight(_) | Phase::Waiting => None,
        }
    }

    /// How many attempts were made.
    pub fn made(&self) -> u32 {
        self.made
    }

    /// How the last attempt failed, if it did.
    pub fn last_failure(&self) -> Option<&Failure> {
        self.last_failure.as_deref()
    }

    /// Whether a call is on its way, or another attempt due later.
    pub(super) fn is_active(&self) -> bool {
        matches!(self.phase, Phase::InFlight(_) | Phase::BackingOff(..))
    }

    /// Whether a call can leave now.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        match self.phase {
            Phase::Idle => true,
            Phase::InFlight(_) | Phase::Waiting => false,
            Phase::BackingOff(_, due) => due <= now,
        }
    }

    /// The attempt that is on its way went well.
    pub(super) fn end(&mut self) {
        self.phase = Phase::Idle;
        self.last_failure = None;
    }

    /// How the last attempt failed; it is not needed any more.
    pub(super) fn take_failure(&mut self) -> Option<Failure> {
        self.last_failure.take().map(|failure| *failure)
    }

    /// Begins an attempt, the first or a further one.
    pub(super) fn begin(&mut self, direction: Direction, cause: EventKey) {
        let continues = matches!(self.phase, Phase::BackingOff(before, _) if before == direction);
        if !continues {
            self.made = 0;
            self.last_failure = None;
            self.cause = cause;
        }
        self.made += 1;
        self.phase = Phase::InFlight(direction);
    }
}
