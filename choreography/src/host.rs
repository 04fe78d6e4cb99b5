//! Whoever takes part in a choreography, as the runtime sees it: what its feed is, how it writes, how
//! it performs. The runtime asks for nothing else.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use pavane::workflow::v1::Member;
use pavane_feed::{Error as FeedError, Feed, Store};
use pavane_flow::choreography::member::{Heard, StepCall};
use pavane_flow::driver::{CallFailure, Driver};
use pavane_flow::event::{Event, EventType};
use tonic::transport::{Channel, Endpoint};

use crate::Checkpoint;

/// Who takes part.
pub trait Host: Send + Sync + 'static {
    /// Who it is: name, feed and its incarnation, the services that it performs (none: a home).
    fn identity(&self) -> &Member;

    /// Where it keeps its state and its feed. The runtime keeps what it must remember beside them.
    fn store(&self) -> &Store;

    /// Its own feed.
    fn feed(&self) -> &Feed;

    /// Puts a round in line, to be written as **one** transaction: its events to the own feed in
    /// their order, and its checkpoint, if there is one, by [`Checkpoint::write`]. The order in which
    /// these futures resolve is the order of rounds; the runtime awaits one before it asks for the
    /// next. What they resolve to resolves once the round is durable. See [`append`] for the plain way.
    ///
    /// Errors: the store takes nothing any more.
    ///
    /// [`append`]: Round::append
    fn put_in_line(&self, round: Round) -> BoxFuture<'_, Result<Ack, FeedError>>;

    /// Performs one attempt at a call. It ends within the call's timeout; a panic counts as UNKNOWN.
    /// Never asked of a home.
    fn perform(&self, call: StepCall) -> BoxFuture<'static, Answer>;

    /// A channel to a peer at this address (`host:port` or a URL), made of this endpoint; it connects
    /// when it is used. In the clear, unless the host knows better.
    ///
    /// Errors: why there can be none, such as a CA that cannot be read.
    fn dial(&self, _address: &str, endpoint: Endpoint) -> Result<Channel, String> {
        Ok(endpoint.connect_lazy())
    }

    /// Events of others are about to be taken in. Called while the core is locked, so it must be
    /// quick and must not look at the runtime.
    fn heard(&self, _peer: &Arc<str>, _events: &[Heard]) {}

    /// A peer's feed is not followed any more before someone has looked at it, and why. It is logged
    /// besides, and shown by [`crate::Runtime::describe`].
    fn lost(&self, _peer: &str, _problem: &str) {}

    /// These executions have ended, and all that was said about them is durable.
    fn ended(&self, _executions: &[Arc<str>]) {}
}

/// Resolves when a round is durable.
pub type Ack = BoxFuture<'static, Result<(), FeedError>>;

/// What several inputs gave rise to, to be written in one transaction.
#[derive(Debug, Default)]
pub struct Round {
    /// What happened, in order.
    pub events: Vec<Appended>,
    /// The executions that ended with what was taken in: of a home, those whose outcome is among the
    /// events.
    pub ended: Vec<Ended>,
    /// What is to be remembered.
    pub checkpoint: Option<Checkpoint>,
}

/// An event of the own feed.
#[derive(Debug)]
pub struct Appended {
    /// The execution.
    pub execution: Arc<str>,
    /// What happened.
    pub event_type: EventType,
    /// The encoded event, without source, sequence and cursor.
    pub event: Bytes,
}

/// An execution that has ended.
#[derive(Debug)]
pub struct Ended {
    /// How it stood.
    pub driver: Box<Driver>,
    /// The events of others that were heard of it, in the order of hearing.
    pub heard: Vec<Heard>,
}

/// What became of an attempt.
#[derive(Debug)]
pub enum Answer {
    /// The encoded response, or how it failed. The event of it is still to be appended.
    Answered(Result<Bytes, CallFailure>),
    /// It went well, and its event is durable already: it was appended in the commit of the effect. See
    /// [`StepCall::completed`].
    Recorded(Event),
}

impl Round {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.checkpoint.is_none()
    }

    /// Puts the round in line as it is: for a host that writes nothing besides.
    pub async fn append(self, store: &Store, feed: &Feed) -> Result<Ack, FeedError> {
        let feed = feed.clone();
        let events = feed.prepare_encoded(self.events.iter().map(|appended| &*appended.event))?;
        let checkpoint = self.checkpoint;
        let ack = store.reserve().await?.submit(move |tx| {
            tx.append_prepared(&feed, &events)?;
            checkpoint.map_or(Ok(()), |checkpoint| checkpoint.write(tx))
        });
        Ok(Box::pin(async move { Ok(ack.await?) }))
    }
}
