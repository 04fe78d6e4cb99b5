//! What lists can be asked for, and that pages of it follow each other.

use pavane::workflow::v1::{Execution, ExecutionState, ListExecutionsRequest, Mode};
use tonic::Status;

use super::ids;
use crate::support::{CHAIN, Company, Running, World};

async fn list(orchestrator: &Running, request: ListExecutionsRequest) -> Vec<Execution> {
    let response = orchestrator.list(request).await.unwrap();
    assert_eq!(response.next_page_token, "");
    response.executions
}

#[tokio::test]
async fn lists_by_time_and_by_the_step_that_failed() {
    let world = World::with(CHAIN).await;
    let orchestrator = &world.orchestrator;
    orchestrator.run("first", "parcel").await.unwrap();
    world.fake.fail("Second", Status::not_found("no"));
    orchestrator.run("second", "parcel").await.unwrap_err();
    orchestrator.run("third", "parcel").await.unwrap();
    let second = orchestrator.get("second").await.unwrap();

    let since = ListExecutionsRequest {
        created_since_time: second.create_time,
        ..ListExecutionsRequest::default()
    };
    assert_eq!(ids(&list(orchestrator, since).await), ["third", "second"]);
    let before = ListExecutionsRequest {
        created_before_time: second.create_time,
        ..ListExecutionsRequest::default()
    };
    assert_eq!(ids(&list(orchestrator, before).await), ["first"]);
    let ended = ListExecutionsRequest {
        ended_since_time: second.end_time,
        ..ListExecutionsRequest::default()
    };
    assert_eq!(ids(&list(orchestrator, ended).await), ["third", "second"]);
    let failed = ListExecutionsRequest {
        failed_step: "second".to_owned(),
        ..ListExecutionsRequest::default()
    };
    assert_eq!(ids(&list(orchestrator, failed).await), ["second"]);
}

#[tokio::test]
async fn those_that_live_are_found_in_pages_among_many_that_have_ended() {
    let world = World::with(CHAIN).await;
    let orchestrator = &world.orchestrator;
    let (mut expected, mut gates) = (Vec::new(), Vec::new());
    for number in 0..5 {
        gates.push(world.fake.hold("First"));
        let id = format!("living-{number}");
        orchestrator.start_chain(&id, "parcel").await.unwrap();
        expected.insert(0, id);
    }
    for page_size in [1, 2, 5, 6] {
        let mut request = ListExecutionsRequest {
            page_size,
            states: vec![ExecutionState::Running.into()],
            ..ListExecutionsRequest::default()
        };
        let mut found = Vec::new();
        loop {
            let page = orchestrator.list(request.clone()).await.unwrap();
            assert!(page.executions.len() <= page_size as usize);
            found.extend(page.executions.into_iter().map(|execution| execution.id));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        assert_eq!(found, expected, "pages of {page_size}");
    }
    gates.into_iter().for_each(|gate| gate.open());
    for id in &expected {
        orchestrator.wait(id).await.unwrap();
    }
    let living = ListExecutionsRequest {
        states: vec![
            ExecutionState::Running.into(),
            ExecutionState::Failing.into(),
        ],
        ..ListExecutionsRequest::default()
    };
    assert_eq!(ids(&list(orchestrator, living).await), [""; 0]);
}

#[tokio::test]
async fn lists_by_mode() {
    let company = Company::with(&[CHAIN]).await;
    let orchestrator = company.orchestrator();
    let gates = ["First", "First"].map(|name| company.fake().hold(name));
    orchestrator.choreograph("danced", "parcel").await.unwrap();
    orchestrator
        .start_chain("conducted", "parcel")
        .await
        .unwrap();
    let of = async |mode: Mode, states: Vec<i32>| {
        let request = ListExecutionsRequest {
            mode: mode.into(),
            states,
            ..ListExecutionsRequest::default()
        };
        list(orchestrator, request).await
    };
    for states in [Vec::new(), vec![ExecutionState::Running.into()]] {
        let danced = of(Mode::Choreographed, states.clone()).await;
        assert_eq!(ids(&danced), ["danced"]);
        let conducted = of(Mode::Orchestrated, states.clone()).await;
        assert_eq!(ids(&conducted), ["conducted"]);
        let all = of(Mode::Unspecified, states).await;
        assert_eq!(ids(&all), ["conducted", "danced"]);
    }
    gates.into_iter().for_each(|gate| gate.open());
    orchestrator.wait("danced").await.unwrap();
    orchestrator.wait("conducted").await.unwrap();
}
