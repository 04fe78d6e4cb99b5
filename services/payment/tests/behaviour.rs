//! The payment service as its callers see it: over gRPC, on a free port, in a folder of its own.
//! What all services share is tested with the inventory.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use pavane::feed::v1::ListEventsRequest;
use pavane::feed::v1::feed_service_client::FeedServiceClient;
use pavane::shop::common::v1::Money;
use pavane::shop::payment::v1::payment_service_client::PaymentServiceClient;
use pavane::shop::payment::v1::{
    Charge, ChargeCardRequest, ListChargesRequest, RefundChargeRequest,
};
use pavane_kit::Handle;
use pavane_kit::client::{compensating, keyed};
use shop_payment::{Options, Service};
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt;

struct Bank {
    handle: Handle,
    channel: Channel,
    payment: PaymentServiceClient<Channel>,
    folder: TempDir,
}

impl Bank {
    async fn open(folder: TempDir) -> Self {
        let participant = pavane_kit::Options::new(([127, 0, 0, 1], 0).into(), folder.path());
        let handle = Service::start(Options { participant }).await.unwrap();
        let endpoint = Endpoint::from_shared(format!("http://{}", handle.local_addr())).unwrap();
        let channel = endpoint.connect().await.unwrap();
        Self {
            handle,
            payment: PaymentServiceClient::new(channel.clone()),
            channel,
            folder,
        }
    }

    async fn restart(self) -> Self {
        let Self {
            handle,
            channel,
            payment,
            folder,
        } = self;
        drop((channel, payment));
        handle.shutdown().await.unwrap();
        Self::open(folder).await
    }

    async fn charges(&mut self) -> Vec<Charge> {
        let charges = self
            .payment
            .list_charges(ListChargesRequest::default())
            .await
            .unwrap();
        charges.into_inner().charges
    }

    async fn event_types(&self) -> Vec<String> {
        let mut feeds = FeedServiceClient::new(self.channel.clone());
        let request = ListEventsRequest {
            feed: "payment".to_owned(),
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

fn charge(order_id: &str, card_token: &str, minor_units: i64) -> ChargeCardRequest {
    ChargeCardRequest {
        order_id: order_id.to_owned(),
        amount: Some(Money {
            currency: "EUR".to_owned(),
            minor_units,
        }),
        card_token: card_token.to_owned(),
    }
}

fn refund(order_id: &str) -> RefundChargeRequest {
    RefundChargeRequest {
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
async fn a_charge_is_kept_refunded_once_and_told_on_the_feed() {
    let mut bank = Bank::open(TempDir::new().unwrap()).await;
    let request = || keyed(charge("o-1", "tok-1", 5990), "exec-1/charge").unwrap();
    let first = bank
        .payment
        .charge_card(request())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first.charge_id, "c-000001");
    let mut bank = bank.restart().await;
    assert_eq!(
        bank.payment
            .charge_card(request())
            .await
            .unwrap()
            .into_inner(),
        first
    );

    for _ in 0..2 {
        let undo = compensating(refund("o-1"), "exec-1/charge").unwrap();
        assert!(
            bank.payment
                .refund_charge(undo)
                .await
                .unwrap()
                .into_inner()
                .refunded
        );
    }
    let amount = Some(Money {
        currency: "EUR".to_owned(),
        minor_units: 5990,
    });
    let charge_id = "c-000001".to_owned();
    let expected = Charge {
        order_id: "o-1".to_owned(),
        charge_id,
        amount,
        refunded: true,
    };
    assert_eq!(bank.charges().await, [expected]);
    assert_eq!(
        bank.event_types().await,
        [
            "shop.payment.v1.CardCharged",
            "shop.payment.v1.ChargeRefunded"
        ]
    );
}

#[tokio::test]
async fn a_declined_card_is_not_charged() {
    let mut bank = Bank::open(TempDir::new().unwrap()).await;
    let refused = bank
        .payment
        .charge_card(charge("o-1", "tok-declined-7", 1))
        .await;
    check_status(refused, Code::FailedPrecondition, "CARD_DECLINED");
    assert!(bank.charges().await.is_empty());
    assert!(bank.event_types().await.is_empty());
    let answer = bank.payment.refund_charge(refund("o-1")).await.unwrap();
    assert!(!answer.into_inner().refunded);
}

#[tokio::test]
async fn an_order_is_charged_once_whoever_asks() {
    let mut bank = Bank::open(TempDir::new().unwrap()).await;
    bank.payment
        .charge_card(charge("o-1", "tok-1", 1))
        .await
        .unwrap();
    let again = keyed(charge("o-1", "tok-1", 1), "exec-2/charge").unwrap();
    let refused = bank.payment.charge_card(again).await;
    check_status(refused, Code::FailedPrecondition, "ORDER_ALREADY_CHARGED");
    assert_eq!(bank.charges().await.len(), 1);
}

#[tokio::test]
async fn a_refund_that_comes_first_bars_the_charge() {
    let mut bank = Bank::open(TempDir::new().unwrap()).await;
    let undo = compensating(refund("o-1"), "exec-1/charge").unwrap();
    assert!(
        !bank
            .payment
            .refund_charge(undo)
            .await
            .unwrap()
            .into_inner()
            .refunded
    );
    let late = keyed(charge("o-1", "tok-1", 1), "exec-1/charge").unwrap();
    check_status(
        bank.payment.charge_card(late).await,
        Code::Aborted,
        "COMPENSATED_BEFORE",
    );
    assert!(bank.charges().await.is_empty());
}

#[tokio::test]
async fn nothing_cannot_be_charged() {
    let mut bank = Bank::open(TempDir::new().unwrap()).await;
    let refused = bank.payment.charge_card(charge("o-1", "tok-1", 0)).await;
    check_status(refused, Code::InvalidArgument, "INVALID_REQUEST");
}
