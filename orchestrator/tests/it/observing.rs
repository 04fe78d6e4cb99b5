//! What can be seen of executions: one, a list of them, their events, their outcome.

use std::time::{Duration, Instant};

use pavane::workflow::v1::start_execution_request::Input;
use pavane::workflow::v1::{
    Execution, ExecutionState, ListExecutionsRequest, Mode, StartExecutionRequest,
    WaitExecutionRequest, WatchExecutionRequest, WatchExecutionResponse,
};
use prost_types::value::Kind;
use tonic::{Code, Status, Streaming};

use crate::support::{CHAIN, Fake, Running, World, check, within};

const OTHER: &str = "
name: other
implements: pavane.testing.v1.SecondLinkService/Second
steps:
  - { id: only, call: Third, request: { payload: input.payload } }
output: { payload: only.payload }
";

async fn watch(
    orchestrator: &Running,
    id: &str,
) -> Result<Streaming<WatchExecutionResponse>, Status> {
    let request = WatchExecutionRequest {
        execution_id: id.to_owned(),
    };
    let response = within(orchestrator.executions().watch_execution(request)).await?;
    Ok(response.into_inner())
}

/// The next event's id without the execution's; none at the end.
async fn next(events: &mut Streaming<WatchExecutionResponse>) -> Option<String> {
    let response = within(events.message()).await.unwrap()?;
    let id = response.event.unwrap().id;
    Some(id.split_once('/').unwrap().1.to_owned())
}

fn ids(executions: &[Execution]) -> Vec<&str> {
    executions
        .iter()
        .map(|execution| execution.id.as_str())
        .collect()
}

#[tokio::test]
async fn a_watcher_sees_history_then_what_happens_up_to_the_outcome() {
    let world = World::with(CHAIN).await;
    let second = world.fake.hold("Second");
    let third = world.fake.hold_then_fail("Third", Status::not_found("no"));
    world
        .orchestrator
        .start_chain("x-1", "parcel")
        .await
        .unwrap();
    world.fake.called("Second", 1).await;

    let mut events = watch(&world.orchestrator, "x-1").await.unwrap();
    assert_eq!(next(&mut events).await.unwrap(), "started");
    assert_eq!(next(&mut events).await.unwrap(), "first/completed");
    second.open();
    assert_eq!(next(&mut events).await.unwrap(), "second/completed");
    third.open();
    assert_eq!(next(&mut events).await.unwrap(), "third/failed");
    assert_eq!(next(&mut events).await.unwrap(), "second/compensated");
    assert_eq!(next(&mut events).await.unwrap(), "first/compensated");
    assert_eq!(next(&mut events).await.unwrap(), "outcome");
    assert_eq!(next(&mut events).await, None);

    // Whoever comes later sees the same, and so does whoever asks.
    let execution = world.orchestrator.get("x-1").await.unwrap();
    let mut again = watch(&world.orchestrator, "x-1").await.unwrap();
    for event in &execution.events {
        let seen = within(again.message())
            .await
            .unwrap()
            .unwrap()
            .event
            .unwrap();
        assert_eq!(&seen, event);
    }
    assert_eq!(next(&mut again).await, None);
    assert!(
        execution
            .events
            .is_sorted_by(|a, b| a.sequence < b.sequence)
    );
    let causes: Vec<_> = execution
        .events
        .iter()
        .map(|event| &event.causation_id)
        .collect();
    let expected = [
        "",
        "x-1/started",
        "x-1/first/completed",
        "x-1/second/completed",
        "x-1/third/failed",
        "x-1/second/compensated",
        "x-1/first/compensated",
    ];
    assert_eq!(causes, expected);
}

