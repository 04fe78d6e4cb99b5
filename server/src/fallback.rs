//! The answer for what nobody serves, and for the errors that generated code makes without saying
//! enough: both come out with a reason, the name that was meant, the limit that was reached.
//!
//! Only responses that consist of nothing but an error are looked at, so a call that succeeds pays
//! for one header look-up.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http::{Request, Response};
use pavane::error::Details;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;

use crate::descriptors::Snapshot;
use crate::error::did_you_mean;

/// A path longer than this is not compared with the names that exist: comparing costs the product
/// of the lengths.
const LONGEST_PATH_TO_COMPARE: usize = 256;

/// How deep in each other prost decodes messages.
const MESSAGE_DEPTH: usize = 100;

/// How prost begins to say why it cannot decode.
const UNDECODABLE: &str = "failed to decode Protobuf message: ";

/// Who gets the calls of all paths that no route has: any tower service for gRPC's HTTP.
pub trait Fallback:
    Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Fallback for S where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// Serves nothing: calls of services that no route has are answered with UNIMPLEMENTED.
pub fn no_fallback() -> NoFallback {
    NoFallback
}

/// See [`no_fallback`].
#[derive(Clone, Copy, Debug)]
pub struct NoFallback;

impl Service<Request<Body>> for NoFallback {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        // Without a message: `explain` writes it, since it knows the names.
        ready(Ok(Status::new(Code::Unimplemented, "").into_http()))
    }
}

/// The status of a call to a method that does not exist, or that is described and not served.
pub(crate) fn unknown_method(path: &str, known: &Snapshot) -> Status {
    let method = path.strip_prefix('/').unwrap_or(path);
    let shown: String = method.chars().take(LONGEST_PATH_TO_COMPARE).collect();
    let mut details = Details::new().fact("method", &shown);
    let message = if known.method(path).is_some() {
        format!("method `{shown}` is described here, but not served")
    } else {
        let nearest = (method.len() <= LONGEST_PATH_TO_COMPARE)
            .then(|| pavane::nearest(method, known.method_names()))
            .flatten()
            .map(str::to_owned);
        if let Some(nearest) = &nearest {
            details = details.fact("nearest", nearest);
        }
        format!("no method `{shown}` here{}", did_you_mean(&nearest))
    };
    details.status(Code::Unimplemented, "UNKNOWN_METHOD", message)
}

/// The status of a message that is larger than the limit of this name allows; `found` bytes, if that
/// is known.
pub(crate) fn too_large(limit: &str, allowed: usize, found: Option<u64>) -> Status {
    let size = found.map_or_else(String::new, |found| format!(" of {found} bytes"));
    Details::new()
        .fact("limit", limit)
        .fact("allowed_bytes", allowed)
        .status(
            Code::ResourceExhausted,
            "MESSAGE_TOO_LARGE",
            format!("the message{size} is larger than the limit `{limit}`, {allowed} bytes"),
        )
}

/// The status of a message in which more is nested than the limit of this name allows.
pub(crate) fn too_deep(limit: &str, allowed: usize) -> Status {
    Details::new()
        .fact("limit", limit)
        .fact("allowed", allowed)
        .status(
            Code::InvalidArgument,
            "MESSAGE_TOO_DEEP",
            format!(
                "the message is nested more than {allowed} deep, the limit `{limit}`; an object in \
                 a `google.protobuf.Struct` takes three messages"
            ),
        )
}

/// Rewrites the errors that tonic's generated code makes for unknown methods and for messages that
/// cannot be read; everything else passes as it is.
pub(crate) fn explain(response: Response<Body>, path: &str, known: &Snapshot) -> Response<Body> {
    let Some(status) = Status::from_header_map(response.headers()) else {
        return response;
    };
    if !status.details().is_empty() {
        return response;
    }
    if status.code() == Code::Unimplemented && status.message().is_empty() {
        return unknown_method(path, known).into_http();
    }
    unreadable(&status).map_or(response, Status::into_http)
}

/// What to say instead of a status of tonic's for a message that is too large, too deep, or no message; `None`:
/// it is not of these.
pub(crate) fn unreadable(status: &Status) -> Option<Status> {
    let message = status.message();
    match status.code() {
        Code::OutOfRange => oversized(message),
        Code::Internal if is_too_deep(message) => Some(too_deep("message_depth", MESSAGE_DEPTH)),
        Code::Internal => malformed(message),
        _ => None,
    }
}

/// Reads what tonic and prost say of bytes that are no message. It is the caller's mistake, whereas INTERNAL
/// would be the server's.
fn malformed(message: &str) -> Option<Status> {
    let problem = if let Some(problem) = message.strip_prefix(UNDECODABLE) {
        format!("the request is not a message of the method's type: {problem}")
    } else if let Some(problem) = message.strip_prefix("protocol error: received ") {
        format!("the request is not framed as gRPC says: {problem}")
    } else if message == "Unexpected EOF decoding stream." {
        "the request ends in the midst of a message".to_owned()
    } else if message == "Missing request message." {
        "the request has no message, expected one".to_owned()
    } else {
        return None;
    };
    let reason = "MALFORMED_MESSAGE";
    Some(Details::new().status(Code::InvalidArgument, reason, problem))
}

/// Whether this is prost's "failed to decode Protobuf message: Struct.fields: recursion limit
/// reached".
fn is_too_deep(message: &str) -> bool {
    message.starts_with(UNDECODABLE) && message.ends_with("recursion limit reached")
}

/// Reads tonic's "decoded message length too large: found 5 bytes, the limit is: 4 bytes".
fn oversized(message: &str) -> Option<Status> {
    let (subject, numbers) = message.split_once(" message length too large: found ")?;
    let (found, allowed) = numbers
        .strip_suffix(" bytes")?
        .split_once(" bytes, the limit is: ")?;
    let limit = match subject.rsplit(' ').next()? {
        "decoded" => "max_receive_bytes",
        "encoded" => "max_send_bytes",
        _ => return None,
    };
    Some(too_large(limit, allowed.parse().ok()?, found.parse().ok()))
}
