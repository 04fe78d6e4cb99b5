//! One id is one execution, however often and by whichever way it is asked for.

use pavane::testing::v1::SecondRequest;
use pavane::testing::v1::second_link_service_client::SecondLinkServiceClient;
use pavane::workflow::v1::ExecutionState;
use tonic::{Code, Request, Status};

use crate::support::{CHAIN, Fake, OTHER, World, check, run_request, within};

#[tokio::test]
async fn the_same_order_again_is_the_same_execution() {
    let world = World::with(CHAIN).await;
    let orchestrator = &world.orchestrator;
    world.fake.answer("Third", "done");

    assert_eq!(orchestrator.run("x-1", "parcel").await.unwrap(), "done");
    assert_eq!(orchestrator.run("x-1", "parcel").await.unwrap(), "done");

    let again = orchestrator.start_chain("x-1", "parcel").await.unwrap();
    assert!(again.existing);
    assert_eq!(again.execution.unwrap().state(), ExecutionState::Succeeded);
    assert_eq!(world.fake.names(), ["First", "Second", "Third"]);
}

#[tokio::test]
async fn a_failed_execution_is_not_begun_again() {
    let world = World::with(CHAIN).await;
    world
        .fake
        .fail("First", Status::not_found("no such parcel"));

    for _ in 0..2 {
        let status = world.orchestrator.run("x-1", "parcel").await.unwrap_err();
        assert_eq!(
            (status.code(), status.message()),
            (Code::NotFound, "no such parcel")
        );
    }

    assert_eq!(world.fake.names(), ["First"]);
}

#[tokio::test]
async fn an_idempotency_key_is_an_id() {
    let world = World::with(CHAIN).await;
    let request = || run_request(&[("idempotency-key", "o-7/place")], "parcel");

    for _ in 0..2 {
        let response = within(world.orchestrator.door().run(request()))
            .await
            .unwrap();
        assert_eq!(
            response.metadata().get("pavane-execution-id").unwrap(),
            "o-7:place"
        );
    }

    assert_eq!(world.fake.names(), ["First", "Second", "Third"]);
    assert_eq!(world.fake.calls()[0].key, "o-7:place/first");
}

#[tokio::test]
async fn the_compensation_of_a_key_is_another_execution() {
    let fake = Fake::up().await;
    let world = World::new(fake, &[CHAIN, OTHER], |_| {}).await;
    let key = ("idempotency-key", "o-7/place");

    let forward = run_request(&[key], "parcel");
    within(world.orchestrator.door().run(forward))
        .await
        .unwrap();
    let mut undo = Request::new(SecondRequest {
        payload: "parcel".to_owned(),
        forward: false,
    });
    undo.metadata_mut().insert(key.0, key.1.parse().unwrap());
    undo.metadata_mut()
        .insert("idempotency-compensation", "true".parse().unwrap());
    let mut door = SecondLinkServiceClient::new(world.orchestrator.channel.clone());
    let undone = within(door.second(undo)).await.unwrap();

    assert_eq!(undone.into_inner().payload, "parcel");
    assert_eq!(world.fake.names(), ["First", "Second", "Third", "Third"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_at_once_share_one_execution() {
    let world = World::with(CHAIN).await;
    let gate = world.fake.hold("First");

    let callers: Vec<_> = (0..50)
        .map(|_| {
            let mut door = world.orchestrator.door();
            tokio::spawn(async move {
                let request = run_request(&[("pavane-execution-id", "x-1")], "parcel");
                door.run(request)
                    .await
                    .map(|response| response.into_inner().payload)
            })
        })
        .collect();
    world.fake.called("First", 1).await;
    gate.open();

    for caller in callers {
        assert_eq!(within(caller).await.unwrap().unwrap(), "parcel");
    }
    assert_eq!(world.fake.names(), ["First", "Second", "Third"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_goes_away_leaves_the_execution_to_the_next() {
    let world = World::with(CHAIN).await;
    for round in 0..100 {
        let id = format!("x-{round}");
        let mut door = world.orchestrator.door();
        let metadata = [("pavane-execution-id", id.as_str())];
        let request = run_request(&metadata, "parcel");
        let caller = tokio::spawn(async move { door.run(request).await });
        world.fake.called("First", round).await;
        caller.abort();
        assert_eq!(
            world.orchestrator.run(&id, "parcel").await.unwrap(),
            "parcel"
        );
        assert_eq!(world.fake.calls_of("First").len(), round + 1);
    }
}

#[tokio::test]
async fn another_order_of_the_same_id_is_refused() {
    let world = World::new(Fake::up().await, &[CHAIN, OTHER], |_| {}).await;
    let orchestrator = &world.orchestrator;
    let gate = world.fake.hold("First");
    orchestrator.start_chain("x-1", "parcel").await.unwrap();
    world.fake.called("First", 1).await;

    let other_input = orchestrator.start_chain("x-1", "letter").await;
    let message = check(other_input, Code::AlreadyExists, "EXECUTION_EXISTS");
    assert_eq!(
        message,
        "execution `x-1` exists already, with another input"
    );
    let at_the_door = orchestrator.run("x-1", "letter").await;
    check(at_the_door, Code::AlreadyExists, "EXECUTION_EXISTS");
    gate.open();
    orchestrator.wait("x-1").await.unwrap();
    let other_workflow = orchestrator.start_execution("other", "x-1", "parcel").await;
    let message = check(other_workflow, Code::AlreadyExists, "EXECUTION_EXISTS");
    assert_eq!(
        message,
        "execution `x-1` exists already, of another workflow"
    );
}

#[tokio::test]
async fn a_malformed_id_is_refused() {
    let world = World::with(CHAIN).await;
    let long = "x".repeat(129);
    for id in ["a/b", "a b", "é", long.as_str()] {
        let started = world.orchestrator.start_chain(id, "parcel").await;
        check(started, Code::InvalidArgument, "INVALID_REQUEST");
        check(
            world.orchestrator.get(id).await,
            Code::InvalidArgument,
            "INVALID_REQUEST",
        );
    }
    for id in ["", "a/b", "a b"] {
        check(
            world.orchestrator.run(id, "parcel").await,
            Code::InvalidArgument,
            "INVALID_REQUEST",
        );
    }
    let longest = "x".repeat(128);
    assert_eq!(
        world.orchestrator.run(&longest, "parcel").await.unwrap(),
        "parcel"
    );
}

#[tokio::test]
async fn a_long_idempotency_key_is_an_execution_like_any_other() {
    let world = World::with(CHAIN).await;
    let key = format!("{}/place", "deep-".repeat(40));
    let request = || run_request(&[("idempotency-key", &key)], "parcel");

    let mut ids = Vec::new();
    for _ in 0..2 {
        let answer = world.orchestrator.door().run(request()).await.unwrap();
        let id = answer.metadata().get("pavane-execution-id").unwrap();
        ids.push(id.to_str().unwrap().to_owned());
    }

    assert_eq!(ids[0], ids[1]);
    assert!(ids[0].len() <= 128, "{ids:?}");
    assert_eq!(world.fake.calls().len(), 3);
}
