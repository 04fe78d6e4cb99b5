//! `pavane serve` as a process of its own, whose memory is its own, and which can be killed.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::failed;
use crate::error::Error;

/// A server that serves. It is killed when this is dropped.
pub(super) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts it with what is in the folder, and waits until it serves. It takes that many executions.
    pub(super) async fn start(folder: &Path, executions: u64) -> Result<Self, Error> {
        let config = folder.with_extension("toml");
        let limit = executions.saturating_add(1_000);
        std::fs::write(&config, format!("[limits]\nexecutions = {limit}\n")).map_err(failed)?;
        let mut child = Command::new(std::env::current_exe().map_err(failed)?)
            .arg("serve")
            .args(["--listen", "127.0.0.1:0"])
            .args(["--log-format", "json", "--log-filter", "info"])
            .arg("--data-dir")
            .arg(folder)
            .arg("--config")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let log = child.stderr.take().expect("it was asked for");
        let mut server = Self {
            child,
            address: ([127, 0, 0, 1], 0).into(),
        };
        let reading = tokio::task::spawn_blocking(move || {
            let mut log = BufReader::new(log);
            let mut said = String::new();
            let address = loop {
                let mut line = String::new();
                if log.read_line(&mut line).map_err(failed)? == 0 {
                    return Err(failed(format!("the server ended: {said}")));
                }
                if let Some(address) = serving(&line) {
                    break address;
                }
                said = line;
            };
            // What it says later must have somewhere to go.
            std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
            Ok(address)
        });
        server.address = reading.await.map_err(failed)??;
        Ok(server)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Memory that it holds, in bytes.
    pub(super) fn resident(&self) -> Result<u64, Error> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(&path).map_err(|error| {
            failed(format!(
                "cannot read {path}: {error}; memory can be measured on Linux only"
            ))
        })?;
        let kilobytes = status.lines().find_map(|line| {
            let value = line.strip_prefix("VmRSS:")?.trim();
            value.strip_suffix("kB")?.trim().parse::<u64>().ok()
        });
        kilobytes
            .map(|kilobytes| kilobytes * 1_024)
            .ok_or_else(|| failed(format!("{path} does not say VmRSS")))
    }

    pub(super) fn kill(mut self) -> Result<(), Error> {
        self.child.kill().map_err(failed)?;
        self.child.wait().map(drop).map_err(failed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where it serves, if this line of its log says so.
fn serving(line: &str) -> Option<SocketAddr> {
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields").unwrap_or(&line);
    let is_serving = fields["message"] == "serving";
    fields["address"]
        .as_str()
        .filter(|_| is_serving)?
        .parse()
        .ok()
}
