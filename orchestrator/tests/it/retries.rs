//! What is tried again, when, and how that shows.

use std::time::{Duration, SystemTime};

use pavane::error::Details;
use pavane::workflow::v1::{ExecutionState, StepState};
use tonic::{Code, Status};

use crate::support::{CHAIN, Fake, World};

/// One step that is tried again soon, and without end.
const PATIENT: &str = "
name: patient
implements: Run
steps:
  - id: first
    call: First
    request: { payload: input.payload }
    retry: { initial_backoff: 0.01s, max_backoff: 0.02s }
output: { payload: first.payload }
";

/// One step that is tried twice at most.
const TWICE: &str = "
name: twice
implements: Run
steps:
  - id: first
    call: First
    request: { payload: input.payload }
    retry: { max_attempts: 2, initial_backoff: 0.01s }
output: { payload: first.payload }
";

#[tokio::test]
async fn a_passing_failure_is_tried_again() {
    let world = World::with(PATIENT).await;
    let passing = [
        Status::unavailable("not yet"),
        Status::aborted("not now"),
        Status::resource_exhausted("not you"),
        Status::deadline_exceeded("not so fast"),
    ];
    for status in passing {
        world.fake.fail("First", status);
    }

    assert_eq!(
        world.orchestrator.run("x-1", "parcel").await.unwrap(),
        "parcel"
    );

    let calls = world.fake.calls();
    assert_eq!(calls.len(), 5);
    assert!(
        calls.iter().all(|call| call.key == "x-1/first"),
        "each attempt has the same key"
    );
}

#[tokio::test]
async fn other_failures_are_final() {
    let world = World::with(PATIENT).await;
    for code in [
        Code::InvalidArgument,
        Code::Internal,
        Code::Unimplemented,
        Code::DataLoss,
    ] {
        let before = world.fake.calls().len();
        world.fake.fail("First", Status::new(code, "no"));
        let status = world
            .orchestrator
            .run(&format!("{code:?}"), "parcel")
            .await
            .unwrap_err();
        assert_eq!(status.code(), code);
        assert_eq!(world.fake.calls().len(), before + 1);
    }
}

#[tokio::test]
async fn attempts_come_to_an_end_if_the_definition_says_so() {
    let world = World::with(TWICE).await;
    for _ in 0..3 {
        world.fake.fail("First", Status::unavailable("never"));
    }

    let status = world.orchestrator.run("x-1", "parcel").await.unwrap_err();

    assert_eq!(
        (status.code(), status.message()),
        (Code::Unavailable, "never")
    );
    assert_eq!(world.fake.names(), ["First", "First"]);
}

#[tokio::test]
async fn a_service_says_when_to_come_back() {
    let world = World::with(PATIENT).await;
    let hour = Duration::from_secs(3600);
    let busy = Details::new().retry_after(hour);
    let busy = busy.status(Code::Unavailable, "BUSY", "come back later");
    world.fake.fail("First", busy);
    let before = SystemTime::now();
    world
        .orchestrator
        .start_execution("patient", "x-1", "parcel")
        .await
        .unwrap();

    let waits = |execution: &pavane::workflow::v1::Execution| {
        execution.steps[0].state() == StepState::BackingOff
    };
    let execution = world.orchestrator.until("x-1", waits).await;

    let step = &execution.steps[0];
    assert_eq!(execution.state(), ExecutionState::Running);
    assert_eq!(step.attempts, 1);
    assert_eq!(
        step.last_failure.as_ref().unwrap().message,
        "come back later"
    );
    let due = SystemTime::try_from(step.next_attempt_time.unwrap()).unwrap();
    assert!(due >= before + hour, "{due:?}");
    assert_eq!(world.fake.names(), ["First"]);
}

#[tokio::test]
async fn a_service_that_is_down_is_waited_for() {
    let mut world = World::new(Fake::down(), &[PATIENT], |_| {}).await;
    let address = world.fake.address();
    world
        .orchestrator
        .start_execution("patient", "x-1", "parcel")
        .await
        .unwrap();

    let tried = |execution: &pavane::workflow::v1::Execution| {
        execution.steps[0].state() == StepState::BackingOff && execution.steps[0].attempts >= 3
    };
    let execution = world.orchestrator.until("x-1", tried).await;
    assert_eq!(execution.state(), ExecutionState::Running);
    let failure = execution.steps[0].last_failure.as_ref().unwrap();
    assert_eq!(failure.code, i32::from(Code::Unavailable));
    assert!(
        failure.message.contains(&address.to_string()),
        "{}",
        failure.message
    );
    assert!(execution.steps[0].next_attempt_time.is_some());

    world.fake.come_up().await;
    let execution = world.orchestrator.wait("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Succeeded);
    assert_eq!(world.fake.names(), ["First"]);
}

#[tokio::test]
async fn a_lost_connection_is_made_anew() {
    let mut world = World::with(CHAIN).await;
    assert_eq!(
        world.orchestrator.run("x-1", "parcel").await.unwrap(),
        "parcel"
    );
    let gate = world.fake.hold("First");
    world
        .orchestrator
        .start_chain("x-2", "parcel")
        .await
        .unwrap();
    world.fake.called("First", 2).await;

    // The call is cut: whether it had its effect is not known, so it is made again.
    world.fake.go_down().await;
    drop(gate);
    world.fake.come_up().await;

    let execution = world.orchestrator.wait("x-2").await.unwrap();
    assert_eq!(
        execution.state(),
        ExecutionState::Succeeded,
        "{execution:?}"
    );
    assert_eq!(world.fake.calls_of("First").len(), 3);
}

#[tokio::test]
async fn the_recorded_outcome_of_another_workflow_is_not_asked_for_again() {
    let world = World::with(PATIENT).await;
    // As a front door answers: the code is one that is tried again, the execution is over.
    let over = Details::new()
        .fact("execution_id", "x-1:first")
        .fact("compensated", true)
        .status(Code::Unavailable, "STEP_FAILED", "no answer");
    world.fake.fail("First", over);

    let failed = world.orchestrator.run("x-1", "parcel").await.unwrap_err();

    assert_eq!(failed.code(), Code::Unavailable);
    assert_eq!(world.fake.names(), ["First"]);
    let execution = world.orchestrator.get("x-1").await.unwrap();
    assert!(!execution.steps[0].ambiguous, "nothing of it stands");
}
