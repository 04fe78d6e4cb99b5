//! The AsyncAPI documents of `docs/reference`: AsyncAPI's own parser reads them, and the events that the
//! sample services' feeds send are as they say.

use std::fs;
use std::path::{Path, PathBuf};

use pavane_tests::made::{self, run};
use pavane_tests::process::Process;
use tokio::process::Command;

use crate::demo::Demo;

const TEST: &str = "feeds_send_what_their_documents_say";
const FEEDS: [&str; 3] = ["inventory", "payment", "shipping"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feeds_send_what_their_documents_say() {
    let Some(folder) = made::or_skip(install(), TEST) else {
        return;
    };
    let demo = Demo::start().await;
    let mut node = Command::new("node");
    node.arg("check.js").current_dir(folder);
    for (feed, part) in FEEDS.into_iter().zip(1..) {
        let document = format!("docs/reference/asyncapi/{feed}.yaml");
        node.arg(pavane_tests::root().join(document));
        node.arg(format!("http://{}/feeds/{feed}/events", demo.address(part)));
    }
    let ended = Process::spawn("check.js", node).ended().await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(
        ended.stdout.lines().count(),
        FEEDS.len(),
        "{}",
        ended.stdout
    );
}

fn sources() -> PathBuf {
    pavane_contract::kept("asyncapi")
}

/// The script, and what npm installs for it.
fn install() -> Result<PathBuf, String> {
    let files = ["package.json", "package-lock.json", "check.js"];
    let texts = files.map(|name| fs::read_to_string(sources().join(name)).unwrap_or_default());
    made::once("tools/asyncapi", &texts.concat(), |folder: &Path| {
        for name in files {
            let copied = fs::copy(sources().join(name), folder.join(name));
            copied.map_err(|error| format!("{name}: {error}"))?;
        }
        let mut npm = std::process::Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        run(npm.current_dir(folder)).map(drop)
    })
}
