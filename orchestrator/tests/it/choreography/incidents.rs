//! Executions that do not go on, and those that do.

use std::slice;

use pavane::workflow::v1::{
    Execution, ExecutionState, Incident, ListExecutionsRequest, WatchExecutionResponse,
};
use tonic::Streaming;

use crate::support::{CHAIN, Company, Fake, Idler, Running, SERVICES, World, definition, within};

/// The chain, whose second link is to answer soon.
fn hurried() -> String {
    CHAIN.replace(
        "call: Second\n    request: { payload: first",
        "call: Second\n    timeout: 0.3s\n    request: { payload: first",
    )
}

/// Events until the next incident.
async fn next_incident(events: &mut Streaming<WatchExecutionResponse>) -> Incident {
    loop {
        let response = within(events.message()).await.unwrap();
        if let Some(incident) = response.unwrap().incident {
            return incident;
        }
    }
}

async fn stalled(orchestrator: &Running) -> Vec<Execution> {
    let request = ListExecutionsRequest {
        stalled: true,
        ..ListExecutionsRequest::default()
    };
    orchestrator.list(request).await.unwrap().executions
}

#[tokio::test]
async fn a_participant_that_says_nothing_is_an_incident_until_it_does() {
    let company = Company::with(&[&hurried()]).await;
    let orchestrator = company.orchestrator();
    // Each attempt gets no answer in time.
    let gates: Vec<_> = (0..100).map(|_| company.fake().hold("Second")).collect();
    orchestrator.choreograph("x-1", "parcel").await.unwrap();
    let mut events = orchestrator.watch("x-1").await.unwrap();

    let incident = next_incident(&mut events).await;

    assert_eq!(incident.reason, "PARTICIPANT_SILENT");
    assert_eq!((&*incident.step, &*incident.participant), ("second", "two"));
    assert!(
        incident.message.contains("x-1/first/completed"),
        "{}",
        incident.message
    );
    let [listed] = &stalled(orchestrator).await[..] else {
        panic!("one is stalled")
    };
    assert_eq!(
        (&*listed.id, listed.state()),
        ("x-1", ExecutionState::Running)
    );
    assert_eq!(listed.incidents, slice::from_ref(&incident));
    assert_eq!(listed.waits[0].cause_id, "x-1/first/completed");
    let shown = orchestrator.get("x-1").await.unwrap();
    assert_eq!(shown.incidents, slice::from_ref(&incident));
    // Whoever comes later is told as well.
    let mut later = orchestrator.watch("x-1").await.unwrap();
    assert_eq!(next_incident(&mut later).await, incident);

    gates.into_iter().for_each(|gate| gate.open());
    let execution = orchestrator.wait("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Succeeded);
    assert!(execution.incidents.is_empty());
    assert!(stalled(orchestrator).await.is_empty());
}

#[tokio::test]
async fn an_incident_is_over_when_the_execution_goes_on() {
    let company = Company::with(&[&hurried()]).await;
    let orchestrator = company.orchestrator();
    let gates: Vec<_> = (0..100).map(|_| company.fake().hold("Second")).collect();
    let third = company.fake().hold("Third");
    orchestrator.choreograph("x-1", "parcel").await.unwrap();
    let mut events = orchestrator.watch("x-1").await.unwrap();
    next_incident(&mut events).await;

    gates.into_iter().for_each(|gate| gate.open());
    company.fake().called("Third", 1).await;

    let goes_on = |it: &Execution| it.incidents.is_empty();
    let execution = orchestrator.until("x-1", goes_on).await;
    assert_eq!(execution.waits[0].step, "third");
    assert!(stalled(orchestrator).await.is_empty());
    third.open();
    orchestrator.wait("x-1").await.unwrap();
}

#[tokio::test]
async fn a_participant_that_cannot_be_reached_is_an_incident() {
    let mut company = Company::with(&[&hurried()]).await;
    company.go_down(1).await;
    company
        .orchestrator()
        .choreograph("x-1", "parcel")
        .await
        .unwrap();
    let mut events = company.orchestrator().watch("x-1").await.unwrap();

    let incident = next_incident(&mut events).await;

    assert_eq!(incident.reason, "PARTICIPANT_UNREACHABLE");
    assert_eq!((&*incident.step, &*incident.participant), ("second", "two"));
    let execution = company.orchestrator().get("x-1").await.unwrap();
    let [wait] = &execution.waits[..] else {
        panic!("{:?}", execution.waits)
    };
    assert!(!wait.reachable && wait.unreachable_since_time.is_some());
    assert_ne!(wait.unreachable_reason, "");
    assert_eq!(wait.target, company.performers[1].address().to_string());

    company.come_up(1).await;
    let execution = company.orchestrator().wait("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Succeeded);
}

#[tokio::test]
async fn a_participant_that_has_lost_its_feed_is_an_incident() {
    let mut company = Company::with(&[&hurried()]).await;
    company.go_down(1).await;
    company.performers[1].forget_everything();
    company.come_up(1).await;
    company
        .orchestrator()
        .choreograph("x-1", "parcel")
        .await
        .unwrap();
    let mut events = company.orchestrator().watch("x-1").await.unwrap();

    // At first it may not be known yet that it is there again.
    let mut incident = next_incident(&mut events).await;
    while incident.reason == "PARTICIPANT_UNREACHABLE" {
        incident = next_incident(&mut events).await;
    }

    assert_eq!(incident.reason, "PARTICIPANT_NOT_FOLLOWED");
    assert_eq!(incident.participant, "two");
}

#[tokio::test]
async fn a_lost_feed_is_not_passed_over_by_a_restart() {
    let mut company = Company::with(&[&hurried()]).await;
    company.go_down(1).await;
    let orchestrator = company.orchestrator();
    orchestrator.choreograph("x-1", "parcel").await.unwrap();
    company.performers[1].forget_everything();
    company.come_up(1).await;
    company.restart().await;
    let orchestrator = company.orchestrator();
    let mut events = orchestrator.watch("x-1").await.unwrap();

    let mut incident = next_incident(&mut events).await;
    while incident.reason == "PARTICIPANT_UNREACHABLE" {
        incident = next_incident(&mut events).await;
    }
    assert_eq!(incident.reason, "PARTICIPANT_NOT_FOLLOWED");

    // An operator who deploys it again knows of it.
    orchestrator.deploy(&hurried()).await.unwrap();
    let execution = orchestrator.wait("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Succeeded);
}

#[tokio::test]
async fn an_execution_that_is_being_undone_waits_as_well() {
    let chain = CHAIN.replace(
        "compensate: { call: First,",
        "compensate: { timeout: 0.3s, call: First,",
    );
    let company = Company::with(&[&chain]).await;
    let orchestrator = company.orchestrator();
    company
        .fake()
        .fail("Second", tonic::Status::not_found("no"));
    let gates: Vec<_> = (0..100)
        .map(|_| company.fake().hold("undo First"))
        .collect();
    orchestrator.choreograph("x-1", "parcel").await.unwrap();
    let mut events = orchestrator.watch("x-1").await.unwrap();

    let incident = next_incident(&mut events).await;

    assert_eq!((&*incident.step, &*incident.participant), ("first", "one"));
    let execution = orchestrator.get("x-1").await.unwrap();
    assert!(execution.waits[0].compensation);
    // The last of those that had to be settled before.
    assert_eq!(execution.waits[0].cause_id, "x-1/third/abandoned");
    gates.into_iter().for_each(|gate| gate.open());
    let execution = orchestrator.wait("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Failed);
}

#[tokio::test]
async fn what_goes_well_is_no_incident() {
    // Long enough for a slow machine.
    let company = Company::with(&[&hurried().replace("0.3s", "10s")]).await;
    let orchestrator = company.orchestrator();
    for number in 0..5 {
        let id = format!("x-{number}");
        orchestrator.choreograph(&id, "parcel").await.unwrap();
        let mut events = orchestrator.watch(&id).await.unwrap();
        while let Some(response) = within(events.message()).await.unwrap() {
            assert_eq!(response.incident, None);
        }
    }
    assert!(stalled(orchestrator).await.is_empty());
}

#[tokio::test]
async fn a_participant_that_does_not_know_its_part_is_an_incident() {
    let idler = Idler::start("idler", &SERVICES).await;
    let world = World::new(Fake::down(), &[], |options| {
        options.participants = vec![idler.target()];
        let chain = hurried().replace("call: First\n", "call: First\n    timeout: 0.2s\n");
        options.workflows = vec![definition(&chain)];
    })
    .await;
    world
        .orchestrator
        .choreograph("x-1", "parcel")
        .await
        .unwrap();
    let mut events = world.orchestrator.watch("x-1").await.unwrap();

    let incident = next_incident(&mut events).await;

    assert_eq!(incident.reason, "PARTICIPANT_NOT_PREPARED");
    assert_eq!(
        (&*incident.step, &*incident.participant),
        ("first", "idler")
    );
}

#[tokio::test]
async fn what_was_late_before_a_restart_is_late_again_only_after_its_time() {
    let mut company = Company::with(&[&hurried()]).await;
    let gates: Vec<_> = (0..1000).map(|_| company.fake().hold("Second")).collect();
    company
        .orchestrator()
        .choreograph("x-1", "parcel")
        .await
        .unwrap();
    let mut events = company.orchestrator().watch("x-1").await.unwrap();
    let before = next_incident(&mut events).await;

    company.restart().await;
    let mut events = company.orchestrator().watch("x-1").await.unwrap();
    let after = next_incident(&mut events).await;

    assert_eq!((after.reason, after.step), (before.reason, before.step));
    let nanos = |time: Option<prost_types::Timestamp>| {
        let time = time.unwrap();
        time.seconds * 1_000_000_000 + i64::from(time.nanos)
    };
    assert!(nanos(after.raise_time) > nanos(before.raise_time) + 300_000_000);
    gates.into_iter().for_each(|gate| gate.open());
    company.orchestrator().wait("x-1").await.unwrap();
}
