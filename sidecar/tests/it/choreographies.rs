//! Plain services in choreographies: done, undone, not there yet, and cut off in the middle.

use std::sync::atomic::Ordering;
use std::time::Instant;

use pavane::workflow::v1::{CancelExecutionRequest, Execution, ExecutionState, Mode};

use crate::plain::{Script, Seen};
use crate::stage::{Stage, TIMEOUT, anywhere, vacant};

fn seen(method: &'static str, key: &str, undoes: bool) -> Seen {
    Seen {
        method,
        key: key.to_owned(),
        undoes,
    }
}

/// What happened, and in which feed.
fn history(execution: &Execution) -> Vec<String> {
    let name = |text: &str| text.rsplit(['.', '/']).next().unwrap().to_owned();
    let events = execution.events.iter();
    events
        .map(|event| format!("{} {}", name(&event.source), name(&event.r#type)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_know_of_nothing_perform_their_steps() {
    let (script, mut seeing) = Script::new();
    let service = script.serve(anywhere()).await;
    let stage = Stage::build(service, service).await;
    stage.start("order-1").await;
    let ended = stage.ended("order-1").await;
    assert_eq!(ended.state(), ExecutionState::Succeeded, "{ended:#?}");
    assert_eq!(ended.mode(), Mode::Choreographed);
    let expected = [
        "orchestrator ExecutionStarted",
        "shipping StepCompleted",
        "checking StepCompleted",
        "orchestrator ExecutionSucceeded",
    ];
    assert_eq!(history(&ended), expected);
    let first = seeing.recv().await.unwrap();
    assert_eq!(first, seen("CreateShipment", "order-1/ship", false));
    let second = seeing.recv().await.unwrap();
    assert_eq!(second, seen("Third", "order-1/check", false));
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plain_service_did_is_undone_when_a_peer_refuses() {
    let (script, mut seeing) = Script::new();
    script.refuses.store(true, Ordering::Relaxed);
    let service = script.serve(anywhere()).await;
    let stage = Stage::build(service, service).await;
    stage.start("order-1").await;
    let ended = stage.ended("order-1").await;
    assert_eq!(ended.state(), ExecutionState::Failed);
    assert_eq!(ended.failed_step, "check");
    for expected in [
        seen("CreateShipment", "order-1/ship", false),
        seen("Third", "order-1/check", false),
        seen("CancelShipment", "order-1/ship", true),
    ] {
        assert_eq!(seeing.recv().await.unwrap(), expected);
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_there_yet_is_waited_for() {
    let (script, _seeing) = Script::new();
    let (shipping, checking) = (vacant(), script.serve(anywhere()).await);
    let stage = Stage::build(shipping, checking).await;
    stage.start("order-1").await;
    script.serve(shipping).await;
    let ended = stage.ended("order-1").await;
    assert_eq!(ended.state(), ExecutionState::Succeeded, "{ended:#?}");
    stage.end().await;
}

/// The call of the sidecar's earlier life may still be on its way: it is undone, and not before it must
/// have ended.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_life_may_have_called_is_undone_after_it_must_have_ended() {
    let (script, mut seeing) = Script::new();
    script.hangs.store(true, Ordering::Relaxed);
    let service = script.serve(anywhere()).await;
    let stage = Stage::build(service, service).await;
    stage.start("order-1").await;
    let called = seeing.recv().await.unwrap();
    assert_eq!(called, seen("CreateShipment", "order-1/ship", false));
    let request = CancelExecutionRequest {
        execution_id: "order-1".to_owned(),
        reason: "the customer changed their mind".to_owned(),
        ..CancelExecutionRequest::default()
    };
    stage.executions().cancel_execution(request).await.unwrap();
    stage.shipping_has_heard_all().await;
    let stage = stage.without_shipping().await;

    let restarted = Instant::now();
    let stage = stage.with_shipping(service).await;
    let undone = seeing.recv().await.unwrap();
    let waited = restarted.elapsed();
    assert_eq!(undone, seen("CancelShipment", "order-1/ship", true));
    assert!(waited >= TIMEOUT, "it was undone after {waited:?}");
    let ended = stage.ended("order-1").await;
    assert_eq!(ended.state(), ExecutionState::Canceled, "{ended:#?}");
    stage.end().await;
}
