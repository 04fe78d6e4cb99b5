//! What can be seen of one execution, and how its outcome is waited for.

use std::time::{Duration, Instant};

use pavane::workflow::v1::start_execution_request::Input;
use pavane::workflow::v1::{
    ExecutionState, Mode, StartExecutionRequest, WaitExecutionRequest, WatchExecutionRequest,
};
use prost_types::value::Kind;
use tonic::{Code, Status};

use crate::support::{CHAIN, World, check, within};

#[tokio::test]
async fn an_execution_is_shown_with_input_output_and_steps() {
    let world = World::with(CHAIN).await;
    world.fake.answer("Third", "done");
    world.orchestrator.run("x-1", "parcel").await.unwrap();

    let execution = world.orchestrator.get("x-1").await.unwrap();

    let payload = |json: &Option<prost_types::Struct>| {
        let value = json.as_ref().unwrap().fields["payload"].clone();
        match value.kind.unwrap() {
            Kind::StringValue(text) => text,
            other => panic!("{other:?} is no text"),
        }
    };
    assert_eq!(payload(&execution.input), "parcel");
    assert_eq!(payload(&execution.output), "done");
    assert_eq!(payload(&execution.steps[1].output), "parcel");
    assert_eq!(
        execution.steps[1].call,
        "pavane.testing.v1.SecondLinkService/Second"
    );
    assert_eq!(
        (execution.workflow.as_str(), execution.mode()),
        ("chain", Mode::Orchestrated)
    );
    assert!(execution.end_time.is_some() && execution.failure.is_none());
}

#[tokio::test]
async fn waiting_ends_with_the_outcome_or_the_timeout() {
    let world = World::with(CHAIN).await;
    let gate = world.fake.hold("First");
    world
        .orchestrator
        .start_chain("x-1", "parcel")
        .await
        .unwrap();
    let wait = async |millis: i64| {
        let timeout = prost_types::Duration {
            seconds: millis / 1000,
            nanos: (millis % 1000 * 1_000_000) as i32,
        };
        let request = WaitExecutionRequest {
            execution_id: "x-1".to_owned(),
            timeout: Some(timeout),
        };
        let response = within(world.orchestrator.executions().wait_execution(request)).await?;
        Ok::<_, Status>(response.into_inner().execution.unwrap().state())
    };

    let begun = Instant::now();
    assert_eq!(wait(20).await.unwrap(), ExecutionState::Running);
    assert!(begun.elapsed() >= Duration::from_millis(20));
    assert_eq!(wait(0).await.unwrap(), ExecutionState::Running);
    for wrong in [-1, 600_001] {
        check(wait(wrong).await, Code::InvalidArgument, "INVALID_REQUEST");
    }
    gate.open();
    assert_eq!(wait(25_000).await.unwrap(), ExecutionState::Succeeded);
    assert_eq!(wait(0).await.unwrap(), ExecutionState::Succeeded);
}

#[tokio::test]
async fn an_unknown_execution_is_not_found_and_the_nearest_is_named() {
    let world = World::with(CHAIN).await;
    world
        .orchestrator
        .run("order-1234", "parcel")
        .await
        .unwrap();
    let _gate = world.fake.hold("First");
    world
        .orchestrator
        .start_chain("parcel-77", "parcel")
        .await
        .unwrap();

    let refused = world.orchestrator.get("order-1243").await;
    let message = check(refused, Code::NotFound, "UNKNOWN_EXECUTION");
    assert_eq!(
        message,
        "there is no execution `order-1243`; did you mean `order-1234`?"
    );
    let refused = world.orchestrator.wait("parcel-7").await;
    let message = check(refused, Code::NotFound, "UNKNOWN_EXECUTION");
    assert_eq!(
        message,
        "there is no execution `parcel-7`; did you mean `parcel-77`?"
    );
    let refused = world.orchestrator.cancel("zzz", "").await;
    let message = check(refused, Code::NotFound, "UNKNOWN_EXECUTION");
    assert_eq!(message, "there is no execution `zzz`");
    let request = WatchExecutionRequest {
        execution_id: "zzz".to_owned(),
    };
    let refused = within(world.orchestrator.executions().watch_execution(request)).await;
    check(refused, Code::NotFound, "UNKNOWN_EXECUTION");
}

#[tokio::test]
async fn a_start_is_refused_if_it_makes_no_sense() {
    let world = World::with(CHAIN).await;
    let start = async |request: StartExecutionRequest| {
        within(world.orchestrator.executions().start_execution(request)).await
    };
    let chain = || StartExecutionRequest {
        workflow: "chain".to_owned(),
        ..StartExecutionRequest::default()
    };

    let mut request = chain();
    request.workflow = "chian".to_owned();
    let message = check(start(request).await, Code::NotFound, "UNKNOWN_WORKFLOW");
    assert_eq!(
        message,
        "no workflow `chian` is deployed; did you mean `chain`?"
    );

    let mut request = chain();
    request.input = Some(Input::InputBytes(vec![0x08, 0x07].into()));
    let message = check(
        start(request).await,
        Code::InvalidArgument,
        "INVALID_REQUEST",
    );
    assert!(
        message.starts_with("input_bytes: not a pavane.testing.v1.RunRequest: "),
        "{message}"
    );

    let mut request = chain();
    let field = (
        "payloda".to_owned(),
        Kind::StringValue("parcel".to_owned()).into(),
    );
    let fields = [field].into_iter().collect();
    request.input = Some(Input::InputJson(prost_types::Struct { fields }));
    let message = check(
        start(request).await,
        Code::InvalidArgument,
        "INVALID_REQUEST",
    );
    assert!(
        message.ends_with("has no field `payloda`; did you mean `payload`?"),
        "{message}"
    );

    let mut request = chain();
    request.mode = Mode::Choreographed.into();
    check(
        start(request).await,
        Code::FailedPrecondition,
        "NO_PARTICIPANT",
    );
    let mut request = chain();
    request.mode = 99;
    check(
        start(request).await,
        Code::InvalidArgument,
        "INVALID_REQUEST",
    );
    assert_eq!(world.fake.names(), [""; 0]);

    // Without an input it is an empty message.
    let started = start(chain())
        .await
        .unwrap()
        .into_inner()
        .execution
        .unwrap();
    assert_eq!(
        world.orchestrator.wait(&started.id).await.unwrap().state(),
        ExecutionState::Succeeded
    );
}
