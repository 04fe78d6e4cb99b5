//! Types that change: what is refused because it would break somebody, and what is not.

use pavane::workflow::v1::impact::Role;
use pavane::workflow::v1::{
    CheckWorkflowRequest, CheckWorkflowResponse, DeployWorkflowRequest, DeployWorkflowResponse,
    Descriptors, ExecutionState, Impact, ImpactReport, check_workflow_request,
};
use prost::Message;
use tonic::{Code, Status};

use crate::support::{
    CHAIN, Company, OTHER, Running, World, check, definition, deploy_request, renumbered, source,
    types_where, within,
};

/// Two steps that cannot be undone.
const PAIR: &str = "
name: chain
implements: Run
steps:
  - { id: first, call: First, request: { payload: input.payload } }
  - { id: second, call: Second, request: { payload: first.payload } }
output: { payload: second.payload }
";

async fn deploy(
    orchestrator: &Running,
    workflow: &str,
    types: Descriptors,
    allow_breaking: bool,
) -> Result<DeployWorkflowResponse, Status> {
    let request = DeployWorkflowRequest {
        descriptors: Some(types),
        allow_breaking,
        ..deploy_request(workflow)
    };
    let response = within(orchestrator.workflows().deploy_workflow(request)).await?;
    Ok(response.into_inner())
}

/// That a deploy is refused for what it would break. Returns that.
async fn refused(orchestrator: &Running, workflow: &str, types: Descriptors) -> Vec<Impact> {
    let answer = deploy(orchestrator, workflow, types, false).await;
    let status = answer.as_ref().expect_err("it breaks somebody").clone();
    check(answer, Code::FailedPrecondition, "BREAKING_CHANGE");
    let details = tonic_types::pb::Status::decode(status.details()).unwrap();
    let mut details = details.details.iter();
    let report = details.find(|detail| detail.type_url.ends_with("ImpactReport"));
    let report = ImpactReport::decode(&*report.unwrap().value).unwrap();
    report.impacts
}

/// Who is concerned, in short.
fn shown(impact: &Impact) -> String {
    let role = match impact.role() {
        Role::Callers => "callers of",
        Role::CallingWorkflow => "workflow",
        Role::Unspecified => panic!("it is never sent"),
    };
    let ids = impact.execution_ids.join(" ");
    let deployed = if impact.deployed { " deployed" } else { "" };
    let change = &impact.changes[0];
    let (workflow, count) = (&impact.workflow, impact.executions);
    let (_, method) = change.method.split_once('/').unwrap();
    format!(
        "{role} {workflow}{deployed} {count} [{ids}] {method} {}",
        change.path
    )
}

#[tokio::test]
async fn what_breaks_callers_is_refused_unless_it_is_allowed() {
    let world = World::with(CHAIN).await;
    let orchestrator = &world.orchestrator;
    let before = orchestrator.workflow("chain").await.unwrap();

    let impacts = refused(orchestrator, CHAIN, renumbered("RunRequest")).await;

    assert_eq!(
        impacts.iter().map(shown).collect::<Vec<_>>(),
        ["callers of chain deployed 0 [] Run request.payload"]
    );
    assert_eq!(impacts[0].revision, before.revision);
    assert_eq!(orchestrator.workflow("chain").await.unwrap(), before);

    let types = renumbered("RunRequest");
    let deployed = deploy(orchestrator, CHAIN, types, true).await.unwrap();
    assert_eq!(deployed.impacts, impacts);
    let after = orchestrator.workflow("chain").await.unwrap();
    assert_ne!(after.revision, before.revision);
}

#[tokio::test]
async fn what_breaks_another_workflow_is_refused() {
    let world = World::with(CHAIN).await;
    let orchestrator = &world.orchestrator;
    orchestrator.deploy(OTHER).await.unwrap();

    let types = renumbered("ThirdRequest");
    let impacts = refused(orchestrator, CHAIN, types.clone()).await;
    assert_eq!(
        impacts.iter().map(shown).collect::<Vec<_>>(),
        ["workflow other deployed 0 [] Third request.payload"]
    );

    // Once nobody uses the old types any more, the new ones are taken.
    orchestrator.delete("other").await.unwrap();
    deploy(orchestrator, CHAIN, types, false).await.unwrap();
}

#[tokio::test]
async fn what_breaks_an_execution_in_flight_is_refused_until_it_has_ended() {
    let world = World::with(CHAIN).await;
    let orchestrator = &world.orchestrator;
    let gate = world.fake.hold("First");
    orchestrator.start_chain("x-1", "parcel").await.unwrap();
    world.fake.called("First", 1).await;

    let types = renumbered("SecondRequest");
    let impacts = refused(orchestrator, CHAIN, types.clone()).await;
    assert_eq!(
        impacts.iter().map(shown).collect::<Vec<_>>(),
        ["workflow chain 1 [x-1] Second request.payload"]
    );

    gate.open();
    let ended = orchestrator.wait("x-1").await.unwrap();
    assert_eq!(ended.state(), ExecutionState::Succeeded);
    deploy(orchestrator, CHAIN, types, false).await.unwrap();
}

