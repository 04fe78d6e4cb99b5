//! What a restart keeps: executions go on from what was recorded, whether the process could say
//! goodbye or not.

use std::time::Duration;

use pavane::workflow::v1::{Execution, ExecutionState, ListExecutionsRequest, StepState};
use pavane_feed::{KeyRange, Store};
use pavane_orchestrator::Options;
use prost::Message;
use prost_types::FileDescriptorSet;
use tokio::runtime::{Builder, Runtime};
use tonic::Status;

use crate::support::{CHAIN, Fake, Running, World, within};

/// An orchestrator that can be killed: it has a runtime of its own.
pub(crate) struct Doomed {
    runtime: Runtime,
    pub(crate) orchestrator: Running,
}

impl Doomed {
    async fn start(world: &World) -> Self {
        Self::start_with(world.options()).await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let starting = runtime.spawn(Running::start(options));
        let orchestrator = within(starting).await.unwrap().unwrap();
        Self {
            runtime,
            orchestrator,
        }
    }

    /// Every task ends where it stands: nothing is drained and nothing is closed.
    pub(crate) async fn kill(self) {
        let Self {
            runtime,
            orchestrator,
        } = self;
        let killing = tokio::task::spawn_blocking(move || {
            runtime.shutdown_timeout(Duration::from_secs(10));
            drop(orchestrator);
        });
        within(killing).await.unwrap();
    }
}

fn states(execution: &Execution) -> Vec<StepState> {
    execution.steps.iter().map(|step| step.state()).collect()
}

