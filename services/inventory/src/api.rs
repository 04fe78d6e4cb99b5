//! `shop.inventory.v1.InventoryService`: checks requests, then has the ledger perform them.

use pavane::shop::common::v1::{Money, OrderLine};
use pavane::shop::inventory::v1::inventory_service_server::InventoryService;
use pavane::shop::inventory::v1::{
    ListItemsRequest, ListItemsResponse, ListReservationsRequest, ListReservationsResponse,
    ReleaseStockRequest, ReleaseStockResponse, ReserveStockRequest, ReserveStockResponse,
    SetItemRequest, SetItemResponse,
};
use pavane_kit::{Call, Checks, Ledger};
use tonic::{Request, Response, Status};

use crate::stock::Stock;

/// Most pieces of one article, and most minor units that one piece may cost: far enough below
/// what an `i64` holds that no stock that is put back can overflow.
const MAX_AMOUNT: i64 = 1_000_000_000_000;

#[derive(Debug, Clone)]
pub(crate) struct InventoryApi {
    pub(crate) ledger: Ledger,
    pub(crate) stock: Stock,
}

#[tonic::async_trait]
impl InventoryService for InventoryApi {
    async fn reserve_stock(
        &self,
        request: Request<ReserveStockRequest>,
    ) -> Result<Response<ReserveStockResponse>, Status> {
        let call = Call::new("shop.inventory.v1.InventoryService/ReserveStock", &request)?;
        let request = request.into_inner();
        let mut checks = Checks::default();
        checks.text("order_id", &request.order_id, 64);
        check_lines(&mut checks, &request.lines);
        checks.finish()?;
        let stock = self.stock.clone();
        let response = self
            .ledger
            .perform(call, move |tx, call| Ok(stock.reserve(tx, call, request)?));
        Ok(Response::new(response.await?))
    }

    async fn release_stock(
        &self,
        request: Request<ReleaseStockRequest>,
    ) -> Result<Response<ReleaseStockResponse>, Status> {
        let call = Call::new("shop.inventory.v1.InventoryService/ReleaseStock", &request)?;
        let request = request.into_inner();
        let mut checks = Checks::default();
        checks.text("order_id", &request.order_id, 64);
        checks.finish()?;
        let stock = self.stock.clone();
        let response = self
            .ledger
            .perform(call, move |tx, call| Ok(stock.release(tx, call, request)?));
        Ok(Response::new(response.await?))
    }

    async fn set_item(
        &self,
        request: Request<SetItemRequest>,
    ) -> Result<Response<SetItemResponse>, Status> {
        let call = Call::new("shop.inventory.v1.InventoryService/SetItem", &request)?;
        let item = request.into_inner().item.unwrap_or_default();
        let mut checks = Checks::default();
        checks.text("item.sku", &item.sku, 64);
        checks.range("item.available", item.available, 0..=MAX_AMOUNT);
        check_price(&mut checks, item.unit_price.as_ref());
        checks.finish()?;
        let stock = self.stock.clone();
        let response = self
            .ledger
            .perform(call, move |tx, _| Ok(stock.set_item(tx, item)?));
        Ok(Response::new(response.await?))
    }

    async fn list_items(
        &self,
        request: Request<ListItemsRequest>,
    ) -> Result<Response<ListItemsResponse>, Status> {
        let ListItemsRequest {
            page_size,
            page_token,
        } = request.into_inner();
        let (items, next_page_token) =
            self.stock
                .items
                .page(page_size, &page_token, |_, item| item)?;
        Ok(Response::new(ListItemsResponse {
            items,
            next_page_token,
        }))
    }

    async fn list_reservations(
        &self,
        request: Request<ListReservationsRequest>,
    ) -> Result<Response<ListReservationsResponse>, Status> {
        let ListReservationsRequest {
            page_size,
            page_token,
        } = request.into_inner();
        let (reservations, next_page_token) =
            self.stock
                .bookings
                .page(page_size, &page_token, |_, booking| {
                    booking.reservation.unwrap_or_default()
                })?;
        Ok(Response::new(ListReservationsResponse {
            reservations,
            next_page_token,
        }))
    }
}

fn check_lines(checks: &mut Checks, lines: &[OrderLine]) {
    checks.count("lines", lines.len(), 1..=100);
    for (index, line) in lines.iter().take(100).enumerate() {
        checks.text(&format!("lines[{index}].sku"), &line.sku, 64);
        checks.range(
            &format!("lines[{index}].quantity"),
            line.quantity,
            1..=1_000,
        );
    }
}

fn check_price(checks: &mut Checks, price: Option<&Money>) {
    let Some(price) = price else {
        checks.fail("item.unit_price", "must be set");
        return;
    };
    checks.code("item.unit_price.currency", &price.currency, "EUR");
    checks.range(
        "item.unit_price.minor_units",
        price.minor_units,
        0..=MAX_AMOUNT,
    );
}
