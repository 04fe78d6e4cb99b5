//! Calls that come again, late, or after they were undone: the kit's ledger at work.

use pavane_kit::client::{compensating, keyed};
use tonic::Code;

use crate::{Shop, check_status, release, reserve};

const KEY: &str = "exec-1/reserve";

#[tokio::test]
async fn a_repeated_call_is_answered_as_the_first_and_performed_once() {
    let mut shop = Shop::open().await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        let request = keyed(reserve("o-1", &[("a", 2)]), KEY).unwrap();
        answers.push(
            shop.inventory
                .reserve_stock(request)
                .await
                .unwrap()
                .into_inner(),
        );
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(shop.stock_of_a().await, (8, 2));
    let call = shop.call(KEY).await;
    assert_eq!((call.calls, call.effects, call.compensations), (3, 1, 0));
    assert!(call.last_call_time.is_some());
}

#[tokio::test]
async fn repetitions_that_race_are_performed_once() {
    let mut shop = Shop::open().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let mut inventory = shop.inventory.clone();
        calls.spawn(async move {
            let request = keyed(reserve("o-1", &[("a", 2)]), KEY).unwrap();
            inventory
                .reserve_stock(request)
                .await
                .unwrap()
                .into_inner()
                .reservation_id
        });
    }
    let ids = calls.join_all().await;
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(shop.stock_of_a().await, (8, 2));
    assert_eq!(shop.call(KEY).await.effects, 1);
}

#[tokio::test]
async fn a_compensation_undoes_once_and_closes_the_key() {
    let mut shop = Shop::open().await;
    let request = || keyed(reserve("o-1", &[("a", 2)]), KEY).unwrap();
    shop.inventory.reserve_stock(request()).await.unwrap();
    for _ in 0..2 {
        let undo = compensating(release("o-1"), KEY).unwrap();
        assert!(
            shop.inventory
                .release_stock(undo)
                .await
                .unwrap()
                .into_inner()
                .released
        );
        assert_eq!(shop.stock_of_a().await, (10, 0));
    }
    let late = shop.inventory.reserve_stock(request()).await;
    check_status(late, Code::Aborted, "COMPENSATED_BEFORE");
    assert_eq!(shop.stock_of_a().await, (10, 0));
    let call = shop.call(KEY).await;
    assert_eq!((call.calls, call.effects, call.compensations), (2, 1, 2));
    assert!(!call.tombstone);
}

#[tokio::test]
async fn a_compensation_that_comes_first_bars_the_call_for_ever() {
    let mut shop = Shop::open().await;
    // The order has a reservation, but not by this key: it must stay.
    shop.inventory
        .reserve_stock(reserve("o-1", &[("a", 2)]))
        .await
        .unwrap();
    let undo = compensating(release("o-1"), KEY).unwrap();
    assert!(
        !shop
            .inventory
            .release_stock(undo)
            .await
            .unwrap()
            .into_inner()
            .released
    );
    assert_eq!(shop.stock_of_a().await, (8, 2));

    let mut shop = shop.restart().await;
    for calls in 1..=2 {
        let request = keyed(reserve("o-2", &[("a", 2)]), KEY).unwrap();
        let refused = shop.inventory.reserve_stock(request).await;
        check_status(refused, Code::Aborted, "COMPENSATED_BEFORE");
        let call = shop.call(KEY).await;
        assert_eq!((call.calls, call.effects, call.tombstone), (calls, 0, true));
    }
    assert_eq!(shop.stock_of_a().await, (8, 2));
}

#[tokio::test]
async fn a_call_that_failed_is_counted_and_may_succeed_later() {
    let mut shop = Shop::open().await;
    let request = || keyed(reserve("o-1", &[("a", 11)]), KEY).unwrap();
    let refused = shop.inventory.reserve_stock(request()).await;
    check_status(refused, Code::FailedPrecondition, "OUT_OF_STOCK");
    let call = shop.call(KEY).await;
    assert_eq!((call.calls, call.effects, call.tombstone), (1, 0, false));

    shop.set_item("a", 20, 100).await;
    shop.inventory.reserve_stock(request()).await.unwrap();
    let call = shop.call(KEY).await;
    assert_eq!((call.calls, call.effects), (2, 1));
}

