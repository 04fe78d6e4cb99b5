//! What cannot be deployed, and what is said of it.

use pavane::workflow::v1::{
    CheckWorkflowRequest, CheckWorkflowResponse, DeployWorkflowRequest, check_workflow_request,
};
use prost::Message;
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{CHAIN, Fake, World, check, deploy_request, source, types, within};

#[tokio::test]
async fn a_method_is_implemented_by_one_workflow() {
    let world = World::with(CHAIN).await;
    let rival = CHAIN.replace("name: chain", "name: rival");

    let refused = world.orchestrator.deploy(&rival).await;

    let message = check(refused, Code::FailedPrecondition, "METHOD_TAKEN");
    let expected = "`pavane.testing.v1.ChainService/Run` is implemented by workflow `chain` already; \
                    delete that first";
    assert_eq!(message, expected);
    world.orchestrator.delete("chain").await.unwrap();
    world.orchestrator.deploy(&rival).await.unwrap();
    assert_eq!(
        world.orchestrator.run("x-1", "parcel").await.unwrap(),
        "parcel"
    );
}

#[tokio::test]
async fn the_orchestrators_own_methods_cannot_be_implemented() {
    let world = World::new(Fake::up().await, &[], |_| {}).await;
    let usurper = "
name: usurper
implements: pavane.workflow.v1.WorkflowService/DeleteWorkflow
steps:
  - { id: only, call: First, request: { payload: input.name } }
";

    let refused = world.orchestrator.deploy(usurper).await;

    check(refused, Code::FailedPrecondition, "METHOD_RESERVED");
}

#[tokio::test]
async fn a_service_without_a_target_cannot_be_called() {
    let world = World::new(Fake::up().await, &[], |_| {}).await;
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
    let world = World::new(Fake::up().await, &[], |_| {}).await;
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
            against_deployed: false,
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
    let world = World::new(Fake::up().await, &[], |_| {}).await;
    let request = DeployWorkflowRequest {
        definition: None,
        descriptors: Some(types()),
        allow_breaking: false,
    };
    let refused = within(world.orchestrator.workflows().deploy_workflow(request)).await;
    check(refused, Code::InvalidArgument, "INVALID_REQUEST");
}
