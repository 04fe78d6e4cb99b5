//! What is sent along with a call.

use std::time::Duration;

use pavane_calls::{Target, ValueSource};

use crate::support::{Echo, Given, SERVICE, call_of, calls, echo, pass};

/// A target that is called with the content of this file as its authorization.
fn with_token(server: &Echo, file: &std::path::Path) -> Target {
    let mut target = server.target("");
    let source = ValueSource::File(file.to_owned());
    let metadata = &mut target.metadata;
    metadata.add("authorization", "Bearer ", source).unwrap();
    target
}

#[tokio::test]
async fn a_token_that_was_replaced_is_sent_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "one\n").unwrap();
    let server = Echo::plain().await;
    let calls = calls(with_token(&server, &file));
    let check = async |expected: &str| {
        echo(&calls).await.unwrap();
        assert_eq!(server.last_headers()["authorization"], expected);
    };
    check("Bearer one").await;
    std::fs::write(&file, "two\n").unwrap();
    pass(Duration::from_secs(1)).await;
    check("Bearer two").await;
    std::fs::remove_file(&file).unwrap();
    pass(Duration::from_secs(1)).await;
    check("Bearer two").await;
}

#[tokio::test]
async fn a_step_adds_to_what_the_operator_says_and_cannot_change_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "operator").unwrap();
    let server = Echo::plain().await;
    let calls = calls(with_token(&server, &file));
    let metadata = [
        ("x-tenant".into(), "acme".to_owned()),
        ("authorization".into(), "author".to_owned()),
    ];
    let given = Given {
        metadata: &metadata,
        ..Given::default()
    };
    call_of(&calls, SERVICE, given).await.unwrap();
    let headers = server.last_headers();
    assert_eq!(headers["x-tenant"], "acme");
    let authorization: Vec<_> = headers.get_all("authorization").iter().collect();
    assert_eq!(authorization, ["Bearer operator"]);
}

#[tokio::test]
async fn what_a_header_cannot_have_is_not_sent_and_not_shown() {
    let server = Echo::plain().await;
    let calls = calls(server.target(""));
    let given = Given {
        metadata: &[("x-name".into(), "Zo\u{eb}\n".to_owned())],
        ..Given::default()
    };
    let answer = call_of(&calls, SERVICE, given).await;
    let failed = answer.expect_err("it cannot be sent");
    let expected = "metadata `x-name` cannot be sent: expected visible ASCII characters";
    assert_eq!(failed.failure.message, expected);
    assert!(!failed.sent);
}

#[tokio::test]
async fn the_timeout_is_the_steps_then_the_targets_and_never_more_than_what_is_left() {
    let server = Echo::plain().await;
    let mut own = server.target("");
    own.timeout = Some(Duration::from_secs(7));
    let check = async |target: &Target, timeout, budget, expected: &str| {
        let given = Given {
            timeout,
            budget,
            ..Given::default()
        };
        call_of(&calls(target.clone()), SERVICE, given)
            .await
            .unwrap();
        assert_eq!(server.last_headers()["grpc-timeout"], expected);
    };
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    check(&server.target(""), None, None, "10000001u").await;
    check(&own, None, None, "7000001u").await;
    check(&own, seconds(2), None, "2000001u").await;
    check(&own, seconds(9), None, "9000001u").await;
    check(&own, None, seconds(3), "3000001u").await;
    check(&own, seconds(9), seconds(3), "3000001u").await;
}
