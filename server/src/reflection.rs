//! `grpc.reflection.v1` and `v1alpha` over descriptors that may change: whoever asks is answered
//! from what is known at that moment, on streams opened before a change too.
//!
//! The two versions are the same on the wire, so one implementation answers both.

mod lookup;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use prost::Message;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use tonic_reflection::pb::{v1, v1alpha};
use tonic_reflection::server::v1::{
    ServerReflection as ServerReflectionV1, ServerReflectionServer,
};
use tonic_reflection::server::v1alpha::{
    ServerReflection as ServerReflectionV1Alpha,
    ServerReflectionServer as ServerReflectionServerV1Alpha,
};

use crate::{Descriptors, fallback};

/// Answers both versions.
#[derive(Clone)]
pub(crate) struct Reflection {
    descriptors: Descriptors,
    /// Ends the streams when the server goes away: a client may hold one for ever.
    draining: CancellationToken,
}

impl Reflection {
    pub(crate) fn new(descriptors: Descriptors, draining: CancellationToken) -> Self {
        Self {
            descriptors,
            draining,
        }
    }

    pub(crate) fn v1(&self) -> ServerReflectionServer<Self> {
        ServerReflectionServer::new(self.clone())
    }

    pub(crate) fn v1alpha(&self) -> ServerReflectionServerV1Alpha<Self> {
        ServerReflectionServerV1Alpha::new(self.clone())
    }

    /// Answers a stream of requests in either version.
    fn answer<Q, A>(&self, requests: Streaming<Q>) -> Answers<A>
    where
        Q: Message + Default + 'static,
        A: Message + Default + 'static,
    {
        let descriptors = self.descriptors.clone();
        let mut told = lookup::Told::default();
        requests
            .map(move |request| {
                let request =
                    request.map_err(|status| fallback::unreadable(&status).unwrap_or(status))?;
                let request = rewrite(&request);
                let answer = lookup::answer(&descriptors.snapshot(), &mut told, request);
                Ok(rewrite(&answer))
            })
            .take_until(self.draining.clone().cancelled_owned())
            .boxed()
    }
}

type Answers<A> = BoxStream<'static, Result<A, Status>>;

#[tonic::async_trait]
impl ServerReflectionV1 for Reflection {
    type ServerReflectionInfoStream = Answers<v1::ServerReflectionResponse>;

    async fn server_reflection_info(
        &self,
        request: Request<Streaming<v1::ServerReflectionRequest>>,
    ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
        Ok(Response::new(self.answer(request.into_inner())))
    }
}

#[tonic::async_trait]
impl ServerReflectionV1Alpha for Reflection {
    type ServerReflectionInfoStream = Answers<v1alpha::ServerReflectionResponse>;

    async fn server_reflection_info(
        &self,
        request: Request<Streaming<v1alpha::ServerReflectionRequest>>,
    ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
        Ok(Response::new(self.answer(request.into_inner())))
    }
}

/// A message of one version as the same message of the other.
fn rewrite<A: Message, B: Message + Default>(message: &A) -> B {
    B::decode(message.encode_to_vec().as_slice())
        .expect("both versions have the same fields under the same numbers")
}
