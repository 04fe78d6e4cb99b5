//! `GET /feeds/{feed}/events`: a feed as server-sent events, which browsers and `curl` read without
//! any library. <https://html.spec.whatwg.org/multipage/server-sent-events.html>
//!
//! It is a call of `FeedService/Subscribe` inside the process, so that whoever serves feeds serves
//! this, with the same promises: nothing is dropped, and a resume leaves no gap.

mod request;
mod text;

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Request, Response, StatusCode};
use http_body_util::StreamBody;
use hyper::body::Frame;
use pavane::error;
use pavane::feed::v1::SubscribeResponse;
use prost::Message;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::front::Front;
use crate::grpc::{self, Messages};
use crate::request_body::RequestBody;
use crate::{Descriptors, Fallback};

/// The service behind it.
pub(crate) const SERVICE: &str = "pavane.feed.v1.FeedService";
const SUBSCRIBE: &str = "/pavane.feed.v1.FeedService/Subscribe";

/// The feed whose events a path names.
pub(crate) fn feed_of(path: &str) -> Option<String> {
    let feed = path.strip_prefix("/feeds/")?.strip_suffix("/events")?;
    (!feed.is_empty() && !feed.contains('/')).then(|| feed.to_owned())
}

/// Answers a request for the events of a feed.
pub(crate) async fn answer<F: Fallback>(
    front: &Front<F>,
    feed: String,
    request: Request<RequestBody>,
) -> Response<Body> {
    match subscribe(front, feed, request).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(front.descriptors.snapshot().pools()),
    }
}

async fn subscribe<F: Fallback>(
    front: &Front<F>,
    feed: String,
    request: Request<RequestBody>,
) -> Result<Response<Body>, Box<Failure>> {
    let (head, _empty) = request.into_parts();
    if head.method != Method::GET {
        let message = format!("the HTTP method is {}, expected GET", head.method);
        let status = error::status(Code::Unimplemented, "GET_EXPECTED", message);
        let failure = Failure::new(status).http(StatusCode::METHOD_NOT_ALLOWED);
        return Err(failure.header(ALLOW, "GET"));
    }
    let wanted = request::read(feed, &head)?;
    let writer = text::Writer::of(&wanted);
    let path = PathAndQuery::from_static(SUBSCRIBE);
    let message = wanted.encode_to_vec();
    let request = grpc::request(path, head.headers, head.extensions, &message)?;
    let deadline = Deadline::Server(front.limits.request_timeout);
    let opening = async {
        let response = front.dispatch(request, deadline.ends_from_now()).await;
        Messages::of(response, front.limits.max_send_bytes)
    };
    let opened = front.guard(deadline, opening).await.flatten();
    let (metadata, messages) = opened.map_err(refused)?;
    let events = Events {
        messages,
        writer,
        descriptors: front.descriptors.clone(),
    };
    Ok(respond(metadata, events))
}

/// The HTTP status of a refusal. A client that resumes on its own stops at any of them, so that none
/// asks in vain for ever.
fn refused(status: Status) -> Box<Failure> {
    let http = match status.code() {
        // The place that a cursor names is no more: whoever goes on must choose where.
        Code::OutOfRange | Code::FailedPrecondition => Some(StatusCode::GONE),
        // There are no feeds here.
        Code::Unimplemented => Some(StatusCode::NOT_FOUND),
        _ => None,
    };
    let failure = Failure::new(status);
    match http {
        Some(http) => failure.http(http),
        None => failure,
    }
}

fn respond(metadata: HeaderMap, events: Events) -> Response<Body> {
    let blocks = stream::unfold(Some(events), |events| async {
        let (block, rest) = events?.next().await?;
        Some((Ok::<_, Infallible>(Frame::data(block)), rest))
    });
    let mut response = Response::new(Body::new(StreamBody::new(blocks)));
    let headers = response.headers_mut();
    *headers = metadata;
    let event_stream = HeaderValue::from_static("text/event-stream");
    headers.insert(CONTENT_TYPE, event_stream);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Who puts nginx before it wants events when they come, not when a buffer is full.
    let buffering = HeaderName::from_static("x-accel-buffering");
    headers.insert(buffering, HeaderValue::from_static("no"));
    response
}

/// A subscription that is written as it comes.
struct Events {
    messages: Messages,
    writer: text::Writer,
    descriptors: Descriptors,
}

impl Events {
    /// The text of the next message, and what comes after it; none at the end.
    async fn next(mut self) -> Option<(Bytes, Option<Self>)> {
        let read = |message: Bytes| {
            SubscribeResponse::decode(message).map_err(|error| {
                let message = format!("a message of the feed cannot be read: {error}");
                error::status(Code::Internal, "INVALID_RESPONSE", message)
            })
        };
        match self.messages.next().await {
            Ok(None) => None,
            Ok(Some(message)) => Some(match read(message) {
                Ok(response) => {
                    let known = self.descriptors.snapshot();
                    let text = self.writer.write(response, known.pools());
                    (text.into(), Some(self))
                }
                Err(status) => (text::failure(&status).into(), None),
            }),
            Err(status) => Some((text::failure(&status).into(), None)),
        }
    }
}
