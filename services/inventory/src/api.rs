//! `shop.inventory.v1.InventoryService`: has the ledger perform what is asked. What the rules of the
//! contract say of requests was checked when they came in.

use pavane::shop::inventory::v1::inventory_service_server::InventoryService;
use pavane::shop::inventory::v1::{
    ListItemsRequest, ListItemsResponse, ListReservationsRequest, ListReservationsResponse,
    ReleaseStockRequest, ReleaseStockResponse, ReserveStockRequest, ReserveStockResponse,
    SetItemRequest, SetItemResponse,
};
use pavane_kit::{Call, Checks, Ledger};
use tonic::{Request, Response, Status};

use crate::stock::Stock;

/// Most minor units that one piece may cost.
const MAX_PRICE: i64 = 1_000_000_000_000;

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
        let price = item.unit_price.as_ref().map_or(0, |it| it.minor_units);
        let mut checks = Checks::default();
        checks.range("item.unit_price.minor_units", price, 0..=MAX_PRICE);
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
