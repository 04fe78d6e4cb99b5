//! Deploying: what is served, and what becomes of executions meanwhile.

use pavane::workflow::v1::descriptors::From as DescriptorsFrom;
use pavane::workflow::v1::{
    DeployWorkflowRequest, Descriptors, ExecutionState, GetWorkflowRequest, ListWorkflowsRequest,
};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::support::{CHAIN, Fake, Running, World, check, deploy_request, within};

const CHAIN_SERVICE: &str = "pavane.testing.v1.ChainService";
const SECOND_SERVICE: &str = "pavane.testing.v1.SecondLinkService";

/// As `chain`, but for what comes out.
fn shorter_chain() -> String {
    let (steps, _) = CHAIN.split_once("  - id: third").unwrap();
    format!("{steps}output: {{ payload: second.payload }}\n")
}

async fn empty() -> World {
    World::new(Fake::up().await, &[], |_| {}).await
}

async fn health(orchestrator: &Running, service: &str) -> Result<ServingStatus, Code> {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let mut client = HealthClient::new(orchestrator.channel.clone());
    let answer = within(client.check(request)).await;
    answer
        .map(|response| response.into_inner().status())
        .map_err(|status| status.code())
}

/// The services that reflection lists.
async fn listed(orchestrator: &Running) -> Vec<String> {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(orchestrator.channel.clone());
    let requests = tokio_stream::once(request);
    let answers = within(client.server_reflection_info(requests))
        .await
        .unwrap();
    let answer = within(answers.into_inner().message())
        .await
        .unwrap()
        .unwrap();
    match answer.message_response.unwrap() {
        MessageResponse::ListServicesResponse(list) => list
            .service
            .into_iter()
            .map(|service| service.name)
            .collect(),
        other => panic!("{other:?} is no list"),
    }
}

async fn is_listed(orchestrator: &Running, service: &str) -> bool {
    listed(orchestrator)
        .await
        .iter()
        .any(|name| name == service)
}

#[tokio::test]
async fn a_deployed_workflow_is_served_and_a_deleted_one_is_not() {
    let world = empty().await;
    let orchestrator = &world.orchestrator;
    assert!(!is_listed(orchestrator, CHAIN_SERVICE).await);

    let deployed = orchestrator.deploy(CHAIN).await.unwrap();
    assert!(!deployed.unchanged);
    assert_eq!(deployed.workflow.unwrap().revision.len(), 64);
    assert!(is_listed(orchestrator, CHAIN_SERVICE).await);
    assert_eq!(
        health(orchestrator, CHAIN_SERVICE).await,
        Ok(ServingStatus::Serving)
    );
    assert_eq!(orchestrator.run("x-1", "parcel").await.unwrap(), "parcel");
    let gate = world.fake.hold("Second");
    orchestrator.start_chain("x-2", "parcel").await.unwrap();
    world.fake.called("Second", 2).await;

    orchestrator.delete("chain").await.unwrap();
    check(
        orchestrator.run("x-3", "parcel").await,
        Code::Unimplemented,
        "UNKNOWN_METHOD",
    );
    check(
        orchestrator.start_chain("x-3", "p").await,
        Code::NotFound,
        "UNKNOWN_WORKFLOW",
    );
    assert!(!is_listed(orchestrator, CHAIN_SERVICE).await);
    assert_eq!(
        health(orchestrator, CHAIN_SERVICE).await,
        Err(Code::NotFound)
    );
    check(
        orchestrator.delete("chain").await,
        Code::NotFound,
        "UNKNOWN_WORKFLOW",
    );
    // What is in flight goes on, and what has ended can be looked at.
    gate.open();
    let execution = orchestrator.wait("x-2").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Succeeded);
    assert_eq!(
        orchestrator.get("x-1").await.unwrap().state(),
        ExecutionState::Succeeded
    );
}

