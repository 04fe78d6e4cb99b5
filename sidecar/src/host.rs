//! A service elsewhere as one who takes part: the feed is here, the methods are there.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::HeaderValue;
use pavane::trace::Trace;
use pavane::workflow::v1::Member;
use pavane_calls::{Attempt, Calls, Targets, failure};
use pavane_choreography::{Ack, Answer, Host, Round, StepCall};
use pavane_feed::{self as feed, Feed, Store};
use pavane_flow::driver::Direction;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use crate::Options;
use crate::earlier::Earlier;

/// A service that is called over the network.
pub(crate) struct RemoteHost {
    identity: Member,
    store: Store,
    feed: Feed,
    calls: Arc<Calls>,
    earlier: Earlier,
}

impl RemoteHost {
    /// These services at the options' target, by the name of the feed. Connects to nothing yet.
    /// Errors: the files that the target names, or that are named for
    /// peers, cannot be read or used.
    pub(crate) fn new(
        store: Store,
        feed: Feed,
        services: Vec<String>,
        options: &Options,
    ) -> Result<Self, pavane_calls::Error> {
        let mut targets = Targets::default();
        targets.secure_peers(options.peer_tls.clone());
        for service in &services {
            targets.set(service.clone(), options.target.clone());
        }
        Ok(Self {
            identity: Member {
                name: feed.name().to_owned(),
                feed: feed.name().to_owned(),
                incarnation: feed.incarnation().to_string(),
                target: String::new(),
                services,
            },
            calls: Arc::new(Calls::new(targets, options.calls.clone())?),
            earlier: Earlier::new(feed.clone(), &options.target),
            store,
            feed,
        })
    }
}

impl Host for RemoteHost {
    fn identity(&self) -> &Member {
        &self.identity
    }

    fn store(&self) -> &Store {
        &self.store
    }

    fn feed(&self) -> &Feed {
        &self.feed
    }

    fn dial(&self, address: &str, endpoint: Endpoint) -> Result<Channel, String> {
        self.calls.dial(address, endpoint)
    }

    fn put_in_line(&self, round: Round) -> BoxFuture<'_, Result<Ack, feed::Error>> {
        round.append(&self.store, &self.feed).boxed()
    }

    fn perform(&self, call: StepCall) -> BoxFuture<'static, Answer> {
        let (calls, earlier) = (Arc::clone(&self.calls), self.earlier.clone());
        Box::pin(async move {
            if call.direction() == Direction::Compensation {
                earlier.settle(&call).await;
            }
            let attempt = match attempt(&call) {
                Ok(attempt) => attempt,
                Err(status) => return Answer::Answered(Err(failure(status, false))),
            };
            Answer::Answered(calls.perform(attempt).await)
        })
    }
}

/// The call as the service gets it: as an orchestrator makes it.
fn attempt(call: &StepCall) -> Result<Attempt<'_>, Status> {
    let key = call.idempotency_key().to_string();
    let key = HeaderValue::try_from(&key).map_err(|_| {
        Status::invalid_argument(format!("the idempotency key cannot be sent: `{key}`"))
    })?;
    let trace = Trace::parse(call.traceparent());
    let trace = trace.unwrap_or_else(|| Trace::new(rand::random()));
    let span = trace.span(rand::random()).to_string();
    Ok(Attempt {
        method: call.method(),
        request: call.request().clone(),
        key,
        direction: call.direction(),
        timeout: call.timeout(),
        has_default_timeout: call.has_default_timeout(),
        budget: call.budget(),
        traceparent: HeaderValue::try_from(span).expect("digits and dashes"),
        metadata: call.metadata(),
    })
}
