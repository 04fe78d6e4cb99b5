//! Members that go away, and come back with or without what they had.

use pavane::workflow::v1::StepFailed;

use crate::support::{Does, Shop, well};

#[tokio::test]
async fn a_participant_that_crashes_in_a_call_makes_it_again() {
    let mut shop = Shop::prepared(|_, method, before| match (method, before) {
        ("ChargeCard", 0) => Does::Hangs,
        _ => Does::Succeeds,
    })
    .await;
    shop.start("order-1").await;
    shop.log.wait_for("call order-1 ChargeCard", 1).await;
    shop.payment.crash().await;
    shop.payment.run().await;
    assert_eq!(shop.outcome("order-1").await, "ExecutionSucceeded");
    assert_eq!(
        shop.calls("order-1"),
        ["ReserveStock", "ChargeCard", "ChargeCard", "CreateShipment"]
    );
}

#[tokio::test]
async fn a_participant_that_is_stopped_in_a_call_goes_on_from_what_it_remembers() {
    let mut shop = Shop::prepared(|_, method, before| match (method, before) {
        ("ChargeCard", 0) => Does::Hangs,
        _ => Does::Succeeds,
    })
    .await;
    shop.start("order-1").await;
    shop.log.wait_for("call order-1 ChargeCard", 1).await;
    let heard = shop.log.lines("payment hears").len();
    shop.payment.stop().await;
    shop.payment.run().await;
    assert_eq!(shop.outcome("order-1").await, "ExecutionSucceeded");
    shop.log.wait_for("payment hears order-1/outcome", 1).await;
    let again = shop.log.lines("payment hears").len() - heard;
    assert_eq!(again, 1, "only the outcome: all else was remembered");
}

#[tokio::test]
async fn what_was_done_before_a_crash_is_not_done_again() {
    let mut shop = Shop::prepared(|_, method, before| match (method, before) {
        ("CreateShipment", 0) => Does::Hangs,
        _ => Does::Succeeds,
    })
    .await;
    shop.start("order-1").await;
    shop.log.wait_for("call order-1 CreateShipment", 1).await;
    // Their cursors were never written: they hear all of it again.
    shop.inventory.crash().await;
    shop.payment.crash().await;
    shop.inventory.run().await;
    shop.payment.run().await;
    shop.log
        .wait_for("payment hears order-1/reserve/completed", 2)
        .await;
    shop.shipping.crash().await;
    shop.shipping.run().await;
    assert_eq!(shop.outcome("order-1").await, "ExecutionSucceeded");
    assert_eq!(
        shop.calls("order-1"),
        [
            "ReserveStock",
            "ChargeCard",
            "CreateShipment",
            "CreateShipment"
        ]
    );
    assert_eq!(
        shop.inventory.said("order-1"),
        ["order-1/reserve/completed"]
    );
    assert_eq!(shop.payment.said("order-1"), ["order-1/charge/completed"]);
}

#[tokio::test]
async fn a_failure_while_a_participant_is_away_is_undone_when_it_is_back() {
    let mut shop = Shop::prepared(|_, method, _| match method {
        "CreateShipment" => Does::Fails(tonic::Code::FailedPrecondition),
        "RefundCharge" => Does::Hangs,
        _ => Does::Succeeds,
    })
    .await;
    shop.start("order-1").await;
    shop.log.wait_for("call order-1 RefundCharge", 1).await;
    shop.inventory.crash().await;
    shop.payment.crash().await;
    shop.inventory.run().await;
    shop.payment.run().await;
    shop.log.wait_for("call order-1 RefundCharge", 2).await;
    assert!(!shop.calls("order-1").contains(&"ReleaseStock".to_owned()));
}

/// The first step of the second order fails for sure.
fn second_is_refused(execution: &str, method: &str, _before: usize) -> Does {
    match (execution, method) {
        ("order-2", "ReserveStock") => Does::Fails(tonic::Code::FailedPrecondition),
        _ => Does::Succeeds,
    }
}

/// Whether the event that says so counts the effect of a step as possible.
fn is_ambiguous(shop: &Shop, event_id: &str) -> bool {
    let failed = shop.inventory.event("order-2", event_id);
    let failed: StepFailed = failed.data.unwrap().to_msg().unwrap();
    failed.ambiguous
}

#[tokio::test]
async fn what_starts_while_a_participant_was_ended_in_good_order_was_never_called_before() {
    let mut shop = Shop::prepared(second_is_refused).await;
    shop.start("order-1").await;
    shop.outcome("order-1").await;
    // Twice, for the second process passes on what the first has left.
    for _ in 0..2 {
        shop.inventory.stop().await;
        shop.inventory.run().await;
    }
    shop.inventory.stop().await;
    shop.start("order-2").await;
    shop.inventory.run().await;
    assert_eq!(shop.outcome("order-2").await, "ExecutionFailed");
    assert_eq!(shop.calls("order-2"), ["ReserveStock"]);
    assert!(!is_ambiguous(&shop, "order-2/reserve/failed"));
}

#[tokio::test]
async fn what_starts_around_a_crash_may_have_been_called() {
    let mut shop = Shop::prepared(second_is_refused).await;
    // What a good ending leaves is good for one process.
    shop.inventory.stop().await;
    shop.inventory.run().await;
    shop.start("order-1").await;
    shop.outcome("order-1").await;
    shop.inventory.crash().await;
    shop.start("order-2").await;
    shop.inventory.run().await;
    assert_eq!(shop.outcome("order-2").await, "ExecutionFailed");
    assert_eq!(shop.calls("order-2"), ["ReserveStock", "ReleaseStock"]);
    assert!(is_ambiguous(&shop, "order-2/reserve/failed"));
}

#[tokio::test]
async fn a_backlog_drains_when_a_peer_is_back() {
    let mut shop = Shop::prepared(well).await;
    shop.payment.stop().await;
    let ids: Vec<String> = (0..50).map(|number| format!("order-{number}")).collect();
    for id in &ids {
        shop.start(id).await;
    }
    for id in &ids {
        let reserved = format!("call {id} ReserveStock");
        shop.log.wait_for(&reserved, 1).await;
    }
    assert!(
        shop.log
            .lines(&format!("call {} ChargeCard", ids[0]))
            .is_empty()
    );
    shop.payment.run().await;
    for id in &ids {
        assert_eq!(shop.outcome(id).await, "ExecutionSucceeded");
        assert_eq!(
            shop.calls(id),
            ["ReserveStock", "ChargeCard", "CreateShipment"]
        );
        assert_eq!(shop.payment.said(id), [format!("{id}/charge/completed")]);
    }
}

#[tokio::test]
async fn a_feed_that_was_made_anew_is_a_problem_until_it_is_prepared() {
    let mut shop = Shop::prepared(well).await;
    shop.start("order-1").await;
    shop.outcome("order-1").await;
    shop.inventory.wipe().await;
    shop.log.wait_for("payment has lost inventory", 1).await;
    shop.log
        .wait_for("orchestrator has lost inventory", 1)
        .await;
    shop.log.wait_for("shipping has lost inventory", 1).await;
    let described = shop.payment.describe();
    let peer = described.peers.iter().find(|peer| peer.name == "inventory");
    let peer = peer.unwrap();
    assert!(!peer.reachable);
    assert!(peer.problem.contains("incarnation"), "{}", peer.problem);

    shop.prepare().await;
    let described = shop.payment.describe();
    assert!(described.peers.iter().all(|peer| peer.problem.is_empty()));
    shop.start("order-2").await;
    assert_eq!(shop.outcome("order-2").await, "ExecutionSucceeded");
}
