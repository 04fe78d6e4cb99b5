//! The front door: what callers get, and what the services are called with.

use std::time::Duration;

use pavane::error::{DOMAIN, Details};
use pavane::testing::v1::RunRequest;
use pavane::workflow::v1::ExecutionState;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::support::{CHAIN, Fake, World, reason, run_request, within};

#[tokio::test]
async fn a_success_is_the_typed_response_and_the_id() {
    let world = World::with(CHAIN).await;
    world.fake.answer("Second", "changed");

    let request = Request::new(RunRequest {
        payload: "parcel".to_owned(),
    });
    let response = within(world.orchestrator.door().run(request))
        .await
        .unwrap();

    let id = response.metadata().get("pavane-execution-id").unwrap();
    let id = id.to_str().unwrap().to_owned();
    assert_eq!(response.into_inner().payload, "changed");
    let execution = world.orchestrator.get(&id).await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Succeeded);
    assert_eq!(world.fake.names(), ["First", "Second", "Third"]);
}

#[tokio::test]
async fn a_failure_comes_back_after_all_is_undone_in_reverse() {
    let world = World::with(CHAIN).await;
    let refusal = Details::new().fact("shelf", 7).field("payload", "too wide");
    let refusal = refusal.status(Code::FailedPrecondition, "DOES_NOT_FIT", "it does not fit");
    world.fake.fail("Third", refusal);

    let status = world.orchestrator.run("x-1", "parcel").await.unwrap_err();

    // All of it before the answer: nothing else is waited for.
    let names = ["First", "Second", "Third", "undo Second", "undo First"];
    assert_eq!(world.fake.names(), names);
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(status.message(), "it does not fit");
    let info = status.get_details_error_info().unwrap();
    assert_eq!(
        (info.reason.as_str(), info.domain.as_str()),
        ("DOES_NOT_FIT", DOMAIN)
    );
    for (name, value) in [
        ("shelf", "7"),
        ("execution_id", "x-1"),
        ("step", "third"),
        ("workflow", "chain"),
        ("compensated", "true"),
    ] {
        assert_eq!(
            info.metadata.get(name).map(String::as_str),
            Some(value),
            "{name}"
        );
    }
    let violations = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations[0].description, "too wide");
    assert_eq!(status.metadata().get("pavane-execution-id").unwrap(), "x-1");
}

#[tokio::test]
async fn a_failure_without_details_gets_ours() {
    let world = World::with(CHAIN).await;
    world
        .fake
        .fail("First", Status::not_found("no such parcel"));

    let status = world.orchestrator.run("x-1", "parcel").await.unwrap_err();

    assert_eq!(
        (status.code(), status.message()),
        (Code::NotFound, "no such parcel")
    );
    let info = status.get_details_error_info().unwrap();
    assert_eq!(
        (info.reason.as_str(), info.domain.as_str()),
        ("STEP_FAILED", DOMAIN)
    );
    assert_eq!(info.metadata["execution_id"], "x-1");
    // It failed without doubt: there is nothing to undo.
    assert_eq!(world.fake.names(), ["First"]);
}

#[tokio::test]
async fn a_step_that_may_have_had_its_effect_is_undone() {
    let world = World::with(CHAIN).await;
    world.fake.fail("Second", Status::unknown("who knows"));

    let status = world.orchestrator.run("x-1", "parcel").await.unwrap_err();

    assert_eq!(status.code(), Code::Unknown);
    assert_eq!(
        world.fake.names(),
        ["First", "Second", "undo Second", "undo First"]
    );
}

#[tokio::test]
async fn a_call_carries_its_key_the_trace_and_the_time_left() {
    let world = World::with(CHAIN).await;
    world.fake.fail("Second", Status::invalid_argument("no"));
    let caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let metadata = [("traceparent", caller), ("pavane-execution-id", "x-1")];

    let request = run_request(&metadata, "parcel");
    within(world.orchestrator.door().run(request))
        .await
        .unwrap_err();

    let calls = world.fake.calls();
    let keys: Vec<_> = calls
        .iter()
        .map(|call| (call.name.as_str(), call.key.as_str()))
        .collect();
    let expected = [
        ("First", "x-1/first"),
        ("Second", "x-1/second"),
        ("undo First", "x-1/first"),
    ];
    assert_eq!(keys, expected);
    let mut spans = vec![caller.split('-').nth(2).unwrap().to_owned()];
    for call in &calls {
        let parts: Vec<_> = call.traceparent.split('-').collect();
        assert_eq!(
            (parts[0], parts[1], parts[3]),
            ("00", "0af7651916cd43dd8448eb211c80319c", "01")
        );
        spans.push(parts[2].to_owned());
        let default = Duration::from_secs(10);
        assert!(
            call.timeout >= default && call.timeout < default * 2,
            "{:?}",
            call.timeout
        );
    }
    spans.sort();
    spans.dedup();
    assert_eq!(spans.len(), 4, "each call is a span of its own");
}

#[tokio::test]
async fn an_input_of_another_type_is_refused() {
    let world = World::with(CHAIN).await;
    // Field 1 as a number, where text is expected.
    let request = Request::new(prost_types::Duration {
        seconds: 7,
        nanos: 0,
    });

    let mut client = tonic::client::Grpc::new(world.orchestrator.channel.clone());
    client.ready().await.unwrap();
    let path = "/pavane.testing.v1.ChainService/Run".parse().unwrap();
    let codec = tonic_prost::ProstCodec::<_, RunRequest>::default();
    let status = within(client.unary(request, path, codec))
        .await
        .unwrap_err();

    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::InvalidArgument, "INVALID_REQUEST")
    );
    assert!(
        status.message().contains("pavane.testing.v1.RunRequest"),
        "{status:?}"
    );
    assert_eq!(world.fake.names(), [""; 0]);
}

#[tokio::test]
async fn a_method_that_no_workflow_implements_is_unknown() {
    let world = World::new(crate::support::Fake::up().await, &[], |_| {}).await;
    let status = world.orchestrator.run("x-1", "parcel").await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unimplemented, "UNKNOWN_METHOD")
    );
}

#[tokio::test]
async fn a_caller_whose_time_is_over_is_told_of_the_execution_that_goes_on() {
    let world = World::new(Fake::up().await, &[CHAIN], |options| {
        options.server.request_timeout = Duration::from_millis(200);
    })
    .await;
    let gate = world.fake.hold("First");

    let request = run_request(&[], "parcel");
    let late = world.orchestrator.door().run(request).await.unwrap_err();

    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert_eq!(reason(&late), "EXECUTION_GOES_ON");
    let id = late.metadata().get("pavane-execution-id").unwrap();
    let id = id.to_str().unwrap().to_owned();
    assert!(late.message().contains(&id), "{late:?}");
    gate.open();
    let execution = world.orchestrator.wait(&id).await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Succeeded);
}
