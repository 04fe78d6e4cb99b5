//! From start to outcome, in either mode, by the same words.

use pavane::testing::v1::RunRequest;
use pavane::workflow::v1::{ExecutionState, ListExecutionsRequest, Mode, StepState};
use tonic::{Code, Status};

use super::{states, story};
use crate::support::{CHAIN, Company, check, run_request, within};

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async fn knock(company: &Company, mode: &str, id: &str) -> Result<String, Status> {
    let metadata = [
        ("pavane-mode", mode),
        ("pavane-execution-id", id),
        ("traceparent", TRACE),
    ];
    let request: tonic::Request<RunRequest> = run_request(&metadata, "parcel");
    let response = within(company.orchestrator().door().run(request)).await?;
    Ok(response.into_inner().payload)
}

#[tokio::test]
async fn a_caller_chooses_the_mode_and_gets_the_same_answer() {
    let company = Company::with(&[CHAIN]).await;
    company.fake().answer("Third", "done");
    company.fake().answer("Third", "done");

    assert_eq!(
        knock(&company, "orchestrated", "x-1").await.unwrap(),
        "done"
    );
    assert_eq!(
        knock(&company, "choreographed", "x-2").await.unwrap(),
        "done"
    );

    let conducted = company.orchestrator().get("x-1").await.unwrap();
    let choreographed = company.orchestrator().get("x-2").await.unwrap();
    assert_eq!(conducted.mode(), Mode::Orchestrated);
    assert_eq!(choreographed.mode(), Mode::Choreographed);
    assert_eq!(choreographed.state(), ExecutionState::Succeeded);
    assert_eq!(choreographed.input, conducted.input);
    assert_eq!(choreographed.output, conducted.output);
    assert_eq!(states(&choreographed), states(&conducted));
    let expected = [
        "started",
        "one: first/completed",
        "two: second/completed",
        "three: third/completed",
        "outcome",
    ];
    assert_eq!(story(&choreographed), expected);
    // By these, participants choose what they hear; and all of it is of the caller's trace.
    let attributes = |at: usize| choreographed.events[at].attributes.clone();
    assert_eq!(attributes(0)["choreography"], "chain");
    assert_eq!(attributes(1)["step"], "chain/first");
    assert!(conducted.events[0].attributes.is_empty());
    let trace = &TRACE[..36];
    for event in &choreographed.events {
        assert!(event.traceparent.starts_with(trace), "{event:?}");
    }
    assert!(choreographed.waits.is_empty() && choreographed.incidents.is_empty());
}

#[tokio::test]
async fn a_mode_that_is_none_is_refused() {
    let company = Company::with(&[CHAIN]).await;
    let refused = knock(&company, "choreographd", "x-1").await;
    let message = check(refused, Code::InvalidArgument, "INVALID_REQUEST");
    let expected = "pavane-mode: is `choreographd`; expected `orchestrated` or `choreographed`";
    assert_eq!(message, expected);
}

#[tokio::test]
async fn a_workflow_says_how_its_executions_are_run() {
    let chain = CHAIN.replace("name: chain", "name: chain\nmode: choreographed");
    let company = Company::with(&[&chain]).await;

    let answer = company.orchestrator().run("x-1", "parcel").await.unwrap();

    assert_eq!(answer, "parcel");
    let execution = company.orchestrator().get("x-1").await.unwrap();
    assert_eq!(execution.mode(), Mode::Choreographed);
    assert_eq!(
        knock(&company, "orchestrated", "x-2").await.unwrap(),
        "parcel"
    );
    let execution = company.orchestrator().get("x-2").await.unwrap();
    assert_eq!(execution.mode(), Mode::Orchestrated);
}

#[tokio::test]
async fn the_same_order_in_another_mode_is_another_order() {
    let company = Company::with(&[CHAIN]).await;
    let orchestrator = company.orchestrator();
    knock(&company, "choreographed", "x-1").await.unwrap();
    knock(&company, "orchestrated", "x-2").await.unwrap();

    let orders = [
        ("orchestrated", "x-1", "choreographed"),
        ("choreographed", "x-2", "orchestrated"),
    ];
    for (mode, id, found) in orders {
        let refused = knock(&company, mode, id).await;
        let message = check(refused, Code::AlreadyExists, "EXECUTION_EXISTS");
        let expected = format!("execution `{id}` exists already, in another mode: it is {found}");
        assert_eq!(message, expected);
    }
    // The same again is the same, and so is one that leaves the mode to the workflow.
    let again = orchestrator.choreograph("x-1", "parcel").await.unwrap();
    assert!(again.existing);
    assert_eq!(orchestrator.run("x-1", "parcel").await.unwrap(), "parcel");
    let other = orchestrator.choreograph("x-1", "other").await;
    check(other, Code::AlreadyExists, "EXECUTION_EXISTS");
    assert_eq!(company.fake().calls_of("First").len(), 2);
}

