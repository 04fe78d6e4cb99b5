//! The events of an execution, as they come.

use std::time::Duration;

use pavane::workflow::v1::{WatchExecutionRequest, WatchExecutionResponse};
use tonic::{Code, Status, Streaming};

use crate::support::{CHAIN, Fake, Running, World, check, within};

async fn watch(
    orchestrator: &Running,
    id: &str,
) -> Result<Streaming<WatchExecutionResponse>, Status> {
    let request = WatchExecutionRequest {
        execution_id: id.to_owned(),
    };
    let response = within(orchestrator.executions().watch_execution(request)).await?;
    Ok(response.into_inner())
}

/// The next event's id without the execution's; none at the end.
async fn next(events: &mut Streaming<WatchExecutionResponse>) -> Option<String> {
    let response = within(events.message()).await.unwrap()?;
    let id = response.event.unwrap().id;
    Some(id.split_once('/').unwrap().1.to_owned())
}

#[tokio::test]
async fn a_watcher_sees_history_then_what_happens_up_to_the_outcome() {
    let world = World::with(CHAIN).await;
    let second = world.fake.hold("Second");
    let third = world.fake.hold_then_fail("Third", Status::not_found("no"));
    world
        .orchestrator
        .start_chain("x-1", "parcel")
        .await
        .unwrap();
    world.fake.called("Second", 1).await;

    let mut events = watch(&world.orchestrator, "x-1").await.unwrap();
    assert_eq!(next(&mut events).await.unwrap(), "started");
    assert_eq!(next(&mut events).await.unwrap(), "first/completed");
    second.open();
    assert_eq!(next(&mut events).await.unwrap(), "second/completed");
    third.open();
    assert_eq!(next(&mut events).await.unwrap(), "third/failed");
    assert_eq!(next(&mut events).await.unwrap(), "second/compensated");
    assert_eq!(next(&mut events).await.unwrap(), "first/compensated");
    assert_eq!(next(&mut events).await.unwrap(), "outcome");
    assert_eq!(next(&mut events).await, None);

    // Whoever comes later sees the same, and so does whoever asks.
    let execution = world.orchestrator.get("x-1").await.unwrap();
    let mut again = watch(&world.orchestrator, "x-1").await.unwrap();
    for event in &execution.events {
        let seen = within(again.message())
            .await
            .unwrap()
            .unwrap()
            .event
            .unwrap();
        assert_eq!(&seen, event);
    }
    assert_eq!(next(&mut again).await, None);
    assert!(
        execution
            .events
            .is_sorted_by(|a, b| a.sequence < b.sequence)
    );
    let causes: Vec<_> = execution
        .events
        .iter()
        .map(|event| &event.causation_id)
        .collect();
    let expected = [
        "",
        "x-1/started",
        "x-1/first/completed",
        "x-1/second/completed",
        "x-1/third/failed",
        "x-1/second/compensated",
        "x-1/first/compensated",
    ];
    assert_eq!(causes, expected);
}

#[tokio::test]
async fn a_watcher_is_told_when_the_server_goes_away() {
    let mut world = World::new(Fake::up().await, &[CHAIN], |options| {
        options.drain = Duration::from_millis(200);
    })
    .await;
    let _gate = world.fake.hold("First");
    world
        .orchestrator
        .start_chain("x-1", "parcel")
        .await
        .unwrap();
    let mut events = watch(&world.orchestrator, "x-1").await.unwrap();
    assert_eq!(next(&mut events).await.unwrap(), "started");

    world.orchestrator.stop().await;

    // An end without an error would say that it has ended.
    check(
        within(events.message()).await,
        Code::Unavailable,
        "SHUTTING_DOWN",
    );
}
