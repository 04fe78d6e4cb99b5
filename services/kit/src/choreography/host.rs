//! A service as one who takes part: its store, its feed, its handlers.

use std::fmt::{Display, Write};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use http::{HeaderName, HeaderValue, Request, Uri};
use http_body_util::Full;
use pavane::metadata::{IDEMPOTENCY_COMPENSATION, IDEMPOTENCY_KEY, TRACEPARENT};
use pavane::trace::Trace;
use pavane::workflow::v1::Member;
use pavane_calls::{self as calls, Target, TimeoutValue, Tls, dial, failure, put_frame};
use pavane_choreography::{Ack, Answer, Host, Round, StepCall};
use pavane_feed::{self as feed, Feed, Store};
use pavane_flow::driver::Direction;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};

use super::{Handlers, Recorder};

/// How long a secure connection to a peer may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Room for the texts of a call's metadata, and what comes before its message.
const TEXTS_BYTES: usize = 256;

/// A service whose steps are calls of its own handlers.
#[derive(Debug)]
pub(crate) struct ServiceHost {
    identity: Member,
    store: Store,
    feed: Feed,
    handlers: Handlers,
    /// How peers are reached at addresses for TLS.
    peer_tls: Tls,
}

impl ServiceHost {
    /// The service whose feed this is, by the name of its feed. Errors: those of the files that are
    /// named for TLS.
    pub(crate) fn new(
        store: Store,
        feed: Feed,
        handlers: Handlers,
        peer_tls: Tls,
    ) -> Result<Self, calls::Error> {
        peer_tls.check()?;
        Ok(Self {
            identity: Member {
                name: feed.name().to_owned(),
                feed: feed.name().to_owned(),
                incarnation: feed.incarnation().to_string(),
                target: String::new(),
                services: handlers.names(),
            },
            store,
            feed,
            handlers,
            peer_tls,
        })
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
        let target = Target::told(address, &self.peer_tls).map_err(|error| error.to_string())?;
        dial(&target, endpoint, CONNECT_TIMEOUT)
    }

    fn put_in_line(&self, round: Round) -> BoxFuture<'_, Result<Ack, feed::Error>> {
        round.append(&self.store, &self.feed).boxed()
    }

    fn perform(&self, call: StepCall) -> BoxFuture<'static, Answer> {
        let recorder = Recorder::new(call, self.feed.clone());
        let store = self.store.clone();
        let call = recorder.call();
        let answering = match request(call, recorder.clone()) {
            Ok(request) => self.handlers.call(&call.method().service, request),
            Err(status) => ready(Err(status)).boxed(),
        };
        Box::pin(async move {
            let timeout = recorder.call().timeout();
            let answering = AssertUnwindSafe(answering).catch_unwind();
            let answer = tokio::time::timeout(timeout, answering).await;
            // What is recorded has happened, whatever became of the answer.
            if let Some(event) = recorder.close(&store).await {
                return Answer::Recorded(event);
            }
            let answer = match answer {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) => Err(Status::unknown("the handler of the call panicked")),
                Err(_) => {
                    let text = format!("no answer within {timeout:?}");
                    Err(Status::deadline_exceeded(text))
                }
            };
            Answer::Answered(answer.map_err(|status| failure(status, true)))
        })
    }
}

/// The call as a request. Its texts and its message share memory: they come and go together.
fn request(call: &StepCall, recorder: Recorder) -> Result<Request<Body>, Status> {
    let malformed = |what: &str, found: &str| {
        let text = format!("the {what} of the call cannot be sent: `{found}`");
        Status::invalid_argument(text)
    };
    let (path, message) = (&call.method().path, call.request());
    let mut room = BytesMut::with_capacity(TEXTS_BYTES + path.len() + message.len());
    room.extend_from_slice(path.as_bytes());
    let uri = Uri::from_maybe_shared(room.split().freeze());
    let mut request = Request::new(());
    *request.uri_mut() = uri.map_err(|_| malformed("path", path))?;
    let headers = request.headers_mut();
    let key = put(&mut room, call.idempotency_key());
    headers.insert(
        HeaderName::from_static(IDEMPOTENCY_KEY),
        HeaderValue::from_maybe_shared(key)
            .map_err(|_| malformed("idempotency key", &call.idempotency_key().to_string()))?,
    );
    let timeout = put(&mut room, TimeoutValue(call.timeout()));
    headers.insert(
        HeaderName::from_static("grpc-timeout"),
        HeaderValue::from_maybe_shared(timeout).expect("digits and a letter"),
    );
    if call.direction() == Direction::Compensation {
        let name = HeaderName::from_static(IDEMPOTENCY_COMPENSATION);
        headers.insert(name, HeaderValue::from_static("true"));
    }
    if let Some(trace) = Trace::parse(call.traceparent()) {
        let span = put(&mut room, trace.span(rand::random()));
        let value = HeaderValue::from_maybe_shared(span).expect("digits and dashes");
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
    put_frame(&mut room, message);
    Ok(request.map(|()| Body::new(Full::new(room.freeze()))))
}

/// Writes a text.
fn put(room: &mut BytesMut, text: impl Display) -> Bytes {
    write!(room, "{text}").expect("there is room for any text");
    room.split().freeze()
}