#[tokio::test]
async fn a_deleted_workflow_stays_deleted_and_its_executions_go_on_after_a_restart() {
    let mut world = World::with(CHAIN).await;
    let gate = world.fake.hold("First");
    world
        .orchestrator
        .start_chain("x-1", "parcel")
        .await
        .unwrap();
    world.fake.called("First", 1).await;
    world.orchestrator.delete("chain").await.unwrap();

    world.orchestrator.shutdown.cancel();
    gate.open();
    world.orchestrator.stopped().await;
    world.orchestrator = Running::start(world.options()).await.unwrap();

    check(
        world.orchestrator.run("x-2", "p").await,
        Code::Unimplemented,
        "UNKNOWN_METHOD",
    );
    let execution = world.orchestrator.wait("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Succeeded);
}

#[tokio::test]
async fn the_same_definition_again_changes_nothing() {
    let world = World::with(CHAIN).await;
    let first = world.orchestrator.deploy(CHAIN).await.unwrap();
    let commented = format!("# with a comment\n{CHAIN}");
    let second = world.orchestrator.deploy(&commented).await.unwrap();
    assert!(first.unchanged && second.unchanged);
    assert_eq!(first.workflow, second.workflow);
}

#[tokio::test]
async fn an_execution_ends_by_the_revision_it_was_started_with() {
    let world = World::with(CHAIN).await;
    let orchestrator = &world.orchestrator;
    let gate = world.fake.hold("First");
    orchestrator.start_chain("old", "parcel").await.unwrap();
    world.fake.called("First", 1).await;

    let deployed = orchestrator.deploy(&shorter_chain()).await.unwrap();
    assert!(!deployed.unchanged);
    assert_eq!(orchestrator.run("new", "parcel").await.unwrap(), "parcel");
    assert_eq!(world.fake.calls_of("Third").len(), 0);
    gate.open();

    let old = orchestrator.wait("old").await.unwrap();
    assert_eq!(old.state(), ExecutionState::Succeeded);
    assert_eq!(world.fake.calls_of("Third").len(), 1);
    let new = orchestrator.get("new").await.unwrap();
    assert_ne!(old.revision, new.revision);
    assert_eq!((old.steps.len(), new.steps.len()), (3, 2));

    // Both revisions can be looked at.
    for (revision, expected) in [("", &new.revision), (&old.revision[..8], &old.revision)] {
        let request = GetWorkflowRequest {
            name: "chain".to_owned(),
            revision: revision.to_owned(),
        };
        let response = within(orchestrator.workflows().get_workflow(request))
            .await
            .unwrap();
        assert_eq!(&response.into_inner().workflow.unwrap().revision, expected);
    }
    // The same id with the same input is the same execution, whichever revision is served.
    assert!(
        orchestrator
            .start_chain("old", "parcel")
            .await
            .unwrap()
            .existing
    );
}

#[tokio::test]
async fn a_revision_that_implements_another_method_leaves_the_first_one() {
    let world = World::with(CHAIN).await;
    let moved = CHAIN.replace(
        "implements: Run",
        "implements: pavane.testing.v1.SecondLinkService/Second",
    );

    world.orchestrator.deploy(&moved).await.unwrap();

    assert_eq!(
        health(&world.orchestrator, SECOND_SERVICE).await,
        Ok(ServingStatus::Serving)
    );
    assert_eq!(
        health(&world.orchestrator, CHAIN_SERVICE).await,
        Err(Code::NotFound)
    );
    assert!(!is_listed(&world.orchestrator, CHAIN_SERVICE).await);
    check(
        world.orchestrator.run("x-1", "p").await,
        Code::Unimplemented,
        "UNKNOWN_METHOD",
    );
}

#[tokio::test]
async fn types_can_be_read_from_the_services_themselves() {
    // The method that it implements must be described by a target too.
    let by_reflection = CHAIN.replace(
        "implements: Run",
        "implements: pavane.testing.v1.ThirdLinkService/Third",
    );
    for from in [None, Some(DescriptorsFrom::Reflection(true))] {
        let world = empty().await;
        let request = DeployWorkflowRequest {
            descriptors: from.map(|from| Descriptors { from: Some(from) }),
            ..deploy_request(&by_reflection)
        };
        within(world.orchestrator.workflows().deploy_workflow(request))
            .await
            .unwrap();

        let started = world.orchestrator.start_chain("x-1", "parcel").await;
        assert!(!started.unwrap().existing);
        let execution = world.orchestrator.wait("x-1").await.unwrap();
        assert_eq!(execution.state(), ExecutionState::Succeeded);
    }
}

#[tokio::test]
async fn deployed_workflows_are_listed_page_by_page() {
    let world = World::with(CHAIN).await;
    let other = CHAIN.replace("name: chain", "name: a-first");
    let other = other.replace(
        "implements: Run",
        "implements: pavane.testing.v1.ThirdLinkService/Third",
    );
    world.orchestrator.deploy(&other).await.unwrap();

    let mut found = Vec::new();
    let mut request = ListWorkflowsRequest {
        page_size: 1,
        page_token: String::new(),
    };
    loop {
        let page = within(
            world
                .orchestrator
                .workflows()
                .list_workflows(request.clone()),
        )
        .await;
        let page = page.unwrap().into_inner();
        found.extend(page.workflows.into_iter().map(|workflow| workflow.name));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(found, ["a-first", "chain"]);
}
