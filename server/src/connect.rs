//! The Connect protocol: unary calls as a POST with a JSON (or protobuf) body, for those who have
//! curl and no gRPC, and methods that stream their responses, for browsers.
//! <https://connectrpc.com/docs/protocol>
//!
//! Methods that stream requests, compression and GET are not served here: each has an error that
//! says so.

mod request;
mod response;
mod stream;

use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use tonic::body::Body;

use crate::Fallback;
use crate::failure::Failure;
use crate::front::Front;
use crate::request_body::RequestBody;

/// What a person sees who opens the address in a browser.
const GREETING: &str = "\
This is a gRPC server. Call its methods by gRPC, or POST JSON to /package.Service/Method:

    curl -H 'content-type: application/json' -d '{}' http://HOST/package.Service/Method

/openapi.json says which methods there are, and `grpcurl -plaintext HOST list` too.
";

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    Json,
    Proto,
}

/// Answers a request of this protocol, or one that is none.
pub(crate) async fn answer<F: Fallback>(
    front: &Front<F>,
    request: Request<RequestBody>,
) -> Response<Body> {
    let known = front.descriptors.snapshot();
    if is_look_around(&request) && known.method(request.uri().path()).is_none() {
        return greeting();
    }
    let (head, body) = request.into_parts();
    let answer = match request::Call::read(&head, &known, &front.limits) {
        Ok(call) if call.method.is_server_streaming() => {
            return stream::answer(front, call, head, body).await;
        }
        Ok(call) => unary(front, call, head, body).await,
        Err(failure) => {
            body.skip(&front.limits).await;
            Err(failure)
        }
    };
    answer.unwrap_or_else(|failure| failure.into_response(known.pools()))
}

async fn unary<F: Fallback>(
    front: &Front<F>,
    call: request::Call,
    head: Parts,
    body: RequestBody,
) -> Result<Response<Body>, Box<Failure>> {
    let (known, limits) = (front.descriptors.snapshot(), &front.limits);
    let answer = async {
        let body = request::read_body(&head, body, limits.max_receive_bytes, 0).await?;
        let request = call.to_grpc(head, &body)?;
        let response = front.dispatch(request, call.ends).await;
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
         can be called over either, and by gRPC-Web all",
    );
    Failure::new(status)
        .http(StatusCode::HTTP_VERSION_NOT_SUPPORTED)
        .into_response(&[])
}

fn is_look_around(request: &Request<RequestBody>) -> bool {
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
