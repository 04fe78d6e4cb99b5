//! Events that start executions.

use pavane::workflow::v1::{
    EventTrigger, ExecutionState, GetWorkflowRequest, ListExecutionsRequest,
};

use crate::awaiting::{event, publish};
use crate::support::{Fake, Running, World, within};

/// The chain, started by events about orders that are worth something.
const SHIP: &str = "
name: ship
implements: Run
start:
  feed: shop
  type: pavane.testing.v1.SecondResponse
  match: data.payload != ''
  input: { payload: string(10 / int(data.payload)) }
steps:
  - id: first
    call: First
    request: { payload: input.payload }
output: { payload: first.payload }
";

/// Each of its successes starts it once more.
const ECHO: &str = "
name: echo
implements: Run
start:
  feed: orchestrator
  type: pavane.workflow.v1.ExecutionSucceeded
  input: { payload: event.subject }
steps:
  - id: first
    call: First
    request: { payload: input.payload }
output: { payload: first.payload }
";

async fn world() -> World {
    let world = World::new(Fake::up().await, &[], |_| {}).await;
    publish(&world.orchestrator.channel, vec![event("early", "1")]).await;
    world.orchestrator.deploy(SHIP).await.unwrap();
    world
}

async fn publish_all(orchestrator: &Running, payloads: &[&str]) {
    let events = payloads.iter().map(|payload| event("o-1", payload));
    publish(&orchestrator.channel, events.collect()).await;
}

/// Asks again and again until the trigger is so.
async fn until(
    orchestrator: &Running,
    workflow: &str,
    is_so: impl Fn(&EventTrigger) -> bool,
) -> EventTrigger {
    let looking = async {
        loop {
            let request = GetWorkflowRequest {
                name: workflow.to_owned(),
                revision: String::new(),
            };
            let response = orchestrator.workflows().get_workflow(request).await;
            let trigger = response.unwrap().into_inner().trigger.unwrap();
            if is_so(&trigger) {
                return trigger;
            }
        }
    };
    within(looking).await
}

/// What the service was called with.
fn payloads(world: &World) -> Vec<String> {
    let calls = world.fake.calls();
    calls.into_iter().map(|call| call.payload).collect()
}

#[tokio::test]
async fn each_event_from_the_deploy_on_that_matches_starts_an_execution() {
    let world = world().await;
    let orchestrator = &world.orchestrator;

    // One does not match, one divides by zero: neither holds up the last.
    publish_all(orchestrator, &["2", "", "0", "5"]).await;

    let trigger = until(orchestrator, "ship", |it| it.started_count == 2).await;
    assert_eq!((trigger.skipped_count, trigger.refused_count), (1, 0));
    let problem = trigger.last_problem.unwrap();
    assert_eq!(
        (&*problem.reason, &*problem.event_source),
        ("EVENT_SKIPPED", "/shop")
    );
    assert!(
        problem.message.starts_with("cannot compute the input: "),
        "{problem:?}"
    );
    world.fake.called("First", 2).await;
    let mut found = payloads(&world);
    found.sort();
    assert_eq!(found, ["2", "5"]);
}

#[tokio::test]
async fn no_event_starts_two_executions_and_none_is_lost_over_a_restart() {
    let mut world = world().await;
    publish_all(&world.orchestrator, &["1", "2"]).await;
    until(&world.orchestrator, "ship", |it| it.started_count == 2).await;
    world.fake.called("First", 2).await;
    world.restart().await;
    publish_all(&world.orchestrator, &["5"]).await;
    until(&world.orchestrator, "ship", |it| it.started_count == 3).await;
    world.fake.called("First", 3).await;
    assert_eq!(payloads(&world).len(), 3);
}

#[tokio::test]
async fn a_new_revision_goes_on_where_the_other_was_and_what_is_deleted_starts_nothing() {
    let world = world().await;
    let orchestrator = &world.orchestrator;
    publish_all(orchestrator, &["1"]).await;
    until(orchestrator, "ship", |it| it.started_count == 1).await;
    let other = SHIP.replace("10 / int", "20 / int");
    orchestrator.deploy(&other).await.unwrap();
    publish_all(orchestrator, &["1"]).await;
    until(orchestrator, "ship", |it| it.started_count == 2).await;
    world.fake.called("First", 2).await;
    assert_eq!(payloads(&world), ["10", "20"]);

    orchestrator.delete("ship").await.unwrap();
    publish_all(orchestrator, &["1"]).await;
    // Deployed anew, it begins with what comes from then on.
    orchestrator.deploy(SHIP).await.unwrap();
    publish_all(orchestrator, &["5"]).await;
    until(orchestrator, "ship", |it| it.started_count == 1).await;
    world.fake.called("First", 3).await;
    assert_eq!(payloads(&world)[2], "2");
}

#[tokio::test]
async fn workflows_that_start_each_other_without_end_are_stopped_and_named() {
    let world = World::new(Fake::up().await, &[ECHO], |options| {
        options.limits.causal_depth = 5;
    })
    .await;
    let orchestrator = &world.orchestrator;
    orchestrator
        .start_execution("echo", "x-1", "parcel")
        .await
        .unwrap();

    let trigger = until(orchestrator, "echo", |it| it.refused_count == 1).await;

    assert_eq!(trigger.started_count, 5);
    let problem = trigger.last_problem.unwrap();
    assert_eq!(problem.reason, "CAUSAL_LOOP");
    let expected =
        "workflows start each other by events: echo -> echo; the limit `causal_depth` is 5";
    assert_eq!(problem.message, expected);
    let listed = orchestrator
        .list(ListExecutionsRequest::default())
        .await
        .unwrap();
    assert_eq!(listed.executions.len(), 6);
    let newest = orchestrator.get(&listed.executions[0].id).await.unwrap();
    assert_eq!(newest.state(), ExecutionState::Succeeded);
    assert_eq!(newest.events[0].attributes["causaldepth"], "5");
    assert_eq!(
        newest.events[0].attributes["causalchain"],
        ["echo"; 5].join(",")
    );
}

#[tokio::test]
async fn a_loop_of_two_is_told_by_its_members() {
    let on = |text: &str, by: &str| {
        let condition = format!("ExecutionSucceeded\n  match: event.subject.startsWith('{by}')");
        text.replace("ExecutionSucceeded", &condition)
    };
    let bill = on(&ECHO.replace("name: echo", "name: bill"), "ship");
    let ship = ECHO.replace("name: echo", "name: ship").replace(
        "implements: Run",
        "implements: pavane.testing.v1.SecondLinkService/Second",
    );
    let ship = on(&ship, "bill");
    let world = World::new(Fake::up().await, &[&bill, &ship], |options| {
        options.limits.causal_depth = 5;
    })
    .await;
    let orchestrator = &world.orchestrator;
    let started = orchestrator.start_execution("bill", "bill-1", "parcel");
    started.await.unwrap();

    let trigger = until(orchestrator, "bill", |it| it.refused_count == 1).await;

    let problem = trigger.last_problem.unwrap();
    let text = &problem.message;
    assert!(text.contains(": bill -> ship -> bill;"), "{text}");
    let other = until(orchestrator, "ship", |it| it.started_count == 3).await;
    assert_eq!((trigger.started_count, other.refused_count), (2, 0));
}