#[tokio::test]
async fn a_call_that_failed_and_is_compensated_has_nothing_to_undo() {
    let mut shop = Shop::open().await;
    let request = keyed(reserve("o-1", &[("a", 11)]), KEY).unwrap();
    shop.inventory.reserve_stock(request).await.unwrap_err();
    let undo = compensating(release("o-1"), KEY).unwrap();
    assert!(
        !shop
            .inventory
            .release_stock(undo)
            .await
            .unwrap()
            .into_inner()
            .released
    );
    let call = shop.call(KEY).await;
    assert_eq!((call.calls, call.effects, call.tombstone), (1, 0, true));
}

#[tokio::test]
async fn a_compensation_leaves_alone_what_another_call_did_since() {
    let mut shop = Shop::open().await;
    let first = keyed(reserve("o-1", &[("a", 2)]), "exec-1/reserve").unwrap();
    shop.inventory.reserve_stock(first).await.unwrap();
    // Released by hand, then reserved by another execution.
    shop.inventory.release_stock(release("o-1")).await.unwrap();
    let second = keyed(reserve("o-1", &[("a", 3)]), "exec-2/reserve").unwrap();
    shop.inventory.reserve_stock(second).await.unwrap();

    let undo = compensating(release("o-1"), "exec-1/reserve").unwrap();
    assert!(
        !shop
            .inventory
            .release_stock(undo)
            .await
            .unwrap()
            .into_inner()
            .released
    );
    assert_eq!(shop.stock_of_a().await, (7, 3));
}

#[tokio::test]
async fn a_key_that_comes_with_another_request_is_refused() {
    let mut shop = Shop::open().await;
    let request = keyed(reserve("o-1", &[("a", 2)]), KEY).unwrap();
    shop.inventory.reserve_stock(request).await.unwrap();
    let other = keyed(reserve("o-1", &[("a", 3)]), KEY).unwrap();
    let refused = shop.inventory.reserve_stock(other).await;
    check_status(refused, Code::AlreadyExists, "IDEMPOTENCY_KEY_REUSED");
    let other = keyed(release("o-1"), KEY).unwrap();
    let refused = shop.inventory.release_stock(other).await;
    let status = check_status(refused, Code::AlreadyExists, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(
        status.message(),
        "idempotency-key `exec-1/reserve` belongs to another call of \
         `shop.inventory.v1.InventoryService/ReserveStock`; \
         expected the same method with the same request"
    );
    assert_eq!(shop.stock_of_a().await, (8, 2));
}

#[tokio::test]
async fn a_restart_keeps_stock_reservations_and_keys() {
    let mut shop = Shop::open().await;
    let request = || keyed(reserve("o-1", &[("a", 2)]), KEY).unwrap();
    let answer = shop
        .inventory
        .reserve_stock(request())
        .await
        .unwrap()
        .into_inner();
    let (stock, reservations) = (shop.stock().await, shop.reservations().await);

    let mut shop = shop.restart().await;
    assert_eq!(shop.stock().await, stock);
    assert_eq!(shop.reservations().await, reservations);
    assert_eq!(
        shop.inventory
            .reserve_stock(request())
            .await
            .unwrap()
            .into_inner(),
        answer
    );
    let call = shop.call(KEY).await;
    assert_eq!((call.calls, call.effects), (2, 1));
    // Numbers go on where they were.
    let next = shop
        .inventory
        .reserve_stock(reserve("o-2", &[("a", 1)]))
        .await
        .unwrap();
    assert_eq!(next.into_inner().reservation_id, "r-000002");
}
