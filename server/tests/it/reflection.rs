//! What a client without any .proto file learns from a server.

use prost::Message;
use prost_types::FileDescriptorProto;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest::{self, *};
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ExtensionRequest, ServerReflectionRequest};
use tonic_reflection::pb::v1alpha;

use crate::support::{Running, start};

/// Asks several questions on one stream; the answers come as short texts.
async fn ask(server: &Running, questions: Vec<MessageRequest>) -> Vec<String> {
    let requests = questions
        .into_iter()
        .map(|question| ServerReflectionRequest {
            host: String::new(),
            message_request: Some(question),
        });
    let requests: Vec<_> = requests.collect();
    let mut client = ServerReflectionClient::new(server.channel().await);
    let mut answers = client
        .server_reflection_info(tokio_stream::iter(requests))
        .await
        .unwrap()
        .into_inner();
    let mut texts = Vec::new();
    while let Some(answer) = answers.message().await.unwrap() {
        texts.push(show(answer.message_response.unwrap()));
    }
    texts
}

fn show(answer: MessageResponse) -> String {
    match answer {
        MessageResponse::FileDescriptorResponse(files) => {
            let name = |encoded: &Vec<u8>| {
                let file = FileDescriptorProto::decode(encoded.as_slice()).unwrap();
                file.name.unwrap()
            };
            let names: Vec<_> = files.file_descriptor_proto.iter().map(name).collect();
            names.join(" ")
        }
        MessageResponse::AllExtensionNumbersResponse(numbers) => {
            format!("{:?}", numbers.extension_number)
        }
        MessageResponse::ListServicesResponse(services) => {
            let names: Vec<_> = services.service.into_iter().map(|s| s.name).collect();
            names.join("\n")
        }
        MessageResponse::ErrorResponse(error) => {
            format!("{}: {}", error.error_code, error.error_message)
        }
    }
}

#[tokio::test]
async fn what_is_served_is_listed_as_it_changes() {
    let server = start().await;
    let listed = ask(&server, vec![ListServices(String::new())]).await;
    insta::assert_snapshot!(listed[0], @"
    grpc.health.v1.Health
    grpc.reflection.v1.ServerReflection
    grpc.reflection.v1alpha.ServerReflection
    pavane.feed.v1.FeedService
    pavane.testing.v1.FaultService
    shop.order.v1.OrderService
    ");
    server.descriptors.remove("contract");
    let listed = ask(&server, vec![ListServices(String::new())]).await;
    insta::assert_snapshot!(listed[0], @"
    grpc.health.v1.Health
    grpc.reflection.v1.ServerReflection
    grpc.reflection.v1alpha.ServerReflection
    ");
    server.stop().await;
}

#[tokio::test]
async fn a_file_is_found_by_name_and_by_what_it_defines() {
    let server = start().await;
    let symbols = [
        "shop.order.v1.PlaceOrderRequest",
        "shop.order.v1.OrderService",
        "shop.order.v1.OrderService.PlaceOrder",
        "shop.order.v1.PlaceOrderRequest.order_id",
        "pavane.testing.v1.FaultMoment",
        "pavane.testing.v1.FAULT_MOMENT_AFTER",
        "pavane.testing.v1.ListCallsResponse.Call",
    ];
    for symbol in symbols {
        let answer = ask(&server, vec![FileContainingSymbol(symbol.into())]).await;
        let package = symbol.split(".v1.").next().unwrap().replace('.', "/");
        assert!(answer[0].starts_with(&package), "{symbol}: {}", answer[0]);
    }
    let unknown = [
        FileContainingSymbol("shop.order.v1.OrderService.PlaceOrdr".into()),
        FileContainingSymbol("nothing".into()),
        FileByFilename("nothing.proto".into()),
        AllExtensionNumbersOfType("google.protobuf.FieldOptions".into()),
        FileContainingExtension(ExtensionRequest {
            containing_type: "shop.order.v1.PlaceOrderRequest".into(),
            extension_number: -1,
        }),
    ];
    let answers = ask(&server, unknown.into()).await;
    insta::assert_snapshot!(answers.join("\n"), @"
    5: no symbol `shop.order.v1.OrderService.PlaceOrdr` here
    5: no symbol `nothing` here
    5: no file `nothing.proto` here
    [1159, 1160]
    5: no extension `shop.order.v1.PlaceOrderRequest:-1` here
    ");
    server.stop().await;
}

#[tokio::test]
async fn the_details_of_errors_can_be_shown() {
    let server = start().await;
    let question = FileContainingSymbol("google.rpc.ErrorInfo".into());
    let answers = ask(&server, vec![question]).await;
    assert!(answers[0].contains("error_details.proto"), "{}", answers[0]);
    server.stop().await;
}

#[tokio::test]
async fn imports_come_with_a_file_once_per_stream() {
    let server = start().await;
    let order = FileByFilename("shop/order/v1/order_service.proto".into());
    let answers = ask(&server, vec![order.clone(), order]).await;
    insta::assert_snapshot!(answers.join("\n"), @"
    shop/order/v1/order_service.proto shop/common/v1/common.proto buf/validate/validate.proto google/protobuf/timestamp.proto google/protobuf/field_mask.proto google/protobuf/duration.proto google/protobuf/descriptor.proto
    shop/order/v1/order_service.proto
    ");
    server.stop().await;
}

#[tokio::test]
async fn version_1_alpha_answers_the_same() {
    use v1alpha::server_reflection_request::MessageRequest;
    use v1alpha::server_reflection_response::MessageResponse;

    let server = start().await;
    let request = v1alpha::ServerReflectionRequest {
        host: "here".into(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client =
        v1alpha::server_reflection_client::ServerReflectionClient::new(server.channel().await);
    let answers = client.server_reflection_info(tokio_stream::iter([request.clone()]));
    let answer = answers.await.unwrap().into_inner().message().await.unwrap();
    let answer = answer.unwrap();
    assert_eq!(answer.original_request, Some(request));
    let Some(MessageResponse::ListServicesResponse(services)) = answer.message_response else {
        panic!("expected a list of services, found {answer:?}");
    };
    let names: Vec<_> = services.service.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, server.descriptors.services());
    server.stop().await;
}

#[tokio::test]
async fn a_stream_that_nobody_closes_does_not_delay_the_end() {
    let server = start().await;
    let mut client = ServerReflectionClient::new(server.channel().await);
    let (_open, requests) = tokio::sync::mpsc::channel::<ServerReflectionRequest>(1);
    let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
    let mut answers = client
        .server_reflection_info(requests)
        .await
        .unwrap()
        .into_inner();
    server.stop().await;
    assert!(answers.message().await.unwrap().is_none());
}
