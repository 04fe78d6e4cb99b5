//! The document that says what can be called with JSON.

use serde_json::{Value, json};

use crate::support::{Running, start};

async fn document(server: &Running) -> Value {
    let answer = server.send("GET", "openapi.json", &[], "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()
}

#[tokio::test]
async fn each_unary_method_has_a_path() {
    let server = start().await;
    let document = document(&server).await;
    assert_eq!(document["openapi"], "3.1.0");
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    insta::assert_snapshot!(format!("{paths:#?}"), @r#"
    [
        "/feeds/{feed}/events",
        "/grpc.health.v1.Health/Check",
        "/pavane.feed.v1.FeedService/GetFeed",
        "/pavane.feed.v1.FeedService/ListEvents",
        "/pavane.feed.v1.FeedService/ListFeeds",
        "/pavane.feed.v1.FeedService/Publish",
        "/pavane.testing.v1.FaultService/AddFault",
        "/pavane.testing.v1.FaultService/ClearFaults",
        "/pavane.testing.v1.FaultService/ListCalls",
        "/shop.order.v1.OrderService/PlaceOrder",
    ]
    "#);
    server.stop().await;
}

#[tokio::test]
async fn a_method_is_described_as_its_author_did() {
    let server = start().await;
    let document = document(&server).await;
    let publish = &document["paths"]["/pavane.feed.v1.FeedService/Publish"]["post"];
    insta::assert_snapshot!(serde_json::to_string_pretty(publish).unwrap(), @r##"
    {
      "description": "Appends events as one commit: all or none, durable before the answer.\n\nErrors: NOT_FOUND (no such feed, and `allow_missing` not set);\nPERMISSION_DENIED (the feed is written by its owner alone);\nINVALID_ARGUMENT (no events, or a malformed one); ABORTED\n(`expected_sequence` does not match; metadata `head_sequence` says what\ndoes); ALREADY_EXISTS (the request id was used with other events);\nRESOURCE_EXHAUSTED (too large, or too many appends waiting); UNAVAILABLE\n(the store has stopped after a failed write).",
      "operationId": "pavane.feed.v1.FeedService.Publish",
      "requestBody": {
        "content": {
          "application/json": {
            "schema": {
              "$ref": "#/components/schemas/pavane.feed.v1.PublishRequest"
            }
          }
        },
        "required": true
      },
      "responses": {
        "200": {
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/pavane.feed.v1.PublishResponse"
              }
            }
          },
          "description": "The response."
        },
        "default": {
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/Error"
              }
            }
          },
          "description": "An error."
        }
      },
      "summary": "Appends events as one commit: all or none, durable before the answer",
      "tags": [
        "pavane.feed.v1.FeedService"
      ]
    }
    "##);
    server.stop().await;
}

