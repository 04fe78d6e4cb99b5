//! The service as a tonic server: the generated one, but that subscriptions pass events on as they are
//! stored, without decoding them for the encoder.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use futures_util::{Stream, TryFutureExt};
use http::{Request, Response};
use pavane::CheckedCodec;
use pavane::feed::v1::SubscribeRequest;
use pavane::feed::v1::feed_service_server::FeedServiceServer;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::StdError;
use tonic::server::{Grpc, NamedService, ServerStreamingService};

use super::Service;
use pavane::wire::EncodedResponse;

const SUBSCRIBE: &str = "/pavane.feed.v1.FeedService/Subscribe";

/// Serves a [`Service`]. A cheap clone.
#[derive(Debug, Clone)]
pub struct Server {
    service: Service,
    generated: FeedServiceServer<Service>,
    max_receive_bytes: usize,
    max_send_bytes: usize,
}

impl Server {
    /// Takes and sends messages of at most so many bytes.
    pub fn new(service: Service, max_receive_bytes: usize, max_send_bytes: usize) -> Self {
        let generated = FeedServiceServer::new(service.clone())
            .max_decoding_message_size(max_receive_bytes)
            .max_encoding_message_size(max_send_bytes);
        Self {
            service,
            generated,
            max_receive_bytes,
            max_send_bytes,
        }
    }
}

impl NamedService for Server {
    const NAME: &'static str = FeedServiceServer::<Service>::NAME;
}

impl<B> tower::Service<Request<B>> for Server
where
    B: http_body::Body + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if request.uri().path() != SUBSCRIBE {
            return self.generated.call(request);
        }
        let codec = CheckedCodec::<EncodedResponse, SubscribeRequest>::default();
        let mut grpc = Grpc::new(codec)
            .max_decoding_message_size(self.max_receive_bytes)
            .max_encoding_message_size(self.max_send_bytes);
        let service = self.service.clone();
        let answering = async move { grpc.server_streaming(Subscribe(service), request).await };
        Box::pin(async move { Ok(answering.await) })
    }
}

/// Subscribe, answered with encoded events.
struct Subscribe(Service);

impl ServerStreamingService<SubscribeRequest> for Subscribe {
    type Response = EncodedResponse;
    type ResponseStream =
        Pin<Box<dyn Stream<Item = Result<EncodedResponse, Status>> + Send + 'static>>;
    type Future = BoxFuture<'static, Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<SubscribeRequest>) -> Self::Future {
        let responses = self.0.start_subscription(request.into_inner());
        let responses = responses.map(|responses| Box::pin(responses) as Self::ResponseStream);
        let answer = std::future::ready(responses.map(tonic::Response::new));
        Box::pin(answer.map_err(Status::from))
    }
}
