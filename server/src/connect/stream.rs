//! Methods that stream their responses, as the Connect protocol writes them: each message in an
//! envelope, and at the end one that says how it ended. <https://connectrpc.com/docs/protocol>
//!
//! Since the status of the HTTP response is said before, errors of a call are in the last envelope.

use std::convert::Infallible;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::request::Parts;
use http_body_util::StreamBody;
use hyper::body::Frame;
use pavane::error;
use serde_json::{Map, Value, json};
use tonic::body::Body;
use tonic::{Code, Status};

use super::Codec;
use super::request::{Call, read_body};
use super::response::to_json;
use crate::deadline::{CallEnds, Deadline};
use crate::front::Front;
use crate::grpc::{FRAME_HEADER, Messages, response_metadata};
use crate::request_body::RequestBody;
use crate::{Descriptors, Fallback, failure};

/// Of an envelope: its message is compressed.
const COMPRESSED: u8 = 1;
/// Of an envelope: it is the last, and says how the call ended.
const END: u8 = 2;

/// Answers a call of a method that streams its responses.
pub(super) async fn answer<F: Fallback>(
    front: &Front<F>,
    call: Call,
    head: Parts,
    body: RequestBody,
) -> Response<Body> {
    let content_type = HeaderValue::from_static(call.content_type());
    let opening = front.guard(call.deadline, open(front, &call, head, body));
    let (metadata, messages) = match opening.await.flatten() {
        Ok((metadata, messages)) => (metadata, Ok(messages)),
        Err(status) => (HeaderMap::new(), Err(status)),
    };
    let answering = Answering {
        call,
        descriptors: front.descriptors.clone(),
    };
    let start = (answering, Some(messages));
    let envelopes = stream::unfold(start, |(answering, messages)| async {
        let (envelope, rest) = answering.next(messages?).await;
        Some((envelope, (answering, rest)))
    });
    let mut response = Response::new(Body::new(StreamBody::new(envelopes)));
    *response.headers_mut() = metadata;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// Makes the call, up to where its response begins.
async fn open<F: Fallback>(
    front: &Front<F>,
    call: &Call,
    head: Parts,
    body: RequestBody,
) -> Result<(HeaderMap, Messages), Status> {
    let limits = &front.limits;
    let body = read_body(&head, body, limits.max_receive_bytes, FRAME_HEADER).await;
    let message = unwrap(body.map_err(|failure| failure.status)?)?;
    let request = call.to_grpc(head, &message)?;
    let response = front.dispatch(request, call.ends).await;
    Messages::of(response, limits.max_send_bytes)
}

/// Takes the one message of a request out of its envelope.
fn unwrap(mut body: Bytes) -> Result<Bytes, Status> {
    let invalid =
        |message: String| error::status(Code::InvalidArgument, "INVALID_ENVELOPE", message);
    let Some((head, rest)) = body.split_first_chunk::<FRAME_HEADER>() else {
        return Err(invalid(format!(
            "the body has {} bytes, expected one message in an envelope: a byte of flags, four of \
             length, and then the message",
            body.len()
        )));
    };
    let [flags, length @ ..] = *head;
    let length = u32::from_be_bytes(length) as usize;
    if flags == COMPRESSED {
        return Err(error::status(
            Code::Unimplemented,
            "UNSUPPORTED_ENCODING",
            "the message in the envelope is compressed, supported is only `identity`",
        ));
    }
    if flags != 0 {
        return Err(invalid(format!(
            "the envelope's flags are {flags:#04x}, expected 0"
        )));
    }
    if rest.len() != length {
        return Err(invalid(format!(
            "the envelope says that its message has {length} bytes, and {} follow: expected one \
             message",
            rest.len()
        )));
    }
    Ok(body.split_off(FRAME_HEADER))
}

/// A call that is being answered.
struct Answering {
    call: Call,
    descriptors: Descriptors,
}

type Next = Option<Result<Messages, Status>>;

impl Answering {
    /// The next envelope, and what comes after it.
    async fn next(
        &self,
        messages: Result<Messages, Status>,
    ) -> (Result<Frame<Bytes>, Infallible>, Next) {
        let mut messages = match messages {
            Ok(messages) => messages,
            Err(status) => return (self.fail(&status), None),
        };
        match self.message(&mut messages).await {
            Ok(Some(message)) => (envelope(0, &message), Some(Ok(messages))),
            Ok(None) => (end(json!({}), &messages.trailers()), None),
            Err(status) => (self.fail(&status), None),
        }
    }

    /// The next message, as the caller reads it. A caller's deadline is for the whole stream.
    async fn message(&self, messages: &mut Messages) -> Result<Option<Bytes>, Status> {
        let next = async {
            match messages.next().await? {
                Some(message) if self.call.codec == Codec::Json => {
                    let known = self.descriptors.snapshot();
                    let method = &self.call.method;
                    to_json(method, message, &known.pools_of(method)).map(Some)
                }
                message => Ok(message),
            }
        };
        let CallEnds(ends) = self.call.ends;
        match self.call.deadline {
            Deadline::Server(_) => next.await,
            Deadline::Caller(_) => tokio::time::timeout_at(ends.into(), next)
                .await
                .unwrap_or_else(|_elapsed| Err(self.call.deadline.exceeded())),
        }
    }

    fn fail(&self, status: &Status) -> Result<Frame<Bytes>, Infallible> {
        let known = self.descriptors.snapshot();
        let error = failure::to_json(status, known.pools());
        let metadata = response_metadata(&status.metadata().clone().into_headers());
        end(json!({ "error": error }), &metadata)
    }
}

fn end(mut end: Value, metadata: &HeaderMap) -> Result<Frame<Bytes>, Infallible> {
    let texts = |name| {
        let values = metadata.get_all(name).iter();
        let texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into());
        texts.collect::<Vec<Value>>()
    };
    let metadata: Map<String, Value> = metadata
        .keys()
        .map(|name| (name.to_string(), texts(name).into()))
        .collect();
    if !metadata.is_empty() {
        end["metadata"] = metadata.into();
    }
    envelope(END, end.to_string().as_bytes())
}

fn envelope(flags: u8, message: &[u8]) -> Result<Frame<Bytes>, Infallible> {
    let length = u32::try_from(message.len()).expect("a message has at most `max_send_bytes`");
    let mut envelope = BytesMut::with_capacity(FRAME_HEADER + message.len());
    envelope.put_u8(flags);
    envelope.put_u32(length);
    envelope.put(message);
    Ok(Frame::data(envelope.freeze()))
}
