//! One unary gRPC call on an HTTP/2 stream: a head, one message, and one message or a status back.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use h2::{Reason, RecvStream};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, header};
use pavane::metadata::{IDEMPOTENCY_COMPENSATION, IDEMPOTENCY_KEY, STEP, TRACEPARENT};
use pavane_flow::driver::Direction;
use pavane_flow::plan::Method;
use tonic::Status;

use crate::Failed;

/// Flag and length before each message.
const PREFIX_BYTES: usize = 5;

/// One attempt at a call.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// What to call.
    pub method: &'a Method,
    /// The encoded request message.
    pub request: Bytes,
    /// The idempotency key: `<execution>/<step>`.
    pub key: HeaderValue,
    /// Whether it does something, or undoes it.
    pub direction: Direction,
    /// How long it may take; the service is told.
    pub timeout: Duration,
    /// Whether nobody has given the timeout, and the target's settings may.
    pub has_default_timeout: bool,
    /// How long it may take whatever else is said: what is left before a deadline.
    pub budget: Option<Duration>,
    /// W3C trace context.
    pub traceparent: HeaderValue,
    /// What the step has sent along besides: names in lower case that are not
    /// [reserved](pavane::metadata::is_reserved), and texts. What the target's settings say counts
    /// more.
    pub metadata: &'a [(Arc<str>, String)],
}

impl Attempt<'_> {
    /// How long it may take, at a target whose own timeout is this.
    pub(super) fn timeout_at(&self, target: Option<Duration>) -> Duration {
        let timeout = target.filter(|_| self.has_default_timeout);
        let timeout = timeout.unwrap_or(self.timeout);
        self.budget.map_or(timeout, |left| timeout.min(left))
    }
}

/// The head of the request: all but the metadata of the target.
pub(super) fn head(
    attempt: &Attempt<'_>,
    scheme: Scheme,
    authority: Authority,
    timeout: Duration,
) -> Result<Request<()>, Failed> {
    let path =
        PathAndQuery::from_maybe_shared(Bytes::copy_from_slice(attempt.method.path.as_bytes()));
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(scheme);
    parts.authority = Some(authority);
    parts.path_and_query = path.ok();
    let uri = Uri::from_parts(parts).map_err(|error| {
        Failed::before(Status::internal(format!(
            "path of `{}`: {error}",
            attempt.method
        )))
    })?;
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/grpc"),
    );
    headers.insert(header::USER_AGENT, USER_AGENT);
    let timeout = TimeoutValue(timeout).to_string();
    headers.insert(
        GRPC_TIMEOUT,
        HeaderValue::try_from(timeout).expect("digits and a letter"),
    );
    headers.insert(
        HeaderName::from_static(IDEMPOTENCY_KEY),
        attempt.key.clone(),
    );
    headers.insert(
        HeaderName::from_static(TRACEPARENT),
        attempt.traceparent.clone(),
    );
    headers.insert(HeaderName::from_static(STEP), TRUE);
    if attempt.direction == Direction::Compensation {
        let name = HeaderName::from_static(IDEMPOTENCY_COMPENSATION);
        headers.insert(name, TRUE);
    }
    for (name, value) in attempt.metadata {
        let (name, value) = header(name, value)?;
        headers.append(name, value);
    }
    let mut request = Request::new(());
    *request.method_mut() = http::Method::POST;
    *request.version_mut() = http::Version::HTTP_2;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request)
}

/// What a step has sent along.
fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Failed> {
    let parsed = (HeaderName::try_from(name), HeaderValue::try_from(value));
    let (Ok(parsed_name), Ok(parsed_value)) = parsed else {
        // The value may be a secret.
        let text = format!("metadata `{name}` cannot be sent: expected visible ASCII characters");
        return Err(Failed::before(Status::invalid_argument(text)));
    };
    Ok((parsed_name, parsed_value))
}

/// Sends the request and waits for the response.
pub(super) async fn run(
    mut sender: SendRequest<Bytes>,
    head: Request<()>,
    message: Bytes,
    message_bytes: usize,
) -> Result<Bytes, Failed> {
    if message.len() > message_bytes {
        let found = message.len();
        let text = format!("the request has {found} bytes, more than the allowed {message_bytes}");
        // Not RESOURCE_EXHAUSTED, which is tried again: it would be no smaller.
        return Err(Failed::before(Status::out_of_range(text)));
    }
    let (response, mut body) = sender
        .send_request(head, false)
        .map_err(|error| Failed::before(Status::unavailable(error.to_string())))?;
    body.send_data(frame(&message), true).map_err(lost)?;
    let response = response.await.map_err(lost)?;
    read(response, message_bytes).await.map_err(Failed::after)
}

