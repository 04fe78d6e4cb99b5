//! The front door, the executions behind it, and reflection.

use pavane_tests::grpcurl::Grpcurl;
use pavane_tests::http;
use serde_json::{Value, json};

use crate::demo::Demo;

const PLACE_ORDER: &str = "shop.order.v1.OrderService/PlaceOrder";
const GET_EXECUTION: &str = "pavane.workflow.v1.ExecutionService/GetExecution";

fn order(id: &str, card: &str) -> Value {
    json!({
        "orderId": id,
        "lines": [{ "sku": "sku-1", "quantity": 2 }],
        "cardToken": card,
        "address": {
            "recipient": "Thoinot Arbeau",
            "street": "Pavane Street 1",
            "city": "Langres",
            "postalCode": "52200",
            "country": "FR",
        },
    })
}

#[tokio::test]
async fn grpcurl_needs_no_proto_files() {
    let demo = Demo::start(0).await;
    let Some(grpcurl) = Grpcurl::find(&demo.address(0), "grpcurl_needs_no_proto_files") else {
        return;
    };
    let listed = grpcurl.ask(&["list"]).await;
    for service in [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "pavane.feed.v1.FeedService",
        "pavane.workflow.v1.ExecutionService",
        "pavane.workflow.v1.WorkflowService",
        "shop.order.v1.OrderService",
    ] {
        assert!(
            listed.lines().any(|line| line == service),
            "no {service} in\n{listed}"
        );
    }
    let described = grpcurl
        .ask(&["describe", "shop.order.v1.OrderService"])
        .await;
    assert!(described.contains("rpc PlaceOrder"), "{described}");
    let described = grpcurl
        .ask(&["describe", "shop.order.v1.PlaceOrderRequest"])
        .await;
    assert!(described.contains("card_token"), "{described}");

    // Whatever any part serves can be described, and is in the contract or gRPC's own.
    for part in 0..4 {
        let address = demo.address(part);
        let Some(grpcurl) = Grpcurl::find(&address, "grpcurl_needs_no_proto_files") else {
            return;
        };
        for service in grpcurl.ask(&["list"]).await.lines() {
            let known = pavane::descriptor_pool()
                .get_service_by_name(service)
                .is_some();
            assert!(
                known || service.starts_with("grpc."),
                "{service} is served on {address}"
            );
            grpcurl.ask(&["describe", service]).await;
        }
        let health = grpcurl
            .call("grpc.health.v1.Health/Check", &json!({}))
            .await;
        assert_eq!(health["status"], "SERVING", "{address}");
    }
    demo.stop().await;
}

#[tokio::test]
async fn an_order_is_placed_by_grpcurl_and_shown_as_an_execution() {
    let demo = Demo::start(5).await;
    let test = "an_order_is_placed_by_grpcurl_and_shown_as_an_execution";
    let Some(grpcurl) = Grpcurl::find(&demo.address(0), test) else {
        return;
    };

    let request = order("by-grpcurl", "tok-visa");
    let placed = grpcurl
        .call_to_the_end(PLACE_ORDER, &request, &["pavane-execution-id: mine-1"])
        .await;
    assert_eq!(placed.code, Some(0), "{}", placed.stderr);
    assert!(
        placed.stdout.contains("trackingNumber"),
        "{}",
        placed.stdout
    );

    let answer = grpcurl
        .call(GET_EXECUTION, &json!({ "executionId": "mine-1" }))
        .await;
    let execution = &answer["execution"];
    assert_eq!(execution["state"], "EXECUTION_STATE_SUCCEEDED");
    assert_eq!(execution["input"]["order_id"], "by-grpcurl", "{execution}");
    let steps = execution["steps"]
        .as_array()
        .expect("an execution has steps");
    let steps: Vec<_> = steps
        .iter()
        .map(|step| (&step["id"], &step["state"]))
        .collect();
    let completed = json!("STEP_STATE_COMPLETED");
    let names = [json!("reserve"), json!("charge"), json!("ship")];
    assert_eq!(
        steps,
        names
            .iter()
            .map(|name| (name, &completed))
            .collect::<Vec<_>>()
    );
    demo.stop().await;
}

#[tokio::test]
async fn an_order_is_placed_by_http_and_json() {
    let demo = Demo::start(5).await;
    let path = format!("/{PLACE_ORDER}");
    let answer = http::post(&demo.address(0), &path, &order("by-http", "tok-visa")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["orderId"], "by-http");
    assert!(answer.json()["trackingNumber"].is_string(), "{answer:?}");
    let id = answer
        .head
        .lines()
        .find_map(|line| line.strip_prefix("pavane-execution-id: "));
    let id = id.unwrap_or_else(|| panic!("no id in {}", answer.head));

    let request = json!({ "executionId": id });
    let answer = http::post(&demo.address(0), &format!("/{GET_EXECUTION}"), &request).await;
    assert_eq!(
        answer.json()["execution"]["state"],
        "EXECUTION_STATE_SUCCEEDED",
        "{answer:?}"
    );
    demo.stop().await;
}

#[tokio::test]
async fn a_declined_card_is_an_error_that_says_what_was_undone() {
    let demo = Demo::start(5).await;
    let path = format!("/{PLACE_ORDER}");
    let answer = http::post(&demo.address(0), &path, &order("declined", "tok-declined")).await;
    // FAILED_PRECONDITION, as the Connect protocol maps it.
    assert_eq!(answer.status, 400, "{answer:?}");
    let error = answer.json();
    assert_eq!(error["code"], "failed_precondition");
    let facts = &error["details"][0]["debug"];
    assert_eq!(facts["reason"], "CARD_DECLINED", "{error}");
    assert_eq!(facts["metadata"]["step"], "charge", "{error}");
    assert_eq!(facts["metadata"]["compensated"], "true", "{error}");

    let path = "/shop.order.v1.OrderService/PlaceOrdr";
    let unknown = http::post(&demo.address(0), path, &json!({})).await;
    assert_eq!(unknown.json()["code"], "unimplemented", "{unknown:?}");
    assert!(
        unknown.body.contains("PlaceOrder"),
        "the nearest name is missing: {unknown:?}"
    );
    demo.stop().await;
}
