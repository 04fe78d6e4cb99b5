//! The layer that makes faults happen, around any service that answers HTTP requests of gRPC. It
//! reads nothing but the path: bodies pass through untouched.

use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::{Request, Response};
use tonic::server::NamedService;
use tower::{Layer, Service};

use super::{Faults, Strike};

/// Wraps services so that the faults of their methods happen; see [`Faults::layer`].
#[derive(Debug, Clone)]
pub struct FaultLayer {
    pub(super) faults: Faults,
}

/// A service whose methods fail when a fault says so.
#[derive(Debug, Clone)]
pub struct FaultLayered<S> {
    inner: S,
    faults: Faults,
}

impl<S> Layer<S> for FaultLayer {
    type Service = FaultLayered<S>;

    fn layer(&self, inner: S) -> Self::Service {
        FaultLayered {
            inner,
            faults: self.faults.clone(),
        }
    }
}

impl<S, B, R> Service<Request<B>> for FaultLayered<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send,
    B: Send + 'static,
    R: Default + Send,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<R>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The clone has not been polled ready: the one that was must take the call.
        let unready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, unready);
        let method = request.uri().path().trim_start_matches('/');
        match self.faults.next(method) {
            None => Box::pin(inner.call(request)),
            Some(strike) => Box::pin(async move {
                tracing::info!(path = request.uri().path(), ?strike, "fault strikes");
                if strike.after {
                    let answer = inner.call(request).await;
                    wait(&strike).await;
                    return strike
                        .status()
                        .map_or(answer, |status| Ok(status.into_http()));
                }
                wait(&strike).await;
                match strike.status() {
                    Some(status) => Ok(status.into_http()),
                    None => inner.call(request).await,
                }
            }),
        }
    }
}

impl<S: NamedService> NamedService for FaultLayered<S> {
    const NAME: &'static str = S::NAME;
}

async fn wait(strike: &Strike) {
    if !strike.delay.is_zero() {
        tokio::time::sleep(strike.delay).await;
    }
}
