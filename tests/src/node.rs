//! Programs in TypeScript, `tests/interop/node`: the packages are installed by npm, messages and stubs
//! generated from the repository's .proto files, and all of it compiled, below `target/interop/node`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tokio::process::Command;

use crate::made::{self, run};
use crate::{protos, tools};

/// Node, and the programs.
#[derive(Debug)]
pub struct Node {
    folder: PathBuf,
}

impl Node {
    /// `None`: there is none; the test is to return. With `CI` set it fails instead.
    pub fn find(test: &str) -> Option<Self> {
        static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        let python = tools::find("python", test)?;
        let folder = FOLDER.get_or_init(|| compile(&python)).clone();
        Some(Self {
            folder: made::or_skip(folder, test)?,
        })
    }

    /// Where the packages are: the folder `node_modules`.
    pub fn packages(&self) -> PathBuf {
        self.folder.join("node_modules")
    }

    /// What starts a program, given by the name of its source without an ending.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("node");
        command.arg(self.folder.join(format!("out/src/{program}.js")));
        command
    }
}

fn sources() -> PathBuf {
    crate::root().join("tests/interop/node")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All programs, from what is installed and generated.
fn compile(python: &Path) -> Result<PathBuf, String> {
    let lock = read(&sources().join("package-lock.json"));
    let folder = made::once("interop/node", &lock, install)?;
    let files = fs::read_dir(sources().join("src")).expect("there are sources");
    let mut files: Vec<_> = files
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    files.sort();
    let settings = sources().join("tsconfig.json");
    let sources: String = files
        .iter()
        .chain([&settings])
        .map(|path| read(path))
        .collect();
    let from = [lock, protos::text(), sources].concat();
    made::once("interop/node/out", &from, |_| {
        generate(python, &folder)?;
        let copied = folder.join("src");
        // There is none the first time.
        let _ = fs::remove_dir_all(&copied);
        fs::create_dir_all(&copied).expect("target/ can be written to");
        let to = |path: &Path| copied.join(path.file_name().expect("a file has a name"));
        for file in &files {
            fs::copy(file, to(file)).expect("target/ can be written to");
        }
        fs::copy(&settings, folder.join("tsconfig.json")).expect("target/ can be written to");
        run(tsc(&folder).current_dir(&folder)).map(drop)
    })?;
    Ok(folder)
}

fn tsc(folder: &Path) -> std::process::Command {
    std::process::Command::new(folder.join("node_modules/.bin/tsc"))
}

fn install(folder: &Path) -> Result<(), String> {
    for name in ["package.json", "package-lock.json"] {
        fs::copy(sources().join(name), folder.join(name)).expect("target/ can be written to");
    }
    let mut npm = std::process::Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    run(npm.current_dir(folder)).map(drop)
}

/// Makes messages and stubs of all that is below `proto/`, and of gRPC's error details.
fn generate(python: &Path, folder: &Path) -> Result<(), String> {
    let generated = folder.join("gen");
    // There is none the first time.
    let _ = fs::remove_dir_all(&generated);
    fs::create_dir_all(&generated).expect("target/ can be written to");
    let mut protoc = std::process::Command::new(python);
    protoc
        .args(["-m", "grpc_tools.protoc"])
        .arg(format!("--proto_path={}", protos::folder().display()))
        .arg(format!(
            "--proto_path={}",
            tools::packages(python)?.display()
        ))
        .arg("--plugin=protoc-gen-es=node_modules/.bin/protoc-gen-es")
        .arg("--es_out=target=ts,import_extension=js:gen")
        .args(protos::files())
        .args(["google/rpc/status.proto", "google/rpc/error_details.proto"]);
    run(protoc.current_dir(folder)).map(drop)
}
