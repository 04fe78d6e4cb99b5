//! Each rule of each request is enforced by the server that takes it: whoever breaks one is told the
//! field, before any handler has seen the request.

use std::collections::BTreeSet;

use pavane::workflow::v1::check_workflow_request::Definition;
use pavane::workflow::v1::descriptors::From;
use pavane::workflow::v1::workflow_service_client::WorkflowServiceClient;
use pavane::workflow::v1::{CheckWorkflowRequest, Descriptors};
use pavane_contract::broken;
use pavane_tests::shop::{Role, Shop};
use prost::Message;
use prost::bytes::{Buf, BufMut, Bytes};
use prost_reflect::{DynamicMessage, MethodDescriptor};
use prost_types::FileDescriptorSet;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

/// Whose methods nobody serves whom rules bind: the front door passes on what callers send.
const ELSEWHERE: [&str; 1] = ["shop.order.v1.OrderService"];

#[tokio::test]
async fn whoever_breaks_a_rule_is_told_the_field() {
    let shop = Shop::start().await;
    let services = pavane::descriptor_pool().services();
    let methods = services.flat_map(|service| service.methods().collect::<Vec<_>>());
    let mut checked = 0;
    for method in methods.filter(|method| !ELSEWHERE.contains(&method.parent_service().full_name()))
    {
        let mut server = Grpc::new(shop.channel(server_of(&method)));
        for broken in broken::all(&method.input()) {
            let refused = call(&mut server, &method, broken.encoded().into()).await;
            let status = refused.expect_err("a rule is broken");
            let details = status.get_error_details();
            let reason = details.error_info().map(|info| info.reason.as_str());
            let answer = (status.code(), reason);
            let expected = (Code::InvalidArgument, Some("INVALID_REQUEST"));
            let what = format!("{} {} {}", method.full_name(), broken.path, broken.rule);
            assert_eq!(answer, expected, "{what}: {status}");
            let found = details.bad_request().map(|bad| &bad.field_violations);
            let found = found.into_iter().flatten();
            let mut fields = found.map(|violation| violation.field.as_str());
            assert!(fields.any(|field| field == broken.path), "{what}: {status}");
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked} broken requests");
}

/// Definitions are not refused by their rules, but by diagnostics: whoever breaks a rule has one.
#[tokio::test]
async fn a_definition_that_breaks_a_rule_has_a_mistake() {
    let shop = Shop::start().await;
    let mut workflows = WorkflowServiceClient::new(shop.channel(Role::Orchestrator));
    let mut mistakes = async |workflow: DynamicMessage| -> BTreeSet<(String, String)> {
        let workflow = workflow.transcode_to().expect("it is a workflow");
        let types = FileDescriptorSet::decode(pavane::FILE_DESCRIPTOR_SET);
        let types = From::FileDescriptorSet(types.expect("they are descriptors"));
        let request = CheckWorkflowRequest {
            definition: Some(Definition::Workflow(workflow)),
            descriptors: Some(Descriptors { from: Some(types) }),
            against_deployed: false,
        };
        let checked = workflows.check_workflow(request).await;
        let checked = checked.expect("what is wrong is the answer").into_inner();
        let diagnostics = checked.diagnostics.into_iter();
        diagnostics
            .map(|found| (found.path, found.reason))
            .collect()
    };
    let workflow = "pavane.workflow.v1.Workflow";
    let workflow = pavane::descriptor_pool().get_message_by_name(workflow);
    let workflow = workflow.expect("a message of the contract");
    let sound = mistakes(broken::sound(&workflow)).await;
    let mut missing = Vec::new();
    for broken in broken::all(&workflow) {
        let found = mistakes(broken.message).await;
        if found.is_subset(&sound) {
            missing.push(format!("{} {}", broken.path, broken.rule));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

fn server_of(method: &MethodDescriptor) -> Role {
    match method.parent_service().full_name() {
        "shop.payment.v1.PaymentService" => Role::Payment,
        "shop.shipping.v1.ShippingService" => Role::Shipping,
        "shop.inventory.v1.InventoryService"
        | "pavane.testing.v1.FaultService"
        | "pavane.workflow.v1.ParticipantService" => Role::Inventory,
        _ => Role::Orchestrator,
    }
}

/// What the method says to a request; of a stream, how it begins.
async fn call(
    server: &mut Grpc<Channel>,
    method: &MethodDescriptor,
    request: Bytes,
) -> Result<(), Status> {
    let service = method.parent_service();
    let path = format!("/{}/{}", service.full_name(), method.name());
    let path = PathAndQuery::try_from(path).expect("names make a path");
    server.ready().await.expect("the server is there");
    let answer = server.server_streaming(Request::new(request), path, Raw);
    answer.await.map(drop)
}

/// Messages as they are.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
