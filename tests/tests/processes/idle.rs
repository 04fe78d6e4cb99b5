//! What a server costs that has nothing to do.

use std::fs;
use std::time::Instant;

use pavane_tests::process::{Process, tell};
use pavane_tests::shop::channel;
use pavane_tests::{binaries, ports};
use tempfile::TempDir;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// What the figure is to be below, in a release build.
const LIMIT_MB: f64 = 40.0;
/// Debug builds have larger code and larger frames.
const DEBUG_ALLOWANCE: f64 = 2.0;

#[tokio::test]
async fn an_idle_server_is_small() {
    let folder = TempDir::new().expect("there is room");
    let address = format!("127.0.0.1:{}", ports::free(1));
    let data_dir = folder.path().to_string_lossy();
    // Building is not starting.
    binaries::path("pavane");
    let start = Instant::now();
    let mut server = Process::start(
        "pavane",
        ["serve", "--data-dir", &data_dir, "--listen", &address],
    );
    server.serving().await;
    let mut health = HealthClient::new(channel(&address));
    let asked = health.check(HealthCheckRequest::default()).await;
    asked.expect("a server that serves answers");
    // Told, not asserted: it depends on what else the machine does.
    tell(&format!(
        "the first answer came {:.0} ms after the start",
        millis(start)
    ));

    let resident = resident_mb(server.id());
    let debug = cfg!(debug_assertions);
    let limit = if debug {
        LIMIT_MB * DEBUG_ALLOWANCE
    } else {
        LIMIT_MB
    };
    tell(&format!(
        "an idle server has {resident:.1} MB resident (limit here {limit:.0} MB)"
    ));
    assert!(resident < limit, "{resident:.1} MB");
    server.terminate().await;
    assert_eq!(server.ended().await.code, Some(0));
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// `VmRSS` of a process: proc(5).
fn resident_mb(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kilobytes.expect("Linux tells it in kB") / 1024.0
}
