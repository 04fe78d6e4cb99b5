//! Calls by gRPC, and what becomes of those that cannot be answered.

use std::time::Duration;

use pavane::feed::v1::PublishRequest;
use pavane::feed::v1::feed_service_client::FeedServiceClient;
use pavane::shop::order::v1::PlaceOrderRequest;
use pavane::shop::order::v1::order_service_client::OrderServiceClient;
use pavane::testing::v1::{AddFaultRequest, ClearFaultsRequest, ListCallsRequest};
use pavane_server::{Error, Limits, Options, Server};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::support::{Running, reason, start, start_with};

const PATIENCE: Duration = Duration::from_secs(5);

fn fault(method: &str) -> AddFaultRequest {
    AddFaultRequest {
        method: method.into(),
        count: 1,
        ..Default::default()
    }
}

/// Calls AddFault, which fails.
async fn failure(server: &Running, method: &str) -> Status {
    let mut client = server.client().await;
    client.add_fault(fault(method)).await.unwrap_err()
}

#[tokio::test]
async fn a_call_reaches_its_service_or_the_fallback() {
    let server = start().await;
    let mut client = server.client().await;
    let request = ListCallsRequest {
        page_token: "7".into(),
        ..Default::default()
    };
    let response = client.list_calls(request).await.unwrap();
    assert_eq!(response.get_ref().next_page_token, "7");
    assert_eq!(response.metadata().get("x-answer").unwrap(), "yes");

    let mut front_door = OrderServiceClient::new(server.channel().await);
    let order = PlaceOrderRequest {
        order_id: "o-1".into(),
        ..Default::default()
    };
    let placed = front_door.place_order(order).await.unwrap();
    assert_eq!(placed.get_ref().order_id, "o-1");
    server.stop().await;
}

#[tokio::test]
async fn an_error_arrives_as_it_was_made() {
    let server = start().await;
    let status = failure(&server, "fail").await;
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(status.message(), "out of stock");
    assert_eq!(reason(&status), "OUT_OF_STOCK");
    assert_eq!(status.metadata().get("pavane-execution-id").unwrap(), "x-1");

    let mut client = server.client().await;
    let status = client
        .clear_faults(ClearFaultsRequest {})
        .await
        .unwrap_err();
    assert_eq!(status.message(), "not in this test");
    server.stop().await;
}

#[tokio::test]
async fn a_method_that_nobody_serves_is_named() {
    let server = start().await;
    let mut client = FeedServiceClient::new(server.channel().await);
    let status = client.publish(PublishRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(reason(&status), "UNKNOWN_METHOD");
    insta::assert_snapshot!(status.message(), @"method `pavane.feed.v1.FeedService/Publish` is described here, but not served");
    server.descriptors.remove("contract");
    let status = client.publish(PublishRequest::default()).await.unwrap_err();
    assert_eq!(reason(&status), "UNKNOWN_METHOD");
    insta::assert_snapshot!(status.message(), @"no method `pavane.feed.v1.FeedService/Publish` here");
    server.stop().await;
}

#[tokio::test]
async fn a_call_without_a_deadline_has_the_servers() {
    let limits = Limits {
        request_timeout: Duration::from_millis(20),
        ..Limits::default()
    };
    let server = start_with(limits, PATIENCE).await;
    let status = failure(&server, "wait").await;
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(reason(&status), "REQUEST_TIMEOUT");
    insta::assert_snapshot!(status.message(), @"the call took longer than 20ms, the limit `request_timeout` for calls without a deadline");
    server.stop().await;
}

#[tokio::test]
async fn a_call_too_many_is_refused_at_once() {
    let limits = Limits {
        max_requests_in_flight: 1,
        ..Limits::default()
    };
    let server = start_with(limits, PATIENCE).await;
    let mut client = server.client().await;
    let first = tokio::spawn(async move { client.add_fault(fault("wait")).await });
    server.waiting.notified().await;

    let status = failure(&server, "").await;
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason(&status), "OVERLOADED");
    assert!(status.get_details_retry_info().is_some());
    insta::assert_snapshot!(status.message(), @"1 calls are in flight, the limit `max_requests_in_flight`");

    server.go_on.notify_one();
    first.await.unwrap().unwrap();
    server
        .client()
        .await
        .add_fault(fault("anything"))
        .await
        .unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_panic_ends_one_call_and_nothing_else() {
    let server = start().await;
    let mut client = server.client().await;
    let status = client.add_fault(fault("panic")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unknown);
    assert_eq!(reason(&status), "HANDLER_PANICKED");
    client.add_fault(fault("anything")).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn an_oversized_message_is_refused_with_the_limits_name() {
    let limits = Limits {
        max_receive_bytes: 100,
        ..Limits::default()
    };
    let server = start_with(limits, PATIENCE).await;
    let status = failure(&server, &"x".repeat(200)).await;
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason(&status), "MESSAGE_TOO_LARGE");
    insta::assert_snapshot!(status.message(), @"the message of 205 bytes is larger than the limit `max_receive_bytes`, 100 bytes");
    server.stop().await;
}

#[tokio::test]
async fn a_port_in_use_is_said_in_one_line() {
    let listen = ([127, 0, 0, 1], 0).into();
    let first = Server::bind(Options::new(listen)).await.unwrap();
    let taken = first.local_addr();
    let error = Server::bind(Options::new(taken)).await.unwrap_err();
    assert!(matches!(error, Error::AddressInUse { addr } if addr == taken));
    let expected = format!("cannot listen on {taken}: address already in use");
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn an_address_of_another_machine_is_said_in_one_line() {
    let foreign = Options::new(([192, 0, 2, 1], 7400).into());
    let error = Server::bind(foreign).await.unwrap_err();
    insta::assert_snapshot!(error, @"cannot listen on 192.0.2.1:7400: address not available");
}
