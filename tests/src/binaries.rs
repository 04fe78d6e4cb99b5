//! The programs under test, built if they are not.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const PACKAGES: [&str; 5] = [
    "pavane-cli",
    "checkout-example",
    "shop-inventory",
    "shop-payment",
    "shop-shipping",
];

/// The path of a program of this workspace, such as `pavane` or `shop-payment`, built from the
/// sources as they are. `PAVANE_TESTS_BUILD=no` says that it has been.
pub fn path(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        // A test is target/PROFILE/deps/NAME-HASH.
        let test = std::env::current_exe().expect("a test knows its path");
        let folder = test
            .ancestors()
            .nth(2)
            .expect("a test lies below target/PROFILE")
            .to_owned();
        if std::env::var_os("PAVANE_TESTS_BUILD").is_none_or(|build| build != "no") {
            build(&folder);
        }
        folder
    });
    let path = folder.join(name);
    assert!(
        path.exists(),
        "there is no {}: unset PAVANE_TESTS_BUILD",
        path.display()
    );
    path
}

fn build(folder: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "--bins"])
        .current_dir(crate::root());
    cargo.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().expect("cargo can be started");
    assert!(status.success(), "the programs under test cannot be built");
}
