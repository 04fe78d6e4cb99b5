//! `shop.shipping.v1.ShippingService`: has the ledger perform what is asked. What the rules of the
//! contract say of requests was checked when they came in.

use pavane::shop::shipping::v1::shipping_service_server::ShippingService;
use pavane::shop::shipping::v1::{
    CancelShipmentRequest, CancelShipmentResponse, CreateShipmentRequest, CreateShipmentResponse,
    ListShipmentsRequest, ListShipmentsResponse,
};
use pavane_kit::{Call, Ledger};
use tonic::{Request, Response, Status};

use crate::shipments::Shipments;

#[derive(Debug, Clone)]
pub(crate) struct ShippingApi {
    pub(crate) ledger: Ledger,
    pub(crate) shipments: Shipments,
}

#[tonic::async_trait]
impl ShippingService for ShippingApi {
    async fn create_shipment(
        &self,
        request: Request<CreateShipmentRequest>,
    ) -> Result<Response<CreateShipmentResponse>, Status> {
        let call = Call::new("shop.shipping.v1.ShippingService/CreateShipment", &request)?;
        let request = request.into_inner();
        let shipments = self.shipments.clone();
        let response = self.ledger.perform(call, move |tx, call| {
            Ok(shipments.create(tx, call, request)?)
        });
        Ok(Response::new(response.await?))
    }

    async fn cancel_shipment(
        &self,
        request: Request<CancelShipmentRequest>,
    ) -> Result<Response<CancelShipmentResponse>, Status> {
        let call = Call::new("shop.shipping.v1.ShippingService/CancelShipment", &request)?;
        let request = request.into_inner();
        let shipments = self.shipments.clone();
        let response = self.ledger.perform(call, move |tx, call| {
            Ok(shipments.cancel(tx, call, request)?)
        });
        Ok(Response::new(response.await?))
    }

    async fn list_shipments(
        &self,
        request: Request<ListShipmentsRequest>,
    ) -> Result<Response<ListShipmentsResponse>, Status> {
        let ListShipmentsRequest {
            page_size,
            page_token,
        } = request.into_inner();
        let (shipments, next_page_token) =
            self.shipments
                .entries
                .page(page_size, &page_token, |_, entry| {
                    entry.shipment.unwrap_or_default()
                })?;
        Ok(Response::new(ListShipmentsResponse {
            shipments,
            next_page_token,
        }))
    }
}
