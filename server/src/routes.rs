//! The tonic services of a server, found by the first part of a call's path.
//!
//! One hash look-up per call; methods are then matched by the service's own generated code.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use tonic::body::Body;
use tonic::server::NamedService;
use tower::{Service, ServiceExt};

/// The tonic services that a server serves.
#[derive(Clone, Default)]
pub struct Routes {
    services: HashMap<&'static str, Arc<dyn Route>>,
}

impl Routes {
    /// No service yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a service, such as a generated `FooServer`.
    ///
    /// # Panics
    ///
    /// When a service of that name was added before: one of them would never be called.
    #[must_use]
    pub fn add_service<S>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
    {
        let before = self.services.insert(S::NAME, Arc::new(Held(service)));
        assert!(before.is_none(), "service `{}` was added twice", S::NAME);
        self
    }

    /// Full names of the services.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.services.keys().copied()
    }

    /// The service that a path such as `/pavane.feed.v1.FeedService/Publish` names.
    pub(crate) fn find(&self, path: &str) -> Option<&Arc<dyn Route>> {
        let (service, _method) = path.strip_prefix('/')?.split_once('/')?;
        self.services.get(service)
    }
}

impl std::fmt::Debug for Routes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// A service without its type.
pub(crate) trait Route: Send + Sync {
    /// Performs one call.
    fn call(&self, request: Request<Body>) -> BoxFuture<'static, Response<Body>>;
}

struct Held<S>(S);

impl<S> Route for Held<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
{
    fn call(&self, request: Request<Body>) -> BoxFuture<'static, Response<Body>> {
        let service = self.0.clone();
        service
            .oneshot(request)
            .map(|result| result.unwrap_or_else(|never| match never {}))
            .boxed()
    }
}