#[tokio::test]
async fn messages_are_described_as_their_json_is() {
    let server = start().await;
    let services = [
        "pavane.workflow.v1.ExecutionService",
        "pavane.workflow.v1.WorkflowService",
    ];
    server
        .descriptors
        .set("workflows", pavane::descriptor_pool(), services)
        .unwrap();
    let document = document(&server).await;
    let mut schemas = String::new();
    for name in [
        "pavane.feed.v1.Filter",
        "pavane.feed.v1.ListEventsRequest",
        "pavane.feed.v1.Event",
        "pavane.testing.v1.FaultMoment",
        "pavane.workflow.v1.StartExecutionRequest",
        "pavane.workflow.v1.ResolveStepRequest",
        "pavane.workflow.v1.CheckWorkflowRequest",
    ] {
        let mut schema = document["components"]["schemas"][name].clone();
        forget_comments(&mut schema);
        schemas += &format!("{name} {schema}\n");
    }
    insta::assert_snapshot!(schemas, @r##"
    pavane.feed.v1.Filter {"additionalProperties":false,"properties":{"anyOf":{"items":{"$ref":"#/components/schemas/pavane.feed.v1.Filter"},"maxItems":64,"type":"array"},"attributes":{"additionalProperties":{"type":"string"},"maxProperties":16,"type":"object"},"subjects":{"items":{"minLength":1,"pattern":"^[^*]*[*]?$","type":"string"},"maxItems":1024,"type":"array"},"types":{"items":{"minLength":1,"pattern":"^[^*]*[*]?$","type":"string"},"maxItems":64,"type":"array"}},"type":"object"}
    pavane.feed.v1.ListEventsRequest {"additionalProperties":false,"properties":{"after":{"type":"string"},"feed":{"maxLength":64,"minLength":1,"type":"string"},"filter":{"$ref":"#/components/schemas/pavane.feed.v1.Filter"},"pageSize":{"format":"int32","maximum":2147483647,"minimum":0,"type":"integer"},"pageToken":{"type":"string"}},"required":["feed"],"type":"object"}
    pavane.feed.v1.Event {"additionalProperties":false,"properties":{"attributes":{"additionalProperties":{"type":"string"},"propertyNames":{"pattern":"^[a-z0-9]+$"},"type":"object"},"causationId":{"type":"string"},"correlationId":{"type":"string"},"cursor":{"type":"string"},"data":{"properties":{"@type":{"examples":["type.googleapis.com/package.Message"],"pattern":"/[^/]+$","type":"string"}},"required":["@type"],"type":"object"},"id":{"maxLength":256,"type":"string"},"sequence":{"format":"uint64","maximum":18446744073709551615,"minimum":0,"pattern":"^[0-9]{1,20}$","type":["string","integer"]},"source":{"type":"string"},"subject":{"maxLength":256,"type":"string"},"time":{"format":"date-time","type":"string"},"traceparent":{"type":"string"},"tracestate":{"type":"string"},"type":{"maxLength":256,"pattern":"^[!-~]*$","type":"string"}},"type":"object"}
    pavane.testing.v1.FaultMoment {"enum":["FAULT_MOMENT_UNSPECIFIED","FAULT_MOMENT_BEFORE","FAULT_MOMENT_AFTER"],"type":"string"}
    pavane.workflow.v1.StartExecutionRequest {"additionalProperties":false,"allOf":[{"oneOf":[{"required":["inputJson"]},{"required":["inputBytes"]},{"not":{"anyOf":[{"required":["inputJson"]},{"required":["inputBytes"]}]}}]}],"properties":{"executionId":{"pattern":"^[A-Za-z0-9._:-]{0,128}$","type":"string"},"inputBytes":{"contentEncoding":"base64","format":"byte","type":"string"},"inputJson":{"type":"object"},"mode":{"$ref":"#/components/schemas/pavane.workflow.v1.Mode"},"workflow":{"maxLength":64,"minLength":1,"type":"string"}},"required":["workflow"],"type":"object"}
    pavane.workflow.v1.ResolveStepRequest {"additionalProperties":false,"allOf":[{"oneOf":[{"required":["outputJson"]},{"required":["outputBytes"]},{"not":{"anyOf":[{"required":["outputJson"]},{"required":["outputBytes"]}]}}]}],"properties":{"element":{"format":"uint32","maximum":4294967295,"minimum":0,"type":"integer"},"executionId":{"pattern":"^[A-Za-z0-9._:-]{1,128}$","type":"string"},"outputBytes":{"contentEncoding":"base64","format":"byte","type":"string"},"outputJson":{"type":"object"},"reason":{"maxLength":1024,"minLength":1,"type":"string"},"resolution":{"$ref":"#/components/schemas/pavane.workflow.v1.Resolution","not":{"enum":["RESOLUTION_UNSPECIFIED"]}},"step":{"maxLength":64,"minLength":1,"type":"string"},"validateOnly":{"type":"boolean"}},"required":["executionId","step","resolution","reason"],"type":"object"}
    pavane.workflow.v1.CheckWorkflowRequest {"additionalProperties":false,"allOf":[{"oneOf":[{"required":["workflow"]},{"required":["source"]}]}],"properties":{"againstDeployed":{"type":"boolean"},"descriptors":{"$ref":"#/components/schemas/pavane.workflow.v1.Descriptors"},"source":{"$ref":"#/components/schemas/pavane.workflow.v1.Source"},"workflow":{"$ref":"#/components/schemas/pavane.workflow.v1.Workflow"}},"type":"object"}
    "##);
    server.stop().await;
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let server = start().await;
    let document = document(&server).await;
    let mut references = Vec::new();
    find_references(&document, &mut references);
    assert!(references.len() > 20, "{references:?}");
    for reference in references {
        let path = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(path).is_some(), "{reference}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_document_changes_with_what_is_known() {
    let server = start().await;
    let place_order = "/shop.order.v1.OrderService/PlaceOrder";
    assert!(document(&server).await["paths"].get(place_order).is_some());
    server
        .descriptors
        .set(
            "contract",
            pavane::descriptor_pool(),
            ["pavane.testing.v1.FaultService"],
        )
        .unwrap();
    let document = document(&server).await;
    assert_eq!(document["paths"].get(place_order), None);
    assert_eq!(document["paths"].get("/feeds/{feed}/events"), None);
    server.stop().await;
}

#[tokio::test]
async fn it_is_only_for_reading() {
    let server = start().await;
    let answer = server.send("POST", "openapi.json", &[], "").await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), "GET");
    assert_eq!(answer.json()["code"], json!("unimplemented"));
    server.stop().await;
}

fn forget_comments(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, value| name != "description" || !value.is_string());
            members.values_mut().for_each(forget_comments);
        }
        Value::Array(values) => values.iter_mut().for_each(forget_comments),
        _ => {}
    }
}

fn find_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str);
            found.extend(reference.map(str::to_owned));
            members
                .values()
                .for_each(|value| find_references(value, found));
        }
        Value::Array(values) => values
            .iter()
            .for_each(|value| find_references(value, found)),
        _ => {}
    }
}
