//! Cancel requests, deadlines, suspensions, and who is to blame when several things go wrong.

mod once;
mod settling;

use std::time::Duration;

use pavane::error::Details;
use pavane::workflow::v1::{CancelExecutionRequest, Execution, ExecutionState, StepState};
use tonic::{Code, Request, Status};

use crate::support::{CHAIN, World, check, run_request, within};

/// Two steps at the same time, then a third. Everything can be undone.
const FORK: &str = "
name: fork
implements: Run
steps:
  - id: first
    call: First
    request: { payload: input.payload }
    compensate: { call: First, request: { payload: input.payload } }
  - id: second
    call: Second
    request: { payload: input.payload }
    compensate: { call: Second, request: { payload: input.payload } }
output: { payload: first.payload + second.payload }
";

/// The chain, with a deadline.
fn hurried_chain(deadline: &str) -> String {
    CHAIN.replace(
        "implements: Run",
        &format!("implements: Run\ndeadline: {deadline}"),
    )
}

/// A failure that is tried again in an hour.
pub(crate) fn come_back_later() -> Status {
    let details = Details::new().retry_after(Duration::from_secs(3600));
    details.status(Code::Unavailable, "BUSY", "come back later")
}

pub(crate) fn is_backing_off(execution: &Execution) -> bool {
    let mut steps = execution.steps.iter();
    steps.any(|step| step.state() == StepState::BackingOff)
}

fn is_suspended(execution: &Execution) -> bool {
    execution.state() == ExecutionState::Suspended
}

#[tokio::test]
async fn a_canceled_execution_is_undone() {
    let world = World::with(CHAIN).await;
    let gate = world.fake.hold("Second");
    let mut door = world.orchestrator.door();
    let request = run_request(&[("pavane-execution-id", "x-1")], "parcel");
    let caller = tokio::spawn(async move { door.run(request).await });
    world.fake.called("Second", 1).await;

    let execution = world
        .orchestrator
        .cancel("x-1", "changed my mind")
        .await
        .unwrap();
    assert_eq!(execution.state(), ExecutionState::Failing);
    assert_eq!(execution.cancel_reason, "changed my mind");
    // The call in flight may end; no other step begins.
    gate.open();
    let execution = world.orchestrator.wait("x-1").await.unwrap();

    assert_eq!(execution.state(), ExecutionState::Canceled);
    assert_eq!(execution.cancel_reason, "changed my mind");
    assert_eq!(execution.failure, None);
    let names = ["First", "Second", "undo Second", "undo First"];
    assert_eq!(world.fake.names(), names);
    assert_eq!(execution.steps[2].state(), StepState::Abandoned);
    let answer = within(caller).await.unwrap();
    let message = check(answer, Code::Aborted, "EXECUTION_CANCELED");
    assert_eq!(message, "the execution was canceled: changed my mind");
}

