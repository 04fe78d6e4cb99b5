//! Calls of what workflows implement, against a scripted order service.

use std::time::Duration;

use pavane::error::{COMPENSATED, Details, EXECUTION_ID};
use pavane::metadata;
use pavane::shop::common::v1::{Address, OrderLine};
use pavane::shop::order::v1::order_service_server::{OrderService, OrderServiceServer};
use pavane::shop::order::v1::{PlaceOrderRequest, PlaceOrderResponse};
use pavane::workflow::v1::Mode;
use pavane_client::{Client, Error};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Code, Request, Response, Status};

const PLACE_ORDER: &str = "shop.order.v1.OrderService/PlaceOrder";

/// Answers by the order's id: with what it was told, with errors, or never.
struct Orders;

#[tonic::async_trait]
impl OrderService for Orders {
    async fn place_order(
        &self,
        request: Request<PlaceOrderRequest>,
    ) -> Result<Response<PlaceOrderResponse>, Status> {
        let said = |name: &str| {
            let value = request.metadata().get(name);
            value.map_or("", |value| value.to_str().unwrap()).to_owned()
        };
        match &*request.get_ref().order_id {
            "never" => std::future::pending().await,
            "declined" => Err(Details::new()
                .fact(EXECUTION_ID, "declined")
                .fact(COMPENSATED, true)
                .retry_after(Duration::from_secs(3))
                .status(Code::FailedPrecondition, "CARD_DECLINED", "no money")),
            "malformed" => Err(Details::new()
                .field("lines[0].sku", "there is no such article")
                .status(Code::InvalidArgument, "INVALID_REQUEST", "it is wrong")),
            "bare" => Err(Status::internal("")),
            id => Ok(Response::new(PlaceOrderResponse {
                order_id: id.to_owned(),
                tracking_number: format!(
                    "{}, {}",
                    said(metadata::EXECUTION_ID),
                    said(metadata::MODE)
                ),
                ..PlaceOrderResponse::default()
            })),
        }
    }
}

async fn client() -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder().add_service(OrderServiceServer::new(Orders));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    Client::connect(&address.to_string()).await.unwrap()
}

fn order(id: &str) -> PlaceOrderRequest {
    PlaceOrderRequest {
        order_id: id.to_owned(),
        lines: vec![OrderLine {
            sku: "sku-3".to_owned(),
            quantity: 2,
        }],
        card_token: "tok-visa".to_owned(),
        address: Some(Address {
            recipient: "Ada Byron".to_owned(),
            street: "Pavane Street 1".to_owned(),
            city: "Hamburg".to_owned(),
            postal_code: "20095".to_owned(),
            country: "DE".to_owned(),
        }),
    }
}

async fn refused(client: &Client, id: &str) -> Error {
    let answer: Result<PlaceOrderResponse, _> = client.call(PLACE_ORDER, order(id)).await;
    answer.unwrap_err()
}

#[tokio::test]
async fn a_call_says_which_execution_it_is_and_how_to_run_it() {
    let client = client().await;
    let call = client.call(PLACE_ORDER, order("1"));
    let placed: PlaceOrderResponse = call
        .execution_id("mine")
        .mode(Mode::Choreographed)
        .await
        .unwrap();
    assert_eq!(placed.tracking_number, "mine, choreographed");
    let placed: PlaceOrderResponse = client.call(PLACE_ORDER, order("2")).await.unwrap();
    assert_eq!((&*placed.order_id, &*placed.tracking_number), ("2", ", "));
}

#[tokio::test]
async fn an_error_has_all_that_the_server_says() {
    let client = client().await;
    let error = refused(&client, "declined").await;
    assert_eq!(error.to_string(), "no money (CARD_DECLINED)");
    let failure = error.failure().unwrap();
    assert_eq!(failure.code(), Code::FailedPrecondition);
    assert_eq!(failure.execution_id(), Some("declined"));
    assert!(failure.is_compensated());
    assert_eq!(failure.domain(), Some("pavane"));
    assert_eq!(failure.detail::<PlaceOrderResponse>(), None);
    assert_eq!(failure.retry_after(), Some(Duration::from_secs(3)));

    let error = refused(&client, "malformed").await;
    let violations = error.failure().unwrap().field_violations();
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].field, "lines[0].sku");
    assert_eq!(violations[0].description, "there is no such article");

    let error = refused(&client, "bare").await;
    assert_eq!((error.reason(), error.code()), (None, Some(Code::Internal)));
    assert!(!error.to_string().is_empty());
}

#[tokio::test]
async fn a_deadline_that_passes_is_called_that() {
    let client = client().await;
    let call = client.call::<_, PlaceOrderResponse>(PLACE_ORDER, order("never"));
    let error = call.timeout(Duration::from_millis(10)).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::DeadlineExceeded), "{error}");
}

#[tokio::test]
async fn what_cannot_be_called_is_said_before_it_is() {
    let client = client().await;
    let check = async |method: &str, execution: &str, expected: &str| {
        let call = client.call::<_, PlaceOrderResponse>(method, order("1"));
        let error = call.execution_id(execution).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(
        "PlaceOrder",
        "1",
        "`PlaceOrder` is not a method; expected `package.Service/Method`",
    )
    .await;
    check(
        PLACE_ORDER,
        "a\nb",
        r"`a\nb` is not the id of an execution (InvalidArgument)",
    )
    .await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = Client::connect(&address).await.unwrap_err();
    let Error::Unreachable { address: named, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(named, address);
}
