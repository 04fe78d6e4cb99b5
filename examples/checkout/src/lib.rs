//! The services of a small shop, in three processes' worth of servers: what is for sale, payments, and
//! what is sent. They are plain tonic servers with server reflection, and know of no workflow; what they
//! remember is gone when they stop.

mod fulfilment;
mod payment;
mod shop;

use std::future::Future;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::Routes;
use tonic::transport::Server;

/// Generated from `proto/boutique/v1`.
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub mod boutique {
    tonic::include_proto!("boutique.v1");
}

/// The encoded `google.protobuf.FileDescriptorSet` of `proto/`.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Where the three servers listen; port 0 takes any that is free.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// CartService, ProductCatalogService and CurrencyService.
    pub shop: SocketAddr,
    /// PaymentService.
    pub payment: SocketAddr,
    /// ShippingService and EmailService.
    pub fulfilment: SocketAddr,
}

/// What can go wrong.
#[derive(Debug)]
pub enum Error {
    /// An address cannot be listened on.
    Listen(SocketAddr, std::io::Error),
    /// A server failed.
    Serve(tonic::transport::Error),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Listen(address, error) => write!(f, "cannot listen on {address}: {error}"),
            Self::Serve(error) => write!(f, "a server failed: {error}"),
        }
    }
}

impl std::error::Error for Error {}

/// Serves until `shutdown`. Errors: an address is taken; a server failed.
pub async fn serve<F: Future<Output = ()>>(
    addresses: Addresses,
    shutdown: impl Fn() -> F,
) -> Result<(), Error> {
    let shop = serve_one(addresses.shop, shop::routes(), shutdown());
    let payment = serve_one(addresses.payment, payment::routes(), shutdown());
    let fulfilment = serve_one(addresses.fulfilment, fulfilment::routes(), shutdown());
    tokio::try_join!(shop, payment, fulfilment).map(|_| ())
}

async fn serve_one(
    address: SocketAddr,
    routes: Routes,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| Error::Listen(address, error))?;
    // grpcurl asks in the older version of the protocol.
    let describe = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
    };
    let well_formed = "the build script wrote a descriptor set";
    let routes = routes
        .add_service(describe().build_v1().expect(well_formed))
        .add_service(describe().build_v1alpha().expect(well_formed));
    Server::builder()
        .add_routes(routes)
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), shutdown)
        .await
        .map_err(Error::Serve)
}
