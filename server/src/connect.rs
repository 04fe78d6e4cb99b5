//! The Connect protocol's unary calls: a POST with a JSON (or protobuf) body, for those who have
//! curl and no gRPC. Each becomes a gRPC call inside the process, so that every handler, interceptor
//! and limit is the same for both. <https://connectrpc.com/docs/protocol>
//!
//! Streaming methods, compression and GET are not served here: each has an error that says so.

mod failure;
mod json;
mod request;
mod response;

use std::convert::Infallible;

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use tonic::body::Body;
use tower::Service;

use crate::front::Front;
use failure::Failure;

/// What a person sees who opens the address in a browser.
const GREETING: &str = "\
This is a gRPC server. Call its methods by gRPC, or POST JSON to /package.Service/Method:

    curl -H 'content-type: application/json' -d '{}' http://HOST/package.Service/Method

`grpcurl -plaintext HOST list` says which services there are.
";

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    Json,
    Proto,
}

impl Codec {
    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Proto => "application/proto",
        }
    }
}

/// Answers a request that is not gRPC.
pub(crate) async fn answer<F>(front: &Front<F>, request: Request<Incoming>) -> Response<Body>
where
    F: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    F::Future: Send,
{
    let known = front.descriptors.snapshot();
    if is_look_around(&request) && known.method(request.uri().path()).is_none() {
        return greeting();
    }
    match call(front, request).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(known.pools()),
    }
}

async fn call<F>(
    front: &Front<F>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Box<Failure>>
where
    F: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    F::Future: Send,
{
    let limits = &front.limits;
    let (head, body) = request.into_parts();
    let known = front.descriptors.snapshot();
    let call = request::Call::read(&head, &known, limits)?;
    let ends = call.deadline.ends_from_now();
    let answer = async {
        let body = request::read_body(&head, body, limits.max_receive_bytes).await?;
        let request = call.to_grpc(head, &body)?;
        let response = front.dispatch(request, ends).await;
        response::from_grpc(response, &call, &known, limits.max_send_bytes).await
    };
    front.guard(call.deadline, answer).await?
}

/// The answer to gRPC over HTTP/1.1, which has no trailers that clients could rely on.
pub(crate) fn http_2_required() -> Response<Body> {
    let status = pavane::error::status(
        tonic::Code::InvalidArgument,
        "HTTP2_REQUIRED",
        "gRPC needs HTTP/2, this is HTTP/1.1; with `content-type: application/json` unary methods \
         can be called over either",
    );
    Failure::new(status)
        .http(StatusCode::HTTP_VERSION_NOT_SUPPORTED)
        .into_response(&[])
}

fn is_look_around(request: &Request<Incoming>) -> bool {
    request.method() == Method::GET || request.method() == Method::HEAD
}

fn greeting() -> Response<Body> {
    let mut response = Response::new(Body::new(http_body_util::Full::from(GREETING)));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}
