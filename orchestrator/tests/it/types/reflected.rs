//! Types by server reflection, alone and with files.

use std::net::SocketAddr;

use pavane::workflow::v1::descriptors::From;
use pavane::workflow::v1::{DeployWorkflowRequest, DeployWorkflowResponse, Descriptors};
use pavane_orchestrator::Target;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    MethodDescriptorProto, ServiceDescriptorProto,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Status};

use crate::support::{CHAIN, Fake, Running, SERVICES, World, check, deploy_request, within};

/// Implements a method that no target serves yet.
const DOOR: &str = "
name: door
implements: door.v1.DoorService/Open
steps:
  - { id: first, call: First, request: { payload: input.payload } }
  - { id: second, call: Second, request: { payload: first.payload } }
output: { payload: second.payload }
";

/// A message with one string in it.
fn message(name: &str) -> DescriptorProto {
    DescriptorProto {
        name: Some(name.to_owned()),
        field: vec![FieldDescriptorProto {
            name: Some("payload".to_owned()),
            number: Some(1),
            label: Some(Label::Optional.into()),
            r#type: Some(Type::String.into()),
            ..FieldDescriptorProto::default()
        }],
        ..DescriptorProto::default()
    }
}

/// The file of the method that is implemented.
fn door(file_name: &str) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(file_name.to_owned()),
        package: Some("door.v1".to_owned()),
        syntax: Some("proto3".to_owned()),
        message_type: vec![message("OpenRequest"), message("OpenResponse")],
        service: vec![ServiceDescriptorProto {
            name: Some("DoorService".to_owned()),
            method: vec![MethodDescriptorProto {
                name: Some("Open".to_owned()),
                input_type: Some(".door.v1.OpenRequest".to_owned()),
                output_type: Some(".door.v1.OpenResponse".to_owned()),
                ..MethodDescriptorProto::default()
            }],
            ..ServiceDescriptorProto::default()
        }],
        ..FileDescriptorProto::default()
    }
}

async fn deploy(
    orchestrator: &Running,
    workflow: &str,
    from: From,
) -> Result<DeployWorkflowResponse, Status> {
    let request = DeployWorkflowRequest {
        descriptors: Some(Descriptors { from: Some(from) }),
        ..deploy_request(workflow)
    };
    let response = within(orchestrator.workflows().deploy_workflow(request)).await?;
    Ok(response.into_inner())
}

fn files(files: Vec<FileDescriptorProto>) -> From {
    From::PartialFileDescriptorSet(FileDescriptorSet { file: files })
}

#[tokio::test]
async fn files_for_the_method_and_reflection_for_the_rest() {
    let world = World::new(Fake::up().await, &[], |_| {}).await;
    let orchestrator = &world.orchestrator;
    let alone = From::FileDescriptorSet(FileDescriptorSet {
        file: vec![door("door.proto")],
    });
    let refused = deploy(orchestrator, DOOR, alone).await;
    check(refused, Code::InvalidArgument, "INVALID_DEFINITION");

    let partial = files(vec![door("door.proto")]);
    deploy(orchestrator, DOOR, partial).await.unwrap();

    let (status, _, answer) = orchestrator
        .post("door.v1.DoorService/Open", r#"{"payload": "parcel"}"#)
        .await;
    assert_eq!((status, answer["payload"].as_str()), (200, Some("parcel")));
    assert_eq!(world.fake.names(), ["First", "Second"]);
}

#[tokio::test]
async fn files_that_contradict_what_a_target_says_are_refused() {
    let world = World::new(Fake::up().await, &[], |_| {}).await;
    // The name of the file in which the links are.
    let name = "pavane/testing/v1/chain_service.proto";
    let partial = files(vec![door(name)]);
    let refused = deploy(&world.orchestrator, DOOR, partial).await;
    let message = check(refused, Code::FailedPrecondition, "DESCRIPTOR_CONFLICT");
    assert!(message.contains(name), "{message}");
    assert!(message.contains("the files that were given"), "{message}");
    let target = world.fake.address().to_string();
    assert!(message.contains(&target), "{message}");
}

#[tokio::test]
async fn what_an_edition_says_is_refused_by_name() {
    let world = World::new(Fake::up().await, &[], |_| {}).await;
    let mut file = door("door.proto");
    file.syntax = Some("editions".to_owned());
    let refused = deploy(&world.orchestrator, DOOR, files(vec![file])).await;
    let message = check(refused, Code::InvalidArgument, "INVALID_DESCRIPTORS");
    assert!(
        message.contains("`door.proto` is written in an edition"),
        "{message}"
    );
}

/// A server that has the older version of reflection, and nothing else.
async fn serve_v1alpha() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(pavane::FILE_DESCRIPTOR_SET)
        .build_v1alpha()
        .unwrap();
    let server = tonic::transport::Server::builder().add_service(reflection);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    address
}

#[tokio::test]
async fn a_target_that_has_only_the_older_reflection_is_asked_by_that() {
    let target = serve_v1alpha().await.to_string();
    let world = World::new(Fake::down(), &[], |options| {
        for service in SERVICES {
            let target = Target::parse(&target).unwrap();
            options.targets.set(service, target);
        }
    })
    .await;
    let by_reflection = CHAIN.replace(
        "implements: Run",
        "implements: pavane.testing.v1.ThirdLinkService/Third",
    );
    let from = From::Reflection(true);
    deploy(&world.orchestrator, &by_reflection, from)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_required_field_that_nobody_sets_is_a_mistake() {
    let world = World::new(Fake::up().await, &[], |_| {}).await;
    let mut file = door("door.proto");
    file.syntax = Some("proto2".to_owned());
    for message in &mut file.message_type {
        message.field[0].label = Some(Label::Required.into());
    }
    let (without_output, _) = DOOR.split_once("output:").unwrap();
    let refused = deploy(
        &world.orchestrator,
        without_output,
        files(vec![file.clone()]),
    )
    .await;
    check(refused, Code::InvalidArgument, "INVALID_DEFINITION");
    let partial = files(vec![file]);
    deploy(&world.orchestrator, DOOR, partial).await.unwrap();
}
