//! What comes to a server otherwise than by gRPC: which protocol it is, by path and content type.
//!
//! All of it ends in gRPC calls inside the process, so that every handler, interceptor and limit is
//! the same for all.

use std::convert::Infallible;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use pavane::error;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_web::GrpcWebLayer;
use tower::{Layer, ServiceExt, service_fn};

use crate::deadline::Deadline;
use crate::front::Front;
use crate::grpc::FRAME_HEADER;
use crate::request_body::{self, RequestBody};
use crate::{Fallback, connect, fallback, feeds, openapi};

/// The content types of gRPC-Web that are spoken.
const GRPC_WEB: [&[u8]; 4] = [
    b"application/grpc-web",
    b"application/grpc-web+proto",
    b"application/grpc-web-text",
    b"application/grpc-web-text+proto",
];

/// Answers a request that is not gRPC.
pub(crate) async fn answer<F: Fallback>(
    front: &Front<F>,
    request: Request<Incoming>,
) -> Response<Body> {
    let (request, connection) = request_body::watch(request);
    let answer = if front.cors.concerns(request.headers()) {
        front
            .cors
            .answer(request, |request| route(front, request))
            .await
    } else {
        route(front, request).await
    };
    connection.tell(answer)
}

async fn route<F: Fallback>(front: &Front<F>, request: Request<RequestBody>) -> Response<Body> {
    let path = request.uri().path();
    if request.method() == Method::POST && is_grpc_web(request.headers()) {
        return grpc_web(front, request).await;
    }
    if path == openapi::PATH {
        return openapi::answer(&request, &front.descriptors.snapshot());
    }
    match feeds::feed_of(path) {
        Some(feed) => feeds::answer(front, feed, request).await,
        None => connect::answer(front, request).await,
    }
}

fn is_grpc_web(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
    content_type.is_some_and(|content_type| GRPC_WEB.contains(&content_type))
}

/// A gRPC call in an HTTP message without trailers, over either version of HTTP.
async fn grpc_web<F: Fallback>(front: &Front<F>, request: Request<RequestBody>) -> Response<Body> {
    let calls = service_fn(|request| async { Ok::<_, Infallible>(call(front, request).await) });
    match GrpcWebLayer::new().layer(calls).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Performs the call once its request is there to its end: after an answer that came before, the
/// connection would be of no use.
async fn call<F: Fallback>(front: &Front<F>, request: Request<Body>) -> Response<Body> {
    let answer = async {
        let deadline = Deadline::of(request.headers(), &front.limits)?;
        let answer = async {
            let request = read(request, front.limits.max_receive_bytes).await?;
            Ok(front.dispatch(request, deadline.ends_from_now()).await)
        };
        front.guard(deadline, answer).await?
    };
    answer.await.unwrap_or_else(Status::into_http)
}

async fn read(request: Request<Body>, allowed: usize) -> Result<Request<Body>, Status> {
    let (head, body) = request.into_parts();
    let most = allowed.saturating_add(FRAME_HEADER);
    match Limited::new(body, most).collect().await {
        Ok(body) => Ok(Request::from_parts(
            head,
            Body::new(Full::new(body.to_bytes())),
        )),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(fallback::too_large("max_receive_bytes", allowed, None))
        }
        Err(error) => Err(error::status(
            Code::Unavailable,
            "REQUEST_BROKE_OFF",
            format!("the body of the request broke off: {error}"),
        )),
    }
}
