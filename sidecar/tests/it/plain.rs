//! Plain tonic services, without the kit: what they are called with can be waited for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pavane::shop::shipping::v1::shipping_service_server::{ShippingService, ShippingServiceServer};
use pavane::shop::shipping::v1::{
    CancelShipmentRequest, CancelShipmentResponse, CreateShipmentRequest, CreateShipmentResponse,
    ListShipmentsRequest, ListShipmentsResponse,
};
use pavane::testing::v1::third_link_service_server::{ThirdLinkService, ThirdLinkServiceServer};
use pavane::testing::v1::{ThirdRequest, ThirdResponse};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

/// Which call arrived, with which key, and whether it undoes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) method: &'static str,
    pub(crate) key: String,
    pub(crate) undoes: bool,
}

/// How the services are to behave, and what they saw.
#[derive(Clone)]
pub(crate) struct Script {
    seen: mpsc::Sender<Seen>,
    /// Whether shipments are never answered.
    pub(crate) hangs: Arc<AtomicBool>,
    /// Whether checks are refused.
    pub(crate) refuses: Arc<AtomicBool>,
}

impl Script {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Seen>) {
        let (seen, seeing) = mpsc::channel(64);
        let script = Self {
            seen,
            hangs: Arc::default(),
            refuses: Arc::default(),
        };
        (script, seeing)
    }

    fn saw(&self, method: &'static str, metadata: &MetadataMap) {
        let text = |name: &str| Some(metadata.get(name)?.to_str().unwrap().to_owned());
        let seen = Seen {
            method,
            key: text("idempotency-key").unwrap_or_default(),
            undoes: text("idempotency-compensation").is_some(),
        };
        // The test may have seen enough.
        let _ = self.seen.try_send(seen);
    }

    /// Serves both until the test ends.
    pub(crate) async fn serve(&self, at: SocketAddr) -> SocketAddr {
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tonic::transport::Server::builder()
            .add_service(ShippingServiceServer::new(self.clone()))
            .add_service(ThirdLinkServiceServer::new(self.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(serving);
        address
    }
}

#[tonic::async_trait]
impl ShippingService for Script {
    async fn create_shipment(
        &self,
        request: Request<CreateShipmentRequest>,
    ) -> Result<Response<CreateShipmentResponse>, Status> {
        self.saw("CreateShipment", request.metadata());
        if self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        let tracking_number = format!("T-{}", request.into_inner().order_id);
        Ok(Response::new(CreateShipmentResponse { tracking_number }))
    }

    async fn cancel_shipment(
        &self,
        request: Request<CancelShipmentRequest>,
    ) -> Result<Response<CancelShipmentResponse>, Status> {
        self.saw("CancelShipment", request.metadata());
        Ok(Response::new(CancelShipmentResponse { canceled: true }))
    }

    async fn list_shipments(
        &self,
        _: Request<ListShipmentsRequest>,
    ) -> Result<Response<ListShipmentsResponse>, Status> {
        Err(Status::unimplemented("the tests need no lists"))
    }
}

#[tonic::async_trait]
impl ThirdLinkService for Script {
    async fn third(
        &self,
        request: Request<ThirdRequest>,
    ) -> Result<Response<ThirdResponse>, Status> {
        self.saw("Third", request.metadata());
        if self.refuses.load(Ordering::Relaxed) {
            return Err(Status::failed_precondition("not today"));
        }
        let payload = request.into_inner().payload;
        Ok(Response::new(ThirdResponse { payload }))
    }
}
