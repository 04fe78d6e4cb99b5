//! Faults on request.

use std::time::{Duration, Instant};

use pavane::testing::v1::fault_service_client::FaultServiceClient;
use pavane::testing::v1::{AddFaultRequest, ClearFaultsRequest, FaultMoment, ListCallsRequest};
use pavane_kit::client::keyed;
use tonic::Code;
use tonic::transport::Channel;

use crate::{Shop, check_status, reserve};

const RESERVE: &str = "shop.inventory.v1.InventoryService/ReserveStock";

fn faults(shop: &Shop) -> FaultServiceClient<Channel> {
    FaultServiceClient::new(shop.channel.clone())
}

fn unavailable(count: u32, moment: FaultMoment) -> AddFaultRequest {
    AddFaultRequest {
        method: RESERVE.to_owned(),
        count,
        code: Code::Unavailable as u32,
        moment: moment.into(),
        ..AddFaultRequest::default()
    }
}

#[tokio::test]
async fn a_fault_before_the_handler_has_no_effect() {
    let mut shop = Shop::open().await;
    faults(&shop)
        .add_fault(unavailable(2, FaultMoment::Before))
        .await
        .unwrap();
    for _ in 0..2 {
        let refused = shop
            .inventory
            .reserve_stock(reserve("o-1", &[("a", 1)]))
            .await;
        let status = check_status(refused, Code::Unavailable, "FAULT_INJECTED");
        assert_eq!(status.message(), "injected fault");
        assert_eq!(shop.stock_of_a().await, (10, 0));
    }
    shop.inventory
        .reserve_stock(reserve("o-1", &[("a", 1)]))
        .await
        .unwrap();
    assert_eq!(shop.stock_of_a().await, (9, 1));
}

#[tokio::test]
async fn a_fault_after_the_handler_loses_only_the_response() {
    let mut shop = Shop::open().await;
    faults(&shop)
        .add_fault(unavailable(1, FaultMoment::After))
        .await
        .unwrap();
    let request = || keyed(reserve("o-1", &[("a", 1)]), "exec-1/reserve").unwrap();
    let refused = shop.inventory.reserve_stock(request()).await;
    check_status(refused, Code::Unavailable, "FAULT_INJECTED");
    assert_eq!(shop.stock_of_a().await, (9, 1));

    shop.inventory.reserve_stock(request()).await.unwrap();
    assert_eq!(shop.stock_of_a().await, (9, 1));
    let call = shop.call("exec-1/reserve").await;
    assert_eq!((call.calls, call.effects), (2, 1));
}

#[tokio::test]
async fn a_delay_without_a_code_only_makes_the_call_slow() {
    let mut shop = Shop::open().await;
    let delay = Duration::from_millis(50);
    for moment in [FaultMoment::Before, FaultMoment::After] {
        let fault = AddFaultRequest {
            code: 0,
            delay: Some(delay.try_into().unwrap()),
            ..unavailable(1, moment)
        };
        faults(&shop).add_fault(fault).await.unwrap();
        let start = Instant::now();
        let order_id = format!("o-{moment:?}");
        shop.inventory
            .reserve_stock(reserve(&order_id, &[("a", 1)]))
            .await
            .unwrap();
        assert!(start.elapsed() >= delay, "{moment:?}");
    }
    assert_eq!(shop.stock_of_a().await, (8, 2));
}

#[tokio::test]
async fn cleared_faults_do_not_strike() {
    let mut shop = Shop::open().await;
    faults(&shop)
        .add_fault(unavailable(5, FaultMoment::Before))
        .await
        .unwrap();
    faults(&shop)
        .clear_faults(ClearFaultsRequest {})
        .await
        .unwrap();
    shop.inventory
        .reserve_stock(reserve("o-1", &[("a", 1)]))
        .await
        .unwrap();
}

#[tokio::test]
async fn feeds_can_fail_too_but_the_fault_service_cannot() {
    let shop = Shop::open().await;
    let method = |method: &str| AddFaultRequest {
        method: method.to_owned(),
        ..unavailable(1, FaultMoment::Before)
    };
    let feed = method("pavane.feed.v1.FeedService/Subscribe");
    faults(&shop).add_fault(feed).await.unwrap();
    let itself = method("pavane.testing.v1.FaultService/AddFault");
    let refused = faults(&shop).add_fault(itself).await;
    check_status(refused, Code::InvalidArgument, "INVALID_FAULT");
}

#[tokio::test]
async fn calls_are_listed_page_by_page() {
    let mut shop = Shop::open().await;
    for order in 0..5 {
        let request = reserve(&format!("o-{order}"), &[("a", 1)]);
        let request = keyed(request, &format!("exec-{order}/reserve")).unwrap();
        shop.inventory.reserve_stock(request).await.unwrap();
    }
    let mut page_token = String::new();
    for page in [vec![0, 1], vec![2, 3], vec![4]] {
        let request = ListCallsRequest {
            page_size: 2,
            page_token,
        };
        let found = faults(&shop)
            .list_calls(request)
            .await
            .unwrap()
            .into_inner();
        let keys: Vec<_> = found
            .calls
            .into_iter()
            .map(|call| call.idempotency_key)
            .collect();
        let expected: Vec<_> = page
            .iter()
            .map(|order| format!("exec-{order}/reserve"))
            .collect();
        assert_eq!(keys, expected);
        page_token = found.next_page_token;
    }
    assert_eq!(page_token, "", "the last page has no next");
}
