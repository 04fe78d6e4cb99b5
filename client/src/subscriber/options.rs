//! Where a subscriber begins, and how it connects again.

use std::time::Duration;

/// Where a [`Subscriber`](crate::Subscriber) begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Start {
    /// At the oldest event retained.
    #[default]
    Earliest,
    /// With what is appended from the first connection on.
    Latest,
    /// After this cursor.
    After(String),
    /// At the first event whose `time` is this or later.
    At(prost_types::Timestamp),
}

/// How a [`Subscriber`](crate::Subscriber) connects again.
#[derive(Debug, Clone)]
pub struct SubscriberOptions {
    /// Wait after the first failure; doubled after each further one, halved at random. Default:
    /// 100 ms.
    pub initial_backoff: Duration,
    /// Longest wait. Default: 10 s.
    pub max_backoff: Duration,
    /// How long the server may take to begin its answer. Default: 10 s.
    pub connect_timeout: Duration,
    /// So many failures in a row end it, with the last of them; connections that are made and then lost are
    /// no failures. Default: none do, it goes on for ever.
    pub max_failures: Option<u32>,
    /// Largest batch to ask for, in bytes; 0: the server's default.
    pub max_batch_bytes: u32,
}

impl Default for SubscriberOptions {
    fn default() -> Self {
        Self {
            initial_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            max_failures: None,
            max_batch_bytes: 0,
        }
    }
}

impl SubscriberOptions {
    /// How long to wait after so many failures in a row.
    pub(super) fn backoff(&self, failures: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.min(30));
        let backoff = self.initial_backoff.saturating_mul(doubled);
        // Half of it at random, so that many subscribers do not come back at once.
        let part = rand::random_range(0.5..=1.0);
        backoff.min(self.max_backoff).mul_f64(part)
    }
}
