//! Calls with JSON, as curl makes them.

use std::time::Duration;

use pavane::testing::v1::{ListCallsRequest, ListCallsResponse};
use pavane_server::Limits;
use prost::Message;
use serde_json::json;

use crate::support::{exchange, start, start_with};

type Header = (&'static str, &'static str);

const ADD_FAULT: &str = "pavane.testing.v1.FaultService/AddFault";
const LIST_CALLS: &str = "pavane.testing.v1.FaultService/ListCalls";
const JSON: Header = ("content-type", "application/json");

#[tokio::test]
async fn a_call_has_metadata_and_a_deadline_as_by_grpc() {
    let server = start().await;
    let headers = [
        ("content-type", "application/json; charset=utf-8"),
        ("connect-protocol-version", "1"),
        ("connect-timeout-ms", "5000"),
        ("idempotency-key", "x-1/reserve"),
    ];
    let body = r#"{"pageSize": 5, "page_token": "7"}"#;
    let answer = server.send("POST", LIST_CALLS, &headers, body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-answer"), "yes");
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.json()).unwrap(), @r#"
    {
      "calls": [
        {
          "calls": 1,
          "idempotencyKey": "content-type: application/grpc"
        },
        {
          "calls": 1,
          "idempotencyKey": "grpc-timeout: 5000m"
        },
        {
          "calls": 1,
          "idempotencyKey": "idempotency-key: x-1/reserve"
        },
        {
          "calls": 1,
          "idempotencyKey": "te: trailers"
        }
      ],
      "nextPageToken": "7"
    }
    "#);
    server.stop().await;
}