#[tokio::test]
async fn a_call_in_flight_is_recorded_before_the_end() {
    let mut world = World::with(CHAIN).await;
    let gate = world.fake.hold("Second");
    world
        .orchestrator
        .start_chain("x-1", "parcel")
        .await
        .unwrap();
    world.fake.called("Second", 1).await;

    world.orchestrator.shutdown.cancel();
    gate.open();
    world.orchestrator.stopped().await;
    world.orchestrator = Running::start(world.options()).await.unwrap();

    let execution = world.orchestrator.wait("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Succeeded);
    assert_eq!(world.fake.names(), ["First", "Second", "Third"]);
}

#[tokio::test]
async fn a_call_that_takes_longer_than_the_drain_is_made_again() {
    let mut world = World::new(Fake::up().await, &[CHAIN], |options| {
        options.drain = Duration::from_millis(20);
    })
    .await;
    let _gate = world.fake.hold("Second");
    world
        .orchestrator
        .start_chain("x-1", "parcel")
        .await
        .unwrap();
    world.fake.called("Second", 1).await;

    world.restart().await;

    let execution = world.orchestrator.wait("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Succeeded);
    assert_eq!(world.fake.names(), ["First", "Second", "Second", "Third"]);
    let keys: Vec<_> = world
        .fake
        .calls_of("Second")
        .into_iter()
        .map(|call| call.key)
        .collect();
    assert_eq!(keys, ["x-1/second"; 2]);
}

#[tokio::test]
async fn whoever_waits_at_the_door_is_sent_away_and_finds_the_outcome_later() {
    let mut world = World::new(Fake::up().await, &[CHAIN], |options| {
        options.drain = Duration::from_millis(200);
    })
    .await;
    let _gate = world.fake.hold("Second");
    let mut door = world.orchestrator.door();
    let request = crate::support::run_request(&[("pavane-execution-id", "x-1")], "parcel");
    let caller = tokio::spawn(async move { door.run(request).await });
    world.fake.called("Second", 1).await;

    world.restart().await;

    let sent_away = within(caller).await.unwrap();
    crate::support::check(sent_away, tonic::Code::Unavailable, "SHUTTING_DOWN");
    assert_eq!(
        world.orchestrator.run("x-1", "parcel").await.unwrap(),
        "parcel"
    );
}

#[tokio::test]
async fn what_was_deployed_is_served_again() {
    let mut world = World::with(CHAIN).await;
    world.orchestrator.run("x-1", "parcel").await.unwrap();
    let before = world.orchestrator.get("x-1").await.unwrap();

    // The options of a restart name no workflow.
    world.restart().await;

    assert_eq!(world.orchestrator.get("x-1").await.unwrap(), before);
    assert_eq!(
        world.orchestrator.run("x-1", "parcel").await.unwrap(),
        "parcel"
    );
    assert_eq!(
        world.orchestrator.run("x-2", "parcel").await.unwrap(),
        "parcel"
    );
    assert!(world.orchestrator.deploy(CHAIN).await.unwrap().unchanged);
}

#[tokio::test]
async fn a_killed_orchestrator_goes_on_from_what_was_recorded() {
    let mut world = World::with(CHAIN).await;
    world.orchestrator.stop().await;
    let doomed = Doomed::start(&world).await;
    let orchestrator = &doomed.orchestrator;
    // One that has ended, one in a call, one that is being undone, one that waits for an operator.
    assert_eq!(orchestrator.run("ended", "parcel").await.unwrap(), "parcel");
    let _second = world.fake.hold("Second");
    orchestrator.start_chain("calling", "parcel").await.unwrap();
    world.fake.called("Second", 2).await;
    world.fake.fail("Second", Status::not_found("no"));
    let _undo = world.fake.hold("undo First");
    orchestrator.start_chain("undoing", "parcel").await.unwrap();
    world.fake.called("undo First", 1).await;
    world.fake.fail("Second", Status::not_found("no"));
    world.fake.fail("undo First", Status::not_found("lost"));
    orchestrator
        .start_chain("suspended", "parcel")
        .await
        .unwrap();
    let suspended = |execution: &Execution| execution.state() == ExecutionState::Suspended;
    orchestrator.until("suspended", suspended).await;
    let listed = orchestrator
        .list(ListExecutionsRequest::default())
        .await
        .unwrap();

    doomed.kill().await;
    let gates = [world.fake.hold("Second"), world.fake.hold("undo First")];
    world.orchestrator = Running::start(world.options()).await.unwrap();
    let orchestrator = &world.orchestrator;

    assert_eq!(
        orchestrator
            .list(ListExecutionsRequest::default())
            .await
            .unwrap(),
        listed
    );
    world.fake.called("Second", 5).await;
    world.fake.called("undo First", 3).await;
    let execution = orchestrator.get("calling").await.unwrap();
    let running = [StepState::Completed, StepState::Running, StepState::Pending];
    assert_eq!(states(&execution), running);
    for gate in gates {
        gate.open();
    }
    assert_eq!(
        orchestrator.wait("calling").await.unwrap().state(),
        ExecutionState::Succeeded
    );
    assert_eq!(
        orchestrator.wait("undoing").await.unwrap().state(),
        ExecutionState::Failed
    );
    orchestrator.retry("suspended").await.unwrap();
    assert_eq!(
        orchestrator.wait("suspended").await.unwrap().state(),
        ExecutionState::Failed
    );

    let again = |name: &str, id: &str| {
        let key = format!("{id}/{}", name.trim_start_matches("undo ").to_lowercase());
        world
            .fake
            .calls_of(name)
            .iter()
            .filter(|call| call.key == key)
            .count()
    };
    // What was recorded is not done again; what may have been done is.
    for id in ["ended", "calling", "undoing", "suspended"] {
        assert_eq!(again("First", id), 1, "{id}");
    }
    assert_eq!(again("Second", "ended"), 1);
    assert_eq!(again("Second", "calling"), 2);
    assert_eq!(again("Second", "undoing"), 1);
    assert_eq!(again("undo First", "undoing"), 2);
    assert_eq!(again("undo First", "suspended"), 2);
}

#[tokio::test]
async fn a_step_that_was_possibly_called_before_a_crash_is_undone() {
    let mut world = World::with(CHAIN).await;
    world.orchestrator.stop().await;
    let doomed = Doomed::start(&world).await;
    let _gate = world.fake.hold("Second");
    doomed
        .orchestrator
        .start_chain("x-1", "parcel")
        .await
        .unwrap();
    world.fake.called("Second", 1).await;
    doomed.orchestrator.cancel("x-1", "no more").await.unwrap();

    doomed.kill().await;
    world.orchestrator = Running::start(world.options()).await.unwrap();

    let execution = world.orchestrator.wait("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Canceled);
    assert!(execution.steps[1].ambiguous);
    let names = ["First", "Second", "undo Second", "undo First"];
    assert_eq!(world.fake.names(), names);
}

#[tokio::test]
async fn types_that_a_newer_server_has_otherwise_do_not_stop_it() {
    let mut world = World::with(CHAIN).await;
    world.orchestrator.stop().await;
    change_kept_types(&world).await;

    world.orchestrator = Running::start(world.options()).await.unwrap();

    assert_eq!(
        world.orchestrator.run("x-1", "parcel").await.unwrap(),
        "parcel"
    );
}

/// Makes it so that the workflow was deployed with other types of the contract than ours.
async fn change_kept_types(world: &World) {
    let store = Store::open(pavane_feed::Options::new(world.folder.path())).unwrap();
    let descriptors = store.state("descriptors").unwrap();
    let (revision, files) = descriptors.range(KeyRange::all()).next().unwrap().unwrap();
    let mut files = FileDescriptorSet::decode(files.as_ref()).unwrap();
    for file in &mut files.file {
        if file.package() == "pavane.workflow.v1" {
            file.message_type[0].field.pop();
        }
    }
    let (revision, files) = (revision.to_vec(), files.encode_to_vec());
    let changed = store.transact(move |tx| tx.put(&descriptors, revision, files));
    within(changed).await.unwrap();
    store.close().await;
}
