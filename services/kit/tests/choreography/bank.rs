//! A payment service without rules: what happens is in the card's token.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pavane::error::status;
use pavane::shop::payment::v1::payment_service_server::PaymentService;
use pavane::shop::payment::v1::{
    CardCharged, ChargeCardRequest, ChargeCardResponse, ListChargesRequest, ListChargesResponse,
    RefundChargeRequest, RefundChargeResponse,
};
use pavane_feed::Feed;
use pavane_kit::{Call, Error, Ledger};
use tonic::{Code, Request, Response, Status};

#[derive(Clone)]
pub(crate) struct Bank {
    pub(crate) ledger: Ledger,
    pub(crate) feed: Feed,
    pub(crate) was_slow: Arc<AtomicBool>,
}

#[tonic::async_trait]
impl PaymentService for Bank {
    async fn charge_card(
        &self,
        request: Request<ChargeCardRequest>,
    ) -> Result<Response<ChargeCardResponse>, Status> {
        let call = Call::new("shop.payment.v1.PaymentService/ChargeCard", &request)?;
        let ChargeCardRequest {
            order_id,
            card_token,
            ..
        } = request.into_inner();
        match &*card_token {
            "panic" => panic!("as the card says"),
            "without-ledger" => return Ok(Response::new(ChargeCardResponse::default())),
            "slow-once" if !self.was_slow.swap(true, Ordering::Relaxed) => {
                std::future::pending::<()>().await;
            }
            _ => {}
        }
        let feed = self.feed.clone();
        let response = self.ledger.perform(call, move |tx, call| {
            if card_token == "declined" {
                let code = Code::FailedPrecondition;
                return Err(status(code, "CARD_DECLINED", "declined"));
            }
            let charged = CardCharged::default();
            let event = call.event("shop.payment.v1.CardCharged", &order_id, &charged);
            tx.append(&feed, event).map_err(Error::from)?;
            let charge_id = "c-1".to_owned();
            Ok(ChargeCardResponse { charge_id })
        });
        Ok(Response::new(response.await?))
    }

    async fn refund_charge(
        &self,
        request: Request<RefundChargeRequest>,
    ) -> Result<Response<RefundChargeResponse>, Status> {
        let call = Call::new("shop.payment.v1.PaymentService/RefundCharge", &request)?;
        let response = self
            .ledger
            .perform(call, |_, _| Ok(RefundChargeResponse { refunded: true }));
        Ok(Response::new(response.await?))
    }

    async fn list_charges(
        &self,
        _request: Request<ListChargesRequest>,
    ) -> Result<Response<ListChargesResponse>, Status> {
        Ok(Response::new(ListChargesResponse::default()))
    }
}
