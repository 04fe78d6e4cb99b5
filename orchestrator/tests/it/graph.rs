//! The order of steps: side by side, one after the other, or not at all.

use pavane::workflow::v1::{Execution, StepState};

use crate::support::{World, within};

/// Second and third at the same time, after first.
const FORK: &str = "
name: fork
implements: Run
steps:
  - { id: first, call: First, request: { payload: input.payload } }
  - { id: second, call: Second, request: { payload: first.payload } }
  - { id: third, call: Third, request: { payload: first.payload } }
output: { payload: second.payload + third.payload }
";

/// Second is skipped unless first answers `on`. `reader` refers to second, `later` only comes after.
const SKIP: &str = "
name: skip
implements: Run
steps:
  - { id: first, call: First, request: { payload: input.payload } }
  - { id: second, call: Second, when: first.payload == 'on', request: { payload: first.payload } }
  - { id: reader, call: Third, request: { payload: second.payload } }
  - { id: later, call: Third, after: [second], request: { payload: \"'later'\" } }
output: { payload: reader.payload + later.payload }
";

fn states(execution: &Execution) -> Vec<StepState> {
    execution.steps.iter().map(|step| step.state()).collect()
}

#[tokio::test]
async fn independent_steps_run_at_the_same_time() {
    let world = World::with(FORK).await;
    let (second, third) = (world.fake.hold("Second"), world.fake.hold("Third"));
    let mut door = world.orchestrator.door();
    let request = crate::support::run_request(&[], "a");
    let caller = tokio::spawn(async move { door.run(request).await });

    // Neither has been answered when both are there.
    world.fake.called("Second", 1).await;
    world.fake.called("Third", 1).await;
    third.open();
    second.open();

    assert_eq!(
        within(caller).await.unwrap().unwrap().into_inner().payload,
        "aa"
    );
}

#[tokio::test]
async fn a_step_waits_for_those_it_refers_to() {
    let world = World::with(FORK).await;
    let gate = world.fake.hold("First");
    world
        .orchestrator
        .start_execution("fork", "x-1", "a")
        .await
        .unwrap();
    world.fake.called("First", 1).await;

    let execution = world.orchestrator.get("x-1").await.unwrap();
    let expected = [StepState::Running, StepState::Pending, StepState::Pending];
    assert_eq!(states(&execution), expected);
    assert_eq!(execution.steps[2].depends_on, ["first"]);
    gate.open();

    let execution = world.orchestrator.wait("x-1").await.unwrap();
    assert_eq!(states(&execution), [StepState::Completed; 3]);
}

#[tokio::test]
async fn a_skip_spreads_along_references_only() {
    let world = World::with(SKIP).await;

    assert_eq!(world.orchestrator.run("off", "off").await.unwrap(), "later");

    let execution = world.orchestrator.get("off").await.unwrap();
    let (done, skipped) = (StepState::Completed, StepState::Skipped);
    assert_eq!(states(&execution), [done, skipped, skipped, done]);
    assert_eq!(world.fake.names(), ["First", "Third"]);
}

#[tokio::test]
async fn a_condition_that_holds_skips_nothing() {
    let world = World::with(SKIP).await;

    assert_eq!(world.orchestrator.run("on", "on").await.unwrap(), "onlater");

    let execution = world.orchestrator.get("on").await.unwrap();
    assert_eq!(states(&execution), [StepState::Completed; 4]);
}
