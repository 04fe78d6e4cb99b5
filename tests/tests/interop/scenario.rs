//! One scenario (`tests/interop/SCENARIO.md`), one transcript: starts the programs of the client
//! languages, each with a shop of its own, breaks their subscriptions, and holds what they print
//! against one snapshot.

use std::fs;

use pavane_tests::process::{Ended, Process, documents};
use pavane_tests::proxy::Proxy;
use pavane_tests::shop::{Role, Setup, Shop};
use pavane_tests::{orders, root};
use serde_json::Value;
use tokio::process::Command;

/// The step whose line says that the connection is to be broken now.
const CUT: &str = "feed";

/// Has a program go through the scenario.
///
/// # Panics
/// Its transcript is another than that of all others.
pub(crate) async fn check(client: &str, mut command: Command) {
    let shop = Shop::start_with(Setup {
        workflows: Vec::new(),
        ..Setup::default()
    })
    .await;
    shop.stock_up(orders::catalog()).await;
    let proxy = Proxy::start(shop.address(Role::Inventory)).await;
    let descriptors = shop.data().join("shop.binpb");
    fs::write(&descriptors, pavane::FILE_DESCRIPTOR_SET).expect("there is room");
    command
        .env("INTEROP_ORCHESTRATOR", shop.address(Role::Orchestrator))
        .env("INTEROP_PAYMENT", shop.address(Role::Payment))
        .env("INTEROP_FEED", proxy.address())
        .env(
            "INTEROP_WORKFLOW",
            root().join("cli/workflows/place-order.yaml"),
        )
        .env("INTEROP_DESCRIPTORS", descriptors)
        .env("INTEROP_VECTORS", root().join("tests/contract/vectors"));

    let mut program = Process::spawn(client, command);
    program.documents(has_step).await;
    proxy.cut();
    let ended = program.ended().await;
    assert_eq!(
        ended.code,
        Some(0),
        "{client}:\n{}\n{}",
        ended.stdout,
        ended.stderr
    );
    let transcript = normalized(client, &ended);
    insta::with_settings!({ description => client, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("transcript", transcript);
    });
}

fn has_step(printed: &[Value]) -> bool {
    printed.iter().any(|line| line["step"] == CUT)
}

/// The transcript as it is the same in each run: a line for each step.
fn normalized(client: &str, ended: &Ended) -> String {
    let mut lines = documents(&ended.stdout);
    let printed = ended.stdout.lines().count();
    assert_eq!(
        lines.len(),
        printed,
        "{client} prints JSON and nothing else:\n{}",
        ended.stdout
    );
    let steps = lines.iter_mut().map(|line| {
        normalize(line);
        let step = line["step"].take();
        let step = step.as_str().expect("a line names its step").to_owned();
        line.as_object_mut()
            .expect("a line is an object")
            .remove("step");
        format!("{step}: {line}\n")
    });
    steps.collect()
}

/// Replaces what differs from run to run, or with each change of the contract.
fn normalize(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), &value) {
                    ("revision", Value::String(text)) if text.len() == 64 => {
                        *value = "(64 digits)".into();
                    }
                    ("tracking_number" | "trackingNumber", Value::String(text))
                        if text.starts_with("PV") =>
                    {
                        *value = "(a number)".into();
                    }
                    ("count", Value::Number(count)) if count.as_u64() == Some(vectors()) => {
                        *value = "(all)".into();
                    }
                    _ => normalize(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(normalize),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// How many golden vectors there are.
fn vectors() -> u64 {
    let path = root().join("tests/contract/vectors/index.json");
    let index = fs::read_to_string(path).expect("there is an index");
    let index: Value = serde_json::from_str(&index).expect("it is JSON");
    index["vectors"].as_array().expect("it lists vectors").len() as u64
}
