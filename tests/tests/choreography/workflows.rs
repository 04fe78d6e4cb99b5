//! Definitions made of the sample's, and how they are deployed.

use pavane::workflow::v1::deploy_workflow_request::Definition;
use pavane::workflow::v1::descriptors::From;
use pavane::workflow::v1::workflow_service_client::WorkflowServiceClient;
use pavane::workflow::v1::{
    DeployWorkflowRequest, DeployedWorkflow, Descriptors, GetWorkflowRequest, Source,
};
use pavane_tests::shop::{Role, Shop};
use prost::Message;
use prost_types::FileDescriptorSet;
use tonic::Status;
use tonic::transport::Channel;

/// The sample's workflow.
pub(crate) const PLACE_ORDER: &str = include_str!("../../../cli/workflows/place-order.yaml");

/// The sample's workflow with some words put for others, which must be there.
pub(crate) fn place_order(changes: &[(&str, &str)]) -> String {
    changes
        .iter()
        .fold(PLACE_ORDER.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "there is no {from:?} in it");
            text.replace(from, to)
        })
}

/// Deploys it.
pub(crate) async fn deploy(shop: &Shop, text: &str) -> Result<DeployedWorkflow, Status> {
    let answer = client(shop).deploy_workflow(request(text)).await?;
    Ok(answer.into_inner().workflow.unwrap_or_default())
}

/// The revision that is served now.
pub(crate) async fn deployed(shop: &Shop, name: &str) -> DeployedWorkflow {
    let request = GetWorkflowRequest {
        name: name.to_owned(),
        ..GetWorkflowRequest::default()
    };
    let answer = client(shop).get_workflow(request).await;
    let answer = answer.expect("it is deployed").into_inner();
    answer.workflow.expect("it is described")
}

/// All types that there are.
pub(crate) fn descriptors() -> FileDescriptorSet {
    FileDescriptorSet::decode(pavane::FILE_DESCRIPTOR_SET).expect("it is one")
}

fn request(text: &str) -> DeployWorkflowRequest {
    let source = Source {
        file_name: "test.yaml".to_owned(),
        text: text.to_owned(),
    };
    DeployWorkflowRequest {
        definition: Some(Definition::Source(source)),
        descriptors: Some(Descriptors {
            from: Some(From::FileDescriptorSet(descriptors())),
        }),
        allow_breaking: false,
    }
}

fn client(shop: &Shop) -> WorkflowServiceClient<Channel> {
    WorkflowServiceClient::new(shop.channel(Role::Orchestrator))
}
