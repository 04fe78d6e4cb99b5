//! What comes to a server otherwise than by gRPC: which protocol it is, by path and content type.
//!
//! All of it ends in gRPC calls inside the process, so that every handler, interceptor and limit is
//! the same for all.

use std::convert::Infallible;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, Response};
use hyper::body::Incoming;
use tonic::body::Body;
use tonic_web::GrpcWebLayer;
use tower::{Layer, ServiceExt, service_fn};

use crate::front::Front;
use crate::{Fallback, connect, feeds, openapi};

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
    if front.cors.concerns(request.headers()) {
        front
            .cors
            .answer(request, |request| route(front, request))
            .await
    } else {
        route(front, request).await
    }
}

async fn route<F: Fallback>(front: &Front<F>, request: Request<Incoming>) -> Response<Body> {
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
async fn grpc_web<F: Fallback>(front: &Front<F>, request: Request<Incoming>) -> Response<Body> {
    let calls = service_fn(|request| async { Ok::<_, Infallible>(front.call(request).await) });
    match GrpcWebLayer::new().layer(calls).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