#[tokio::test]
async fn a_watcher_is_told_when_the_server_goes_away() {
    let mut world = World::new(Fake::up().await, &[CHAIN], |options| {
        options.drain = Duration::from_millis(200);
    })
    .await;
    let _gate = world.fake.hold("First");
    world
        .orchestrator
        .start_chain("x-1", "parcel")
        .await
        .unwrap();
    let mut events = watch(&world.orchestrator, "x-1").await.unwrap();
    assert_eq!(next(&mut events).await.unwrap(), "started");

    world.orchestrator.stop().await;

    // An end without an error would say that it has ended.
    check(
        within(events.message()).await,
        Code::Unavailable,
        "SHUTTING_DOWN",
    );
}

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
async fn lists_are_newest_first_and_can_be_filtered() {
    let world = World::new(Fake::up().await, &[CHAIN, OTHER], |_| {}).await;
    let orchestrator = &world.orchestrator;
    orchestrator.run("done", "parcel").await.unwrap();
    world.fake.fail("First", Status::not_found("no"));
    orchestrator.run("failed", "parcel").await.unwrap_err();
    orchestrator
        .start_execution("other", "other", "parcel")
        .await
        .unwrap();
    orchestrator.wait("other").await.unwrap();
    let _gate = world.fake.hold("First");
    orchestrator.start_chain("running", "parcel").await.unwrap();
    let _undo = world.fake.hold("undo First");
    world.fake.fail("Second", Status::not_found("no"));
    orchestrator.start_chain("failing", "parcel").await.unwrap();
    world.fake.called("undo First", 1).await;

    let list = async |workflow: &str, states: &[ExecutionState]| {
        let request = ListExecutionsRequest {
            workflow: workflow.to_owned(),
            states: states.iter().map(|&state| state.into()).collect(),
            ..ListExecutionsRequest::default()
        };
        let response = orchestrator.list(request).await.unwrap();
        assert_eq!(response.next_page_token, "");
        response.executions
    };
    use ExecutionState::{Failed, Failing, Running, Succeeded};
    let all = list("", &[]).await;
    assert_eq!(ids(&all), ["failing", "running", "other", "failed", "done"]);
    let states: Vec<_> = all.iter().map(Execution::state).collect();
    assert_eq!(states, [Failing, Running, Succeeded, Failed, Succeeded]);
    let bare = |one: &Execution| {
        one.input.is_none() && one.output.is_none() && one.steps.is_empty() && one.events.is_empty()
    };
    assert!(all.iter().all(bare));
    assert_eq!(all[3].failure.as_ref().unwrap().message, "no");
    assert_eq!(ids(&list("other", &[]).await), ["other"]);
    assert_eq!(
        ids(&list("chain", &[Running, Failed]).await),
        ["running", "failed"]
    );
    assert_eq!(ids(&list("", &[Failing]).await), ["failing"]);
    assert_eq!(ids(&list("nonesuch", &[]).await), [""; 0]);
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let world = World::with(CHAIN).await;
    let mut expected = Vec::new();
    for number in 0..6 {
        let id = format!("x-{number}");
        world.orchestrator.run(&id, "parcel").await.unwrap();
        expected.insert(0, id);
    }
    for page_size in [1, 2, 4, 6, 7] {
        let mut found = Vec::new();
        let mut request = ListExecutionsRequest {
            page_size,
            ..ListExecutionsRequest::default()
        };
        loop {
            let page = world.orchestrator.list(request.clone()).await.unwrap();
            assert!(
                !page.executions.is_empty(),
                "the last page has an empty token"
            );
            assert!(page.executions.len() <= page_size as usize);
            found.extend(page.executions.into_iter().map(|execution| execution.id));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        assert_eq!(found, expected, "pages of {page_size}");
    }
}

#[tokio::test]
async fn a_malformed_list_request_is_refused() {
    let world = World::with(CHAIN).await;
    let requests = [
        ListExecutionsRequest {
            page_size: -1,
            ..ListExecutionsRequest::default()
        },
        ListExecutionsRequest {
            page_token: "x".to_owned(),
            ..ListExecutionsRequest::default()
        },
        ListExecutionsRequest {
            states: vec![99],
            ..ListExecutionsRequest::default()
        },
    ];
    for request in requests {
        let shown = format!("{request:?}");
        let refused = world.orchestrator.list(request).await;
        check(
            refused.map_err(|status| {
                println!("{shown}");
                status
            }),
            Code::InvalidArgument,
            "INVALID_REQUEST",
        );
    }
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
    let refused = watch(&world.orchestrator, "zzz").await;
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
        Code::Unimplemented,
        "MODE_UNAVAILABLE",
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
