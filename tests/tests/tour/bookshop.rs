//! The folder of whoever follows the tour: a copy of `tests/interop/tour`, with what the page says to
//! install. That is installed below `target/` once, and linked from there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pavane_tests::{made, until};
use tempfile::TempDir;

use crate::ports::Ports;

/// What installing leaves behind: folders are linked, files copied.
const INSTALLED: [&str; 4] = [
    "venv",
    "billing/node_modules",
    "library/library_pb2.py",
    "library/library_pb2_grpc.py",
];

/// The folder, gone when dropped.
#[derive(Debug)]
pub(crate) struct Bookshop {
    folder: TempDir,
}

impl Bookshop {
    /// A fresh copy, with ports that are free.
    pub(crate) fn open(installed: &Path, ports: &Ports) -> Self {
        let folder = TempDir::new().expect("there is room");
        copy_sources(folder.path(), |text| ports.real(text));
        for name in INSTALLED {
            let (from, to) = (installed.join(name), folder.path().join(name));
            if from.is_dir() {
                std::os::unix::fs::symlink(from, to).expect("links can be made");
            } else {
                fs::copy(from, to).expect("it was installed");
            }
        }
        Self { folder }
    }

    /// Its path.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Removes the log of a server that ran before.
    pub(crate) fn forget(&self, log: &str) {
        // There is none of a first one.
        let _ = fs::remove_file(self.folder().join(log));
    }

    /// Waits until a server logs that it serves.
    pub(crate) async fn serving(&self, log: &str) {
        let path = self.folder().join(log);
        let read = || async { tokio::fs::read_to_string(&path).await.unwrap_or_default() };
        until(read, |text| text.contains("serving")).await;
    }

    /// All logs, for whoever wants to know why something failed.
    pub(crate) fn logs(&self) -> String {
        let entries = fs::read_dir(self.folder()).expect("the folder is there");
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let logs = paths.filter(|path| path.extension().is_some_and(|end| end == "log"));
        logs.map(|path| {
            let text = fs::read_to_string(&path).unwrap_or_default();
            format!("== {}\n{text}", path.display())
        })
        .collect()
    }
}

/// The files of `tests/interop/tour`.
pub(crate) fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("the folder can be read").path();
            // Left by whoever tried it in place.
            let is_ours = !["node_modules", "venv", "data"]
                .iter()
                .any(|end| path.ends_with(end));
            match path.is_dir() {
                true if is_ours => folders.push(path),
                true => {}
                false => files.push(path),
            }
        }
    }
    files
}

fn root() -> PathBuf {
    pavane_tests::root().join("tests/interop/tour")
}

fn copy_sources(folder: &Path, change: impl Fn(&str) -> String) {
    for file in sources() {
        let name = file.strip_prefix(root()).expect("it lies there");
        let to = folder.join(name);
        let text = fs::read_to_string(&file).expect("they are texts");
        fs::create_dir_all(to.parent().expect("it lies in a folder")).expect("there is room");
        fs::write(to, change(&text)).expect("there is room");
    }
}

/// Runs what the page says to install, unless that was done before, and gives the folder. Where it
/// cannot be done, fails if `CI` is set, and otherwise says so and answers `None`.
pub(crate) fn install(script: &str, test: &str) -> Option<PathBuf> {
    let of = |name: &str| fs::read_to_string(root().join(name)).expect("it is there");
    let wanted = [
        script,
        &of("library/requirements.txt"),
        &of("billing/package-lock.json"),
        &of("proto/library.proto"),
    ];
    let installed = made::once("tools/tour", &wanted.concat(), |folder| {
        copy_sources(folder, str::to_owned);
        let mut shell = Command::new("bash");
        made::run(shell.args(["-e", "-c", script]).current_dir(folder)).map(drop)
    });
    made::or_skip(installed, test)
}
