//! Steps that an operator settles by hand.

use pavane::testing::v1::SecondResponse;
use pavane::workflow::v1::resolve_step_request::Output;
use pavane::workflow::v1::{
    CancelExecutionRequest, Execution, ExecutionState, Resolution, ResolveStepRequest,
    RetryExecutionRequest, StepState,
};
use pavane_flow::language::json;
use prost::Message;
use tonic::{Code, Status};

use super::{come_back_later, is_backing_off, is_suspended};
use crate::support::{CHAIN, Running, World, check, within};

fn order(step: &str, resolution: Resolution) -> ResolveStepRequest {
    ResolveStepRequest {
        execution_id: "x-1".to_owned(),
        step: step.to_owned(),
        resolution: resolution.into(),
        reason: "seen to by hand".to_owned(),
        ..ResolveStepRequest::default()
    }
}

async fn resolve(orchestrator: &Running, request: ResolveStepRequest) -> Result<Execution, Status> {
    let response = within(orchestrator.executions().resolve_step(request)).await?;
    Ok(response.into_inner().execution.unwrap())
}

/// Suspended, because `second` cannot be undone.
async fn sealed() -> World {
    let world = World::with(CHAIN).await;
    world.fake.fail("Third", Status::not_found("no"));
    world
        .fake
        .fail("undo Second", Status::failed_precondition("sealed"));
    let orchestrator = &world.orchestrator;
    orchestrator.start_chain("x-1", "parcel").await.unwrap();
    orchestrator.until("x-1", is_suspended).await;
    world
}

/// `second` waits for its next attempt.
async fn patient() -> World {
    let world = World::with(CHAIN).await;
    world.fake.fail("Second", come_back_later());
    let orchestrator = &world.orchestrator;
    orchestrator.start_chain("x-1", "parcel").await.unwrap();
    orchestrator.until("x-1", is_backing_off).await;
    world
}

fn payload(text: &str) -> SecondResponse {
    SecondResponse {
        payload: text.to_owned(),
    }
}

#[tokio::test]
async fn what_was_undone_by_hand_is_not_undone_again_and_the_rest_goes_on() {
    let world = sealed().await;
    let request = order("second", Resolution::Compensated);
    let looked = ResolveStepRequest {
        validate_only: true,
        ..request.clone()
    };
    let looked = resolve(&world.orchestrator, looked).await.unwrap();
    assert_eq!(looked.state(), ExecutionState::Suspended);

    resolve(&world.orchestrator, request).await.unwrap();
    let execution = world.orchestrator.wait("x-1").await.unwrap();

    assert_eq!(execution.state(), ExecutionState::Failed);
    assert_eq!(execution.steps[1].state(), StepState::Compensated);
    let settlement = execution.steps[1].settlement.as_ref().unwrap();
    assert_eq!(settlement.resolution(), Resolution::Compensated);
    assert_eq!(settlement.reason, "seen to by hand");
    assert!(settlement.time.is_some());
    assert_eq!(execution.steps[0].settlement, None);
    assert_eq!(world.fake.calls_of("undo Second").len(), 1);
    assert_eq!(world.fake.calls_of("undo First").len(), 1);
}

#[tokio::test]
async fn a_step_completed_by_hand_counts_as_answered() {
    let world = patient().await;
    let descriptor = pavane::descriptor_pool()
        .get_message_by_name("pavane.testing.v1.SecondResponse")
        .unwrap();
    let bytes = payload("by hand").encode_to_vec();
    let json = json::decode_to_struct(&descriptor, &bytes.into()).unwrap();
    let request = ResolveStepRequest {
        output: Some(Output::OutputJson(json)),
        ..order("second", Resolution::Completed)
    };

    resolve(&world.orchestrator, request).await.unwrap();
    let execution = world.orchestrator.wait("x-1").await.unwrap();

    assert_eq!(execution.state(), ExecutionState::Succeeded);
    assert_eq!(world.fake.calls_of("Third").len(), 1);
    let output = execution.steps[1].output.clone().unwrap();
    let expected = Some(prost_types::value::Kind::StringValue("by hand".to_owned()));
    assert_eq!(output.fields["payload"].kind, expected);
}

#[tokio::test]
async fn a_step_skipped_by_hand_is_not_called_any_more() {
    let world = patient().await;

    resolve(&world.orchestrator, order("second", Resolution::Skipped))
        .await
        .unwrap();
    let execution = world.orchestrator.wait("x-1").await.unwrap();

    assert_eq!(execution.steps[1].state(), StepState::Skipped);
    assert_eq!(world.fake.calls_of("Second").len(), 1);
    assert_eq!(world.fake.calls_of("Third").len(), 0);
}

