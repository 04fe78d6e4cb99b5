//! Services in Python: plain grpcio over stubs that are generated from the repository's .proto
//! files, below `target/`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tokio::process::Command;

use crate::process::Process;
use crate::tools;

/// A Python with grpcio, and the stubs.
#[derive(Debug)]
pub struct Python {
    interpreter: PathBuf,
    stubs: PathBuf,
}

impl Python {
    /// `None`: there is none; the test is to return. With `CI` set it fails instead.
    pub fn find(test: &str) -> Option<Self> {
        static STUBS: OnceLock<PathBuf> = OnceLock::new();
        let interpreter = tools::find("python", test)?;
        let stubs = STUBS.get_or_init(|| generate(&interpreter)).clone();
        Some(Self { interpreter, stubs })
    }

    /// Starts a program, given by its path in the repository.
    pub fn start(&self, program: &str, arguments: &[&str]) -> Process {
        let mut command = Command::new(&self.interpreter);
        command
            .arg(crate::root().join(program))
            .args(arguments)
            .env("PYTHONPATH", &self.stubs)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        Process::spawn(program, command)
    }
}

/// Makes the stubs of `proto/shop`, and gives the folder to import them from.
fn generate(interpreter: &Path) -> PathBuf {
    let folder = crate::root().join("target/tools/python-stubs");
    fs::create_dir_all(&folder).expect("target/ can be written to");
    // Several tests may begin at the same moment.
    let lock = File::create(folder.join("lock")).expect("target/ can be written to");
    lock.lock().expect("a file can be locked");
    let proto = crate::root().join("proto");
    let files = ["common/v1/common", "shipping/v1/shipping_service"];
    let files = files.map(|name| proto.join(format!("shop/{name}.proto")));
    let flag = |name: &str, folder: &Path| format!("--{name}={}", folder.display());
    let made = std::process::Command::new(interpreter)
        .args(["-m", "grpc_tools.protoc"])
        .arg(flag("proto_path", &proto))
        .arg(flag("python_out", &folder))
        .arg(flag("grpc_python_out", &folder))
        .args(files)
        .output()
        .expect("an interpreter can be started");
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "no stubs: {said}");
    folder
}
