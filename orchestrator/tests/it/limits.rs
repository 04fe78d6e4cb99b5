//! What is too much is refused, with the limit in the answer.

use std::time::{Duration, Instant};

use pavane::workflow::v1::{ExecutionState, WaitExecutionRequest};
use tonic::{Code, Status};

use crate::support::{CHAIN, Fake, World, check, within};

/// One step, tried again soon and without end, that can be undone.
const ONE: &str = "
name: one
implements: Run
steps:
  - id: first
    call: First
    request: { payload: input.payload }
    retry: { initial_backoff: 0.001s, max_backoff: 0.001s }
    compensate: { call: First, request: { payload: \"'undo'\" } }
output: { payload: \"'done'\" }
";

#[tokio::test]
async fn only_so_many_executions_may_be_in_flight() {
    let world = World::new(Fake::up().await, &[CHAIN], |options| {
        options.limits.executions = 2;
    })
    .await;
    let gates = [world.fake.hold("First"), world.fake.hold("First")];
    world
        .orchestrator
        .start_chain("x-1", "parcel")
        .await
        .unwrap();
    world
        .orchestrator
        .start_chain("x-2", "parcel")
        .await
        .unwrap();

    let refused = world.orchestrator.start_chain("x-3", "parcel").await;
    let message = check(refused, Code::ResourceExhausted, "LIMIT_EXCEEDED");
    let expected = "the number of executions that have not ended is limited to 2, and 3 is more";
    assert_eq!(message, expected);
    check(
        world.orchestrator.run("x-3", "p").await,
        Code::ResourceExhausted,
        "LIMIT_EXCEEDED",
    );
    // What is there already is not refused.
    assert!(
        world
            .orchestrator
            .start_chain("x-1", "parcel")
            .await
            .unwrap()
            .existing
    );

    for gate in gates {
        gate.open();
    }
    world.orchestrator.wait("x-1").await.unwrap();
    assert_eq!(
        world.orchestrator.run("x-3", "parcel").await.unwrap(),
        "parcel"
    );
}

#[tokio::test]
async fn only_so_many_may_wait_and_watch() {
    let world = World::new(Fake::up().await, &[CHAIN], |options| {
        options.limits.watchers = 1;
    })
    .await;
    let _gate = world.fake.hold("First");
    world
        .orchestrator
        .start_chain("x-1", "parcel")
        .await
        .unwrap();
    let request = pavane::workflow::v1::WatchExecutionRequest {
        execution_id: "x-1".to_owned(),
    };
    let mut client = world.orchestrator.executions();
    let mut watching = within(client.watch_execution(request))
        .await
        .unwrap()
        .into_inner();
    within(watching.message()).await.unwrap().unwrap();

    let refused = world.orchestrator.wait("x-1").await;
    check(refused, Code::ResourceExhausted, "LIMIT_EXCEEDED");

    // The place is free when the watcher has gone.
    drop(watching);
    let wait = async || {
        let request = WaitExecutionRequest {
            execution_id: "x-1".to_owned(),
            timeout: Some(prost_types::Duration::default()),
        };
        world
            .orchestrator
            .executions()
            .wait_execution(request)
            .await
    };
    let free = async { while wait().await.is_err() {} };
    within(free).await;
}

#[tokio::test]
async fn an_input_that_is_too_large_is_refused() {
    let world = World::new(Fake::up().await, &[CHAIN], |options| {
        options.limits.message_bytes = 1_000;
    })
    .await;
    let payload = "x".repeat(1_001);

    let started = world
        .orchestrator
        .start_chain("x-1", &payload)
        .await
        .unwrap_err();
    assert_eq!(started.code(), Code::ResourceExhausted, "{started:?}");
    assert!(started.message().contains("1000"), "{started:?}");
    let run = world.orchestrator.run("x-2", &payload).await.unwrap_err();
    assert_eq!(run.code(), Code::ResourceExhausted, "{run:?}");
    assert!(run.message().contains("1000"), "{run:?}");
    check(
        world.orchestrator.get("x-1").await,
        Code::NotFound,
        "UNKNOWN_EXECUTION",
    );
}

#[tokio::test]
async fn a_response_that_is_too_large_fails_the_step_which_is_undone() {
    let world = World::new(Fake::up().await, &[ONE], |options| {
        options.limits.message_bytes = 1_000;
    })
    .await;
    world.fake.answer("First", &"x".repeat(2_000));
    world
        .orchestrator
        .start_execution("one", "x-1", "parcel")
        .await
        .unwrap();

    let execution = world.orchestrator.wait("x-1").await.unwrap();

    assert_eq!(execution.state(), ExecutionState::Failed);
    assert!(execution.failure.unwrap().message.contains("1000"));
    assert_eq!(world.fake.names(), ["First", "undo First"]);
}

#[tokio::test]
async fn a_response_that_the_journal_cannot_take_fails_the_step_which_is_undone() {
    let world = World::with(ONE).await;
    world.fake.answer("First", &"x".repeat(3 << 20));
    world
        .orchestrator
        .start_execution("one", "x-1", "parcel")
        .await
        .unwrap();

    let execution = world.orchestrator.wait("x-1").await.unwrap();

    assert_eq!(execution.state(), ExecutionState::Failed);
    assert_eq!(world.fake.names(), ["First", "undo First"]);
}

#[tokio::test]
async fn a_connection_that_has_come_of_age_does_not_stop_new_calls() {
    let mut fake = Fake::down();
    let age = Duration::from_millis(50);
    fake.limits.connection_age = Some(age);
    fake.come_up().await;
    let patient = CHAIN.replace("    call: First\n", "    call: First\n    timeout: 3600s\n");
    let world = World::new(fake, &[&patient], |_| {}).await;
    let gate = world.fake.hold("First");
    world
        .orchestrator
        .start_chain("slow", "parcel")
        .await
        .unwrap();
    world.fake.called("First", 1).await;

    // The connection lives for as long as the slow call; others find a new one.
    let (begun, mut number) = (Instant::now(), 0);
    while begun.elapsed() < age * 5 {
        let id = format!("x-{number}");
        assert_eq!(
            world.orchestrator.run(&id, "parcel").await.unwrap(),
            "parcel"
        );
        number += 1;
    }
    gate.open();
    let execution = world.orchestrator.wait("slow").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Succeeded);
}

#[tokio::test]
async fn a_request_that_is_too_large_fails_the_step_which_is_not_called() {
    let large = ONE.replace(
        "request: { payload: input.payload }",
        "request: { payload: input.payload + input.payload }",
    );
    let world = World::new(Fake::up().await, &[&large], |options| {
        options.limits.message_bytes = 1_000;
    })
    .await;

    let status = world
        .orchestrator
        .run("x-1", &"x".repeat(900))
        .await
        .unwrap_err();

    assert!(status.message().contains("1000"), "{status:?}");
    assert_eq!(world.fake.names(), [""; 0]);
}

#[tokio::test]
async fn a_failure_with_too_many_details_is_not_understood() {
    let world = World::with(ONE).await;
    let details = vec![7; 100 << 10].into();
    let long = Status::with_details(Code::NotFound, "no", details);
    world.fake.fail("First", long);

    let status = world.orchestrator.run("x-1", "parcel").await.unwrap_err();

    assert_eq!(status.code(), Code::Unknown, "{:?}", status.message());
    assert_eq!(world.fake.names(), ["First", "undo First"]);
}
