//! `pavane participant`: what takes part for a service that was not built for it.

use std::fs;
use std::path::{Path, PathBuf};

use tonic::transport::Channel;

use crate::process::Process;
use crate::shop::channel;

/// A sidecar as a process, with a port and a folder that outlive it.
#[derive(Debug)]
pub struct Sidecar {
    process: Process,
    name: String,
    address: String,
    config: PathBuf,
}

impl Sidecar {
    /// Starts one at `address`, for these services at `target`, with a folder of its own in `folder`;
    /// waits until it serves.
    pub async fn start(
        folder: &Path,
        name: &str,
        address: &str,
        target: &str,
        services: &[&str],
    ) -> Self {
        let config = folder.join(format!("{name}.toml"));
        // Debug writes strings and lists of strings as TOML does.
        let text = format!(
            "listen = {address:?}\n\
             data_dir = {name:?}\n\
             log_filter = \"info\"\n\
             [participant]\n\
             name = {name:?}\n\
             target = {target:?}\n\
             services = {services:?}\n",
        );
        fs::write(&config, text).expect("there is room");
        let mut sidecar = Self {
            process: spawn(&config),
            name: name.to_owned(),
            address: address.to_owned(),
            config,
        };
        sidecar.process.serving().await;
        sidecar
    }

    /// Its name, which is that of its feed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `HOST:PORT` of its feed.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A channel that connects when it is used, and again after it was broken.
    pub fn channel(&self) -> Channel {
        channel(&self.address)
    }

    /// The running process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// SIGKILL; then another on the same data, once it serves.
    pub async fn kill_and_revive(&mut self) {
        self.process.kill().await;
        self.revive().await;
    }

    /// Starts it on the data of one that is gone, and waits until it serves.
    pub async fn revive(&mut self) {
        self.process = spawn(&self.config);
        self.process.serving().await;
    }
}

fn spawn(config: &Path) -> Process {
    let config = config.to_string_lossy();
    Process::start("pavane", ["participant", "--config", &config])
}
