//! The shipping service as its callers see it: over gRPC, on a free port, in a folder of its own.
//! What all services share is tested with the inventory.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use pavane::feed::v1::ListEventsRequest;
use pavane::feed::v1::feed_service_client::FeedServiceClient;
use pavane::shop::common::v1::{Address, OrderLine};
use pavane::shop::shipping::v1::shipping_service_client::ShippingServiceClient;
use pavane::shop::shipping::v1::{
    CancelShipmentRequest, CreateShipmentRequest, ListShipmentsRequest, Shipment,
};
use pavane_kit::Handle;
use pavane_kit::client::{compensating, keyed};
use shop_shipping::{Options, Service};
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt;

struct Depot {
    handle: Handle,
    channel: Channel,
    shipping: ShippingServiceClient<Channel>,
    folder: TempDir,
}

impl Depot {
    async fn open(folder: TempDir) -> Self {
        let participant = pavane_kit::Options::new(([127, 0, 0, 1], 0).into(), folder.path());
        let handle = Service::start(Options { participant }).await.unwrap();
        let endpoint = Endpoint::from_shared(format!("http://{}", handle.local_addr())).unwrap();
        let channel = endpoint.connect().await.unwrap();
        Self {
            handle,
            shipping: ShippingServiceClient::new(channel.clone()),
            channel,
            folder,
        }
    }

    async fn restart(self) -> Self {
        let Self {
            handle,
            channel,
            shipping,
            folder,
        } = self;
        drop((channel, shipping));
        handle.shutdown().await.unwrap();
        Self::open(folder).await
    }

    async fn shipments(&mut self) -> Vec<Shipment> {
        let request = ListShipmentsRequest::default();
        self.shipping
            .list_shipments(request)
            .await
            .unwrap()
            .into_inner()
            .shipments
    }

    async fn event_types(&self) -> Vec<String> {
        let mut feeds = FeedServiceClient::new(self.channel.clone());
        let request = ListEventsRequest {
            feed: "shipping".to_owned(),
            ..Default::default()
        };
        let events = feeds
            .list_events(request)
            .await
            .unwrap()
            .into_inner()
            .events;
        events.into_iter().map(|event| event.r#type).collect()
    }
}

fn create(order_id: &str, country: &str) -> CreateShipmentRequest {
    CreateShipmentRequest {
        order_id: order_id.to_owned(),
        lines: vec![OrderLine {
            sku: "sku-1".to_owned(),
            quantity: 2,
        }],
        address: Some(Address {
            recipient: "Ada".to_owned(),
            street: "Gasse 1".to_owned(),
            city: "Wien".to_owned(),
            postal_code: "1010".to_owned(),
            country: country.to_owned(),
        }),
    }
}

fn cancel(order_id: &str) -> CancelShipmentRequest {
    CancelShipmentRequest {
        order_id: order_id.to_owned(),
    }
}

#[track_caller]
fn check_status<T: std::fmt::Debug>(result: Result<T, Status>, code: Code, reason: &str) {
    let status = result.unwrap_err();
    let details = status.get_error_details();
    let info = details.error_info().expect("every error says why");
    assert_eq!(
        (status.code(), info.reason.as_str()),
        (code, reason),
        "{}",
        status.message()
    );
}

#[tokio::test]
async fn a_shipment_is_kept_canceled_once_and_told_on_the_feed() {
    let mut depot = Depot::open(TempDir::new().unwrap()).await;
    let request = || keyed(create("o-1", "AT"), "exec-1/ship").unwrap();
    let first = depot
        .shipping
        .create_shipment(request())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first.tracking_number, "PV00000000101");
    let mut depot = depot.restart().await;
    assert_eq!(
        depot
            .shipping
            .create_shipment(request())
            .await
            .unwrap()
            .into_inner(),
        first
    );

    for _ in 0..2 {
        let undo = compensating(cancel("o-1"), "exec-1/ship").unwrap();
        assert!(
            depot
                .shipping
                .cancel_shipment(undo)
                .await
                .unwrap()
                .into_inner()
                .canceled
        );
    }
    let CreateShipmentRequest {
        order_id,
        lines,
        address,
    } = create("o-1", "AT");
    let tracking_number = first.tracking_number;
    let expected = Shipment {
        order_id,
        tracking_number,
        lines,
        address,
        canceled: true,
    };
    assert_eq!(depot.shipments().await, [expected]);
    assert_eq!(
        depot.event_types().await,
        [
            "shop.shipping.v1.ShipmentCreated",
            "shop.shipping.v1.ShipmentCanceled"
        ]
    );
}

#[tokio::test]
async fn an_address_that_nobody_drives_to_is_refused() {
    let mut depot = Depot::open(TempDir::new().unwrap()).await;
    let refused = depot.shipping.create_shipment(create("o-1", "US")).await;
    check_status(refused, Code::FailedPrecondition, "ADDRESS_NOT_SERVICEABLE");
    assert!(depot.shipments().await.is_empty());
    assert!(depot.event_types().await.is_empty());
    let answer = depot.shipping.cancel_shipment(cancel("o-1")).await.unwrap();
    assert!(!answer.into_inner().canceled);
}

#[tokio::test]
async fn an_order_is_shipped_once_whoever_asks() {
    let mut depot = Depot::open(TempDir::new().unwrap()).await;
    depot
        .shipping
        .create_shipment(create("o-1", "DE"))
        .await
        .unwrap();
    let again = keyed(create("o-1", "DE"), "exec-2/ship").unwrap();
    let refused = depot.shipping.create_shipment(again).await;
    check_status(refused, Code::FailedPrecondition, "ORDER_ALREADY_SHIPPED");
    assert_eq!(depot.shipments().await.len(), 1);
}

#[tokio::test]
async fn a_cancellation_that_comes_first_bars_the_shipment() {
    let mut depot = Depot::open(TempDir::new().unwrap()).await;
    let undo = compensating(cancel("o-1"), "exec-1/ship").unwrap();
    assert!(
        !depot
            .shipping
            .cancel_shipment(undo)
            .await
            .unwrap()
            .into_inner()
            .canceled
    );
    let late = keyed(create("o-1", "DE"), "exec-1/ship").unwrap();
    check_status(
        depot.shipping.create_shipment(late).await,
        Code::Aborted,
        "COMPENSATED_BEFORE",
    );
    assert!(depot.shipments().await.is_empty());
}

#[tokio::test]
async fn a_shipment_needs_an_address() {
    let mut depot = Depot::open(TempDir::new().unwrap()).await;
    let request = CreateShipmentRequest {
        address: None,
        ..create("o-1", "DE")
    };
    let refused = depot.shipping.create_shipment(request).await;
    check_status(refused, Code::InvalidArgument, "INVALID_REQUEST");
}
