//! `pavane serve` by a file that says how targets are called, and what `pavane targets` says of them.

use serde_json::Value;

use crate::fake;
use crate::run::{Running, pavane};

const INVENTORY: &str = "shop.inventory.v1.InventoryService";
const PAYMENT: &str = "shop.payment.v1.PaymentService";
const SHIPPING: &str = "shop.shipping.v1.ShippingService";

/// The address in the log line that says that the server serves.
fn serving(line: &str) -> Option<String> {
    let address = line
        .contains("serving")
        .then(|| line.split("address=").nth(1))??;
    Some(address.split_whitespace().next()?.to_owned())
}

/// The targets as a server tells programs of them.
async fn targets(server: &str) -> Vec<Value> {
    let arguments = ["targets", "--server", server, "--output", "json"];
    let told = pavane(&arguments).await;
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(!told.stdout.contains("s3cr3t"), "{}", told.stdout);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    told["targets"].as_array().unwrap().clone()
}

/// Starts an execution.
async fn start(server: &str, id: &str) {
    let input = r#"{"orderId": "o", "lines": [{"sku": "s", "quantity": 1}]}"#;
    let arguments = ["start", "place-order", "--server", server, "--id", id];
    let started = pavane(&[&arguments[..], &["--input", input]].concat()).await;
    assert_eq!(started.code, Some(0), "{}", started.stderr);
}

/// Asks how an execution stands until this is said of it.
async fn told_of(server: &str, id: &str, what: &str) {
    while !pavane(&["get", id, "--server", server])
        .await
        .stdout
        .contains(what)
    {}
}

#[tokio::test]
async fn a_target_that_fails_is_left_alone_and_shown() {
    let closed = fake::closed_address();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let text = format!(
        "listen = '127.0.0.1:0'\ndata_dir = 'data'\n\
         [[workflows]]\nfile = 'place-order.yaml'\nproto = ['{root}/proto']\n\
         [targets]\n'{PAYMENT}' = 'https://{closed}'\n'{SHIPPING}' = '{closed}'\n\
         [targets.'{INVENTORY}']\naddress = '{closed}'\n\
         breaker = {{ failures = 1, pause = '1h', max_pause = '1h' }}\n\
         metadata = {{ authorization = {{ file = 'token', prefix = 'Bearer ' }} }}\n"
    );
    std::fs::write(file("pavane.toml"), text).unwrap();
    let workflow = include_str!("../../workflows/place-order.yaml");
    let request = "lines: input.lines }\n";
    let once = format!("{request}    retry: {{ max_attempts: 1 }}\n");
    let workflow = workflow.replacen(request, &once, 1);
    std::fs::write(file("place-order.yaml"), workflow).unwrap();
    let config = file("pavane.toml");
    let serve = ["serve", "--config", config.to_str().unwrap()];

    let ended = pavane(&serve).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("cannot read"), "{}", ended.stderr);
    assert!(ended.stderr.contains("token"), "{}", ended.stderr);

    std::fs::write(file("token"), "s3cr3t").unwrap();
    let (server, address) = Running::start(&serve, serving).await;
    let told = targets(&address).await;
    let services: Vec<_> = told.iter().map(|target| &target["services"][0]).collect();
    assert_eq!(services, [INVENTORY, PAYMENT, SHIPPING]);
    assert_eq!(told[0]["state"], "STATE_UNUSED");
    assert_eq!(told[0]["metadata"][0]["name"], "authorization");
    assert_eq!(told[1]["address"], format!("https://{closed}"));
    assert_eq!(told[1]["tls"]["domain"], "127.0.0.1");

    start(&address, "o-1").await;
    let inventory = loop {
        let inventory = targets(&address).await.swap_remove(0);
        if inventory["state"] == "STATE_OPEN" {
            break inventory;
        }
    };
    let error = format!("cannot connect to {closed}: connection refused");
    assert_eq!(inventory["lastError"], error);
    // What may be tried once fails when it was tried once, and not when it was held back.
    start(&address, "o-2").await;
    told_of(&address, "o-1", "failed").await;
    told_of(&address, "o-2", "is left alone").await;
    told_of(&address, "o-2", "running").await;
    let shown = pavane(&["targets", "--server", &address]).await;
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    let expected = format!("\n{INVENTORY}: {error}\n");
    assert!(shown.stdout.ends_with(&expected), "{}", shown.stdout);
    assert!(shown.stdout.contains("open for 59 min"), "{}", shown.stdout);
    assert_eq!(server.end("TERM").await, Some(0));
}
