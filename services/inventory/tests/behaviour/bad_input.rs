//! What bad requests get.

use pavane::shop::inventory::v1::{Item, ListItemsRequest, ReserveStockRequest, SetItemRequest};
use pavane_kit::client::keyed;
use tonic::{Code, Request};
use tonic_types::StatusExt;

use crate::{Shop, check_status, release, reserve};

/// The violations, `field: description`.
async fn check_invalid(shop: &mut Shop, request: ReserveStockRequest, violations: &[&str]) {
    let refused = shop.inventory.reserve_stock(request).await;
    let status = check_status(refused, Code::InvalidArgument, "INVALID_REQUEST");
    let details = status.get_error_details();
    let found: Vec<_> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .collect();
    let found: Vec<_> = found
        .iter()
        .map(|found| format!("{}: {}", found.field, found.description))
        .collect();
    assert_eq!(found, violations);
}

#[tokio::test]
async fn each_wrong_field_is_named() {
    let mut shop = Shop::open().await;
    check_invalid(
        &mut shop,
        reserve("", &[("a", 0), ("", 1_001)]),
        &[
            "order_id: must be 1 to 64 bytes, found 0 bytes",
            "lines[0].quantity: must be 1 to 1000, found 0",
            "lines[1].sku: must be 1 to 64 bytes, found 0 bytes",
            "lines[1].quantity: must be 1 to 1000, found 1001",
        ],
    )
    .await;
    check_invalid(
        &mut shop,
        reserve(&"x".repeat(65), &[]),
        &[
            "order_id: must be 1 to 64 bytes, found 65 bytes",
            "lines: must have 1 to 100 elements, found 0",
        ],
    )
    .await;
    check_invalid(
        &mut shop,
        reserve("o\n1", &[("a", 1); 101]),
        &[
            r#"order_id: must match `^[^\x00-\x1f\x7f-\x9f]*$`, found "o\n1""#,
            "lines: must have 1 to 100 elements, found 101",
        ],
    )
    .await;
    assert_eq!(shop.stock_of_a().await, (10, 0));
}

#[tokio::test]
async fn an_item_without_a_price_or_below_nothing_is_refused() {
    let mut shop = Shop::open().await;
    let item = Item {
        sku: "c".to_owned(),
        available: -1,
        reserved: 0,
        unit_price: None,
    };
    for item in [None, Some(item)] {
        let refused = shop.inventory.set_item(SetItemRequest { item }).await;
        check_status(refused, Code::InvalidArgument, "INVALID_REQUEST");
    }
    assert_eq!(shop.stock().await.len(), 2);
}

#[tokio::test]
async fn a_malformed_key_is_refused() {
    let mut shop = Shop::open().await;
    let request = keyed(release("o-1"), &"k".repeat(257)).unwrap();
    let refused = shop.inventory.release_stock(request).await;
    check_status(refused, Code::InvalidArgument, "MALFORMED_IDEMPOTENCY_KEY");

    let mut request = Request::new(release("o-1"));
    request
        .metadata_mut()
        .insert("idempotency-compensation", "true".parse().unwrap());
    let refused = shop.inventory.release_stock(request).await;
    check_status(refused, Code::InvalidArgument, "MALFORMED_COMPENSATION");
}

#[tokio::test]
async fn a_malformed_page_request_is_refused() {
    let mut shop = Shop::open().await;
    for page_token in ["?", "AAAA", "b-1"] {
        let request = ListItemsRequest {
            page_size: 1,
            page_token: page_token.to_owned(),
        };
        let refused = shop.inventory.list_items(request).await;
        check_status(refused, Code::InvalidArgument, "MALFORMED_PAGE_TOKEN");
    }
    let request = ListItemsRequest {
        page_size: -1,
        page_token: String::new(),
    };
    let refused = shop.inventory.list_items(request).await;
    check_status(refused, Code::InvalidArgument, "INVALID_REQUEST");
}
