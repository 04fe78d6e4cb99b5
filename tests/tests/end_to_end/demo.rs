//! A demo that keeps running, and what it says of itself.

use pavane_tests::ports;
use pavane_tests::process::{Process, documents};
use serde_json::{Value, json};

/// `pavane demo --serve`, once its orders are placed.
pub(crate) struct Demo {
    pub(crate) process: Process,
    /// What it printed.
    pub(crate) report: Value,
    base: u16,
}

impl Demo {
    pub(crate) async fn start(orders: usize) -> Self {
        let base = ports::free(4);
        let (orders, port) = (orders.to_string(), base.to_string());
        let arguments = [
            "--orders",
            &orders,
            "--port-base",
            &port,
            "--output",
            "json",
        ];
        let mut process = Process::start("pavane", ["demo", "--serve"].iter().chain(&arguments));
        let report = process
            .documents(|documents| documents.len() == 1)
            .await
            .remove(0);
        Self {
            process,
            report,
            base,
        }
    }

    /// `HOST:PORT` of the orchestrator (0), the inventory (1), the payment (2), the shipping (3).
    pub(crate) fn address(&self, part: u16) -> String {
        format!("127.0.0.1:{}", self.base + part)
    }

    /// SIGTERM; it must end in good order.
    pub(crate) async fn stop(self) {
        self.process.terminate().await;
        let ended = self.process.ended().await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }
}

/// Orders of a demo, in each mode.
const ORDERS: usize = 500;

#[tokio::test]
async fn a_demo_prints_one_json_object_in_which_both_modes_agree() {
    let orders = ORDERS.to_string();
    let arguments = ["demo", "--mode", "both", "--orders", &orders];
    let arguments = arguments
        .iter()
        .chain(&["--port-base", "0", "--output", "json"]);
    let ended = Process::start("pavane", arguments).ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let documents = documents(&ended.stdout);
    let [report] = &documents[..] else {
        panic!("{} documents in {}", documents.len(), ended.stdout)
    };
    assert_eq!(report["same_outcomes"], true, "{report}");
    assert_eq!(report["differences"], json!([]), "{report}");
    assert_eq!(report["violations"], json!([]), "{report}");
    let modes = report["modes"].as_array().expect("modes is an array");
    let names: Vec<_> = modes.iter().map(|mode| &mode["mode"]).collect();
    assert_eq!(names, ["orchestrated", "choreographed"]);
    modes.iter().for_each(|mode| check(mode, ORDERS));
    // Nobody calls the services but themselves: what is left is one call of the front door an order.
    assert_eq!(modes[1]["rpcs"], ORDERS, "{report}");
}

#[tokio::test]
async fn a_demo_goes_on_serving() {
    let demo = Demo::start(20).await;
    for mode in demo.report["modes"].as_array().expect("modes is an array") {
        check(mode, 20);
    }
    demo.stop().await;
}

/// All ended, the books agree, nothing happened twice.
fn check(mode: &Value, orders: usize) {
    assert_eq!(mode["orders"], orders);
    assert_eq!(mode["unfinished"], 0, "{mode}");
    assert_eq!(mode["duplicate_effects"], 0, "{mode}");
    assert_eq!(mode["audit_ok"], true, "{mode}");
    let ended = ["succeeded", "failed", "compensated"].map(|name| mode[name].as_u64());
    let ended = ended.map(|count| count.expect("a count is a number"));
    assert_eq!(ended.iter().sum::<u64>(), orders as u64, "{mode}");
    assert!(ended.iter().all(|count| *count > 0), "some of each: {mode}");
    for figure in ["throughput_per_s", "p50_ms", "p99_ms"] {
        let value = mode[figure].as_f64();
        assert!(value.is_some_and(|value| value > 0.0), "{figure} in {mode}");
    }
}
