//! `examples/contract-gate`: the contract test of a team's own repository lets good changes pass, and no bad
//! one.

use std::fs;
use std::path::Path;

use pavane_tests::process::{Ended, Process};
use pavane_tests::{binaries, ports};
use tempfile::TempDir;
use tokio::process::Command;

const LEDGER: &str = "proto/acme/ledger/v1/ledger_service.proto";
const REFUNDS: &str = "proto/acme/refunds/v1/refund_service.proto";

#[tokio::test]
async fn the_gate_lets_pass_what_breaks_nobody() {
    let repository = Repository::open().await;
    let ended = repository.gate().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);

    repository.change(
        REFUNDS,
        "int64 cents = 2;",
        "int64 cents = 2;\n  string note = 3;",
    );
    let ended = repository.gate().await;
    assert_eq!(ended.code, Some(0), "a new field: {}", ended.stderr);
}

#[tokio::test]
async fn the_gate_stops_what_the_workflow_does_not_fit() {
    let repository = Repository::open().await;
    repository.change(LEDGER, "string text = 3", "string memo = 3");
    repository.stops("`BookRequest` has no field `text`").await;
}

#[tokio::test]
async fn the_gate_stops_what_breaks_callers() {
    let repository = Repository::open().await;
    repository.change(REFUNDS, "int64 cents = 2", "int64 cents = 5");
    let alone = repository.run(&[]).await;
    assert_eq!(
        alone.code,
        Some(0),
        "by itself it is sound: {}",
        alone.stderr
    );
    repository
        .stops("this would break whoever calls `refund`")
        .await;
}

/// A copy of the example, and an orchestrator that has its workflow as it was.
struct Repository {
    _orchestrator: Process,
    folder: TempDir,
    address: String,
}

impl Repository {
    async fn open() -> Self {
        let folder = TempDir::new().expect("there is room for a copy");
        let example = pavane_tests::root().join("examples/contract-gate");
        copy(&example, folder.path());
        let address = format!("127.0.0.1:{}", ports::free(1));
        let arguments = ["serve", "--data-dir", "data", "--workflow", "refund.yaml"];
        // Nobody is called.
        let target = "acme.ledger.v1.LedgerService=127.0.0.1:1";
        let rest = ["--proto", "proto", "--target", target, "--listen", &address];
        let arguments = arguments.iter().chain(&rest);
        let mut orchestrator = Process::start_in(folder.path(), "pavane", arguments);
        orchestrator.serving().await;
        Self {
            _orchestrator: orchestrator,
            folder,
            address,
        }
    }

    fn change(&self, file: &str, old: &str, new: &str) {
        let path = self.folder.path().join(file);
        let text = fs::read_to_string(&path).expect("the example has this file");
        assert!(text.contains(old), "{file} has no `{old}`");
        fs::write(path, text.replace(old, new)).expect("a copy can be changed");
    }

    async fn gate(&self) -> Ended {
        self.run(&[("ORCHESTRATOR", &self.address)]).await
    }

    async fn stops(&self, expected: &str) {
        let ended = self.gate().await;
        let said = ended.stdout + &ended.stderr;
        assert_eq!(ended.code, Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
    }

    async fn run(&self, environment: &[(&str, &str)]) -> Ended {
        let pavane = binaries::path("pavane");
        let tools = pavane
            .parent()
            .expect("a program is in a folder")
            .to_owned();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([tools].into_iter().chain(std::env::split_paths(&path)));
        let mut command = Command::new("./gate.sh");
        command
            .current_dir(self.folder.path())
            .env("PATH", path.expect("no folder has a colon in its name"))
            .env_remove("ORCHESTRATOR")
            .envs(environment.iter().copied());
        Process::spawn("gate.sh", command).ended().await
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the folder is part of the repository") {
        let from = entry.expect("the folder can be read").path();
        let to = to.join(from.file_name().expect("an entry has a name"));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a file can be copied");
        }
    }
}
