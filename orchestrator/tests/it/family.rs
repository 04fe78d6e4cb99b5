//! Executions that carry out steps of others, behind the same front door or another's.

use std::net::SocketAddr;

use pavane::metadata::STEP;
use pavane::testing::v1::second_link_service_client::SecondLinkServiceClient;
use pavane::testing::v1::second_link_service_server::{SecondLinkService, SecondLinkServiceServer};
use pavane::testing::v1::{SecondRequest, SecondResponse};
use pavane::workflow::v1::{Execution, ExecutionState, ListExecutionsRequest, StepState};
use pavane_kit::{Handle, Participant};
use pavane_orchestrator::Target;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};

use crate::support::{
    Fake, OTHER, Performer, Running, SERVICES, World, check, run_request, within,
};

/// Its second step is carried out by an execution of `other`, which calls the third link.
const PARENT: &str = "
name: parent
implements: Run
steps:
  - id: first
    call: First
    request: { payload: input.payload }
    compensate: { call: First, request: { payload: input.payload } }
  - id: second
    call: Second
    request: { payload: first.payload }
    timeout: 3600s
output: { payload: second.payload }
";

/// An orchestrator that calls itself for the second step.
async fn alone() -> World {
    let place = Fake::down();
    let address = place.address();
    drop(place);
    World::new(Fake::up().await, &[PARENT, OTHER], |options| {
        options.listen = address;
        let own = Target::parse(&address.to_string()).unwrap();
        options.targets.set(SERVICES[1], own);
    })
    .await
}

/// One that calls another one for it: the parent's, and the child's.
async fn apart() -> (World, World) {
    let child = World::new(Fake::up().await, &[OTHER], |_| {}).await;
    let target = Target::parse(&child.orchestrator.address().to_string()).unwrap();
    let parent = World::new(Fake::up().await, &[PARENT], |options| {
        options.targets.set(SERVICES[1], target);
    });
    (parent.await, child)
}

/// Performs the second link by calling it elsewhere, as a sidecar does.
struct Forwarding(Channel);

#[tonic::async_trait]
impl SecondLinkService for Forwarding {
    async fn second(
        &self,
        mut request: Request<SecondRequest>,
    ) -> Result<Response<SecondResponse>, Status> {
        request.metadata_mut().insert(STEP, "true".parse().unwrap());
        SecondLinkServiceClient::new(self.0.clone())
            .second(request)
            .await
    }
}

async fn forwarding(folder: &TempDir, to: SocketAddr) -> Handle {
    let door = Endpoint::from_shared(format!("http://{to}")).unwrap();
    let options = pavane_kit::Options::new(([127, 0, 0, 1], 0).into(), folder.path());
    let participant = within(Participant::open("two", options)).await.unwrap();
    let forwarding = SecondLinkServiceServer::new(Forwarding(door.connect_lazy()));
    let participant = participant.add_service(forwarding);
    let participant = participant.take_part().await.unwrap();
    participant.serve(pavane::descriptor_pool()).unwrap()
}

fn call(world: &World) -> JoinHandle<Result<String, Status>> {
    let mut door = world.orchestrator.door();
    let request = run_request(&[("pavane-execution-id", "x-1")], "parcel");
    tokio::spawn(async move { Ok(door.run(request).await?.into_inner().payload) })
}

