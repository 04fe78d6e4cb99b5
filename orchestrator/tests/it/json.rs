//! The front door for those who have curl and no gRPC.

use pavane::error::Details;
use serde_json::json;
use tonic::Code;

use crate::support::{CHAIN, World};

const RUN: &str = "pavane.testing.v1.ChainService/Run";

#[tokio::test]
async fn a_workflow_is_run_with_json() {
    let world = World::with(CHAIN).await;
    world.fake.answer("Third", "done");

    let (status, head, body) = world
        .orchestrator
        .post(RUN, r#"{"payload": "parcel"}"#)
        .await;

    assert_eq!((status, body), (200, json!({"payload": "done"})));
    assert!(head.contains("pavane-execution-id: "), "{head}");
    assert_eq!(world.fake.calls()[0].payload, "parcel");
}

#[tokio::test]
async fn a_failure_is_a_status_a_code_and_details() {
    let world = World::with(CHAIN).await;
    let refusal = Details::new().fact("shelf", 7);
    let refusal = refusal.status(Code::FailedPrecondition, "DOES_NOT_FIT", "it does not fit");
    world.fake.fail("Second", refusal);

    let (status, head, body) = world
        .orchestrator
        .post(RUN, r#"{"payload": "parcel"}"#)
        .await;

    assert_eq!(status, 400);
    assert_eq!(body["code"], "failed_precondition");
    assert_eq!(body["message"], "it does not fit");
    let info = &body["details"][0]["debug"];
    assert_eq!(info["reason"], "DOES_NOT_FIT");
    assert_eq!(info["metadata"]["compensated"], "true");
    assert!(head.contains("pavane-execution-id: "), "{head}");
    assert_eq!(world.fake.names(), ["First", "Second", "undo First"]);
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let world = World::with(CHAIN).await;
    for body in [r#"{"payloda": "parcel"}"#, "{", "[]", ""] {
        let (status, _, answer) = world.orchestrator.post(RUN, body).await;
        assert_eq!(
            (status, &answer["code"]),
            (400, &json!("invalid_argument")),
            "{body}"
        );
    }
    assert_eq!(world.fake.names(), [""; 0]);
}
