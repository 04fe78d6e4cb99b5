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
        let folder = folder();
        if is_to_be_built() {
            let packages = PACKAGES.iter().flat_map(|package| ["--package", package]);
            let arguments: Vec<_> = ["--bins"].into_iter().chain(packages).collect();
            cargo(&folder, &arguments);
        }
        folder
    });
    existing(folder.join(name))
}

/// The path of an example of a package of this workspace, built as [`path`] is.
pub fn example(package: &str, name: &str) -> PathBuf {
    let folder = folder();
    if is_to_be_built() {
        cargo(&folder, &["--example", name, "--package", package]);
    }
    existing(folder.join("examples").join(name))
}

fn existing(path: PathBuf) -> PathBuf {
    assert!(
        path.exists(),
        "there is no {}: unset PAVANE_TESTS_BUILD",
        path.display()
    );
    path
}

/// Where programs are built to.
fn folder() -> PathBuf {
    // A test is target/PROFILE/deps/NAME-HASH.
    let test = std::env::current_exe().expect("a test knows its path");
    let folder = test.ancestors().nth(2);
    folder.expect("a test lies below target/PROFILE").to_owned()
}

fn is_to_be_built() -> bool {
    std::env::var_os("PAVANE_TESTS_BUILD").is_none_or(|build| build != "no")
}

fn cargo(folder: &Path, arguments: &[&str]) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet"]).args(arguments);
    cargo.current_dir(crate::root());
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().expect("cargo can be started");
    assert!(status.success(), "the programs under test cannot be built");
}
