//! The generated server, but that subscriptions come as they are: a server that knows nothing of the
//! rules of the contract must be found out.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::{Request, Response};
use pavane::feed::v1::feed_service_server::{FeedService, FeedServiceServer};
use pavane::feed::v1::{SubscribeRequest, SubscribeResponse};
use tonic::Status;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, ServerStreamingService};
use tonic_prost::ProstCodec;
use tower::ServiceExt;

const SUBSCRIBE: &str = "/pavane.feed.v1.FeedService/Subscribe";

/// Serves a service without checking what is subscribed to.
pub(crate) struct Unchecked<S>(Arc<S>);

impl<S> Unchecked<S> {
    pub(crate) fn new(service: S) -> Self {
        Self(Arc::new(service))
    }
}

impl<S> Clone for Unchecked<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: FeedService> NamedService for Unchecked<S> {
    const NAME: &'static str = FeedServiceServer::<S>::NAME;
}

impl<S: FeedService> tower::Service<Request<Body>> for Unchecked<S> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if request.uri().path() != SUBSCRIBE {
            return Box::pin(FeedServiceServer::from_arc(Arc::clone(&self.0)).oneshot(request));
        }
        let codec = ProstCodec::<SubscribeResponse, SubscribeRequest>::default();
        let mut grpc = Grpc::new(codec);
        let subscribe = Subscribe(Arc::clone(&self.0));
        Box::pin(async move { Ok(grpc.server_streaming(subscribe, request).await) })
    }
}

struct Subscribe<S>(Arc<S>);

impl<S: FeedService> ServerStreamingService<SubscribeRequest> for Subscribe<S> {
    type Response = SubscribeResponse;
    type ResponseStream = S::SubscribeStream;
    type Future = BoxFuture<'static, Result<tonic::Response<S::SubscribeStream>, Status>>;

    fn call(&mut self, request: tonic::Request<SubscribeRequest>) -> Self::Future {
        let service = Arc::clone(&self.0);
        Box::pin(async move { service.subscribe(request).await })
    }
}
