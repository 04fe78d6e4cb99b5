//! What tests make below `target/` and keep: tools that are installed, code that is generated and
//! compiled. It is made once, and again when what it is made from has changed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The folder `target/NAME`, in which `make` leaves what it makes, unless it was made from the same
/// before. Another process that makes it at this moment is waited for.
///
/// # Errors
/// What `make` says. Then it is made anew the next time.
pub fn once(
    name: &str,
    from: &str,
    make: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let folder = crate::root().join("target").join(name);
    let readable = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(readable)?;
    let lock = File::create(folder.join("lock")).map_err(readable)?;
    lock.lock().map_err(readable)?;
    let marker = folder.join("made-from.txt");
    if fs::read_to_string(&marker).is_ok_and(|made_from| made_from == from) {
        return Ok(folder);
    }
    make(&folder)?;
    fs::write(marker, from).map_err(readable)?;
    Ok(folder)
}

/// What could be made; where it could not, fails if `CI` is set, and otherwise says
/// `SKIPPED: TEST because ...` and answers `None`.
pub fn or_skip<T>(made: Result<T, String>, test: &str) -> Option<T> {
    match made {
        Ok(made) => Some(made),
        Err(problem) if std::env::var_os("CI").is_some() => panic!("{problem}"),
        Err(problem) => {
            crate::process::tell(&format!("SKIPPED: {test} because {problem}"));
            None
        }
    }
}

/// Runs a command to its end.
///
/// # Errors
/// It cannot be started, or fails: what it said.
pub fn run(command: &mut Command) -> Result<Output, String> {
    let shown = format!("{command:?}");
    let output = command
        .output()
        .map_err(|error| format!("{shown}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    // Compilers differ in where they say it.
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    Err(format!("{shown}: {}: {}", output.status, said.trim()))
}
