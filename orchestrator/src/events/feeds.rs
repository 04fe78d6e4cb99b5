//! Feeds by name: those of the orchestrator's own store, and those of other servers that the
//! configuration names.

use std::collections::BTreeMap;
use std::sync::Arc;

use pavane::feed::v1::Filter;
use pavane_calls::{Calls, Target};
use pavane_client::{Start, Subscriber};
use pavane_feed::Store;
use pavane_flow::plan::{Plan, Work};

use tonic::transport::Endpoint;

use super::reader::{Problem, Reader};
use crate::Error;

/// Batches are larger than HTTP/2's first window.
const WINDOW_BYTES: u32 = 4 << 20;

/// Where feeds are. A cheap handle.
#[derive(Clone, Debug)]
pub(crate) struct Feeds(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    elsewhere: BTreeMap<String, Target>,
    calls: Arc<Calls>,
}

impl Feeds {
    pub(crate) fn new(
        store: Store,
        elsewhere: BTreeMap<String, Target>,
        calls: Arc<Calls>,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            elsewhere,
            calls,
        }))
    }

    /// Errors: [`Error::UnknownFeed`], with the nearest name.
    fn check(&self, name: &str) -> Result<(), Error> {
        if self.0.elsewhere.contains_key(name) || self.0.store.find_feed(name).is_ok() {
            return Ok(());
        }
        let own = self.0.store.feeds();
        let own = own.iter().map(pavane_feed::Feed::name);
        let known = own.chain(self.0.elsewhere.keys().map(String::as_str));
        Err(Error::UnknownFeed {
            name: name.to_owned(),
            nearest: pavane::nearest(name, known).map(str::to_owned),
        })
    }

    /// The ways to the servers of feeds and of services.
    pub(crate) fn calls(&self) -> Arc<Calls> {
        Arc::clone(&self.0.calls)
    }

    /// Whether there are all feeds that a workflow names. Errors: [`Error::UnknownFeed`].
    pub(crate) fn check_all(&self, plan: &Plan) -> Result<(), Error> {
        let start = plan.start.iter().map(|start| &start.events);
        let awaits = plan.steps.iter().filter_map(|step| match &step.work {
            Work::Await(wait) => Some(&wait.events),
            Work::Call(_) | Work::Wait(_) => None,
        });
        for events in start.chain(awaits) {
            self.check(&events.feed)?;
        }
        Ok(())
    }

    /// Where a feed ends at the moment, if that is known: of those of other servers it is not.
    pub(super) fn head_cursor(&self, name: &str) -> Option<String> {
        if self.0.elsewhere.contains_key(name) {
            return None;
        }
        let feed = self.0.store.find_feed(name).ok()?;
        Some(feed.cursor(feed.head()))
    }

    /// Where a feed is read: `host:port`. Empty: here.
    pub(crate) fn place(&self, name: &str) -> String {
        let target = self.0.elsewhere.get(name);
        target.map(ToString::to_string).unwrap_or_default()
    }

    /// Begins to read a feed. Errors: it cannot be read like that; for a feed of another server that
    /// is found out by reading.
    pub(super) fn open(&self, name: &str, start: Start, filter: Filter) -> Result<Reader, Problem> {
        let Some(target) = self.0.elsewhere.get(name) else {
            let feed = self.0.store.find_feed(name)?;
            return Ok(Reader::here(feed, start, filter)?);
        };
        // Whether it is to be secure is for the target to say.
        let authority = target.uri().authority();
        let endpoint = format!("http://{}", authority.expect("a target has one"));
        let endpoint = Endpoint::from_shared(endpoint).expect("an authority makes a URI");
        let endpoint = endpoint
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(2 * WINDOW_BYTES);
        let dialed = self.0.calls.dial(&target.to_string(), endpoint);
        let channel = dialed.map_err(Problem::Unreadable)?;
        let subscriber = Subscriber::new(channel, name);
        let subscriber = subscriber.with_start(start).with_filter(filter);
        Ok(Reader::there(subscriber))
    }
}
