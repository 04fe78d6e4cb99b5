//! The crates of the workspace: who may know whom, and how pure `flow` is.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

/// Who may know whom, besides the contract `pavane`, which all may know and which knows nobody.
/// Arrows go one way: down this list.
const ARROWS: [(&str, &[&str]); 21] = [
    ("xtask", &[]),
    // What anybody's services may be: it knows nothing of ours.
    ("checkout-example", &[]),
    ("pavane-fuzz", &["pavane-flow", "pavane-server"]),
    ("pavane-simulation", &["pavane-flow"]),
    ("pavane-contract", &[]),
    (
        "pavane-cli",
        &[
            "pavane-orchestrator",
            "pavane-sidecar",
            "shop-inventory",
            "shop-payment",
            "shop-shipping",
            "pavane-calls",
            "pavane-kit",
            "pavane-server",
            "pavane-client",
            "pavane-feed",
            "pavane-flow",
            "pavane-conformance",
        ],
    ),
    (
        "pavane-orchestrator",
        &[
            "pavane-server",
            "pavane-client",
            "pavane-feed",
            "pavane-flow",
            "pavane-calls",
            "pavane-choreography",
            "pavane-clock",
        ],
    ),
    ("shop-inventory", &["pavane-kit", "pavane-feed"]),
    ("shop-payment", &["pavane-kit", "pavane-feed"]),
    ("shop-shipping", &["pavane-kit", "pavane-feed"]),
    (
        "pavane-sidecar",
        &[
            "pavane-kit",
            "pavane-server",
            "pavane-feed",
            "pavane-flow",
            "pavane-calls",
            "pavane-choreography",
        ],
    ),
    (
        "pavane-kit",
        &[
            "pavane-server",
            "pavane-feed",
            "pavane-flow",
            "pavane-calls",
            "pavane-choreography",
        ],
    ),
    ("pavane-calls", &["pavane-flow"]),
    (
        "pavane-choreography",
        &[
            "pavane-client",
            "pavane-feed",
            "pavane-flow",
            "pavane-clock",
        ],
    ),
    ("pavane-clock", &["pavane-flow"]),
    ("pavane-server", &[]),
    ("pavane-client", &[]),
    ("pavane-conformance", &[]),
    ("pavane-feed", &[]),
    ("pavane-flow", &[]),
    ("pavane", &[]),
];

/// What `flow` is made of: data, and functions on data. Nothing here reads a clock, draws lots,
/// starts a thread, or opens a file or a socket; what is added to it must not either. Of jiff only the
/// rules of time zones that are compiled in are used.
const PURE: [&str; 16] = [
    "base64",
    "bytes",
    "cel",
    "jiff",
    "pavane",
    "prost",
    "prost-reflect",
    "prost-types",
    "regex",
    "saphyr",
    "saphyr-parser",
    "serde_json",
    "sha2",
    "smallvec",
    "strsim",
    "thiserror",
];

/// The direct dependencies of each crate of the workspace, those of tests left out.
static DEPENDENCIES: LazyLock<BTreeMap<String, BTreeSet<String>>> = LazyLock::new(|| {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(pavane_tests::root())
        .output()
        .expect("cargo can be started");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"]
        .as_array()
        .expect("cargo lists packages");
    let name = |package: &Value| {
        package["name"]
            .as_str()
            .expect("each has a name")
            .to_owned()
    };
    let dependencies = |package: &Value| {
        let all = package["dependencies"]
            .as_array()
            .expect("cargo lists dependencies");
        all.iter()
            .filter(|one| one["kind"] != "dev")
            .map(name)
            .collect()
    };
    packages
        .iter()
        .map(|package| (name(package), dependencies(package)))
        .collect()
});

#[test]
fn arrows_between_crates_go_one_way() {
    let allowed = BTreeMap::from(ARROWS);
    let ours: BTreeSet<_> = DEPENDENCIES.keys().map(String::as_str).collect();
    let mut wrong = Vec::new();
    for (name, dependencies) in DEPENDENCIES
        .iter()
        .filter(|(name, _)| *name != "pavane-tests")
    {
        let Some(allowed) = allowed.get(name.as_str()) else {
            wrong.push(format!("{name} is new: say in this test whom it may know"));
            continue;
        };
        for dependency in dependencies
            .iter()
            .filter(|one| ours.contains(one.as_str()))
        {
            if dependency != "pavane" && !allowed.contains(&dependency.as_str()) {
                wrong.push(format!("{name} must not know {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn flow_is_pure() {
    let impure: Vec<_> = DEPENDENCIES["pavane-flow"]
        .iter()
        .filter(|one| !PURE.contains(&one.as_str()))
        .collect();
    assert!(
        impure.is_empty(),
        "flow must stay pure; it depends on {impure:?}"
    );
}

#[test]
fn the_feed_knows_nothing_of_workflows() {
    let sources = pavane_tests::root().join("feed/src");
    let mut wrong = Vec::new();
    super::reasons::each_source(&sources, &mut |path, text| {
        if text.contains("pavane::workflow") || text.contains("workflow::v1") {
            wrong.push(path.to_owned());
        }
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}
