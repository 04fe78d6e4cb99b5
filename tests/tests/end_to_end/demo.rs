//! A demo that keeps running, and what it says of itself.

use pavane_tests::ports;
use pavane_tests::process::Process;
use serde_json::Value;

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

#[tokio::test]
async fn a_demo_prints_one_json_object_and_goes_on_serving() {
    let demo = Demo::start(20).await;
    let modes = demo.report["modes"].as_array().expect("modes is an array");
    let names: Vec<_> = modes.iter().map(|mode| &mode["mode"]).collect();
    assert_eq!(names, ["orchestrated"]);
    let mode = &modes[0];
    assert_eq!(mode["orders"], 20);
    assert_eq!(mode["unfinished"], 0);
    assert_eq!(mode["duplicate_effects"], 0);
    assert_eq!(mode["audit_ok"], true);
    let ended = ["succeeded", "failed", "compensated"].map(|name| mode[name].as_u64());
    let ended: u64 = ended
        .into_iter()
        .map(|count| count.expect("a count is a number"))
        .sum();
    assert_eq!(ended, 20, "{mode}");
    for figure in ["throughput_per_s", "p50_ms", "p99_ms"] {
        assert!(
            mode[figure].as_f64().is_some_and(|figure| figure > 0.0),
            "{figure} in {mode}"
        );
    }
    demo.stop().await;
}
