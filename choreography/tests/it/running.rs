//! Executions that run to their end, with everyone there.

use std::sync::Arc;

use crate::support::{Does, Shop, well};

#[tokio::test]
async fn each_performs_its_own_step_and_the_home_declares_success() {
    let shop = Shop::prepared(well).await;
    shop.start("order-1").await;
    assert_eq!(shop.outcome("order-1").await, "ExecutionSucceeded");
    let calls = shop.calls("order-1");
    assert_eq!(calls, ["ReserveStock", "ChargeCard", "CreateShipment"]);
    assert_eq!(
        shop.inventory.said("order-1"),
        ["order-1/reserve/completed"]
    );
    assert_eq!(shop.payment.said("order-1"), ["order-1/charge/completed"]);
    assert_eq!(shop.shipping.said("order-1"), ["order-1/ship/completed"]);
}

#[tokio::test]
async fn a_failure_is_undone_backwards() {
    let shop = Shop::prepared(|_, method, _| match method {
        "CreateShipment" => Does::Fails(tonic::Code::FailedPrecondition),
        _ => Does::Succeeds,
    })
    .await;
    shop.start("order-1").await;
    assert_eq!(shop.outcome("order-1").await, "ExecutionFailed");
    assert_eq!(
        shop.calls("order-1"),
        [
            "ReserveStock",
            "ChargeCard",
            "CreateShipment",
            "RefundCharge",
            "ReleaseStock"
        ]
    );
}

#[tokio::test]
async fn a_panic_in_a_handler_counts_as_unknown_and_is_undone() {
    let shop = Shop::prepared(|_, method, _| match method {
        "ChargeCard" => Does::Panics,
        _ => Does::Succeeds,
    })
    .await;
    shop.start("order-1").await;
    assert_eq!(shop.outcome("order-1").await, "ExecutionFailed");
    assert_eq!(
        shop.calls("order-1"),
        ["ReserveStock", "ChargeCard", "RefundCharge", "ReleaseStock"]
    );
}

#[tokio::test]
async fn a_call_is_tried_again_after_its_backoff() {
    let shop = Shop::prepared(|_, method, before| match (method, before) {
        ("ChargeCard", 0) => Does::Fails(tonic::Code::Unavailable),
        _ => Does::Succeeds,
    })
    .await;
    shop.start("order-1").await;
    assert_eq!(shop.outcome("order-1").await, "ExecutionSucceeded");
    assert_eq!(shop.calls("order-1").len(), 4);
}

#[tokio::test]
async fn many_executions_end_each_with_its_own_calls() {
    let shop = Shop::prepared(|execution, method, _| match method {
        "ChargeCard" if execution.ends_with('7') => Does::Fails(tonic::Code::FailedPrecondition),
        _ => Does::Succeeds,
    })
    .await;
    let ids: Vec<String> = (0..200).map(|number| format!("order-{number}")).collect();
    futures_util::future::join_all(ids.iter().map(|id| shop.start(id))).await;
    for id in &ids {
        let (outcome, calls) = match id.ends_with('7') {
            true => (
                "ExecutionFailed",
                &["ReserveStock", "ChargeCard", "ReleaseStock"],
            ),
            false => (
                "ExecutionSucceeded",
                &["ReserveStock", "ChargeCard", "CreateShipment"],
            ),
        };
        assert_eq!(shop.outcome(id).await, outcome);
        assert_eq!(&shop.calls(id), calls);
    }
}

#[tokio::test]
async fn what_is_too_much_for_one_commit_is_several() {
    let shop = Shop::open(well).await;
    shop.home.runtime().prepare(shop.request()).await.unwrap();
    let ids: Vec<Arc<str>> = (0..1_500)
        .map(|number| format!("order-{number}").into())
        .collect();
    // 1.5 MB; a commit has at most 1 MiB.
    shop.start_at_once(ids.clone(), 1_000).await;
    for id in ids.iter().step_by(100) {
        assert_eq!(shop.home.said(id), [format!("{id}/started")]);
    }
}
