//! Calls that are made at most once: nobody but an operator makes one again.

use std::time::Duration;

use pavane::workflow::v1::{ExecutionState, Resolution, ResolveStepRequest, StepState};
use tonic::Status;

use super::is_suspended;
use crate::support::{CHAIN, Fake, World, within};

/// The chain, whose second call is made at most once.
fn chain() -> String {
    CHAIN.replace(
        "call: Second\n    request",
        "call: Second\n    delivery: at_most_once\n    request",
    )
}

#[tokio::test]
async fn a_call_that_broke_off_with_the_orchestrator_is_made_again_when_it_is_retried() {
    let set = |options: &mut pavane_orchestrator::Options| {
        options.drain = Duration::from_millis(100);
    };
    let mut world = World::new(Fake::up().await, &[&chain()], set).await;
    let _gate = world.fake.hold("Second");
    world
        .orchestrator
        .start_chain("x-1", "parcel")
        .await
        .unwrap();
    world.fake.called("Second", 1).await;

    // It does not wait for the call, so nothing is recorded of what came of it.
    world.restart().await;
    let execution = world.orchestrator.until("x-1", is_suspended).await;
    assert_eq!(execution.steps[1].state(), StepState::Suspended);
    assert_eq!(world.fake.calls_of("Second").len(), 1);
    world.orchestrator.retry("x-1").await.unwrap();
    let execution = world.orchestrator.wait("x-1").await.unwrap();

    assert_eq!(execution.state(), ExecutionState::Succeeded);
    assert_eq!(world.fake.calls_of("Second").len(), 2);
}

#[tokio::test]
async fn a_call_of_which_nobody_knows_what_came_can_be_settled_instead() {
    let world = World::with(&chain()).await;
    world.fake.fail("Second", Status::unknown("who knows"));
    let orchestrator = &world.orchestrator;
    orchestrator.start_chain("x-1", "parcel").await.unwrap();
    let execution = orchestrator.until("x-1", is_suspended).await;
    assert_eq!(execution.steps[1].state(), StepState::Suspended);
    let failure = execution.steps[1].last_failure.as_ref().unwrap();
    assert_eq!(failure.message, "who knows");

    let request = ResolveStepRequest {
        execution_id: "x-1".to_owned(),
        step: "second".to_owned(),
        resolution: Resolution::Completed.into(),
        reason: "it arrived".to_owned(),
        ..ResolveStepRequest::default()
    };
    within(orchestrator.executions().resolve_step(request))
        .await
        .unwrap();
    let execution = orchestrator.wait("x-1").await.unwrap();

    assert_eq!(execution.state(), ExecutionState::Succeeded);
    assert_eq!(world.fake.calls_of("Second").len(), 1);
}