#[tokio::test]
async fn canceling_again_changes_nothing() {
    let world = World::with(CHAIN).await;
    let gate = world.fake.hold("First");
    world
        .orchestrator
        .start_chain("x-1", "parcel")
        .await
        .unwrap();
    world.fake.called("First", 1).await;

    world.orchestrator.cancel("x-1", "once").await.unwrap();
    let again = world.orchestrator.cancel("x-1", "twice").await.unwrap();
    assert_eq!(again.state(), ExecutionState::Failing);
    assert_eq!(again.cancel_reason, "once");
    gate.open();

    let execution = world.orchestrator.wait("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Canceled);
    assert_eq!(execution.cancel_reason, "once");
}

#[tokio::test]
async fn what_has_ended_cannot_be_canceled() {
    let world = World::with(CHAIN).await;
    world.orchestrator.run("x-1", "parcel").await.unwrap();

    let canceled = world.orchestrator.cancel("x-1", "too late").await;

    let message = check(canceled, Code::FailedPrecondition, "EXECUTION_ENDED");
    assert_eq!(message, "execution `x-1` has ended already: it succeeded");
    let long = "y".repeat(1_025);
    let canceled = world.orchestrator.cancel("x-1", &long).await;
    check(canceled, Code::InvalidArgument, "INVALID_REQUEST");
}

#[tokio::test]
async fn an_execution_that_is_canceled_between_attempts_is_canceled_not_failed() {
    let world = World::with(CHAIN).await;
    world.fake.fail("Second", come_back_later());
    world
        .orchestrator
        .start_chain("x-1", "parcel")
        .await
        .unwrap();
    world.orchestrator.until("x-1", is_backing_off).await;

    world.orchestrator.cancel("x-1", "no more").await.unwrap();
    let execution = world.orchestrator.wait("x-1").await.unwrap();

    assert_eq!(execution.state(), ExecutionState::Canceled);
    // Second was called and may have had its effect.
    let names = ["First", "Second", "undo Second", "undo First"];
    assert_eq!(world.fake.names(), names);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_to_cancel_may_go_away() {
    let world = World::with(CHAIN).await;
    for round in 0..100 {
        let id = format!("x-{round}");
        world.fake.fail("Second", come_back_later());
        world.orchestrator.start_chain(&id, "parcel").await.unwrap();
        world.orchestrator.until(&id, is_backing_off).await;

        // The server gives up on the request at once: sometimes before it has begun, sometimes
        // while what follows is being recorded.
        let mut request = Request::new(CancelExecutionRequest {
            execution_id: id.clone(),
            ..CancelExecutionRequest::default()
        });
        request.set_timeout(Duration::ZERO);
        let _ = within(world.orchestrator.executions().cancel_execution(request)).await;
        // Changes nothing if it was recorded.
        let _ = world.orchestrator.cancel(&id, "").await;

        let execution = world.orchestrator.wait(&id).await.unwrap();
        assert_eq!(execution.state(), ExecutionState::Canceled, "{id}");
    }
}

#[tokio::test]
async fn an_execution_that_takes_too_long_fails_and_is_undone() {
    let world = World::with(&hurried_chain("0.2s")).await;
    let _gate = world.fake.hold("Second");

    let status = world.orchestrator.run("x-1", "parcel").await.unwrap_err();

    assert_eq!(status.code(), Code::DeadlineExceeded);
    let names = ["First", "Second", "undo Second", "undo First"];
    assert_eq!(world.fake.names(), names);
    let timeout = world.fake.calls()[1].timeout;
    assert!(
        timeout <= Duration::from_millis(201),
        "no longer than the execution: {timeout:?}"
    );
}

#[tokio::test]
async fn an_execution_that_is_late_between_attempts_fails_for_its_deadline() {
    let world = World::with(&hurried_chain("0.2s")).await;
    world.fake.fail("Second", come_back_later());

    let status = world.orchestrator.run("x-1", "parcel").await.unwrap_err();

    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    let execution = world.orchestrator.get("x-1").await.unwrap();
    assert_eq!(execution.failed_step, "");
    assert!(execution.deadline.is_some());
    let names = ["First", "Second", "undo Second", "undo First"];
    assert_eq!(world.fake.names(), names);
}

#[tokio::test]
async fn the_failure_that_came_first_is_the_cause() {
    let world = World::with(FORK).await;
    world.fake.fail("First", come_back_later());
    let refusal = Status::failed_precondition("it does not fit");
    let gate = world.fake.hold_then_fail("Second", refusal);
    world
        .orchestrator
        .start_execution("fork", "x-1", "parcel")
        .await
        .unwrap();
    world.orchestrator.until("x-1", is_backing_off).await;

    gate.open();
    let execution = world.orchestrator.wait("x-1").await.unwrap();

    assert_eq!(execution.state(), ExecutionState::Failed);
    assert_eq!(execution.failed_step, "second");
    assert_eq!(execution.failure.unwrap().message, "it does not fit");
    assert_eq!(world.fake.calls_of("undo First").len(), 1);
}

#[tokio::test]
async fn a_compensation_that_fails_in_passing_is_tried_again() {
    let world = World::with(CHAIN).await;
    world.fake.fail("Second", Status::not_found("no"));
    world.fake.fail("undo First", Status::internal("oops"));
    world
        .fake
        .fail("undo First", Status::unavailable("not yet"));

    let status = world.orchestrator.run("x-1", "parcel").await.unwrap_err();

    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(world.fake.calls_of("undo First").len(), 3);
}

#[tokio::test]
async fn a_compensation_that_fails_for_good_waits_for_an_operator() {
    let world = World::with(CHAIN).await;
    world.fake.fail("Third", Status::not_found("no"));
    let refusal = || Status::failed_precondition("sealed");
    world.fake.fail("undo Second", refusal());
    world.fake.fail("undo Second", refusal());
    world
        .orchestrator
        .start_chain("x-1", "parcel")
        .await
        .unwrap();

    for round in 1..=2 {
        let execution = world.orchestrator.until("x-1", is_suspended).await;
        assert_eq!(execution.steps[1].state(), StepState::CompensationFailed);
        let failure = execution.steps[1].last_failure.as_ref().unwrap();
        assert_eq!(failure.message, "sealed");
        assert_eq!(execution.failed_step, "third");
        // What came before it is not undone before it is.
        assert_eq!(world.fake.calls_of("undo Second").len(), round);
        assert_eq!(world.fake.calls_of("undo First").len(), 0);
        let execution = world.orchestrator.retry("x-1").await.unwrap();
        assert_eq!(execution.id, "x-1");
        world.fake.called("undo Second", round + 1).await;
    }

    let execution = world.orchestrator.wait("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Failed);
    assert_eq!(execution.failure.unwrap().code, i32::from(Code::NotFound));
    assert_eq!(world.fake.calls_of("undo First").len(), 1);
}

#[tokio::test]
async fn only_what_is_suspended_can_be_retried() {
    let world = World::with(CHAIN).await;
    let gate = world.fake.hold("First");
    world
        .orchestrator
        .start_chain("x-1", "parcel")
        .await
        .unwrap();

    let retried = world.orchestrator.retry("x-1").await;
    let message = check(retried, Code::FailedPrecondition, "EXECUTION_NOT_SUSPENDED");
    assert_eq!(message, "execution `x-1` is not suspended: it is running");
    gate.open();
    world.orchestrator.wait("x-1").await.unwrap();

    let retried = world.orchestrator.retry("x-1").await;
    check(retried, Code::FailedPrecondition, "EXECUTION_ENDED");
    check(
        world.orchestrator.retry("x-9").await,
        Code::NotFound,
        "UNKNOWN_EXECUTION",
    );
}
