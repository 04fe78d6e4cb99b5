//! The program: flags, one clear line on stderr, exit codes, and its end by a signal.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use pavane::shop::inventory::v1::ListReservationsRequest;
use pavane::shop::inventory::v1::inventory_service_client::InventoryServiceClient;
use pavane_kit::client::keyed;
use tempfile::TempDir;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

use crate::{check_status, reserve};

/// A running inventory, killed when dropped.
struct Process {
    child: Child,
    stderr: Lines<BufReader<ChildStderr>>,
}

impl Process {
    fn start(folder: &Path, listen: &str) -> Self {
        // With SIGXFSZ ignored, a write past the limit on file sizes fails instead of killing.
        let mut child = Command::new("sh")
            .args([
                "-c",
                r#"trap "" XFSZ; exec "$0" "$@""#,
                env!("CARGO_BIN_EXE_shop-inventory"),
            ])
            .args([
                "--seed-catalog",
                "--log-format",
                "json",
                "--log-filter",
                "info",
            ])
            .args(["--listen", listen, "--data-dir"])
            .arg(folder)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, stderr }
    }

    /// The next line that contains `text`.
    fn line_with(&mut self, text: &str) -> String {
        let found = self
            .stderr
            .by_ref()
            .map(Result::unwrap)
            .find(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("ended without a line that contains {text:?}"))
    }

    fn serving(mut self) -> (Self, SocketAddr) {
        let line = self.line_with("\"serving\"");
        let address = line
            .split("\"address\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let address = address.and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("no address in {line}"));
        (self, address)
    }

    fn code(mut self) -> Option<i32> {
        // Reads on, so that the process never waits for somebody to read.
        self.stderr.by_ref().for_each(drop);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_signal_ends_it_with_0_and_its_folder_can_be_opened_again() {
    let folder = TempDir::new().unwrap();
    for signal in ["-TERM", "-INT"] {
        let (process, _) = Process::start(folder.path(), "127.0.0.1:0").serving();
        let kill = Command::new("kill")
            .args([signal, &process.child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        assert_eq!(process.code(), Some(0), "{signal}");
    }
}

#[test]
fn a_port_in_use_is_one_clear_line_and_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = TempDir::new().unwrap();
    let mut process = Process::start(folder.path(), &address.to_string());
    let line = process.line_with("error:");
    assert_eq!(
        line,
        format!("error: cannot listen on {address}: address already in use")
    );
    assert_eq!(process.code(), Some(1));
}

#[test]
fn a_folder_in_use_is_one_clear_line_and_1() {
    let folder = TempDir::new().unwrap();
    let (first, _) = Process::start(folder.path(), "127.0.0.1:0").serving();
    let mut second = Process::start(folder.path(), "127.0.0.1:0");
    let line = second.line_with("error:");
    let pid = first.child.id();
    let path = folder.path().display();
    assert_eq!(
        line,
        format!("error: {path} is in use by another process (pid {pid})")
    );
    assert_eq!(second.code(), Some(1));
}

#[test]
fn a_folder_of_another_service_is_one_clear_line_and_1() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("FORMAT"), "pavane-feed 1\n").unwrap();
    fs::write(folder.path().join("IDENTITY"), "owner payment\n").unwrap();
    let mut refused = Process::start(folder.path(), "127.0.0.1:0");
    let line = refused.line_with("error:");
    let path = folder.path().display();
    assert_eq!(
        line,
        format!(
            "error: {path} is the store of `payment`, not of `inventory`: choose another folder"
        )
    );
    assert_eq!(refused.code(), Some(1));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_bad_flag_is_explained_and_2() {
    let folder = TempDir::new().unwrap();
    let mut process = Process::start(folder.path(), "nowhere");
    let line = process.line_with("error:");
    assert!(
        line.contains("invalid value 'nowhere' for '--listen <ADDRESS>'"),
        "{line}"
    );
    assert_eq!(process.code(), Some(2));
}

async fn connect(address: SocketAddr) -> InventoryServiceClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    InventoryServiceClient::new(endpoint.connect().await.unwrap())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_failed_write_ends_it_with_1_and_loses_nothing_that_was_answered() {
    let folder = TempDir::new().unwrap();
    let (mut process, address) = Process::start(folder.path(), "127.0.0.1:0").serving();
    let mut inventory = connect(address).await;
    let request = |order_id: &str| {
        let key = format!("{order_id}/reserve");
        keyed(reserve(order_id, &[("sku-1", 1)]), &key).unwrap()
    };
    let answer = inventory
        .reserve_stock(request("o-1"))
        .await
        .unwrap()
        .into_inner();

    // From here on, no file can be written beyond its first byte.
    let pid = process.child.id().to_string();
    let limit = Command::new("prlimit")
        .args(["--pid", &pid, "--fsize=1"])
        .status();
    assert!(limit.unwrap().success());
    let refused = inventory.reserve_stock(request("o-2")).await;
    check_status(refused, Code::Unavailable, "STORE_STOPPED");
    let line = process.line_with("error:");
    assert!(
        line.starts_with("error: the store has stopped after a failed write"),
        "{line}"
    );
    assert_eq!(process.code(), Some(1));

    let (_process, address) = Process::start(folder.path(), "127.0.0.1:0").serving();
    let mut inventory = connect(address).await;
    let again = inventory
        .reserve_stock(request("o-1"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again, answer);
    let all = inventory
        .list_reservations(ListReservationsRequest::default())
        .await
        .unwrap();
    assert_eq!(all.into_inner().reservations.len(), 1);
}
