//! Card payments: an order is charged once, and never again after it was refunded.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::boutique::payment_service_server::{PaymentService, PaymentServiceServer};
use crate::boutique::{
    Charge, ChargeRequest, ChargeResponse, ListChargesRequest, ListChargesResponse, RefundRequest,
    RefundResponse,
};

/// Cards that begin like this are declined.
const DECLINED: &str = "0000";

pub(crate) fn routes() -> Routes {
    Routes::new(PaymentServiceServer::new(Payments::default()))
}

/// By order; `None`: refunded, perhaps before it was ever charged.
#[derive(Default)]
struct Payments(Mutex<BTreeMap<String, Option<Charge>>>);

#[tonic::async_trait]
impl PaymentService for Payments {
    async fn charge(
        &self,
        request: Request<ChargeRequest>,
    ) -> Result<Response<ChargeResponse>, Status> {
        let ChargeRequest {
            order_id,
            amount,
            card_number,
        } = request.into_inner();
        if card_number.starts_with(DECLINED) {
            return Err(Status::failed_precondition("the card is declined"));
        }
        let mut charges = self.0.lock();
        let charge = charges.entry(order_id.clone()).or_insert_with(|| {
            let transaction_id = format!("t-{order_id}");
            Some(Charge {
                order_id,
                amount,
                transaction_id,
            })
        });
        let charge = charge.as_ref();
        let charge = charge.ok_or_else(|| Status::aborted("the order was refunded before"))?;
        let transaction_id = charge.transaction_id.clone();
        Ok(Response::new(ChargeResponse { transaction_id }))
    }

    async fn refund(
        &self,
        request: Request<RefundRequest>,
    ) -> Result<Response<RefundResponse>, Status> {
        self.0.lock().insert(request.into_inner().order_id, None);
        Ok(Response::new(RefundResponse {}))
    }

    async fn list_charges(
        &self,
        _request: Request<ListChargesRequest>,
    ) -> Result<Response<ListChargesResponse>, Status> {
        let charges = self.0.lock().values().flatten().cloned().collect();
        Ok(Response::new(ListChargesResponse { charges }))
    }
}
