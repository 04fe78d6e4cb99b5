//! A service as one who takes part: its store, its feed, its handlers.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, Request};
use pavane::metadata::{IDEMPOTENCY_COMPENSATION, IDEMPOTENCY_KEY, TRACEPARENT};
use pavane::trace::Trace;
use pavane::workflow::v1::Member;
use pavane_calls::{Target, dial, failure, timeout_value};
use pavane_choreography::{Ack, Answer, Host, Round, StepCall};
use pavane_feed::{self as feed, Feed, Store};
use pavane_flow::driver::Direction;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use super::{Handlers, Recorder};

/// How long a secure connection to a peer may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A service whose steps are calls of its own handlers.
#[derive(Debug)]
pub(crate) struct ServiceHost {
    identity: Member,
    store: Store,
    feed: Feed,
    handlers: Arc<Handlers>,
}

impl ServiceHost {
    /// The service whose feed this is, by the name of its feed.
    pub(crate) fn new(store: Store, feed: Feed, handlers: Handlers) -> Self {
        Self {
            identity: Member {
                name: feed.name().to_owned(),
                feed: feed.name().to_owned(),
                incarnation: feed.incarnation().to_string(),
                target: String::new(),
                services: handlers.names(),
            },
            store,
            feed,
            handlers: Arc::new(handlers),
        }
    }
}

impl Host for ServiceHost {
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
        let target = Target::parse(address).map_err(|error| error.to_string())?;
        dial(&target, endpoint, CONNECT_TIMEOUT)
    }

    fn put_in_line(&self, round: Round) -> BoxFuture<'_, Result<Ack, feed::Error>> {
        round.append(&self.store, &self.feed).boxed()
    }

    fn perform(&self, call: StepCall) -> BoxFuture<'static, Answer> {
        let handlers = Arc::clone(&self.handlers);
        let recorder = Recorder::new(call, self.feed.clone());
        let store = self.store.clone();
        Box::pin(async move {
            let call = recorder.call();
            let answering = AssertUnwindSafe(async {
                let request = head(call, recorder.clone())?;
                let service = &call.method().service;
                handlers.call(service, request, call.request()).await
            });
            let answer = tokio::time::timeout(call.timeout(), answering.catch_unwind()).await;
            // What is recorded has happened, whatever became of the answer.
            if let Some(event) = recorder.close(&store).await {
                return Answer::Recorded(event);
            }
            let answer = match answer {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) => Err(Status::unknown("the handler of the call panicked")),
                Err(_) => {
                    let text = format!("no answer within {:?}", call.timeout());
                    Err(Status::deadline_exceeded(text))
                }
            };
            Answer::Answered(answer.map_err(|status| failure(status, true)))
        })
    }
}

/// The request without its body.
fn head(call: &StepCall, recorder: Recorder) -> Result<Request<()>, Status> {
    let malformed = |what: &str, found: &str| {
        let text = format!("the {what} of the call cannot be sent: `{found}`");
        Status::invalid_argument(text)
    };
    let mut request = Request::new(());
    let path = &call.method().path;
    *request.uri_mut() = path.parse().map_err(|_| malformed("path", path))?;
    let key = call.idempotency_key();
    let headers = request.headers_mut();
    headers.insert(
        HeaderName::from_static(IDEMPOTENCY_KEY),
        HeaderValue::from_maybe_shared(Bytes::from(key))
            .map_err(|_| malformed("idempotency key", &call.idempotency_key()))?,
    );
    headers.insert(
        HeaderName::from_static("grpc-timeout"),
        timeout_value(call.timeout()),
    );
    if call.direction() == Direction::Compensation {
        let name = HeaderName::from_static(IDEMPOTENCY_COMPENSATION);
        headers.insert(name, HeaderValue::from_static("true"));
    }
    if let Some(trace) = Trace::parse(call.traceparent()) {
        let span = trace.span(rand::random());
        let value = HeaderValue::try_from(span).expect("digits and dashes");
        headers.insert(HeaderName::from_static(TRACEPARENT), value);
    }
    for (name, value) in call.metadata() {
        let name = HeaderName::try_from(&**name).map_err(|_| malformed("metadata", name))?;
        // The value may be a secret.
        let value =
            HeaderValue::try_from(value).map_err(|_| malformed("metadata", name.as_str()))?;
        request.headers_mut().append(name, value);
    }
    request.extensions_mut().insert(recorder);
    Ok(request)
}