#[tokio::test]
async fn what_cannot_be_settled_is_refused_with_a_reason() {
    use Resolution::{Compensated, Completed, Skipped};
    let world = World::with(CHAIN).await;
    let gate = world.fake.hold("Second");
    let orchestrator = &world.orchestrator;
    orchestrator.start_chain("x-1", "parcel").await.unwrap();
    world.fake.called("Second", 1).await;
    let refused = async |request, reason: &str| {
        let refused = resolve(orchestrator, request).await;
        check(refused, Code::FailedPrecondition, reason)
    };

    let message = refused(order("second", Skipped), "STEP_IN_FLIGHT").await;
    assert_eq!(
        message,
        "step `second` of execution `x-1` cannot be settled by hand: a call of the step is on \
         its way: wait for its end"
    );
    refused(order("first", Completed), "STEP_SETTLED").await;
    refused(order("first", Compensated), "EXECUTION_NOT_FAILING").await;
    let mut element = order("third", Skipped);
    element.element = Some(3);
    refused(element, "UNKNOWN_ELEMENT").await;
    orchestrator.cancel("x-1", "").await.unwrap();
    refused(order("third", Skipped), "EXECUTION_FAILING").await;
    refused(order("third", Compensated), "NOTHING_TO_COMPENSATE").await;
    gate.open();
    orchestrator.wait("x-1").await.unwrap();
    let message = refused(order("third", Skipped), "EXECUTION_ENDED").await;
    assert_eq!(
        message,
        "execution `x-1` has ended already: it was canceled"
    );
    let mut unknown = order("third", Skipped);
    unknown.execution_id = "x-9".to_owned();
    let unknown = resolve(orchestrator, unknown).await;
    check(unknown, Code::NotFound, "UNKNOWN_EXECUTION");
}

#[tokio::test]
async fn a_request_that_is_wrong_is_refused_before_anything_else() {
    let world = patient().await;
    let refused = async |request| {
        let refused = resolve(&world.orchestrator, request).await;
        check(refused, Code::InvalidArgument, "INVALID_REQUEST")
    };
    let right = order("second", Resolution::Completed);

    let message = refused(ResolveStepRequest {
        step: "secnd".to_owned(),
        ..right.clone()
    });
    assert_eq!(
        message.await,
        "step: `secnd` is none of `chain`; did you mean `second`?"
    );
    let message = refused(ResolveStepRequest {
        reason: " ".to_owned(),
        ..right.clone()
    });
    assert_eq!(
        message.await,
        "reason: is empty; expected why the step is settled by hand"
    );
    refused(order("second", Resolution::Unspecified)).await;
    let garbage = Some(Output::OutputBytes(vec![0xff].into()));
    let message = refused(ResolveStepRequest {
        output: garbage.clone(),
        ..right
    });
    let message = message.await;
    let expected = "output_bytes: not a pavane.testing.v1.SecondResponse: ";
    assert!(message.starts_with(expected), "{message}");
    let message = refused(ResolveStepRequest {
        output: garbage,
        ..order("second", Resolution::Skipped)
    });
    assert_eq!(
        message.await,
        "output_bytes: is set; expected one with RESOLUTION_COMPLETED only"
    );
}

#[tokio::test]
async fn what_would_be_refused_can_be_asked_without_doing_it() {
    let world = sealed().await;
    let mut executions = world.orchestrator.executions();
    let retry = RetryExecutionRequest {
        execution_id: "x-1".to_owned(),
        validate_only: true,
    };
    let retried = within(executions.retry_execution(retry.clone())).await;
    let execution = retried.unwrap().into_inner().execution.unwrap();
    assert_eq!(execution.state(), ExecutionState::Suspended);
    let cancel = CancelExecutionRequest {
        execution_id: "x-1".to_owned(),
        validate_only: true,
        ..CancelExecutionRequest::default()
    };
    within(executions.cancel_execution(cancel.clone()))
        .await
        .unwrap();
    assert_eq!(world.orchestrator.get("x-1").await.unwrap(), execution);

    world.orchestrator.retry("x-1").await.unwrap();
    world.orchestrator.wait("x-1").await.unwrap();
    let retried = within(executions.retry_execution(retry)).await;
    check(retried, Code::FailedPrecondition, "EXECUTION_ENDED");
    let canceled = within(executions.cancel_execution(cancel)).await;
    check(canceled, Code::FailedPrecondition, "EXECUTION_ENDED");
}