#[tokio::test]
async fn trailers_come_as_headers() {
    let server = start().await;
    let method = "shop.order.v1.OrderService/PlaceOrder";
    let answer = server.post(method, r#"{"orderId": "o-1"}"#).await;
    assert_eq!(answer.json(), json!({"orderId": "o-1"}));
    assert_eq!(answer.header("trailer-pavane-execution-id"), "x-2");
    server.stop().await;
}

#[tokio::test]
async fn protobuf_goes_without_json() {
    let server = start().await;
    let request = ListCallsRequest {
        page_token: "7".into(),
        ..Default::default()
    };
    let headers = [("content-type", "application/proto")];
    let body = request.encode_to_vec();
    let answer = server.send("POST", LIST_CALLS, &headers, body).await;
    assert_eq!(answer.header("content-type"), "application/proto");
    let response = ListCallsResponse::decode(answer.body).unwrap();
    assert_eq!(response.next_page_token, "7");
    server.stop().await;
}

#[tokio::test]
async fn an_error_has_code_message_details_and_metadata() {
    let server = start().await;
    let answer = server
        .post(ADD_FAULT, r#"{"method": "fail", "count": 1}"#)
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("pavane-execution-id"), "x-1");
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.json()).unwrap(), @r#"
    {
      "code": "failed_precondition",
      "details": [
        {
          "debug": {
            "domain": "pavane",
            "metadata": {
              "stock": "3"
            },
            "reason": "OUT_OF_STOCK"
          },
          "type": "google.rpc.ErrorInfo",
          "value": "CgxPVVRfT0ZfU1RPQ0sSBnBhdmFuZRoKCgVzdG9jaxIBMw"
        },
        {
          "debug": {
            "fieldViolations": [
              {
                "description": "too many",
                "field": "count"
              }
            ]
          },
          "type": "google.rpc.BadRequest",
          "value": "ChEKBWNvdW50Egh0b28gbWFueQ"
        }
      ],
      "message": "out of stock"
    }
    "#);
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_body_is_refused_with_what_is_wrong() {
    let server = start().await;
    let mut errors = String::new();
    let bodies = [
        "",
        "[]",
        "{",
        "{\n  \"method\": nope}",
        "{} {}",
        r#"{"metod": "x"}"#,
        r#"{"colour": "x"}"#,
        r#"{"count": "many"}"#,
        r#"{"moment": "FAULT_MOMENT_NEVER"}"#,
        r#"{"delay": "soon"}"#,
    ];
    for body in bodies {
        let answer = server.post(ADD_FAULT, body).await;
        errors += &format!("{body:?}\n  {}\n", answer.error());
    }
    let order = "shop.order.v1.OrderService/PlaceOrder";
    for body in [
        r#"{"lines": [{"sku": "a"}, {"quantty": 1}]}"#,
        r#"{"address": {"countri": "DE"}}"#,
    ] {
        let answer = server.post(order, body).await;
        errors += &format!("{body:?}\n  {}\n", answer.error());
    }
    insta::assert_snapshot!(errors, @r#"
    ""
      400 invalid_argument INVALID_JSON: the body is empty, expected a JSON object: `{}` is the empty message
    "[]"
      400 invalid_argument INVALID_JSON: the body is not a pavane.testing.v1.AddFaultRequest: invalid type: sequence, expected a map at line 1 column 0
    "{"
      400 invalid_argument INVALID_JSON: the body is not JSON: EOF while parsing an object at line 1 column 1
    "{\n  \"method\": nope}"
      400 invalid_argument INVALID_JSON: the body is not JSON: expected ident at line 2 column 14
    "{} {}"
      400 invalid_argument INVALID_JSON: the body is not JSON: trailing characters at line 1 column 4
    "{\"metod\": \"x\"}"
      400 invalid_argument UNKNOWN_FIELD: `pavane.testing.v1.AddFaultRequest` has no field `metod`: did you mean `method`?
    "{\"colour\": \"x\"}"
      400 invalid_argument UNKNOWN_FIELD: `pavane.testing.v1.AddFaultRequest` has no field `colour`
    "{\"count\": \"many\"}"
      400 invalid_argument INVALID_JSON: the body is not a pavane.testing.v1.AddFaultRequest: invalid digit found in string at line 1 column 16
    "{\"moment\": \"FAULT_MOMENT_NEVER\"}"
      400 invalid_argument INVALID_JSON: the body is not a pavane.testing.v1.AddFaultRequest: unrecognized enum value 'FAULT_MOMENT_NEVER' at line 1 column 31
    "{\"delay\": \"soon\"}"
      400 invalid_argument INVALID_JSON: the body is not a pavane.testing.v1.AddFaultRequest: failed to parse duration at line 1 column 16
    "{\"lines\": [{\"sku\": \"a\"}, {\"quantty\": 1}]}"
      400 invalid_argument UNKNOWN_FIELD: `shop.common.v1.OrderLine` has no field `lines[1].quantty`: did you mean `quantity`?
    "{\"address\": {\"countri\": \"DE\"}}"
      400 invalid_argument UNKNOWN_FIELD: `shop.common.v1.Address` has no field `address.countri`: did you mean `country`?
    "#);
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_request_is_refused_with_what_was_expected() {
    let server = start().await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let cases: [(&str, &str, &[Header]); 10] = [
        ("POST", "pavane.testing.v1.FaultService/AddFalt", &[JSON]),
        ("POST", "nothing", &[JSON]),
        ("GET", ADD_FAULT, &[JSON]),
        ("POST", ADD_FAULT, &[form]),
        ("POST", ADD_FAULT, &[]),
        ("POST", ADD_FAULT, &[("content-type", "application/grpc")]),
        ("POST", "pavane.feed.v1.FeedService/Subscribe", &[JSON]),
        (
            "POST",
            ADD_FAULT,
            &[JSON, ("connect-protocol-version", "2")],
        ),
        ("POST", ADD_FAULT, &[JSON, ("connect-timeout-ms", "1s")]),
        ("POST", ADD_FAULT, &[JSON, ("content-encoding", "gzip")]),
    ];
    let mut errors = String::new();
    for (method, path, headers) in cases {
        let answer = server.send(method, path, headers, "{}").await;
        errors += &format!("{method} {path}\n  {}\n", answer.error());
    }
    insta::assert_snapshot!(errors, @"
    POST pavane.testing.v1.FaultService/AddFalt
      404 unimplemented UNKNOWN_METHOD: no method `pavane.testing.v1.FaultService/AddFalt` here: did you mean `pavane.testing.v1.FaultService/AddFault`?
    POST nothing
      404 unimplemented UNKNOWN_METHOD: no method `nothing` here
    GET pavane.testing.v1.FaultService/AddFault
      405 unimplemented POST_EXPECTED: the HTTP method is GET, expected POST
    POST pavane.testing.v1.FaultService/AddFault
      415 invalid_argument UNSUPPORTED_CONTENT_TYPE: the content type is `application/x-www-form-urlencoded` (curl's default), expected `application/json`, `application/proto` or, for gRPC, `application/grpc`
    POST pavane.testing.v1.FaultService/AddFault
      415 invalid_argument UNSUPPORTED_CONTENT_TYPE: there is no content type, expected `application/json`, `application/proto` or, for gRPC, `application/grpc`
    POST pavane.testing.v1.FaultService/AddFault
      505 invalid_argument HTTP2_REQUIRED: gRPC needs HTTP/2, this is HTTP/1.1; with `content-type: application/json` unary methods can be called over either, and by gRPC-Web all
    POST pavane.feed.v1.FeedService/Subscribe
      415 invalid_argument UNSUPPORTED_CONTENT_TYPE: the content type is `application/json`, expected `application/connect+json`, `application/connect+proto` or, for gRPC, `application/grpc`; `Subscribe` streams its responses
    POST pavane.testing.v1.FaultService/AddFault
      400 invalid_argument UNSUPPORTED_PROTOCOL_VERSION: `connect-protocol-version` is `2`, expected 1
    POST pavane.testing.v1.FaultService/AddFault
      400 invalid_argument INVALID_TIMEOUT: `connect-timeout-ms` is `1s`, expected milliseconds in at most ten digits
    POST pavane.testing.v1.FaultService/AddFault
      501 unimplemented UNSUPPORTED_ENCODING: the content encoding is `gzip`, supported is only `identity`
    ");
    server.stop().await;
}

#[tokio::test]
async fn limits_hold_for_json_too() {
    let limits = Limits {
        max_receive_bytes: 100,
        max_send_bytes: 100,
        ..Limits::default()
    };
    let server = start_with(limits, Duration::from_secs(5)).await;
    let large = format!(r#"{{"method": "{}"}}"#, "x".repeat(100));
    let mut errors = server.post(ADD_FAULT, &large).await.error();

    let token = format!(r#"{{"pageToken": "{}"}}"#, "x".repeat(60));
    errors += "\n";
    errors += &server.post(LIST_CALLS, &token).await.error();

    let headers = [JSON, ("connect-timeout-ms", "20")];
    let wait = r#"{"method": "wait", "count": 1}"#;
    let answer = server.send("POST", ADD_FAULT, &headers, wait).await;
    errors += "\n";
    errors += &answer.error();

    errors += "\n";
    errors += &server
        .post(ADD_FAULT, r#"{"method": "panic", "count": 1}"#)
        .await
        .error();
    insta::assert_snapshot!(errors, @"
    429 resource_exhausted MESSAGE_TOO_LARGE: the message of 114 bytes is larger than the limit `max_receive_bytes`, 100 bytes
    429 resource_exhausted MESSAGE_TOO_LARGE: the message is larger than the limit `max_send_bytes`, 100 bytes
    504 deadline_exceeded DEADLINE_PASSED: the call took longer than its deadline of 20ms
    500 unknown HANDLER_PANICKED: the handler of this call panicked; the server's log says where
    ");
    server.stop().await;
}

#[tokio::test]
async fn an_any_of_a_type_that_is_not_known_is_refused() {
    let server = start().await;
    let publish = "pavane.feed.v1.FeedService/Publish";
    let info = r#"{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "X"}"#;
    let body = format!(r#"{{"events": [{{"data": {info}}}]}}"#);
    let answer = server.post(publish, &body).await;
    insta::assert_snapshot!(answer.error(), @"400 invalid_argument UNKNOWN_ANY_TYPE: `events[0].data` is an `Any` of type `type.googleapis.com/google.rpc.ErrorInfo`, which is not known here: send it by gRPC or as `application/proto`, which need not know it");
    server.stop().await;
}

#[tokio::test]
async fn a_message_that_is_too_deep_is_refused() {
    let server = start().await;
    let service = ["pavane.workflow.v1.ExecutionService"];
    server
        .descriptors
        .set("executions", pavane::descriptor_pool(), service)
        .unwrap();
    let method = "pavane.workflow.v1.ExecutionService/StartExecution";
    let start_execution = |depth| {
        let value = format!("{}{{}}{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        format!(r#"{{"inputJson": {value}}}"#)
    };
    let mut errors = String::new();
    assert_eq!(server.post(method, &start_execution(30)).await.text(), "{}");
    for depth in [50, 200] {
        let answer = server.post(method, &start_execution(depth)).await;
        errors += &format!("{depth}: {}\n", answer.error());
    }
    insta::assert_snapshot!(errors, @"
    50: 400 invalid_argument MESSAGE_TOO_DEEP: the message is nested more than 100 deep, the limit `message_depth`; an object in a `google.protobuf.Struct` takes three messages
    200: 400 invalid_argument MESSAGE_TOO_DEEP: the message is nested more than 127 deep, the limit `json_depth`; an object in a `google.protobuf.Struct` takes three messages
    ");
    server.stop().await;
}

#[tokio::test]
async fn a_request_that_breaks_off_is_told_so() {
    let request = format!(
        "POST /{ADD_FAULT} HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n5\r\nabcde\r\nno number\r\n"
    );
    let answer = exchange(Limits::default(), request.as_bytes()).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    let error: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(error["details"][0]["debug"]["reason"], "REQUEST_BROKE_OFF");
}

#[tokio::test]
async fn a_browser_is_told_what_this_is() {
    let server = start().await;
    let answer = server.send("GET", "", &[], "").await;
    assert_eq!(answer.status, 404);
    assert!(answer.text().starts_with("This is a gRPC server."));
    server.stop().await;
}
