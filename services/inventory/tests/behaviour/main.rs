//! The inventory as its callers see it: over gRPC, on a free port, in a folder of its own. What
//! all services share through the kit is tested here once, for all of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bad_input;
mod faults;
mod idempotency;
mod outbox;
mod process;
mod reserving;
mod served;

use pavane::shop::common::v1::{Money, OrderLine};
use pavane::shop::inventory::v1::inventory_service_client::InventoryServiceClient;
use pavane::shop::inventory::v1::{
    Item, ListItemsRequest, ListReservationsRequest, ReleaseStockRequest, Reservation,
    ReserveStockRequest, SetItemRequest,
};
use pavane::testing::v1::fault_service_client::FaultServiceClient;
use pavane::testing::v1::{ListCallsRequest, list_calls_response::Call};
use pavane_kit::Handle;
use shop_inventory::{Options, Service};
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// An inventory with ten pieces each of `a` at 1.00 EUR and `b` at 2.50 EUR.
struct Shop {
    handle: Handle,
    channel: Channel,
    inventory: InventoryServiceClient<Channel>,
    folder: TempDir,
}

impl Shop {
    async fn open() -> Self {
        let mut shop = Self::start(TempDir::new().unwrap()).await;
        shop.set_item("a", 10, 100).await;
        shop.set_item("b", 10, 250).await;
        shop
    }

    async fn start(folder: TempDir) -> Self {
        let mut participant = pavane_kit::Options::new(([127, 0, 0, 1], 0).into(), folder.path());
        participant.allow_faults = true;
        let handle = Service::start(Options {
            participant,
            seed_catalog: false,
        })
        .await
        .unwrap();
        let endpoint = Endpoint::from_shared(format!("http://{}", handle.local_addr())).unwrap();
        let channel = endpoint.connect().await.unwrap();
        let inventory = InventoryServiceClient::new(channel.clone());
        Self {
            handle,
            channel,
            inventory,
            folder,
        }
    }

    /// Stops the service and starts it again on the same data.
    async fn restart(self) -> Self {
        let Self {
            handle,
            channel,
            inventory,
            folder,
        } = self;
        drop((channel, inventory));
        handle.shutdown().await.unwrap();
        Self::start(folder).await
    }

    async fn set_item(&mut self, sku: &str, available: i64, minor_units: i64) {
        let unit_price = Some(Money {
            currency: "EUR".to_owned(),
            minor_units,
        });
        let item = Item {
            sku: sku.to_owned(),
            available,
            reserved: 0,
            unit_price,
        };
        self.inventory
            .set_item(SetItemRequest { item: Some(item) })
            .await
            .unwrap();
    }

    /// Articles as (SKU, available, reserved).
    async fn stock(&mut self) -> Vec<(String, i64, i64)> {
        let items = self
            .inventory
            .list_items(ListItemsRequest::default())
            .await
            .unwrap();
        let items = items.into_inner().items;
        items
            .into_iter()
            .map(|item| (item.sku, item.available, item.reserved))
            .collect()
    }

    /// How many of `a` are available and reserved.
    async fn stock_of_a(&mut self) -> (i64, i64) {
        let stock = self.stock().await;
        (stock[0].1, stock[0].2)
    }

    async fn reservations(&mut self) -> Vec<Reservation> {
        let request = ListReservationsRequest::default();
        self.inventory
            .list_reservations(request)
            .await
            .unwrap()
            .into_inner()
            .reservations
    }

    /// What the ledger says of a key.
    async fn call(&self, key: &str) -> Call {
        let mut faults = FaultServiceClient::new(self.channel.clone());
        let calls = faults
            .list_calls(ListCallsRequest::default())
            .await
            .unwrap()
            .into_inner();
        calls
            .calls
            .into_iter()
            .find(|call| call.idempotency_key == key)
            .unwrap()
    }
}

fn reserve(order_id: &str, lines: &[(&str, i32)]) -> ReserveStockRequest {
    let line = |(sku, quantity): &(&str, i32)| OrderLine {
        sku: (*sku).to_owned(),
        quantity: *quantity,
    };
    ReserveStockRequest {
        order_id: order_id.to_owned(),
        lines: lines.iter().map(line).collect(),
    }
}

fn release(order_id: &str) -> ReleaseStockRequest {
    ReleaseStockRequest {
        order_id: order_id.to_owned(),
    }
}

/// Code and reason.
#[track_caller]
fn check_status<T: std::fmt::Debug>(result: Result<T, Status>, code: Code, reason: &str) -> Status {
    let status = result.unwrap_err();
    let found = status.get_error_details();
    let info = found.error_info().expect("every error says why");
    assert_eq!(
        (status.code(), info.reason.as_str()),
        (code, reason),
        "{}",
        status.message()
    );
    assert_eq!(info.domain, "pavane");
    status
}
