//! Calls of the services that this process serves, without a network: the same tonic services, and the
//! same layers around them, get the same bytes.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use http::{HeaderMap, HeaderValue, Request, Response, Version, header};
use http_body_util::BodyExt;
use pavane_calls::unframe;
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tower::{Service, ServiceExt};

/// By full name of the service.
#[derive(Clone, Default)]
pub(crate) struct Handlers(HashMap<&'static str, Arc<Handler>>);

type Handler = dyn Fn(Request<Body>) -> Answering + Send + Sync;

/// Resolves to the message that a handler answers, or to its status.
pub(crate) type Answering = BoxFuture<'static, Result<Bytes, Status>>;

impl Handlers {
    pub(crate) fn add<S>(&mut self, service: S)
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        let handler = move |request| {
            let response = service.clone().oneshot(request);
            async move {
                match response.await {
                    Ok(response) => read(response).await,
                    Err(never) => match never {},
                }
            }
            .boxed()
        };
        self.0.insert(S::NAME, Arc::new(handler));
    }

    /// Full names of the services, in their order.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.0.keys().map(|name| (*name).to_owned()).collect();
        names.sort_unstable();
        names
    }

    /// Calls a unary method. `request` has the path, the metadata and the framed message of the call.
    ///
    /// # Errors
    /// What the handler answers; UNIMPLEMENTED without one.
    pub(crate) fn call(&self, service: &str, mut request: Request<Body>) -> Answering {
        let Some(handler) = self.0.get(service) else {
            let text = format!("`{service}` is not served here");
            return ready(Err(Status::unimplemented(text))).boxed();
        };
        *request.method_mut() = http::Method::POST;
        *request.version_mut() = Version::HTTP_2;
        let headers = request.headers_mut();
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/grpc"),
        );
        handler(request)
    }
}

impl std::fmt::Debug for Handlers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// The message of an answer, or its status: in the head, or behind the body.
async fn read(response: Response<Body>) -> Result<Bytes, Status> {
    let (head, body) = response.into_parts();
    if let Some(status) = Status::from_header_map(&head.headers) {
        return Err(status);
    }
    let body = body.collect().await?;
    let trailers = body.trailers();
    // Said of nearly every call: no need to make a status of it.
    let is_ok = |trailers: &HeaderMap| trailers.get("grpc-status").is_some_and(|code| code == "0");
    if trailers.is_some_and(is_ok) {
        return unframe(body.to_bytes());
    }
    match trailers.and_then(Status::from_header_map) {
        Some(status) if status.code() == tonic::Code::Ok => unframe(body.to_bytes()),
        Some(status) => Err(status),
        None => Err(Status::unknown("the answer ended without a status")),
    }
}
