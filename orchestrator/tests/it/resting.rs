//! Executions that wait: they are woken in time, and whoever wants something of them gets it, whether
//! they are in memory or not.

use std::collections::HashSet;
use std::time::Duration;

use pavane::workflow::v1::{Execution, ExecutionState, ListExecutionsRequest, StepState};
use pavane_flow::choreography::projection::EventType;
use pavane_orchestrator::Options;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use tokio::task::JoinSet;
use tonic::Code;

use crate::support::{Fake, Running, TimeMachine, World, check, within};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A call, a day, and another call.
const PAUSE: &str = "
name: chain
implements: Run
steps:
  - id: first
    call: First
    request: { payload: input.payload }
    compensate: { call: First, request: { payload: input.payload } }
  - id: pause
    after: [first]
    wait: { duration: 24h }
  - id: last
    after: [pause]
    call: Third
    request: { payload: first.payload }
output: { payload: last.payload }
";

async fn world(machine: &TimeMachine) -> World {
    let clock = machine.clock();
    World::new(Fake::up().await, &[PAUSE], |options| {
        options.clock = Some(clock);
    })
    .await
}

fn options(world: &World, machine: &TimeMachine) -> Options {
    let mut options = world.options();
    options.clock = Some(machine.clock());
    options
}

async fn restart(world: &mut World, machine: &TimeMachine) {
    world.orchestrator.stop().await;
    world.orchestrator = Running::start(options(world, machine)).await.unwrap();
}

