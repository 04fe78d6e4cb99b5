//! The events of all feeds, as they come.

use pavane::feed::v1::Event;
use pavane::workflow::v1::WatchExecutionResponse;
use tonic::{Code, Status, Streaming};

use crate::support::{CHAIN, Company, check, within};

async fn next(events: &mut Streaming<WatchExecutionResponse>) -> Option<Event> {
    let response = within(events.message()).await.unwrap()?;
    assert_eq!(response.incident, None);
    response.event
}

#[tokio::test]
async fn a_watcher_sees_the_events_of_all_feeds_up_to_the_outcome() {
    let company = Company::with(&[CHAIN]).await;
    let orchestrator = company.orchestrator();
    let second = company.fake().hold("Second");
    let third = company
        .fake()
        .hold_then_fail("Third", Status::not_found("no"));
    orchestrator.choreograph("x-1", "parcel").await.unwrap();
    company.fake().called("Second", 1).await;

    let mut events = orchestrator.watch("x-1").await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.push(next(&mut events).await.unwrap());
    }
    second.open();
    seen.push(next(&mut events).await.unwrap());
    orchestrator.cancel("x-1", "changed my mind").await.unwrap();
    seen.push(next(&mut events).await.unwrap());
    third.open();
    while let Some(event) = next(&mut events).await {
        seen.push(event);
    }

    let ids: Vec<_> = seen
        .iter()
        .map(|it| it.id.split_once('/').unwrap().1)
        .collect();
    let expected = [
        "started",
        "first/completed",
        "second/completed",
        "cancel-requested",
        "third/failed",
        "second/compensated",
        "first/compensated",
        "outcome",
    ];
    assert_eq!(ids, expected);
    // Whoever comes later sees the same, and so does whoever asks.
    assert_eq!(orchestrator.get("x-1").await.unwrap().events, seen);
    let mut again = orchestrator.watch("x-1").await.unwrap();
    for event in seen {
        assert_eq!(next(&mut again).await.unwrap(), event);
    }
    assert_eq!(next(&mut again).await, None);
}

#[tokio::test]
async fn a_watcher_is_told_when_the_server_goes_away() {
    let mut company = Company::with(&[CHAIN]).await;
    let _gate = company.fake().hold("First");
    company
        .orchestrator()
        .choreograph("x-1", "parcel")
        .await
        .unwrap();
    let mut events = company.orchestrator().watch("x-1").await.unwrap();
    assert_eq!(next(&mut events).await.unwrap().id, "x-1/started");

    company.world.orchestrator.stop().await;

    let sent_away = within(events.message()).await;
    check(sent_away, Code::Unavailable, "SHUTTING_DOWN");
}

#[tokio::test]
async fn nothing_is_seen_of_an_execution_that_is_not_there() {
    let company = Company::with(&[CHAIN]).await;
    let refused = company.orchestrator().watch("x-1").await;
    check(refused, Code::NotFound, "UNKNOWN_EXECUTION");
}
