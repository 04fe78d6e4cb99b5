//! `shop.payment.v1.PaymentService`: has the ledger perform what is asked. What the rules of the contract
//! say of requests was checked when they came in.

use pavane::shop::payment::v1::payment_service_server::PaymentService;
use pavane::shop::payment::v1::{
    ChargeCardRequest, ChargeCardResponse, ListChargesRequest, ListChargesResponse,
    RefundChargeRequest, RefundChargeResponse,
};
use pavane_kit::{Call, Ledger};
use tonic::{Request, Response, Status};

use crate::charges::Charges;
use crate::rules;

#[derive(Debug, Clone)]
pub(crate) struct PaymentApi {
    pub(crate) ledger: Ledger,
    pub(crate) charges: Charges,
}

#[tonic::async_trait]
impl PaymentService for PaymentApi {
    async fn charge_card(
        &self,
        request: Request<ChargeCardRequest>,
    ) -> Result<Response<ChargeCardResponse>, Status> {
        let call = Call::new("shop.payment.v1.PaymentService/ChargeCard", &request)?;
        let request = request.into_inner();
        rules::check(&request)?;
        let charges = self.charges.clone();
        let response = self
            .ledger
            .perform(call, move |tx, call| Ok(charges.charge(tx, call, request)?));
        Ok(Response::new(response.await?))
    }

    async fn refund_charge(
        &self,
        request: Request<RefundChargeRequest>,
    ) -> Result<Response<RefundChargeResponse>, Status> {
        let call = Call::new("shop.payment.v1.PaymentService/RefundCharge", &request)?;
        let request = request.into_inner();
        let charges = self.charges.clone();
        let response = self
            .ledger
            .perform(call, move |tx, call| Ok(charges.refund(tx, call, request)?));
        Ok(Response::new(response.await?))
    }

    async fn list_charges(
        &self,
        request: Request<ListChargesRequest>,
    ) -> Result<Response<ListChargesResponse>, Status> {
        let ListChargesRequest {
            page_size,
            page_token,
        } = request.into_inner();
        let (charges, next_page_token) =
            self.charges
                .entries
                .page(page_size, &page_token, |_, entry| {
                    entry.charge.unwrap_or_default()
                })?;
        Ok(Response::new(ListChargesResponse {
            charges,
            next_page_token,
        }))
    }
}
