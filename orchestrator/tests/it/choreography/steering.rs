//! Cancel requests, deadlines and suspensions of executions that others perform.

use pavane::workflow::v1::{Execution, ExecutionState, Resolution, ResolveStepRequest, StepState};
use tonic::{Code, Status};

use super::states;
use crate::support::{CHAIN, Company, check, within};

#[tokio::test]
async fn a_canceled_execution_is_undone() {
    let company = Company::with(&[CHAIN]).await;
    let orchestrator = company.orchestrator();
    let gate = company.fake().hold("Second");
    orchestrator.choreograph("x-1", "parcel").await.unwrap();
    company.fake().called("Second", 1).await;

    let canceled = orchestrator.cancel("x-1", "no more").await.unwrap();
    assert_eq!(canceled.state(), ExecutionState::Failing);
    // Again changes nothing.
    orchestrator.cancel("x-1", "really").await.unwrap();
    gate.open();
    let execution = orchestrator.wait("x-1").await.unwrap();

    assert_eq!(execution.state(), ExecutionState::Canceled);
    assert_eq!(execution.cancel_reason, "no more");
    let expected = [
        StepState::Compensated,
        StepState::Compensated,
        StepState::Abandoned,
    ];
    assert_eq!(states(&execution), expected);
    let late = orchestrator.cancel("x-1", "again").await;
    check(late, Code::FailedPrecondition, "EXECUTION_ENDED");
}

#[tokio::test]
async fn an_execution_that_takes_too_long_fails_and_is_undone() {
    let chain = CHAIN.replace("name: chain", "name: chain\ndeadline: 0.3s");
    let company = Company::with(&[&chain]).await;
    let orchestrator = company.orchestrator();
    let gate = company.fake().hold("Second");
    orchestrator.choreograph("x-1", "parcel").await.unwrap();

    let is_late = |it: &Execution| it.state() == ExecutionState::Failing;
    orchestrator.until("x-1", is_late).await;
    gate.open();
    let execution = orchestrator.wait("x-1").await.unwrap();

    assert_eq!(execution.state(), ExecutionState::Failed);
    assert_eq!(
        execution.failure.unwrap().code,
        i32::from(Code::DeadlineExceeded)
    );
    let undone = within(async { company.fake().names() }).await;
    assert!(undone.contains(&"undo First".to_owned()), "{undone:?}");
}

#[tokio::test]
async fn a_suspended_execution_goes_on_when_it_is_retried() {
    let company = Company::with(&[CHAIN]).await;
    let orchestrator = company.orchestrator();
    company.fake().fail("Second", Status::not_found("no"));
    company.fake().fail("undo First", Status::not_found("lost"));
    orchestrator.choreograph("x-1", "parcel").await.unwrap();

    let is_suspended = |it: &Execution| it.state() == ExecutionState::Suspended;
    let execution = orchestrator.until("x-1", is_suspended).await;
    assert_eq!(execution.steps[0].state(), StepState::CompensationFailed);
    // It waits for an operator, and for no participant.
    assert!(execution.waits.is_empty());
    orchestrator.retry("x-1").await.unwrap();
    let execution = orchestrator.wait("x-1").await.unwrap();

    assert_eq!(execution.state(), ExecutionState::Failed);
    assert_eq!(company.fake().calls_of("undo First").len(), 2);
}

#[tokio::test]
async fn what_was_undone_by_hand_lets_the_others_go_on() {
    let company = Company::with(&[CHAIN]).await;
    let orchestrator = company.orchestrator();
    company.fake().fail("Third", Status::not_found("no"));
    company
        .fake()
        .fail("undo Second", Status::not_found("lost"));
    orchestrator.choreograph("x-1", "parcel").await.unwrap();
    let is_suspended = |it: &Execution| it.state() == ExecutionState::Suspended;
    orchestrator.until("x-1", is_suspended).await;
    let settle = |resolution: Resolution, validate_only| ResolveStepRequest {
        execution_id: "x-1".to_owned(),
        step: "second".to_owned(),
        resolution: resolution.into(),
        reason: "undone at the counter".to_owned(),
        validate_only,
        ..ResolveStepRequest::default()
    };
    for validate_only in [true, false] {
        let request = settle(Resolution::Skipped, validate_only);
        let refused = within(orchestrator.executions().resolve_step(request)).await;
        check(refused, Code::FailedPrecondition, "EXECUTION_FAILING");
    }

    let request = settle(Resolution::Compensated, false);
    within(orchestrator.executions().resolve_step(request))
        .await
        .unwrap();
    let execution = orchestrator.wait("x-1").await.unwrap();

    assert_eq!(execution.state(), ExecutionState::Failed);
    let settlement = execution.steps[1].settlement.as_ref().unwrap();
    assert_eq!(settlement.reason, "undone at the counter");
    assert_eq!(company.fake().calls_of("undo Second").len(), 1);
    assert_eq!(company.fake().calls_of("undo First").len(), 1);
}

#[tokio::test]
async fn only_what_is_suspended_can_be_retried() {
    let company = Company::with(&[CHAIN]).await;
    let orchestrator = company.orchestrator();
    let gate = company.fake().hold("First");
    orchestrator.choreograph("x-1", "parcel").await.unwrap();
    let refused = orchestrator.retry("x-1").await;
    check(refused, Code::FailedPrecondition, "EXECUTION_NOT_SUSPENDED");
    gate.open();
    orchestrator.wait("x-1").await.unwrap();
    let refused = orchestrator.retry("x-1").await;
    check(refused, Code::FailedPrecondition, "EXECUTION_ENDED");
}
