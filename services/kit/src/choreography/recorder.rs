//! Goes along with a step's request, and has the ledger append the step's event in the transaction of
//! the step's effect: there is no moment at which one is durable and the other is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use parking_lot::Mutex;
use pavane_choreography::StepCall;
use pavane_feed::{self as feed, Feed, Transaction};
use pavane_flow::Timestamp;
use pavane_flow::event::Event;

/// An extension of the request. All clones are of the same call.
#[derive(Debug, Clone)]
pub(crate) struct Recorder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    call: StepCall,
    feed: Feed,
    /// What was appended, or had been before.
    event: Mutex<Option<Event>>,
    is_durable: AtomicBool,
}

impl Recorder {
    pub(crate) fn new(call: StepCall, feed: Feed) -> Self {
        Self(Arc::new(Inner {
            call,
            feed,
            event: Mutex::default(),
            is_durable: AtomicBool::new(false),
        }))
    }

    /// Appends that the call was answered with `output`, unless an earlier attempt has.
    pub(crate) fn record(
        &self,
        tx: &mut Transaction<'_>,
        output: Bytes,
        is_announced: bool,
    ) -> Result<(), feed::Error> {
        let now = prost_types::Timestamp::from(SystemTime::now());
        let (event, stored) = self.0.call.completed(Timestamp::from(&now), output);
        if !is_announced {
            tx.append(&self.0.feed, stored)?;
        }
        *self.0.event.lock() = Some(event);
        Ok(())
    }

    /// The transaction is durable.
    pub(crate) fn is_durable(&self) {
        self.0.is_durable.store(true, Ordering::Release);
    }

    /// The event, once it is durable.
    pub(crate) fn recorded(&self) -> Option<Event> {
        let is_durable = self.0.is_durable.load(Ordering::Acquire);
        is_durable.then(|| self.0.event.lock().take()).flatten()
    }
}

impl PartialEq for Recorder {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Recorder {}
