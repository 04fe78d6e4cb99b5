//! How a target stands, for people and for alarms.

use std::time::SystemTime;

use crate::Target;

/// How a target stands now.
#[derive(Clone, Debug)]
pub struct Health {
    /// Full names of the services that are called there.
    pub services: Vec<String>,
    /// Where and how.
    pub target: Target,
    /// Whether it can be called.
    pub state: State,
    /// The last trouble, if it has not gone well since.
    pub loss: Option<Loss>,
    /// Calls in flight.
    pub in_flight: usize,
    /// Most calls in flight.
    pub calls: usize,
    /// Calls that wait for their turn.
    pub waiting: usize,
    /// Most calls that wait.
    pub queue: usize,
    /// Since the start.
    pub totals: Totals,
    /// When a call was last answered, whatever the answer was. `None`: never.
    pub last_answer: Option<SystemTime>,
}

/// Whether a target can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has called it yet.
    Unused,
    /// A connection is being made.
    Connecting,
    /// There is a connection.
    Connected,
    /// There was one, or has to be one with the next call.
    Idle,
    /// The last call found it unreachable or unavailable.
    Down,
    /// Nothing is sent for a while.
    Open {
        /// When a call may try.
        until: SystemTime,
    },
    /// It was left alone; a few calls try whether it is back.
    Trying,
}

/// Since when a target is in trouble, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// When the first call failed, of those that have failed in a row.
    pub since: SystemTime,
    /// Why the last one failed.
    pub error: String,
}

/// Counts since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Calls that were made.
    pub calls: u64,
    /// Of these, those that found the target unreachable or unavailable, or got no answer in time.
    pub failures: u64,
    /// Calls that were held back: nothing was sent for a while, or too many waited.
    pub held_back: u64,
}