/// Waits until the wait has begun.
async fn pauses(orchestrator: &Running, id: &str) -> Execution {
    let begun = EventType::StepBegun.full_name();
    let is_so = |execution: &Execution| execution.events.iter().any(|event| event.r#type == begun);
    orchestrator.until(id, is_so).await
}

fn state(execution: &Execution) -> ExecutionState {
    execution.state()
}

#[tokio::test]
async fn a_wait_of_a_day_takes_a_day() {
    let machine = TimeMachine::default();
    let world = world(&machine).await;
    let orchestrator = &world.orchestrator;
    orchestrator.start_chain("x-1", "parcel").await.unwrap();
    let paused = pauses(orchestrator, "x-1").await;
    assert_eq!(state(&paused), ExecutionState::Running);
    assert_eq!(paused.steps[0].state(), StepState::Completed);

    machine.advance(DAY - Duration::from_secs(3600));
    assert_eq!(
        state(&orchestrator.get("x-1").await.unwrap()),
        ExecutionState::Running
    );
    assert_eq!(world.fake.names(), ["First"]);
    machine.advance(Duration::from_secs(3600));

    let ended = orchestrator.wait("x-1").await.unwrap();
    assert_eq!(state(&ended), ExecutionState::Succeeded);
    assert_eq!(world.fake.names(), ["First", "Third"]);
}

#[tokio::test]
async fn whoever_waits_at_the_door_is_answered_when_it_ends() {
    let machine = TimeMachine::default();
    let world = world(&machine).await;
    let mut door = world.orchestrator.door();
    let request = crate::support::run_request(&[("pavane-execution-id", "x-1")], "parcel");
    let caller = tokio::spawn(async move { door.run(request).await });
    world.fake.called("First", 1).await;
    pauses(&world.orchestrator, "x-1").await;

    machine.advance(DAY);

    let answer = within(caller).await.unwrap().unwrap();
    assert_eq!(answer.into_inner().payload, "parcel");
    // The same order again finds what the first one has started.
    let again = world.orchestrator.run("x-1", "parcel").await.unwrap();
    assert_eq!(again, "parcel");
    assert_eq!(world.fake.names(), ["First", "Third"]);
}

#[tokio::test]
async fn a_wait_goes_on_over_restarts_and_repeats_no_call() {
    let machine = TimeMachine::default();
    let mut world = world(&machine).await;
    for id in ["x-1", "x-2", "x-3"] {
        world.orchestrator.start_chain(id, "parcel").await.unwrap();
        pauses(&world.orchestrator, id).await;
    }
    let listed = world
        .orchestrator
        .list(ListExecutionsRequest::default())
        .await
        .unwrap();
    let paused = world.orchestrator.get("x-1").await.unwrap();

    restart(&mut world, &machine).await;

    let orchestrator = &world.orchestrator;
    let now = orchestrator
        .list(ListExecutionsRequest::default())
        .await
        .unwrap();
    assert_eq!(now, listed);
    assert_eq!(orchestrator.get("x-1").await.unwrap(), paused);
    orchestrator.cancel("x-3", "no more").await.unwrap();
    assert_eq!(
        state(&orchestrator.wait("x-3").await.unwrap()),
        ExecutionState::Canceled
    );
    // Its time comes while nobody is there.
    world.orchestrator.stop().await;
    machine.advance(DAY);
    world.orchestrator = Running::start(options(&world, &machine)).await.unwrap();
    for id in ["x-1", "x-2"] {
        let ended = world.orchestrator.wait(id).await.unwrap();
        assert_eq!(state(&ended), ExecutionState::Succeeded);
    }
    let mut names = world.fake.names();
    names.sort();
    assert_eq!(
        names,
        ["First", "First", "First", "Third", "Third", "undo First"]
    );
}

#[tokio::test]
async fn one_that_was_canceled_while_it_waited_is_undone_and_not_woken() {
    let machine = TimeMachine::default();
    let world = world(&machine).await;
    let orchestrator = &world.orchestrator;
    orchestrator.start_chain("x-1", "parcel").await.unwrap();
    pauses(orchestrator, "x-1").await;
    check(
        orchestrator.retry("x-1").await,
        Code::FailedPrecondition,
        "EXECUTION_NOT_SUSPENDED",
    );

    orchestrator.cancel("x-1", "no more").await.unwrap();

    let ended = orchestrator.wait("x-1").await.unwrap();
    assert_eq!(state(&ended), ExecutionState::Canceled);
    assert_eq!(ended.steps[1].state(), StepState::Abandoned);
    assert_eq!(world.fake.names(), ["First", "undo First"]);
}

/// What several clients do at once to executions whose time comes.
#[tokio::test]
async fn an_execution_that_is_woken_and_canceled_at_once_ends_once() {
    for seed in 0..4 {
        woken_and_canceled(seed).await;
    }
}

async fn woken_and_canceled(seed: u64) {
    const EXECUTIONS: usize = 24;
    let mut random = StdRng::seed_from_u64(seed);
    let machine = TimeMachine::default();
    let mut world = world(&machine).await;
    let ids: Vec<String> = (0..EXECUTIONS)
        .map(|number| format!("x-{number}"))
        .collect();
    for id in &ids {
        world.orchestrator.start_chain(id, "parcel").await.unwrap();
    }
    for id in &ids {
        pauses(&world.orchestrator, id).await;
    }
    if random.random() {
        restart(&mut world, &machine).await;
    }
    let mut deeds: Vec<(&String, u8)> = ids.iter().flat_map(|id| [(id, 0), (id, 1)]).collect();
    deeds.extend(ids.iter().map(|id| (id, 2)));
    deeds.shuffle(&mut random);
    let moment = random.random_range(0..deeds.len());
    let mut clients = JoinSet::new();
    for (number, (id, deed)) in deeds.into_iter().enumerate() {
        if number == moment {
            machine.advance(DAY);
        }
        let mut client = world.orchestrator.executions();
        let id = id.clone();
        clients.spawn(async move {
            // It may have ended before it is asked for.
            match deed {
                0 => {
                    let request = pavane::workflow::v1::CancelExecutionRequest {
                        execution_id: id,
                        ..Default::default()
                    };
                    drop(client.cancel_execution(request).await);
                }
                1 => {
                    let request = pavane::workflow::v1::GetExecutionRequest {
                        execution_id: id,
                        ..Default::default()
                    };
                    client.get_execution(request).await.unwrap();
                }
                _ => {
                    let request = pavane::workflow::v1::RetryExecutionRequest {
                        execution_id: id,
                        ..Default::default()
                    };
                    drop(client.retry_execution(request).await);
                }
            }
        });
    }
    within(clients.join_all()).await;
    for id in &ids {
        let ended = world.orchestrator.wait(id).await.unwrap();
        let mut seen = HashSet::new();
        for event in &ended.events {
            assert!(
                seen.insert(&event.id),
                "seed {seed}, {id}: {} twice",
                event.id
            );
        }
        let outcomes = ended.events.iter().map(|event| is_outcome(&event.r#type));
        let outcomes: Vec<bool> = outcomes.collect();
        let (last, before) = outcomes.split_last().unwrap();
        assert!(*last && !before.contains(&true), "seed {seed}: {ended:?}");
        let calls = |name: &str, step: &str| {
            let key = format!("{id}/{step}");
            let calls = world.fake.calls_of(name);
            calls.iter().filter(|call| call.key == key).count()
        };
        assert_eq!(calls("First", "first"), 1, "seed {seed}, {id}");
        let (last, undone) = (calls("Third", "last"), calls("undo First", "first"));
        match state(&ended) {
            ExecutionState::Succeeded => assert_eq!((last, undone), (1, 0), "seed {seed}, {id}"),
            // It may have been woken, and called, before it was canceled.
            ExecutionState::Canceled => assert!(last <= 1 && undone == 1, "seed {seed}, {id}"),
            other => panic!("seed {seed}, {id}: {other:?}"),
        }
    }
}

fn is_outcome(event_type: &str) -> bool {
    let outcomes = [
        EventType::ExecutionSucceeded,
        EventType::ExecutionFailed,
        EventType::ExecutionCanceled,
    ];
    outcomes
        .iter()
        .any(|outcome| outcome.full_name() == event_type)
}
