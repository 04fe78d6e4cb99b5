//! `pavane demo`: orders with all outcomes, the audit, and everything to try by hand.

use serde_json::Value;

use crate::run::{Running, pavane};

/// Enough for every outcome to occur.
const ORDERS: &str = "120";

fn sum(mode: &Value) -> u64 {
    let parts = ["succeeded", "failed", "compensated", "unfinished"];
    parts.iter().map(|part| mode[part].as_u64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_modes_come_to_the_same_and_the_audit_holds_in_either() {
    let demo = [
        "demo",
        "--orders",
        ORDERS,
        "--port-base",
        "0",
        "--output",
        "json",
    ];
    let ended = pavane(&demo).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    let modes = json["modes"].as_array().unwrap();
    let names: Vec<_> = modes.iter().map(|mode| mode["mode"].clone()).collect();
    assert_eq!(names, ["orchestrated", "choreographed"]);
    for mode in modes {
        assert_eq!(sum(mode), mode["orders"].as_u64().unwrap());
        assert_eq!(
            (&mode["unfinished"], &mode["duplicate_effects"]),
            (&0.into(), &0.into())
        );
        assert_eq!(mode["audit_ok"], true);
        for outcome in ["succeeded", "failed", "compensated"] {
            assert!(mode[outcome].as_u64().unwrap() > 0, "{mode}");
        }
        assert!(mode["p99_ms"].as_f64() >= mode["p50_ms"].as_f64());
    }
    assert_eq!(json["same_outcomes"], true);
    assert_eq!(json["differences"], Value::Array(Vec::new()));
    let orchestrated = |figure: &str| modes[0][figure].as_u64().unwrap();
    let choreographed = |figure: &str| modes[1][figure].as_u64().unwrap();
    assert_eq!(orchestrated("events"), choreographed("events"));
    assert!(orchestrated("rpcs") > choreographed("rpcs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_can_be_run_again_on_its_data() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_str().unwrap();
    let demo = ["demo", "--orders", "40", "--port-base", "0"];
    let demo = [&demo[..], &["--data-dir", folder]].concat();
    for (run, mode) in [(1, "both"), (2, "choreographed")] {
        let json = ["--output", "json", "--mode", mode];
        let ended = pavane(&[&demo[..], &json].concat()).await;
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
        let json: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(json["run"], run);
    }
    // The second run of one mode, and the third of the other: their orders are the same.
    let ended = pavane(&demo).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    for agree in [
        "audit orchestrated: stock, charges and shipments agree with all 80 orders",
        "audit choreographed: stock, charges and shipments agree with all 120 orders",
        "modes: the same outcome and the same failed step of all 40 orders",
    ] {
        assert!(ended.stdout.contains(agree), "{}", ended.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_serves_can_be_tried_by_hand() {
    let demo = ["demo", "--orders", "5", "--port-base", "0", "--serve"];
    let (demo, orchestrator) = Running::start(&demo, |line| {
        // The last of the lines to try.
        let get = line.trim().strip_prefix("pavane get ")?;
        Some(get.split("--server ").nth(1)?.to_owned())
    })
    .await;
    let server = ["--server", &orchestrator];
    let list = pavane(&[&["list", "--output", "json"], &server[..]].concat()).await;
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    assert_eq!(list["executions"].as_array().unwrap().len(), 5);

    let input = r#"{"orderId": "mine", "lines": [{"sku": "sku-3", "quantity": 2}],
        "cardToken": "tok-visa", "address": {"recipient": "Ada", "street": "S 1",
        "city": "Hamburg", "postalCode": "20095", "country": "DE"}}"#;
    let start = [
        "start",
        "place-order",
        "--id",
        "mine",
        "--mode",
        "choreographed",
        "--input",
        input,
        "--wait",
    ];
    let started = pavane(&[&start[..], &server[..]].concat()).await;
    assert_eq!(
        started.code,
        Some(0),
        "{}{}",
        started.stdout,
        started.stderr
    );
    assert!(
        started.stdout.starts_with("mine   succeeded"),
        "{}",
        started.stdout
    );
    let watched = pavane(&[&["watch", "mine"], &server[..]].concat()).await;
    assert_eq!(watched.code, Some(0), "{}", watched.stderr);
    assert!(
        watched.stdout.contains("total 20.50 EUR"),
        "{}",
        watched.stdout
    );
    assert_eq!(demo.end("TERM").await, Some(0));
}

#[tokio::test]
async fn what_the_demo_cannot_do_is_refused() {
    let ended = pavane(&["demo", "--port-base", "65534"]).await;
    assert_eq!(ended.code, Some(2));
    insta::assert_snapshot!(ended.stderr, @"error: --port-base 65534 leaves no room for four ports");
}
