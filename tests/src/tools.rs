//! `buf`, `grpcurl`, and a `python` with grpcio: installed from PyPI into `target/tools`, once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::made::{self, run};

/// The path of a tool that `tools.txt` names. Where it cannot be had, fails if `CI` is set, and
/// otherwise says `SKIPPED: TEST because ...` and answers `None`.
pub fn find(tool: &str, test: &str) -> Option<PathBuf> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let installed = INSTALLED.get_or_init(install).clone();
    let installed = installed.map_err(|problem| format!("{tool} cannot be installed: {problem}"));
    Some(made::or_skip(installed, test)?.join(tool))
}

/// Where the packages of a `python` of ours are. Some have .proto files, such as those of gRPC's error
/// details.
///
/// # Errors
/// It does not say so.
pub fn packages(python: &Path) -> Result<PathBuf, String> {
    let ask = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let output = run(Command::new(python).args(["-c", ask]))?;
    Ok(PathBuf::from(
        String::from_utf8_lossy(&output.stdout).trim(),
    ))
}

/// The folder with the tools.
fn install() -> Result<PathBuf, String> {
    let wanted = include_str!("../tools.txt");
    let tools = made::once("tools", wanted, |tools| {
        let environment = tools.join("venv");
        run(Command::new("python3")
            .args(["-m", "venv"])
            .arg(&environment))?;
        let mut pip = Command::new(environment.join("bin/pip"));
        pip.args(["install", "--quiet", "--requirement"])
            .arg(crate::root().join("tests/tools.txt"));
        run(&mut pip).map(drop)
    })?;
    Ok(tools.join("venv/bin"))
}
