//! The same three links as participants: each with a port, a store and a feed of its own, reacting to
//! the feed of the one before it over TCP. Their handlers are those of the bare chain.

use std::convert::Infallible;
use std::path::Path;

use pavane::testing::v1::first_link_service_server::FirstLinkServiceServer;
use pavane::testing::v1::second_link_service_server::SecondLinkServiceServer;
use pavane::testing::v1::third_link_service_server::ThirdLinkServiceServer;
use pavane_kit::{Handle, Options, Participant};
use tonic::body::Body;
use tonic::server::NamedService;

use super::links;
use crate::error::Error;

/// Starts all three, on ports that are free, with a folder for each in this one.
pub(super) async fn start(folder: &Path) -> Result<[Handle; 3], Error> {
    let (first, second, third) = links::handlers()?;
    Ok([
        start_one("first", folder, FirstLinkServiceServer::new(first)).await?,
        start_one("second", folder, SecondLinkServiceServer::new(second)).await?,
        start_one("third", folder, ThirdLinkServiceServer::new(third)).await?,
    ])
}

async fn start_one<S>(name: &str, folder: &Path, service: S) -> Result<Handle, Error>
where
    S: tower::Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    let starting = async {
        let options = Options::new(([127, 0, 0, 1], 0).into(), folder.join(name));
        let participant = Participant::open(name, options).await?;
        let participant = participant.add_service(service).take_part().await?;
        participant.serve(pavane::descriptor_pool())
    };
    let started: Result<_, pavane_kit::Error> = starting.await;
    started.map_err(|error| Error::failed("CANNOT_MEASURE", error.to_string()))
}