/// Calls the second link as its parent's step does.
fn call_child(
    orchestrator: &Running,
    metadata: &[(&'static str, &str)],
) -> JoinHandle<Result<String, Status>> {
    let mut request = Request::new(SecondRequest {
        payload: "parcel".to_owned(),
        forward: false,
    });
    let step = [("pavane-step", "true"), ("idempotency-key", "x-1/second")];
    for (name, value) in step.iter().chain(metadata) {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    let mut door = SecondLinkServiceClient::new(orchestrator.channel.clone());
    tokio::spawn(async move { Ok(door.second(request).await?.into_inner().payload) })
}

fn is_failing(execution: &Execution) -> bool {
    execution.state() == ExecutionState::Failing
}

#[tokio::test]
async fn parent_and_child_name_each_other() {
    let world = alone().await;
    world.fake.answer("Third", "done");

    assert_eq!(
        world.orchestrator.run("x-1", "parcel").await.unwrap(),
        "done"
    );

    let parent = world.orchestrator.get("x-1").await.unwrap();
    let children: Vec<_> = parent
        .steps
        .iter()
        .map(|step| &*step.child_execution_id)
        .collect();
    assert_eq!(children, ["", "x-1:second"]);
    assert_eq!(parent.parent_execution_id, "");
    let child = world.orchestrator.get("x-1:second").await.unwrap();
    let of_child = (
        &*child.workflow,
        &*child.parent_execution_id,
        &*child.parent_step,
    );
    assert_eq!(of_child, ("other", "x-1", "second"));
    let listed = world.orchestrator.list(ListExecutionsRequest::default());
    let listed = listed.await.unwrap().executions;
    assert_eq!(listed[0].parent_execution_id, "x-1");
}

async fn check_cancel(of_parent: &World, of_child: &World) {
    let gate = of_child.fake.hold("Third");
    let caller = call(of_parent);
    of_child.fake.called("Third", 1).await;

    of_parent
        .orchestrator
        .cancel("x-1", "changed my mind")
        .await
        .unwrap();

    let child = of_child.orchestrator.until("x-1:second", is_failing).await;
    assert_eq!(
        child.cancel_reason,
        "execution `x-1` is canceled: changed my mind"
    );
    assert!(!of_parent.fake.names().contains(&"undo First".to_owned()));
    gate.open();
    let parent = of_parent.orchestrator.wait("x-1").await.unwrap();
    assert_eq!(parent.state(), ExecutionState::Canceled);
    let second = &parent.steps[1];
    assert_eq!(second.state(), StepState::Failed);
    assert!(!second.ambiguous, "nothing of the child stands");
    assert_eq!(of_parent.fake.names().last().unwrap(), "undo First");
    let child = of_child.orchestrator.wait("x-1:second").await.unwrap();
    assert_eq!(child.state(), ExecutionState::Canceled);
    let undone = parent
        .events
        .iter()
        .find(|event| event.r#type.ends_with("StepCompensated"));
    let (undone, ended) = (undone.unwrap().time.unwrap(), child.end_time.unwrap());
    assert!((ended.seconds, ended.nanos) < (undone.seconds, undone.nanos));
    check(
        within(caller).await.unwrap(),
        Code::Aborted,
        "EXECUTION_CANCELED",
    );
}

#[tokio::test]
async fn a_canceled_parent_stops_its_child_and_is_undone_after_it() {
    let world = alone().await;
    check_cancel(&world, &world).await;
}

#[tokio::test]
async fn a_child_behind_the_front_door_of_another_is_stopped_too() {
    let (parent, child) = apart().await;
    check_cancel(&parent, &child).await;
}

#[tokio::test]
async fn a_choreographed_parent_stops_its_child_and_is_undone_after_it() {
    let place = Fake::down();
    let address = place.address();
    drop(place);
    let (fake, folder) = (Fake::up().await, TempDir::new().unwrap());
    let first = Performer::start(&fake, "one", 0).await;
    let second = forwarding(&folder, address).await;
    let parent = format!("{PARENT}mode: choreographed\n");
    let world = World::new(fake, &[&parent, OTHER], |options| {
        options.listen = address;
        options.targets.set(SERVICES[0], first.target());
        let second = Target::parse(&second.local_addr().to_string()).unwrap();
        options.targets.set(SERVICES[1], second);
    })
    .await;
    check_cancel(&world, &world).await;
}

#[tokio::test]
async fn a_child_whose_parent_has_begun_to_fail_is_stopped_when_it_comes() {
    let world = alone().await;
    let (first, third) = (world.fake.hold("First"), world.fake.hold("Third"));
    let caller = call(&world);
    world.fake.called("First", 1).await;
    world.orchestrator.cancel("x-1", "no").await.unwrap();

    let late = call_child(&world.orchestrator, &[]);

    world.fake.called("Third", 1).await;
    world.orchestrator.until("x-1:second", is_failing).await;
    third.open();
    check(
        within(late).await.unwrap(),
        Code::Aborted,
        "EXECUTION_CANCELED",
    );
    first.open();
    check(
        within(caller).await.unwrap(),
        Code::Aborted,
        "EXECUTION_CANCELED",
    );
}

#[tokio::test]
async fn what_undoes_a_step_waits_until_what_does_it_has_ended() {
    let world = alone().await;
    let gate = world.fake.hold("Third");
    let does = call_child(&world.orchestrator, &[]);
    world.fake.called("Third", 1).await;

    let undoes = call_child(&world.orchestrator, &[("idempotency-compensation", "true")]);

    world.orchestrator.until("x-1:second", is_failing).await;
    gate.open();
    check(
        within(does).await.unwrap(),
        Code::Aborted,
        "EXECUTION_CANCELED",
    );
    assert_eq!(within(undoes).await.unwrap().unwrap(), "parcel");
    let ended = world
        .orchestrator
        .get("x-1:second")
        .await
        .unwrap()
        .end_time
        .unwrap();
    let undone = world
        .orchestrator
        .get("x-1:second.compensation")
        .await
        .unwrap();
    let began = undone.create_time.unwrap();
    assert!((ended.seconds, ended.nanos) <= (began.seconds, began.nanos));
    // From now on it is not done any more.
    let again = within(call_child(&world.orchestrator, &[])).await.unwrap();
    check(again, Code::Aborted, "COMPENSATED_BEFORE");
}
