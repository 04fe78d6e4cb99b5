//! How to take part: bounds and addresses, each with a default.

use std::collections::HashMap;
use std::time::Duration;

use pavane_client::SubscriberOptions;
use pavane_clock::Clock;

/// How to take part.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where members are reached, by name, whatever a home says: `host:port`. Default: nowhere else.
    pub peers: HashMap<String, String>,
    /// Calls that are performed at a time; more wait. Default: 1,024.
    pub calls_in_flight: usize,
    /// Batches, answers and commands that wait to be taken in. Default: 256.
    pub waiting_inputs: usize,
    /// A checkpoint is written after so many heard events. Default: 32,768.
    pub checkpoint_events: usize,
    /// And at the latest so long after the first of them. Default: 1 s.
    pub checkpoint_interval: Duration,
    /// How long a member may take to say where its feed stands. Default: 5 s.
    pub connect_timeout: Duration,
    /// The clock by which timers run, and which says when things happen. Default: that of the folder
    /// of the host's store.
    pub clock: Option<Clock>,
    /// How feeds are followed.
    pub subscriber: SubscriberOptions,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            peers: HashMap::new(),
            calls_in_flight: 1_024,
            waiting_inputs: 256,
            checkpoint_events: 32_768,
            checkpoint_interval: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(5),
            clock: None,
            subscriber: SubscriberOptions::default(),
        }
    }
}