#[tokio::test]
async fn many_who_start_the_same_id_start_it_once() {
    let company = Company::with(&[CHAIN]).await;
    let gate = company.fake().hold("First");
    let starts = (0..20).map(|_| company.orchestrator().choreograph("x-1", "parcel"));
    let started = futures_util::future::join_all(starts).await;
    let new = started
        .into_iter()
        .filter(|it| !it.as_ref().unwrap().existing);
    assert_eq!(new.count(), 1);
    gate.open();
    company.orchestrator().wait("x-1").await.unwrap();
    assert_eq!(company.fake().names(), ["First", "Second", "Third"]);
}

#[tokio::test]
async fn what_was_done_is_undone_when_a_step_fails() {
    let company = Company::with(&[CHAIN]).await;
    company
        .fake()
        .fail("Third", Status::not_found("no such place"));

    let failed = knock(&company, "choreographed", "x-1").await;

    let message = check(failed, Code::NotFound, "STEP_FAILED");
    assert_eq!(message, "no such place");
    let execution = company.orchestrator().get("x-1").await.unwrap();
    assert_eq!(execution.state(), ExecutionState::Failed);
    assert_eq!(execution.failed_step, "third");
    let expected = [
        "started",
        "one: first/completed",
        "two: second/completed",
        "three: third/failed",
        "two: second/compensated",
        "one: first/compensated",
        "outcome",
    ];
    assert_eq!(story(&execution), expected);
}

#[tokio::test]
async fn lists_show_both_modes_as_they_stand() {
    let company = Company::with(&[CHAIN]).await;
    let orchestrator = company.orchestrator();
    knock(&company, "choreographed", "x-1").await.unwrap();
    knock(&company, "orchestrated", "x-2").await.unwrap();
    company
        .fake()
        .hold_then_fail("Second", Status::not_found("no"))
        .open();
    let undo = company.fake().hold("undo First");
    orchestrator.choreograph("x-3", "parcel").await.unwrap();
    company.fake().called("undo First", 1).await;

    let listed = async || {
        let request = ListExecutionsRequest::default();
        let listed = orchestrator.list(request).await.unwrap().executions;
        let one = |it: pavane::workflow::v1::Execution| (it.id.clone(), it.mode(), it.state());
        listed.into_iter().map(one).collect::<Vec<_>>()
    };
    let (conducted, choreographed) = (Mode::Orchestrated, Mode::Choreographed);
    let before = listed().await;
    assert_eq!(before[0].0, "x-3");
    assert_eq!(before[0].2, ExecutionState::Failing);
    undo.open();
    orchestrator.wait("x-3").await.unwrap();
    let expected = [
        ("x-3".to_owned(), choreographed, ExecutionState::Failed),
        ("x-2".to_owned(), conducted, ExecutionState::Succeeded),
        ("x-1".to_owned(), choreographed, ExecutionState::Succeeded),
    ];
    assert_eq!(listed().await, expected);
}

#[tokio::test]
async fn an_execution_shows_what_it_waits_for() {
    let company = Company::with(&[CHAIN]).await;
    let gate = company.fake().hold("Second");
    company
        .orchestrator()
        .choreograph("x-1", "parcel")
        .await
        .unwrap();
    company.fake().called("Second", 1).await;
    let one_is_heard = |it: &pavane::workflow::v1::Execution| it.events.len() == 2;

    let execution = company.orchestrator().until("x-1", one_is_heard).await;

    let expected = [StepState::Completed, StepState::Running, StepState::Pending];
    assert_eq!(states(&execution), expected);
    let [wait] = &execution.waits[..] else {
        panic!("{:?}", execution.waits)
    };
    assert_eq!((wait.step.as_str(), wait.compensation), ("second", false));
    assert_eq!((wait.participant.as_str(), wait.reachable), ("two", true));
    assert_eq!(wait.cause_id, "x-1/first/completed");
    assert_eq!(wait.cause_type, "pavane.workflow.v1.StepCompleted");
    assert_eq!(wait.cause_source, "/one");
    assert_eq!(wait.cause_sequence, execution.events[1].sequence);
    assert_eq!(wait.since_time, execution.events[1].time);
    assert!(wait.expected_time.unwrap().seconds >= wait.since_time.unwrap().seconds);
    assert_eq!(wait.target, company.performers[1].address().to_string());
    gate.open();
    let execution = company.orchestrator().wait("x-1").await.unwrap();
    assert!(execution.waits.is_empty());
}
