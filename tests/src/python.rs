//! Programs in Python: plain grpcio over stubs that are generated from the repository's .proto
//! files, below `target/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tokio::process::Command;

use crate::process::Process;
use crate::{made, protos, tools};

/// A Python with grpcio, and the stubs.
#[derive(Debug)]
pub struct Python {
    interpreter: PathBuf,
    stubs: PathBuf,
}

impl Python {
    /// `None`: there is none; the test is to return. With `CI` set it fails instead.
    pub fn find(test: &str) -> Option<Self> {
        static STUBS: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        let interpreter = tools::find("python", test)?;
        let stubs = STUBS.get_or_init(|| generate(&interpreter)).clone();
        let stubs = made::or_skip(stubs, test)?;
        Some(Self { interpreter, stubs })
    }

    /// Starts a program, given by its path in the repository.
    pub fn start(&self, program: &str, arguments: &[&str]) -> Process {
        let mut command = self.command(program);
        command.args(arguments);
        Process::spawn(program, command)
    }

    /// What starts a program, given by its path in the repository.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(&self.interpreter);
        command
            .arg(crate::root().join(program))
            .env("PYTHONPATH", &self.stubs)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// Makes the stubs of all that is below `proto/`, and gives the folder to import them from.
fn generate(interpreter: &Path) -> Result<PathBuf, String> {
    let folder = made::once("interop/python", &protos::text(), |folder| {
        let stubs = folder.join("stubs");
        // There are none the first time.
        let _ = fs::remove_dir_all(&stubs);
        fs::create_dir_all(&stubs).expect("target/ can be written to");
        let flag = |name: &str, folder: &Path| format!("--{name}={}", folder.display());
        let mut protoc = std::process::Command::new(interpreter);
        protoc
            .args(["-m", "grpc_tools.protoc"])
            .arg(flag("proto_path", &protos::folder()))
            .arg(flag("python_out", &stubs))
            .arg(flag("grpc_python_out", &stubs))
            .args(protos::files());
        made::run(&mut protoc).map(drop)
    })?;
    Ok(folder.join("stubs"))
}
