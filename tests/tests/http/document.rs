//! schemathesis makes requests of the document at `/openapi.json` and of its own mind, and holds the
//! answers against the document: no failure of the server, no status, content or schema that it does
//! not have, and no conforming body that is not read.

use std::process::Command;

use pavane_tests::process::tell;
use pavane_tests::shop::{Role, Shop};
use pavane_tests::tools;

/// Requests of each method by chance, besides those that go through its members one by one.
const EXAMPLES: &str = "15";
/// What they are drawn from: always the same, so that a change is judged by itself.
const SEED: &str = "1";
/// It goes on for ever. And what makes calls fail on purpose is not asked to.
const LEFT_OUT: &str = "/feeds/|FaultService";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_are_as_their_document_says() {
    let test = "servers_are_as_their_document_says";
    let Some(schemathesis) = tools::find("schemathesis", test) else {
        return;
    };
    let shop = Shop::start().await;
    tell(&format!("seed {SEED}, {EXAMPLES} examples of each method"));
    let folder = pavane_tests::root().join("tests/tests/http");
    for role in [Role::Orchestrator, Role::Inventory] {
        let output = Command::new(&schemathesis)
            .arg("--config-file")
            .arg(folder.join("schemathesis.toml"))
            .args(["run", "--no-color", "--seed", SEED])
            .args(["--max-examples", EXAMPLES, "--exclude-path-regex", LEFT_OUT])
            .arg(format!("http://{}/openapi.json", shop.address(role)))
            .env("SCHEMATHESIS_HOOKS", "checks")
            .env("PYTHONPATH", &folder)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(shop.data())
            .output()
            .expect("what was installed can be started");
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{}: {said}{complained}",
            role.name()
        );
        assert!(said.contains(" generated, "), "{}: {said}", role.name());
    }
}
