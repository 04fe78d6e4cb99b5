//! Deploying: what is served, what is refused, and what becomes of executions meanwhile.

use pavane::workflow::v1::descriptors::From as DescriptorsFrom;
use pavane::workflow::v1::{
    CheckWorkflowRequest, CheckWorkflowResponse, DeleteWorkflowRequest, DeployWorkflowRequest,
    Descriptors, ExecutionState, GetWorkflowRequest, ListWorkflowsRequest, check_workflow_request,
};
use prost::Message;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_types::StatusExt;

use crate::support::{CHAIN, Fake, Running, World, check, deploy_request, source, types, within};

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

async fn delete(orchestrator: &Running, name: &str) -> Result<(), Status> {
    let request = DeleteWorkflowRequest {
        name: name.to_owned(),
    };
    within(orchestrator.workflows().delete_workflow(request)).await?;
    Ok(())
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

    delete(orchestrator, "chain").await.unwrap();
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
        delete(orchestrator, "chain").await,
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
    delete(&world.orchestrator, "chain").await.unwrap();

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
async fn a_method_is_implemented_by_one_workflow() {
    let world = World::with(CHAIN).await;
    let rival = CHAIN.replace("name: chain", "name: rival");

    let refused = world.orchestrator.deploy(&rival).await;

    let message = check(refused, Code::FailedPrecondition, "METHOD_TAKEN");
    let expected = "`pavane.testing.v1.ChainService/Run` is implemented by workflow `chain` already; \
                    delete that first";
    assert_eq!(message, expected);
    delete(&world.orchestrator, "chain").await.unwrap();
    world.orchestrator.deploy(&rival).await.unwrap();
    assert_eq!(
        world.orchestrator.run("x-1", "parcel").await.unwrap(),
        "parcel"
    );
}

#[tokio::test]
async fn the_orchestrators_own_methods_cannot_be_implemented() {
    let world = empty().await;
    let usurper = "
name: usurper
implements: pavane.workflow.v1.WorkflowService/DeleteWorkflow
steps:
  - { id: only, call: First, request: { payload: input.name } }
";

    let refused = world.orchestrator.deploy(usurper).await;

    check(refused, Code::FailedPrecondition, "METHOD_RESERVED");
    let own = "pavane.workflow.v1.WorkflowService";
    assert_eq!(
        health(&world.orchestrator, own).await,
        Ok(ServingStatus::Serving)
    );
}

#[tokio::test]
async fn a_service_without_a_target_cannot_be_called() {
    let world = empty().await;
    let lost = "
name: lost
implements: Run
steps:
  - { id: only, call: pavane.testing.v1.FaultService/ClearFaults }
";

    let refused = world.orchestrator.deploy(lost).await;

    let message = check(refused, Code::FailedPrecondition, "NO_TARGET");
    assert!(
        message.starts_with("no target is configured for `pavane.testing.v1.FaultService`;"),
        "{message}"
    );
}

#[tokio::test]
async fn a_wrong_definition_is_refused_with_its_mistakes_in_place() {
    let world = empty().await;
    let wrong = CHAIN.replace(
        "payload: first.payload }\n    compensate: { call: Second",
        "payload: first.payloda }\n    compensate: { call: Second",
    );

    let status = world.orchestrator.deploy(&wrong).await.unwrap_err();

    assert_eq!(
        status.message(),
        "the definition of test.yaml has 1 mistake"
    );
    let violations = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, "steps[1].request.payload");
    let details = tonic_types::pb::Status::decode(status.details())
        .unwrap()
        .details;
    let report = details
        .iter()
        .find_map(|any| any.to_msg::<CheckWorkflowResponse>().ok())
        .unwrap();
    assert_eq!(report.diagnostics[0].line, 11);
    assert!(
        report.diagnostics[0].help.contains("`payload`"),
        "{:?}",
        report.diagnostics
    );
    check::<()>(Err(status), Code::InvalidArgument, "INVALID_DEFINITION");

    // To check is not to deploy: what is wrong is the answer.
    let check_of = async |text: &str| {
        let request = CheckWorkflowRequest {
            definition: Some(check_workflow_request::Definition::Source(source(text))),
            descriptors: Some(types()),
        };
        let response = within(world.orchestrator.workflows().check_workflow(request)).await;
        response.unwrap().into_inner()
    };
    assert_eq!(check_of(&wrong).await, report);
    let sound = check_of(CHAIN).await;
    assert_eq!((sound.diagnostics.len(), sound.revision.len()), (0, 64));
    check(
        world.orchestrator.start_chain("x-1", "p").await,
        Code::NotFound,
        "UNKNOWN_WORKFLOW",
    );
    let deployed = world.orchestrator.deploy(CHAIN).await.unwrap();
    assert_eq!(deployed.workflow.unwrap().revision, sound.revision);
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
async fn types_cannot_be_read_from_a_service_that_is_down() {
    let world = World::new(Fake::down(), &[], |_| {}).await;
    let request = DeployWorkflowRequest {
        descriptors: None,
        ..deploy_request(CHAIN)
    };

    let refused = within(world.orchestrator.workflows().deploy_workflow(request)).await;

    let message = check(refused, Code::FailedPrecondition, "REFLECTION_FAILED");
    assert!(
        message.contains(&world.fake.address().to_string()),
        "{message}"
    );
}

#[tokio::test]
async fn a_deployment_without_a_definition_is_refused() {
    let world = empty().await;
    let request = DeployWorkflowRequest {
        definition: None,
        descriptors: Some(types()),
    };
    let refused = within(world.orchestrator.workflows().deploy_workflow(request)).await;
    check(refused, Code::InvalidArgument, "INVALID_REQUEST");
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
