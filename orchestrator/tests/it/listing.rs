//! Lists of executions: their order, filters and pages.

mod filters;
mod retention;

use pavane::workflow::v1::{Execution, ExecutionState, ListExecutionsRequest};
use tonic::{Code, Status};

use crate::support::{CHAIN, Fake, OTHER, World, check};

fn ids(executions: &[Execution]) -> Vec<&str> {
    executions
        .iter()
        .map(|execution| execution.id.as_str())
        .collect()
}

#[tokio::test]
async fn lists_are_newest_first_and_can_be_filtered() {
    let world = World::new(Fake::up().await, &[CHAIN, OTHER], |_| {}).await;
    let orchestrator = &world.orchestrator;
    orchestrator.run("done", "parcel").await.unwrap();
    world.fake.fail("First", Status::not_found("no"));
    orchestrator.run("failed", "parcel").await.unwrap_err();
    orchestrator
        .start_execution("other", "other", "parcel")
        .await
        .unwrap();
    orchestrator.wait("other").await.unwrap();
    let _gate = world.fake.hold("First");
    orchestrator.start_chain("running", "parcel").await.unwrap();
    let _undo = world.fake.hold("undo First");
    world.fake.fail("Second", Status::not_found("no"));
    orchestrator.start_chain("failing", "parcel").await.unwrap();
    world.fake.called("undo First", 1).await;

    let list = async |workflow: &str, states: &[ExecutionState]| {
        let request = ListExecutionsRequest {
            workflow: workflow.to_owned(),
            states: states.iter().map(|&state| state.into()).collect(),
            ..ListExecutionsRequest::default()
        };
        let response = orchestrator.list(request).await.unwrap();
        assert_eq!(response.next_page_token, "");
        response.executions
    };
    use ExecutionState::{Failed, Failing, Running, Succeeded};
    let all = list("", &[]).await;
    assert_eq!(ids(&all), ["failing", "running", "other", "failed", "done"]);
    let states: Vec<_> = all.iter().map(Execution::state).collect();
    assert_eq!(states, [Failing, Running, Succeeded, Failed, Succeeded]);
    let bare = |one: &Execution| {
        one.input.is_none() && one.output.is_none() && one.steps.is_empty() && one.events.is_empty()
    };
    assert!(all.iter().all(bare));
    assert_eq!(all[3].failure.as_ref().unwrap().message, "no");
    assert_eq!(ids(&list("other", &[]).await), ["other"]);
    assert_eq!(
        ids(&list("chain", &[Running, Failed]).await),
        ["running", "failed"]
    );
    assert_eq!(ids(&list("", &[Failing]).await), ["failing"]);
    assert_eq!(ids(&list("nonesuch", &[]).await), [""; 0]);
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let world = World::with(CHAIN).await;
    let mut expected = Vec::new();
    for number in 0..6 {
        let id = format!("x-{number}");
        world.orchestrator.run(&id, "parcel").await.unwrap();
        expected.insert(0, id);
    }
    for page_size in [1, 2, 4, 6, 7] {
        let mut found = Vec::new();
        let mut request = ListExecutionsRequest {
            page_size,
            ..ListExecutionsRequest::default()
        };
        loop {
            let page = world.orchestrator.list(request.clone()).await.unwrap();
            assert!(
                !page.executions.is_empty(),
                "the last page has an empty token"
            );
            assert!(page.executions.len() <= page_size as usize);
            found.extend(page.executions.into_iter().map(|execution| execution.id));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        assert_eq!(found, expected, "pages of {page_size}");
    }
}

#[tokio::test]
async fn a_malformed_list_request_is_refused() {
    let world = World::with(CHAIN).await;
    let requests = [
        ListExecutionsRequest {
            page_size: -1,
            ..ListExecutionsRequest::default()
        },
        ListExecutionsRequest {
            page_token: "x".to_owned(),
            ..ListExecutionsRequest::default()
        },
        ListExecutionsRequest {
            states: vec![99],
            ..ListExecutionsRequest::default()
        },
    ];
    for request in requests {
        let refused = world.orchestrator.list(request).await;
        check(refused, Code::InvalidArgument, "INVALID_REQUEST");
    }
}
