//! Executions across feeds: `pavane trace`, and what the other commands say of one that is stalled.

use serde_json::Value;

use crate::fake::{self, Fake};
use crate::run::pavane;

#[tokio::test]
async fn a_stalled_execution_is_traced_to_who_is_silent() {
    let fake = Fake::start().await;
    let trace = ["trace", fake::STALLED, "--server", &fake.address];
    let ended = pavane(&trace).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(ended.stdout, @r"
    stalled   running   place-order @7b0c91e2   choreographed   for 0.0 ms   STALLED
      orchestrator   +0.0 ms   started
      inventory      +0.9 ms   reserve completed   because of started
      payment                  waiting: charge     for 0.0 ms
                               is to react to reserve completed (inventory, sequence 12)
                               127.0.0.1:7402 cannot be reached since 0.0 ms (connection refused)
      STALLED PARTICIPANT_SILENT: payment has said nothing about `charge`
    ");
    let json = pavane(&[&trace[..], &["--output", "json"]].concat()).await;
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["stalled"], true);
    assert_eq!(json["events"][1]["because_of"], "stalled/started");
    assert_eq!(json["waits"][0]["participant"], "payment");
}

#[tokio::test]
async fn an_orchestrated_execution_is_traced_too() {
    let fake = Fake::start().await;
    let ended = pavane(&["trace", "order-1", "--server", &fake.address]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(ended.stdout, @r"
    order-1   failed   place-order @7b0c91e2   orchestrated   4.2 ms
      +0.0 ms   started
      +0.9 ms   reserve completed
      +3.1 ms   charge failed       FAILED_PRECONDITION: card is declined
      +4.2 ms   failed              FAILED_PRECONDITION: card is declined
    ");
}

#[tokio::test]
async fn what_is_stalled_is_listed_with_the_reason() {
    let fake = Fake::start().await;
    let ended = pavane(&["list", "--stalled", "--server", &fake.address]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(ended.stdout, @r"
    id        workflow      state     mode            started                      took
    stalled   place-order   running   choreographed   2100-01-01T00:00:00.000Z   0.0 ms   STALLED PARTICIPANT_SILENT: payment has said nothing about `charge`
    ");
}

#[tokio::test]
async fn events_of_all_feeds_and_incidents_are_watched() {
    let fake = Fake::start().await;
    let watch = ["watch", fake::STALLED, "--server", &fake.address];
    let ended = pavane(&watch).await;
    // The fake server says that it still runs.
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(ended.stdout, @r"
    stalled   running   place-order @7b0c91e2   choreographed   for 0.0 ms   STALLED
         +0.0 ms   started
         +0.9 ms   reserve     completed     inventory
      STALLED PARTICIPANT_SILENT: payment has said nothing about `charge`
         +5.0 ms   charge      completed     payment
         +5.1 ms   succeeded
    ");
    let json = pavane(&[&watch[..], &["--output", "json"]].concat()).await;
    let lines: Vec<Value> = json
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[2]["incident"]["reason"], "PARTICIPANT_SILENT");
    assert_eq!(lines[3]["source"], "/payment");
}

#[tokio::test]
async fn whoever_waits_for_the_outcome_is_told_of_an_incident() {
    let fake = Fake::start().await;
    let start = ["start", "w", "--id", fake::STALLED, "--wait"];
    let ended = pavane(&[&start[..], &["--server", &fake.address]].concat()).await;
    assert_eq!(ended.code, Some(0));
    insta::assert_snapshot!(ended.stderr, @"it is stalled: PARTICIPANT_SILENT: payment has said nothing about `charge`");
}

#[tokio::test]
async fn the_mode_is_the_workflows_unless_it_is_said() {
    let fake = Fake::start().await;
    let start = ["start", "w", "--id", "order-1", "--output", "json"];
    let start = [&start[..], &["--server", &fake.address]].concat();
    let unsaid = pavane(&start).await;
    let unsaid: Value = serde_json::from_str(&unsaid.stdout).unwrap();
    assert_eq!(unsaid["mode"], Value::Null);
    let said = pavane(&[&start[..], &["--mode", "choreographed"]].concat()).await;
    let said: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(said["mode"], "MODE_CHOREOGRAPHED");
}

#[tokio::test]
async fn a_workflow_says_who_takes_part_or_why_it_cannot_be_choreographed() {
    let fake = Fake::start().await;
    let get = async |name| {
        let ended = pavane(&["workflow", "get", name, "--server", &fake.address]).await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stdout
    };
    insta::assert_snapshot!(get("sound").await, @r"
    sound   revision 7b0c91e2   deployed 2026-11-23T01:12:09.000Z
      serves shop.order.v1.OrderService/PlaceOrder
      can be choreographed   inventory: reserve, count; payment: charge
    ");
    insta::assert_snapshot!(get(fake::ORCHESTRATED_ONLY).await, @r"
    orchestrated-only   revision 7b0c91e2   deployed 2026-11-23T01:12:09.000Z
      serves shop.order.v1.OrderService/PlaceOrder
      cannot be choreographed: nobody performs `ship`: no participant has shop.shipping.v1.ShippingService
    ");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    std::fs::write(&file, format!("name: {}\n", fake::ORCHESTRATED_ONLY)).unwrap();
    let file = file.to_str().unwrap();
    let ended = pavane(&["deploy", file, "--server", &fake.address]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    insta::assert_snapshot!(ended.stdout, @r"
    deployed orchestrated-only, revision 7b0c91e2, serving shop.order.v1.OrderService/PlaceOrder
      cannot be choreographed: nobody performs `ship`: no participant has shop.shipping.v1.ShippingService
    ");
}
