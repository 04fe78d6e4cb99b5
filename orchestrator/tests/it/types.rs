//! Where types come from, and versions of them that live side by side.

mod reflected;

use pavane::workflow::v1::{DeployWorkflowRequest, Descriptors};
use prost::Message;
use prost_types::FileDescriptorProto;
use serde_json::json;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::support::{
    CHAIN, Fake, OTHER, Running, World, deploy_request, renumbered, types_where, within,
};

const CHAIN_SERVICE: &str = "pavane.testing.v1.ChainService";
const SECOND_SERVICE: &str = "pavane.testing.v1.SecondLinkService";

/// As `chain`, but for its last two steps.
const SHORT: &str = "
name: short
implements: Run
steps:
  - { id: first, call: First, request: { payload: input.payload } }
output: { payload: first.payload }
";

async fn deploy(orchestrator: &Running, workflow: &str, types: Descriptors) {
    let request = DeployWorkflowRequest {
        descriptors: Some(types),
        ..deploy_request(workflow)
    };
    let mut client = orchestrator.workflows();
    within(client.deploy_workflow(request)).await.unwrap();
}

/// Asks all of it on one stream, as grpcurl does. Answers the files of each.
async fn ask(
    orchestrator: &Running,
    questions: Vec<MessageRequest>,
) -> Vec<Vec<FileDescriptorProto>> {
    let questions: Vec<_> = questions
        .into_iter()
        .map(|question| ServerReflectionRequest {
            host: String::new(),
            message_request: Some(question),
        })
        .collect();
    let mut client = ServerReflectionClient::new(orchestrator.channel.clone());
    let asking = client.server_reflection_info(tokio_stream::iter(questions));
    let mut answers = within(asking).await.unwrap().into_inner();
    let mut found = Vec::new();
    while let Some(answer) = within(answers.message()).await.unwrap() {
        let MessageResponse::FileDescriptorResponse(files) = answer.message_response.unwrap()
        else {
            panic!("it has no such file");
        };
        let files = files.file_descriptor_proto.iter();
        let files = files.map(|file| FileDescriptorProto::decode(file.as_slice()).unwrap());
        found.push(files.collect());
    }
    found
}

/// The number of the first field of a message in these files.
fn number(files: &[FileDescriptorProto], message: &str) -> i32 {
    let mut messages = files.iter().flat_map(|file| &file.message_type);
    let found = messages.find(|found| found.name() == message).unwrap();
    found.field[0].number()
}

fn symbol(name: &str) -> MessageRequest {
    MessageRequest::FileContainingSymbol(name.to_owned())
}

/// That each of the two is served with its own types.
async fn check_both(orchestrator: &Running) {
    for (method, payload) in [
        ("pavane.testing.v1.ChainService/Run", "one"),
        ("pavane.testing.v1.SecondLinkService/Second", "two"),
    ] {
        let body = json!({ "payload": payload });
        let (status, _, answer) = orchestrator.post(method, &body.to_string()).await;
        assert_eq!((status, answer), (200, body), "{method}");
    }
    let request = "pavane.testing.v1.SecondRequest";
    let questions = vec![
        symbol(CHAIN_SERVICE),
        symbol(request),
        symbol(SECOND_SERVICE),
        symbol(request),
    ];
    let numbers: Vec<i32> = ask(orchestrator, questions)
        .await
        .iter()
        .map(|files| number(files, "SecondRequest"))
        .collect();
    // What is asked for after a service is meant as that service has it.
    assert_eq!(numbers, [1, 1, 7, 7]);
    // By itself, as the newest has it.
    let alone = ask(orchestrator, vec![symbol(request)]).await;
    assert_eq!(number(&alone[0], "SecondRequest"), 7);
}

#[tokio::test]
async fn versions_of_a_type_live_side_by_side() {
    let mut world = World::new(Fake::up().await, &[SHORT], |_| {}).await;
    deploy(&world.orchestrator, OTHER, renumbered("SecondRequest")).await;
    check_both(&world.orchestrator).await;
    // Whatever their names: what was deployed last is the newest after a restart as well.
    world.restart().await;
    check_both(&world.orchestrator).await;

    world.orchestrator.delete("other").await.unwrap();
    let left = ask(
        &world.orchestrator,
        vec![symbol("pavane.testing.v1.SecondRequest")],
    )
    .await;
    assert_eq!(number(&left[0], "SecondRequest"), 1);
}

#[tokio::test]
async fn the_newest_revision_is_what_is_shown() {
    let world = World::with(CHAIN).await;
    let types = types_where("RunRequest", |message| {
        let mut field = message.field[0].clone();
        field.name = Some("weight".to_owned());
        field.json_name = Some("weight".to_owned());
        field.number = Some(2);
        message.field.push(field);
    });
    deploy(&world.orchestrator, CHAIN, types).await;
    let found = ask(&world.orchestrator, vec![symbol(CHAIN_SERVICE)]).await;
    let mut messages = found[0].iter().flat_map(|file| &file.message_type);
    let request = messages.find(|found| found.name() == "RunRequest").unwrap();
    assert_eq!(request.field.len(), 2);
    let body = r#"{"payload": "parcel", "weight": "7"}"#;
    let method = "pavane.testing.v1.ChainService/Run";
    let (status, _, _) = world.orchestrator.post(method, body).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn types_that_contradict_the_servers_own_hide_nothing_of_it() {
    let mut types = renumbered("RunRequest");
    let Some(pavane::workflow::v1::descriptors::From::FileDescriptorSet(files)) = &mut types.from
    else {
        panic!("the types are given");
    };
    for file in &mut files.file {
        if file.package() == "pavane.workflow.v1" {
            file.message_type[0].field.clear();
        }
    }
    let world = World::new(Fake::up().await, &[], |_| {}).await;
    deploy(&world.orchestrator, CHAIN, types).await;
    let (status, _, _) = world
        .orchestrator
        .post("pavane.testing.v1.ChainService/Run", r#"{"payload": "a"}"#)
        .await;
    assert_eq!(status, 200);
    let questions = vec![
        symbol("pavane.workflow.v1.WorkflowService"),
        symbol(CHAIN_SERVICE),
        symbol("pavane.workflow.v1.WorkflowService"),
    ];
    let found = ask(&world.orchestrator, questions).await;
    for answer in [&found[0], &found[2]] {
        let service = answer.iter().find(|file| !file.service.is_empty()).unwrap();
        assert!(!service.message_type[0].field.is_empty());
    }
    let empty = r#"{"page_size": 1}"#;
    let list = "pavane.workflow.v1.WorkflowService/ListWorkflows";
    let (status, _, answer) = world.orchestrator.post(list, empty).await;
    assert_eq!(
        (status, &answer["workflows"][0]["name"]),
        (200, &json!("chain"))
    );
}