async fn read(response: Response<RecvStream>, message_bytes: usize) -> Result<Bytes, Status> {
    let (head, mut body) = response.into_parts();
    // A status in the head: there is no message.
    if let Some(status) = Status::from_header_map(&head.headers) {
        return Err(status);
    }
    if head.status != http::StatusCode::OK {
        return Err(of_http(head.status));
    }
    let mut received = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk.map_err(|error| lost(error).status)?;
        // A connection that is gone gives no more, whatever its window.
        let _ = body.flow_control().release_capacity(chunk.len());
        if received.is_empty() && more.is_empty() {
            received = chunk;
            continue;
        }
        if more.is_empty() {
            more.extend_from_slice(&received);
        }
        more.extend_from_slice(&chunk);
        if more.len() > PREFIX_BYTES + message_bytes {
            break;
        }
    }
    if !more.is_empty() {
        received = more.freeze();
    }
    if received.len() > PREFIX_BYTES + message_bytes {
        let text = format!("the response has more than the allowed {message_bytes} bytes");
        // Its effect has happened, and asking again would give no smaller answer.
        return Err(Status::unknown(text));
    }
    let trailers = body.trailers().await.map_err(|error| lost(error).status)?;
    match trailers.as_ref().and_then(Status::from_header_map) {
        Some(status) if status.code() == tonic::Code::Ok => unframe(received),
        Some(status) => Err(status),
        None => Err(Status::unknown("the response ended without a status")),
    }
}

/// A message as gRPC sends it: not compressed, its length before it. It has less than 4 GiB.
pub fn frame(message: &[u8]) -> Bytes {
    let mut framed = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    put_frame(&mut framed, message);
    framed.freeze()
}

/// As [`frame`], behind what is written already.
pub fn put_frame(out: &mut BytesMut, message: &[u8]) {
    out.reserve(PREFIX_BYTES + message.len());
    out.put_u8(0);
    out.put_u32(u32::try_from(message.len()).expect("within the limit of messages"));
    out.put_slice(message);
}

/// The one message in what was received.
///
/// # Errors
/// UNKNOWN: it is none, compressed, or not whole.
pub fn unframe(mut received: Bytes) -> Result<Bytes, Status> {
    if received.len() < PREFIX_BYTES {
        return Err(Status::unknown("the response has a status, but no message"));
    }
    let compressed = received.get_u8();
    let length = received.get_u32() as usize;
    if compressed != 0 {
        return Err(Status::unknown(
            "the response is compressed, which was not offered",
        ));
    }
    if received.len() != length {
        let found = received.len();
        let text = format!("the response has {found} bytes, its prefix says {length}");
        return Err(Status::unknown(text));
    }
    Ok(received)
}

/// What a stream that broke says: whether the request was refused unseen, and else nothing certain.
fn lost(error: h2::Error) -> Failed {
    let text = error.to_string();
    match error.reason() {
        Some(Reason::REFUSED_STREAM) => Failed::before(Status::unavailable(text)),
        Some(Reason::CANCEL) => Failed::after(Status::cancelled(text)),
        Some(Reason::NO_ERROR | Reason::ENHANCE_YOUR_CALM) | None => {
            Failed::after(Status::unavailable(text))
        }
        Some(_) => Failed::after(Status::unknown(text)),
    }
}

/// What an answer without a gRPC status means, by the table of the gRPC specification.
fn of_http(status: http::StatusCode) -> Status {
    let text = format!("the answer is HTTP {status}, expected gRPC");
    match status.as_u16() {
        400 => Status::internal(text),
        401 => Status::unauthenticated(text),
        403 => Status::permission_denied(text),
        404 => Status::unimplemented(text),
        429 | 502 | 503 | 504 => Status::unavailable(text),
        _ => Status::unknown(text),
    }
}

const TRUE: HeaderValue = HeaderValue::from_static("true");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("pavane/", env!("CARGO_PKG_VERSION")));

/// What `grpc-timeout` says of a duration: at most 8 digits and a unit, rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeoutValue(pub Duration);

impl fmt::Display for TimeoutValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: u64 = 99_999_999;
        let micros = u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX);
        if micros < MOST {
            write!(f, "{}u", micros + 1)
        } else if micros / 1_000 < MOST {
            write!(f, "{}m", micros / 1_000 + 1)
        } else {
            write!(f, "{}S", (micros / 1_000_000 + 1).min(MOST))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::{TimeoutValue, frame, unframe};

    #[test]
    fn a_timeout_has_at_most_eight_digits() {
        let check = |seconds: f64, expected: &str| {
            let timeout = TimeoutValue(Duration::from_secs_f64(seconds));
            assert_eq!(timeout.to_string(), expected);
        };
        check(0.0, "1u");
        check(2.0, "2000001u");
        check(100.0, "100001m");
        check(1e6, "1000001S");
        check(1e12, "99999999S");
    }

    #[test]
    fn a_frame_is_what_it_says_or_nothing() {
        let message = Bytes::from_static(b"hello");
        assert_eq!(unframe(frame(&message)).expect("whole"), message);
        for wrong in [
            &b""[..],
            b"\0\0\0\0",
            b"\0\0\0\0\x02a",
            b"\0\0\0\0\x01ab",
            b"\x01\0\0\0\0",
        ] {
            unframe(Bytes::copy_from_slice(wrong)).expect_err("not a whole frame");
        }
    }
}