#[tokio::test]
async fn a_call_that_was_made_breaks_no_more() {
    let world = World::with(PAIR).await;
    let orchestrator = &world.orchestrator;
    let gate = world.fake.hold("Second");
    orchestrator.start_chain("x-1", "parcel").await.unwrap();
    world.fake.called("Second", 1).await;
    // First has been answered, and is not undone.
    deploy(orchestrator, PAIR, renumbered("FirstRequest"), false)
        .await
        .unwrap();
    let impacts = refused(orchestrator, PAIR, renumbered("SecondResponse")).await;
    assert_eq!(
        impacts.iter().map(shown).collect::<Vec<_>>(),
        ["workflow chain 1 [x-1] Second response.payload"]
    );
    gate.open();
    let ended = orchestrator.wait("x-1").await.unwrap();
    assert_eq!(ended.state(), ExecutionState::Succeeded);
}

#[tokio::test]
async fn what_is_compatible_is_taken_and_said() {
    let world = World::with(CHAIN).await;
    let orchestrator = &world.orchestrator;
    let gate = world.fake.hold("First");
    orchestrator.start_chain("x-1", "parcel").await.unwrap();
    world.fake.called("First", 1).await;

    // A field that nobody sets goes, and another comes.
    let types = types_where("SecondRequest", |message| {
        let mut field = message.field.remove(1);
        field.name = Some("weight".to_owned());
        field.json_name = Some("weight".to_owned());
        field.number = Some(9);
        message.field.push(field);
    });
    let deployed = deploy(orchestrator, CHAIN, types, false).await.unwrap();
    let changes = &deployed.impacts[0].changes;
    let paths: Vec<_> = changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["request.forward", "request.weight"]);
    gate.open();
    let ended = orchestrator.wait("x-1").await.unwrap();
    assert_eq!(ended.state(), ExecutionState::Succeeded);
}

#[tokio::test]
async fn a_choreographed_execution_in_flight_counts_as_well() {
    let mut company = Company::with(&[CHAIN]).await;
    company.go_down(0).await;
    let orchestrator = company.orchestrator();
    orchestrator.choreograph("x-1", "parcel").await.unwrap();
    let impacts = refused(orchestrator, CHAIN, renumbered("SecondRequest")).await;
    assert_eq!(
        impacts.iter().map(shown).collect::<Vec<_>>(),
        ["workflow chain 1 [x-1] Second request.payload"]
    );
    company.come_up(0).await;
    let ended = company.orchestrator().wait("x-1").await.unwrap();
    assert_eq!(ended.state(), ExecutionState::Succeeded);
}

async fn checked(
    orchestrator: &Running,
    workflow: &str,
    types: Descriptors,
    against_deployed: bool,
) -> CheckWorkflowResponse {
    let request = CheckWorkflowRequest {
        definition: Some(check_workflow_request::Definition::Source(source(workflow))),
        descriptors: Some(types),
        against_deployed,
    };
    let response = within(orchestrator.workflows().check_workflow(request)).await;
    response.unwrap().into_inner()
}

#[tokio::test]
async fn a_check_says_before_what_a_deploy_would_break() {
    let world = World::with(CHAIN).await;
    let orchestrator = &world.orchestrator;
    let types = renumbered("RunRequest");
    let alone = checked(orchestrator, CHAIN, types.clone(), false).await;
    assert_eq!((alone.impacts.len(), alone.diagnostics.len()), (0, 0));

    let against = checked(orchestrator, CHAIN, types.clone(), true).await;
    assert_eq!(against.impacts, refused(orchestrator, CHAIN, types).await);
    assert_eq!(against.revision, alone.revision);

    // And that there is no place for it.
    let rival = CHAIN.replace("name: chain", "name: rival");
    let against = checked(orchestrator, &rival, crate::support::types(), true).await;
    let found = &against.diagnostics[0];
    assert_eq!((found.reason.as_str(), found.line), ("METHOD_TAKEN", 3));
}

#[tokio::test]
async fn an_orchestrator_does_not_start_with_what_breaks_executions() {
    let mut world = World::with(CHAIN).await;
    let gate = world.fake.hold("First");
    world.orchestrator.start_chain("x-1", "p").await.unwrap();
    world.fake.called("First", 1).await;
    world.orchestrator.shutdown.cancel();
    gate.open();
    world.orchestrator.stopped().await;

    let mut options = world.options();
    let mut changed = definition(CHAIN);
    changed.descriptors = renumbered("SecondRequest");
    options.workflows = vec![changed];
    let error = Running::start(options).await.err().unwrap().to_string();
    assert!(error.contains("1 execution in flight (x-1)"), "{error}");

    let orchestrator = Running::start(world.options()).await.unwrap();
    let ended = orchestrator.wait("x-1").await.unwrap();
    assert_eq!(ended.state(), ExecutionState::Succeeded);
}
