//! A service on the kit that takes part: its handlers are called for its steps, and the step's event is
//! in the commit of the effect. The home is a feed into which the test writes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bank;
mod support;

use pavane::testing::v1::FaultMoment;
use tonic::Code;

use support::{Town, started};

#[tokio::test]
async fn the_step_event_is_in_the_commit_of_the_effect() {
    let town = Town::open().await;
    let before = town.bank_feed.head();
    town.say(started("order-1", "card")).await;
    let completed = town.hear("order-1/charge/completed").await;
    assert_eq!(completed.correlation_id, "order-1");
    assert_eq!(completed.causation_id, "order-1/started");
    assert_eq!(completed.attributes["step"], "pay/charge");
    // At most one event is asked for, and commits are never split.
    let commit = town.bank_feed.read(before, 1, 1 << 20).unwrap();
    let types: Vec<_> = commit.iter().map(|event| &*event.r#type).collect();
    assert_eq!(
        types,
        [
            "shop.payment.v1.CardCharged",
            "pavane.workflow.v1.StepCompleted"
        ]
    );
    assert_eq!(town.calls("order-1/charge").await, (1, 1));
}

#[tokio::test]
async fn a_handler_without_a_ledger_is_recorded_behind_its_answer() {
    let town = Town::open().await;
    town.say(started("order-1", "without-ledger")).await;
    town.hear("order-1/charge/completed").await;
    assert_eq!(town.bank_feed.subject("order-1").unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_commit_is_recorded_all_the_same() {
    let town = Town::open().await;
    town.fail_next(Code::Unavailable, FaultMoment::After).await;
    town.say(started("order-1", "card")).await;
    town.hear("order-1/charge/completed").await;
    assert_eq!(town.calls("order-1/charge").await, (1, 1));
}

#[tokio::test]
async fn a_call_that_fails_before_its_effect_is_made_again() {
    let town = Town::open().await;
    town.fail_next(Code::Unavailable, FaultMoment::Before).await;
    town.say(started("order-1", "card")).await;
    town.hear("order-1/charge/completed").await;
    assert_eq!(town.calls("order-1/charge").await, (1, 1));
}

#[tokio::test]
async fn a_refusal_of_the_handler_fails_the_step_with_its_details() {
    let town = Town::open().await;
    town.say(started("order-1", "declined")).await;
    let failed = town.hear("order-1/charge/failed").await;
    let data = failed.data.unwrap();
    let failed: pavane::workflow::v1::StepFailed =
        prost::Message::decode(data.value.as_slice()).unwrap();
    let failure = failed.failure.unwrap();
    assert_eq!(failure.code, i32::from(Code::FailedPrecondition));
    assert_eq!(failure.message, "declined");
    assert_eq!(failure.details.len(), 1, "the reason comes along");
    assert!(!failed.ambiguous);
}

#[tokio::test]
async fn a_panic_in_a_handler_is_ambiguous_and_undone() {
    let town = Town::open().await;
    town.say(started("order-1", "panic")).await;
    town.hear("order-1/charge/failed").await;
    // There is nothing to undo, and a tombstone bars the call from now on.
    let compensated = town.hear("order-1/charge/compensated").await;
    assert_eq!(compensated.causation_id, "order-1/charge/failed");
    assert_eq!(town.calls("order-1/charge").await, (0, 0));
}

#[tokio::test]
async fn a_response_that_is_repeated_is_announced_once() {
    let town = Town::open().await;
    town.charge_by_hand("order-1", "card").await.unwrap();
    town.say(started("order-1", "card")).await;
    town.hear("order-1/charge/completed").await;
    town.charge_by_hand("order-1", "card").await.unwrap();
    assert_eq!(town.calls("order-1/charge").await, (3, 1));
    let events = town.bank_feed.subject("order-1").unwrap();
    let types: Vec<_> = events.iter().map(|event| &*event.r#type).collect();
    assert_eq!(
        types,
        [
            "shop.payment.v1.CardCharged",
            "pavane.workflow.v1.StepCompleted"
        ]
    );
}

#[tokio::test]
async fn a_handler_that_does_not_answer_in_time_is_called_again() {
    let town = Town::open().await;
    town.say(started("order-1", "slow-once")).await;
    town.hear("order-1/charge/completed").await;
    // The ledger knows of the second call only.
    assert_eq!(town.calls("order-1/charge").await, (1, 1));
}

#[tokio::test]
async fn a_participant_that_is_started_again_goes_on() {
    let town = Town::open().await;
    town.say(started("order-1", "card")).await;
    town.hear("order-1/charge/completed").await;
    let town = town.restart().await;
    town.say(started("order-2", "card")).await;
    town.hear("order-2/charge/completed").await;
    assert_eq!(town.calls("order-1/charge").await, (1, 1));
    assert_eq!(town.calls("order-2/charge").await, (1, 1));
}
