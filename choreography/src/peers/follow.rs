//! One subscription: a task that brings what a peer's feed says to the runtime, for as long as
//! waiting helps, and tells how it stands.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use pavane::feed::v1::Filter;
use pavane_client::{Start, Subscriber, SubscriberOptions, Update};
use pavane_clock::Clock;
use pavane_flow::choreography::member;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};

use super::{Place, Standing};
use crate::runtime::input::{Heard, Input};
use crate::{Error, Host};

/// How peers are followed.
#[derive(Clone)]
pub(crate) struct Follow {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) inputs: mpsc::Sender<Input>,
    pub(crate) options: SubscriberOptions,
    /// Addresses that count more than what a home says, by name.
    pub(crate) addresses: HashMap<String, String>,
    pub(crate) clock: Clock,
}

impl Follow {
    #[expect(clippy::too_many_arguments, reason = "what a subscription consists of")]
    pub(super) fn start(
        &self,
        peer: &Arc<str>,
        round: u64,
        place: &Place,
        filter: Filter,
        cursor: &str,
        standing: Arc<Mutex<Standing>>,
        stop: CancellationToken,
    ) {
        let channel = match channel(&*self.host, self.address(place), &place.name) {
            Ok(channel) => channel,
            // Checked before it was kept; the address that was configured may have changed since.
            Err(error) => {
                tracing::error!(peer = %place.name, %error, "the peer is not heard");
                standing.lock().problem = Some(error.to_string());
                return;
            }
        };
        let subscriber = Subscriber::new(channel, &*place.feed)
            .with_start(Start::After(cursor.to_owned()))
            .with_filter(filter)
            .with_options(self.options.clone());
        let following = Following {
            peer: Arc::clone(peer),
            round,
            feed: place.feed.clone(),
            subscriber,
            standing,
            inputs: self.inputs.clone(),
            host: Arc::clone(&self.host),
            clock: self.clock.clone(),
        };
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = following.run() => {}
            }
        });
    }

    /// Where a peer is.
    pub(crate) fn address<'a>(&'a self, place: &'a Place) -> &'a str {
        self.addresses.get(&place.name).unwrap_or(&place.target)
    }
}

/// A channel to this address, which connects when it is used. Errors: [`Error::InvalidTarget`],
/// [`Error::Unreachable`].
pub(super) fn channel(host: &dyn Host, target: &str, name: &str) -> Result<Channel, Error> {
    // Whether it is to be secure is for the host to know, who dials.
    let authority = target.split_once("://").map_or(target, |(_, rest)| rest);
    let endpoint = Endpoint::from_shared(format!("http://{authority}"));
    let endpoint = endpoint.ok().filter(|endpoint| {
        let authority = endpoint.uri().authority();
        authority.is_some_and(|authority| authority.port().is_some())
    });
    let endpoint = endpoint.ok_or_else(|| Error::InvalidTarget {
        name: name.to_owned(),
        target: target.to_owned(),
    })?;
    // Batches are larger than HTTP/2's first window.
    let endpoint = endpoint
        .initial_stream_window_size(4 << 20)
        .initial_connection_window_size(8 << 20);
    let dialed = host.dial(target, endpoint);
    dialed.map_err(|found| Error::Unreachable {
        name: name.to_owned(),
        target: target.to_owned(),
        found,
    })
}

struct Following {
    peer: Arc<str>,
    round: u64,
    feed: String,
    subscriber: Subscriber,
    standing: Arc<Mutex<Standing>>,
    inputs: mpsc::Sender<Input>,
    host: Arc<dyn Host>,
    clock: Clock,
}

impl Following {
    async fn run(mut self) {
        while let Some(update) = self.subscriber.next_encoded().await {
            let (events, is_caught_up) = match update {
                Ok(Update::Connected { .. }) => {
                    self.is_heard();
                    continue;
                }
                Ok(Update::Events(events)) => {
                    let events = events.into_iter().map(member::Heard::new);
                    match events.collect() {
                        Ok(events) => (events, false),
                        Err(error) => return self.gives_up(&error.to_string()),
                    }
                }
                Ok(Update::Progress { .. } | Update::FellBehind) => (Vec::new(), false),
                Ok(Update::CaughtUp) => (Vec::new(), true),
                Ok(Update::Disconnected { status, .. }) => {
                    self.is_lost(status.message());
                    continue;
                }
                Err(status) => return self.gives_up(status.message()),
            };
            self.is_heard();
            let cursor = self.subscriber.cursor().unwrap_or_default().to_owned();
            let heard = Heard {
                peer: Arc::clone(&self.peer),
                round: self.round,
                events,
                cursor,
                is_caught_up,
            };
            if self.inputs.send(Input::Heard(heard)).await.is_err() {
                return; // the runtime has ended
            }
        }
    }

    fn gives_up(&self, problem: &str) {
        tracing::error!(
            peer = %self.peer, feed = self.feed, problem,
            "the peer is not heard any more, until the workflow is prepared again"
        );
        self.standing.lock().problem = Some(problem.to_owned());
        self.host.lost(&self.peer, problem);
    }

    fn is_heard(&self) {
        let mut standing = self.standing.lock();
        if standing.unreachable.take().is_some() {
            tracing::info!(peer = %self.peer, "the peer is heard");
        }
        standing.last_heard = Some(self.clock.now());
    }

    fn is_lost(&self, reason: &str) {
        let mut standing = self.standing.lock();
        let before = standing.unreachable.take();
        if before.as_ref().is_none_or(|(_, before)| before != reason) {
            tracing::warn!(peer = %self.peer, reason, "the peer cannot be heard");
        }
        let since = before.map_or_else(|| self.clock.now(), |(since, _)| since);
        standing.unreachable = Some((since, reason.to_owned()));
    }
}
