//! What every call passes before its handler, whatever it was sent with: a place among the calls in
//! flight, a deadline, and a handler that may panic without taking others with it.
//!
//! This is the hot path: a gRPC call pays for one header comparison before its handler is found.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, Response, Version};
use hyper::body::Incoming;
use pavane::error::{self, Details};
use tokio::sync::Semaphore;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::ServiceExt;

use crate::cors::Cors;
use crate::deadline::{CallEnds, Deadline};
use crate::{Descriptors, Fallback, Limits, Routes, connect, fallback, status_message, web};

/// When a caller that was refused may try again.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// Answers the requests of all connections of a server.
pub(crate) struct Front<F> {
    routes: Routes,
    fallback: F,
    pub(crate) descriptors: Descriptors,
    pub(crate) limits: Limits,
    pub(crate) cors: Cors,
    in_flight: Semaphore,
}

impl<F: Fallback> Front<F> {
    pub(crate) fn new(
        routes: Routes,
        fallback: F,
        descriptors: Descriptors,
        limits: Limits,
        cors: Cors,
    ) -> Self {
        let in_flight = Semaphore::new(limits.max_requests_in_flight);
        Self {
            routes,
            fallback,
            descriptors,
            limits,
            cors,
            in_flight,
        }
    }

    /// Answers one request, in the protocol that it came in.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        if !is_grpc(request.headers()) {
            // Boxed: it is large, and must not make the future of every gRPC call large.
            return Box::pin(web::answer(self, request)).await;
        }
        if request.version() < Version::HTTP_2 {
            return connect::http_2_required();
        }
        status_message::readable(self.call(request.map(Body::new)).await)
    }

    /// Performs a gRPC call within its deadline.
    pub(crate) async fn call(&self, request: Request<Body>) -> Response<Body> {
        let answer = match Deadline::of(request.headers(), &self.limits) {
            Ok(deadline) => {
                let answer = self.dispatch(request, deadline.ends_from_now());
                self.guard(deadline, answer).await
            }
            Err(status) => Err(status),
        };
        answer.unwrap_or_else(Status::into_http)
    }

    /// Finds the handler of a gRPC call and performs it.
    pub(crate) async fn dispatch(
        &self,
        mut request: Request<Body>,
        ends: CallEnds,
    ) -> Response<Body> {
        let uri = request.uri().clone();
        let response = match self.routes.find(uri.path()) {
            Some(route) => route.call(request).await,
            None => {
                request.extensions_mut().insert(ends);
                match self.fallback.clone().oneshot(request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                }
            }
        };
        if response.headers().contains_key(Status::GRPC_STATUS) {
            return fallback::explain(response, uri.path(), &self.descriptors.snapshot());
        }
        response
    }

    /// Performs a call if there is a place for it, until its deadline.
    pub(crate) async fn guard<T>(
        &self,
        deadline: Deadline,
        call: impl Future<Output = T>,
    ) -> Result<T, Status> {
        let Ok(_place) = self.in_flight.try_acquire() else {
            return Err(self.overloaded());
        };
        let call = AssertUnwindSafe(call).catch_unwind();
        match tokio::time::timeout(deadline.duration(), call).await {
            Ok(Ok(answer)) => Ok(answer),
            // UNKNOWN, not INTERNAL: whether the call had an effect is not known.
            Ok(Err(_panic)) => Err(error::status(
                Code::Unknown,
                "HANDLER_PANICKED",
                "the handler of this call panicked; the server's log says where",
            )),
            Err(_elapsed) => Err(deadline.exceeded()),
        }
    }

    fn overloaded(&self) -> Status {
        let limit = self.limits.max_requests_in_flight;
        Details::new()
            .fact("limit", "max_requests_in_flight")
            .fact("allowed", limit)
            .retry_after(RETRY_AFTER)
            .status(
                Code::ResourceExhausted,
                "OVERLOADED",
                format!("{limit} calls are in flight, the limit `max_requests_in_flight`"),
            )
    }
}

/// Whether the content type is `application/grpc`, alone or with a format such as `+proto`.
fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
    content_type
        .and_then(|content_type| content_type.strip_prefix(b"application/grpc"))
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}
