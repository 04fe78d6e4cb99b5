//! The three links that are measured: bare tonic services that answer, or call the next one first.

use std::convert::Infallible;
use std::net::SocketAddr;

use pavane::testing::v1::first_link_service_server::{FirstLinkService, FirstLinkServiceServer};
use pavane::testing::v1::second_link_service_client::SecondLinkServiceClient;
use pavane::testing::v1::second_link_service_server::{SecondLinkService, SecondLinkServiceServer};
use pavane::testing::v1::third_link_service_client::ThirdLinkServiceClient;
use pavane::testing::v1::third_link_service_server::{ThirdLinkService, ThirdLinkServiceServer};
use pavane::testing::v1::{
    FirstRequest, FirstResponse, SecondRequest, SecondResponse, ThirdRequest, ThirdResponse,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};

use crate::error::Error;

/// The first link, and the way to the second.
pub(super) struct First(SecondLinkServiceClient<Channel>);

/// The second link, and the way to the third.
pub(super) struct Second(ThirdLinkServiceClient<Channel>);

/// The last link.
pub(super) struct Third;

#[tonic::async_trait]
impl FirstLinkService for First {
    async fn first(
        &self,
        request: Request<FirstRequest>,
    ) -> Result<Response<FirstResponse>, Status> {
        let FirstRequest {
            mut payload,
            forward,
        } = request.into_inner();
        if forward {
            let mut next = self.0.clone();
            payload = next
                .second(SecondRequest { payload, forward })
                .await?
                .into_inner()
                .payload;
        }
        Ok(Response::new(FirstResponse { payload }))
    }
}

#[tonic::async_trait]
impl SecondLinkService for Second {
    async fn second(
        &self,
        request: Request<SecondRequest>,
    ) -> Result<Response<SecondResponse>, Status> {
        let SecondRequest {
            mut payload,
            forward,
        } = request.into_inner();
        if forward {
            let mut next = self.0.clone();
            payload = next
                .third(ThirdRequest { payload })
                .await?
                .into_inner()
                .payload;
        }
        Ok(Response::new(SecondResponse { payload }))
    }
}

#[tonic::async_trait]
impl ThirdLinkService for Third {
    async fn third(
        &self,
        request: Request<ThirdRequest>,
    ) -> Result<Response<ThirdResponse>, Status> {
        let ThirdRequest { payload } = request.into_inner();
        Ok(Response::new(ThirdResponse { payload }))
    }
}

/// The three, for calls that go no further: the ways to the next lead nowhere.
pub(super) fn handlers() -> Result<(First, Second, Third), Error> {
    let nowhere = connect(([127, 0, 0, 1], 0).into())?;
    let first = First(SecondLinkServiceClient::new(nowhere.clone()));
    Ok((first, Second(ThirdLinkServiceClient::new(nowhere)), Third))
}

/// Serves three links, each on a port of its own, until `shutdown`. Returns where.
pub(super) async fn serve(shutdown: &CancellationToken) -> Result<[SocketAddr; 3], Error> {
    let third = serve_one(ThirdLinkServiceServer::new(Third), shutdown).await?;
    let next = Second(ThirdLinkServiceClient::new(connect(third)?));
    let second = serve_one(SecondLinkServiceServer::new(next), shutdown).await?;
    let next = First(SecondLinkServiceClient::new(connect(second)?));
    let first = serve_one(FirstLinkServiceServer::new(next), shutdown).await?;
    Ok([first, second, third])
}

/// Serves a link the way tonic does by itself.
async fn serve_one<S>(service: S, shutdown: &CancellationToken) -> Result<SocketAddr, Error>
where
    S: tower::Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    let failed =
        |error: std::io::Error| Error::failed("NO_PORT", format!("cannot listen: {error}"));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let stopped = shutdown.clone().cancelled_owned();
    tokio::spawn(
        Server::builder()
            .max_concurrent_streams(1_024)
            .add_service(service)
            .serve_with_incoming_shutdown(
                TcpIncoming::from(listener).with_nodelay(Some(true)),
                stopped,
            ),
    );
    Ok(address)
}

/// A channel that connects when it is first used.
pub(super) fn connect(address: SocketAddr) -> Result<Channel, Error> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))
        .map_err(|error| Error::failed("INVALID_ADDRESS", format!("{address}: {error}")))?;
    Ok(endpoint.tcp_nodelay(true).connect_lazy())
}
