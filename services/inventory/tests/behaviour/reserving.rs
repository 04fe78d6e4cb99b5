//! Stock for orders.

use pavane::shop::common::v1::Money;
use tonic::Code;
use tonic_types::StatusExt;

use crate::{Shop, check_status, release, reserve};

#[tokio::test]
async fn a_reservation_sets_stock_aside_and_says_what_it_costs() {
    let mut shop = Shop::open().await;
    let answer = shop
        .inventory
        .reserve_stock(reserve("o-1", &[("a", 2), ("b", 1)]))
        .await;
    let answer = answer.unwrap().into_inner();
    assert_eq!(answer.reservation_id, "r-000001");
    assert_eq!(
        answer.total,
        Some(Money {
            currency: "EUR".to_owned(),
            minor_units: 450
        })
    );
    assert_eq!(
        shop.stock().await,
        [("a".to_owned(), 8, 2), ("b".to_owned(), 9, 1)]
    );
    shop.handle.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_order_that_cannot_be_had_whole_changes_nothing() {
    let mut shop = Shop::open().await;
    let answer = shop
        .inventory
        .reserve_stock(reserve("o-1", &[("a", 2), ("b", 11)]))
        .await;
    let status = check_status(answer, Code::FailedPrecondition, "OUT_OF_STOCK");
    let details = status.get_error_details();
    let facts = &details.error_info().unwrap().metadata;
    assert_eq!(
        (
            facts["sku"].as_str(),
            facts["available"].as_str(),
            facts["requested"].as_str()
        ),
        ("b", "10", "11")
    );
    let answer = shop
        .inventory
        .reserve_stock(reserve("o-1", &[("a", 2), ("bb", 1)]))
        .await;
    let status = check_status(answer, Code::NotFound, "UNKNOWN_SKU");
    assert_eq!(status.message(), "no article `bb`");
    assert_eq!(shop.stock_of_a().await, (10, 0));
    assert!(shop.reservations().await.is_empty());
}

#[tokio::test]
async fn a_release_puts_stock_back_once() {
    let mut shop = Shop::open().await;
    shop.inventory
        .reserve_stock(reserve("o-1", &[("a", 3)]))
        .await
        .unwrap();
    for released in [true, false] {
        let answer = shop.inventory.release_stock(release("o-1")).await.unwrap();
        assert_eq!(answer.into_inner().released, released);
        assert_eq!(shop.stock_of_a().await, (10, 0));
    }
    let answer = shop
        .inventory
        .release_stock(release("never-reserved"))
        .await
        .unwrap();
    assert!(!answer.into_inner().released);
}

#[tokio::test]
async fn an_order_has_one_reservation_at_a_time() {
    let mut shop = Shop::open().await;
    shop.inventory
        .reserve_stock(reserve("o-1", &[("a", 3)]))
        .await
        .unwrap();
    let again = shop
        .inventory
        .reserve_stock(reserve("o-1", &[("a", 3)]))
        .await;
    check_status(again, Code::FailedPrecondition, "ORDER_ALREADY_RESERVED");
    assert_eq!(shop.stock_of_a().await, (7, 3));

    shop.inventory.release_stock(release("o-1")).await.unwrap();
    shop.inventory
        .reserve_stock(reserve("o-1", &[("a", 1)]))
        .await
        .unwrap();
    assert_eq!(shop.stock_of_a().await, (9, 1));
}

#[tokio::test]
async fn many_orders_at_once_never_take_more_than_there_is() {
    let mut shop = Shop::open().await;
    let mut orders = tokio::task::JoinSet::new();
    for order in 0..60 {
        let mut inventory = shop.inventory.clone();
        orders.spawn(async move {
            let order_id = format!("o-{order}");
            match inventory
                .reserve_stock(reserve(&order_id, &[("a", 1), ("b", 1)]))
                .await
            {
                Ok(_) if order % 3 == 0 => {
                    inventory.release_stock(release(&order_id)).await.unwrap();
                    0
                }
                Ok(_) => 1,
                Err(status) => {
                    assert_eq!(status.code(), Code::FailedPrecondition);
                    0
                }
            }
        });
    }
    let held: i64 = orders.join_all().await.into_iter().sum();
    assert!(held <= 10);
    for (sku, available, reserved) in shop.stock().await {
        assert_eq!((available, reserved), (10 - held, held), "{sku}");
    }
}

#[tokio::test]
async fn an_item_that_is_set_anew_keeps_what_is_reserved() {
    let mut shop = Shop::open().await;
    shop.inventory
        .reserve_stock(reserve("o-1", &[("a", 3)]))
        .await
        .unwrap();
    shop.set_item("a", 50, 100).await;
    assert_eq!(shop.stock_of_a().await, (50, 3));
}
