//! Parcels and mail.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::boutique::email_service_server::{EmailService, EmailServiceServer};
use crate::boutique::shipping_service_server::{ShippingService, ShippingServiceServer};
use crate::boutique::{
    CancelShipmentRequest, CancelShipmentResponse, GetQuoteRequest, GetQuoteResponse,
    ListMailsRequest, ListMailsResponse, ListShipmentsRequest, ListShipmentsResponse, Money,
    SendConfirmationRequest, SendConfirmationResponse, ShipOrderRequest, ShipOrderResponse,
};

/// Nobody delivers to Antarctica.
const NOT_DELIVERED: &str = "AQ";

pub(crate) fn routes() -> Routes {
    Routes::new(ShippingServiceServer::new(Parcels::default()))
        .add_service(EmailServiceServer::new(Mails::default()))
}

/// By order; `false`: called back, perhaps before it was ever sent.
#[derive(Default)]
struct Parcels(Mutex<BTreeMap<String, bool>>);

#[tonic::async_trait]
impl ShippingService for Parcels {
    async fn get_quote(
        &self,
        request: Request<GetQuoteRequest>,
    ) -> Result<Response<GetQuoteResponse>, Status> {
        let items = request.into_inner().items;
        let pieces: i64 = items.iter().map(|item| i64::from(item.quantity)).sum();
        let cost = Money {
            currency_code: "EUR".to_owned(),
            units: 3 + pieces / 2,
            nanos: if pieces % 2 == 0 { 0 } else { 500_000_000 },
        };
        let cost = Some(cost);
        Ok(Response::new(GetQuoteResponse { cost }))
    }

    async fn ship_order(
        &self,
        request: Request<ShipOrderRequest>,
    ) -> Result<Response<ShipOrderResponse>, Status> {
        let ShipOrderRequest {
            order_id, address, ..
        } = request.into_inner();
        if address.is_none_or(|address| address.country == NOT_DELIVERED) {
            return Err(Status::failed_precondition("nobody delivers there"));
        }
        let tracking_id = format!("p-{order_id}");
        if !*self.0.lock().entry(order_id).or_insert(true) {
            return Err(Status::aborted("the parcel was called back before"));
        }
        Ok(Response::new(ShipOrderResponse { tracking_id }))
    }

    async fn cancel_shipment(
        &self,
        request: Request<CancelShipmentRequest>,
    ) -> Result<Response<CancelShipmentResponse>, Status> {
        self.0.lock().insert(request.into_inner().order_id, false);
        Ok(Response::new(CancelShipmentResponse {}))
    }

    async fn list_shipments(
        &self,
        _request: Request<ListShipmentsRequest>,
    ) -> Result<Response<ListShipmentsResponse>, Status> {
        let parcels = self.0.lock();
        let sent = parcels.iter().filter(|(_, is_sent)| **is_sent);
        let order_ids = sent.map(|(order_id, _)| order_id.clone()).collect();
        Ok(Response::new(ListShipmentsResponse { order_ids }))
    }
}

#[derive(Default)]
struct Mails(Mutex<Vec<SendConfirmationRequest>>);

#[tonic::async_trait]
impl EmailService for Mails {
    async fn send_confirmation(
        &self,
        request: Request<SendConfirmationRequest>,
    ) -> Result<Response<SendConfirmationResponse>, Status> {
        self.0.lock().push(request.into_inner());
        Ok(Response::new(SendConfirmationResponse {}))
    }

    async fn list_mails(
        &self,
        _request: Request<ListMailsRequest>,
    ) -> Result<Response<ListMailsResponse>, Status> {
        let mails = self.0.lock().clone();
        Ok(Response::new(ListMailsResponse { mails }))
    }
}
