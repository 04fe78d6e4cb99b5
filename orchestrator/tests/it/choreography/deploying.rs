//! Who takes part is found, and prepared, when a workflow is deployed.

use std::time::Duration;

use pavane::workflow::v1::{DeployedWorkflow, ExecutionState};
use pavane_orchestrator::Target;
use tonic::Code;

use crate::support::{CHAIN, Company, Fake, Performer, Running, World, check, reason};

/// The chain, choreographed unless somebody says otherwise.
fn choreographed() -> String {
    CHAIN.replace("name: chain", "name: chain\nmode: choreographed")
}

/// `one: first` for each part.
fn parts(workflow: &DeployedWorkflow) -> Vec<String> {
    let parts = workflow.parts.iter();
    parts
        .map(|part| format!("{}: {}", part.participant, part.steps.join(" ")))
        .collect()
}

#[tokio::test]
async fn a_deploy_says_who_performs_what() {
    let company = Company::with(&[]).await;
    let deployed = company.orchestrator().deploy(CHAIN).await.unwrap();
    let workflow = deployed.workflow.unwrap();
    assert_eq!(
        parts(&workflow),
        ["one: first", "two: second", "three: third"]
    );
    assert_eq!(workflow.choreography_problem, "");
    let shown = company.orchestrator().workflow("chain").await.unwrap();
    assert_eq!(shown, workflow);
}

#[tokio::test]
async fn a_workflow_that_nobody_takes_part_in_is_conducted() {
    let world = World::with(CHAIN).await;
    let workflow = world.orchestrator.workflow("chain").await.unwrap();
    assert!(workflow.parts.is_empty());
    let problem = &workflow.choreography_problem;
    assert!(problem.contains("no participant owns"), "{problem}");
    assert_eq!(
        world.orchestrator.run("x-1", "parcel").await.unwrap(),
        "parcel"
    );
    let refused = world.orchestrator.choreograph("x-2", "parcel").await;
    check(refused, Code::FailedPrecondition, "NO_PARTICIPANT");
}

#[tokio::test]
async fn a_workflow_that_asks_to_be_choreographed_and_cannot_be_is_refused() {
    let world = World::new(Fake::up().await, &[], |_| {}).await;
    let refused = world.orchestrator.deploy(&choreographed()).await;
    check(refused, Code::FailedPrecondition, "NO_PARTICIPANT");
    let refused = world.orchestrator.workflow("chain").await;
    check(refused, Code::NotFound, "UNKNOWN_WORKFLOW");
}

#[tokio::test]
async fn an_orchestrator_does_not_start_with_what_cannot_be_choreographed() {
    let mut world = World::new(Fake::up().await, &[], |_| {}).await;
    world.orchestrator.stop().await;
    let mut options = world.options();
    options.workflows = vec![crate::support::definition(&choreographed())];
    let refused = Running::start(options).await.err().unwrap();
    let status = tonic::Status::from(refused);
    assert_eq!(reason(&status), "NO_PARTICIPANT");
    // It has let go of the folder.
    Running::start(world.options()).await.unwrap();
}

#[tokio::test]
async fn two_who_claim_one_service_are_one_too_many() {
    let company = Company::with(&[]).await;
    let rival = Performer::start(company.fake(), "rival", 1).await;
    let mut world = company.world;
    world.orchestrator.stop().await;
    let mut options = world.options();
    for (service, performer) in crate::support::SERVICES
        .into_iter()
        .zip(&company.performers)
    {
        options.targets.set(service, performer.target());
    }
    options.participants = vec![rival.target()];
    let orchestrator = Running::start(options).await.unwrap();

    let refused = orchestrator.deploy(&choreographed()).await;

    let message = check(refused, Code::FailedPrecondition, "SERVICE_CLAIMED_TWICE");
    assert!(message.contains("`rival` and `two`"), "{message}");
}

#[tokio::test]
async fn two_of_one_name_are_refused() {
    let mut company = Company::with(&[]).await;
    let namesake = Performer::start(company.fake(), "two", 1).await;
    company.world.orchestrator.stop().await;
    let mut options = company.options();
    options.participants = vec![namesake.target()];
    let orchestrator = Running::start(options).await.unwrap();
    let refused = orchestrator.deploy(&choreographed()).await;
    check(refused, Code::FailedPrecondition, "PARTICIPANT_NAME_TAKEN");
}

#[tokio::test]
async fn a_participant_that_comes_later_is_prepared_by_the_first_start() {
    let mut company = Company::with(&[]).await;
    company.go_down(1).await;
    let deployed = company.orchestrator().deploy(CHAIN).await.unwrap();
    let problem = deployed.workflow.unwrap().choreography_problem;
    let address = company.performers[1].address().to_string();
    assert!(
        problem.contains(&format!("could not be asked: {address}")),
        "{problem}"
    );
    let refused = company.orchestrator().choreograph("x-1", "parcel").await;
    check(refused, Code::FailedPrecondition, "NO_PARTICIPANT");

    company.come_up(1).await;
    company
        .orchestrator()
        .choreograph("x-1", "parcel")
        .await
        .unwrap();

    let execution = company.orchestrator().wait("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Succeeded);
    let workflow = company.orchestrator().workflow("chain").await.unwrap();
    assert_eq!(
        (workflow.parts.len(), workflow.choreography_problem.as_str()),
        (3, "")
    );
}

#[tokio::test]
async fn a_participant_that_does_not_take_its_part_is_named() {
    let mut company = Company::with(&[]).await;
    // Nobody is where the orchestrator says that it is.
    let nowhere = Fake::down();
    company.world.orchestrator.stop().await;
    let mut options = company.options();
    let target = Target::parse(&nowhere.address().to_string());
    options.advertise = Some(target.unwrap());
    let orchestrator = Running::start(options).await.unwrap();

    let refused = orchestrator.deploy(&choreographed()).await;

    let message = check(
        refused,
        Code::FailedPrecondition,
        "PARTICIPANT_NOT_PREPARED",
    );
    assert!(
        message.contains(&nowhere.address().to_string()),
        "{message}"
    );
}

#[tokio::test]
async fn a_target_that_says_nothing_holds_up_a_deploy_for_no_longer_than_allowed() {
    // It takes connections, and that is all.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = mute.local_addr().unwrap().to_string();
    let world = World::new(Fake::up().await, &[], |options| {
        options.limits.connect_timeout = Duration::from_millis(200);
        options.participants = vec![Target::parse(&target).unwrap()];
    })
    .await;

    let deployed = world.orchestrator.deploy(CHAIN).await.unwrap();

    let problem = deployed.workflow.unwrap().choreography_problem;
    assert!(
        problem.contains(&format!("could not be asked: {target}")),
        "{problem}"
    );
    assert_eq!(
        world.orchestrator.run("x-1", "parcel").await.unwrap(),
        "parcel"
    );
}

#[tokio::test]
async fn what_was_prepared_stays_so() {
    let mut company = Company::with(&[CHAIN]).await;
    company.restart().await;
    company.go_down(0).await;
    // Deploying again does not take it back either.
    let again = company.orchestrator().deploy(CHAIN).await.unwrap();
    assert!(again.unchanged);
    assert_eq!(parts(&again.workflow.unwrap()).len(), 3);
    // But says that nobody was told anew, and why.
    let problem = again.preparation_problem;
    assert!(problem.contains("could not be asked"), "{problem}");

    company
        .orchestrator()
        .choreograph("x-1", "parcel")
        .await
        .unwrap();
    company.come_up(0).await;

    let execution = company.orchestrator().wait("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Succeeded);
}
