//! Calls of an earlier process of this sidecar, which may still be on their way when this one starts.
//!
//! A service on the kit refuses a call that comes after the one that undid it. A plain service cannot
//! tell: what it does last, stands. So nothing that an earlier process may have called is undone before
//! that call has run out of time.

use std::time::Duration;

use pavane_calls::Target;
use pavane_choreography::StepCall;
use pavane_feed::Feed;
use tokio::time::{Instant, sleep_until};

/// Since when this process calls, and what all of them recorded.
#[derive(Clone, Debug)]
pub(crate) struct Earlier {
    started: Instant,
    feed: Feed,
    /// How long the target's settings let a call take that has no timeout of its own.
    timeout: Duration,
}

impl Earlier {
    pub(crate) fn new(feed: Feed, target: &Target) -> Self {
        Self {
            started: Instant::now(),
            feed,
            timeout: target.timeout.unwrap_or_default(),
        }
    }

    /// Waits until no earlier process's call of the step can be on its way any more. `undoing` is the
    /// call that would undo it.
    pub(crate) async fn settle(&self, undoing: &StepCall) {
        let end = self.started + undoing.forward_timeout().max(self.timeout);
        if Instant::now() < end && !self.has_answered(undoing).await {
            tracing::debug!(
                execution = %undoing.execution(),
                wait = ?end.saturating_duration_since(Instant::now()),
                "an earlier process may have called what is to be undone"
            );
            sleep_until(end).await;
        }
    }

    /// Whether the step's call is known to have come back.
    async fn has_answered(&self, undoing: &StepCall) -> bool {
        let (feed, execution) = (self.feed.clone(), undoing.execution().clone());
        let completed = format!("{}/completed", undoing.idempotency_key());
        // It may read the disk. What cannot be read says nothing.
        let reading = tokio::task::spawn_blocking(move || {
            let events = feed.subject(&execution).unwrap_or_default();
            events.iter().any(|event| event.id == completed)
        });
        reading.await.unwrap_or(false)
    }
}
