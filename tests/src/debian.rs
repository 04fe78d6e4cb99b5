//! Packages of Debian, downloaded and unpacked below `target/debian`: nothing is installed, and nobody
//! has to be root. What the machine has already is not looked at again.

use std::env::{self, join_paths, split_paths};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::made::{self, run};

/// A folder that is like `/`, with what is not in `/`.
#[derive(Debug, Clone)]
pub struct Unpacked {
    root: PathBuf,
}

impl Unpacked {
    /// These packages, and all that they depend on, in `target/debian/NAME`.
    ///
    /// # Errors
    /// This is no Debian, or its archives cannot be reached.
    pub fn new(name: &str, packages: &[&str]) -> Result<Self, String> {
        let wanted = packages.join(" ");
        let folder = made::once(&format!("debian/{name}"), &wanted, |folder| {
            let missing = missing(packages).or_else(|_| {
                run(Command::new("apt-get").arg("update"))?;
                missing(packages)
            })?;
            unpack(folder, &missing)
        })?;
        Ok(Self {
            root: folder.join("root"),
        })
    }

    /// A file or folder of this path, such as `usr/share/java/guava.jar`, wherever it is.
    pub fn path(&self, path: &str) -> PathBuf {
        let unpacked = self.root.join(path);
        if unpacked.exists() {
            return unpacked;
        }
        Path::new("/").join(path)
    }

    /// Variables by which programs, compilers and linkers find what is unpacked, too.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let libraries = libraries(&self.root);
        [
            ("PATH", vec![self.root.join("usr/bin")]),
            ("CPLUS_INCLUDE_PATH", vec![self.root.join("usr/include")]),
            ("LIBRARY_PATH", libraries.clone()),
            ("LD_LIBRARY_PATH", libraries),
        ]
        .map(|(name, mut folders)| {
            let before = env::var_os(name).unwrap_or_default();
            folders.extend(split_paths(&before).filter(|folder| folder.as_os_str() != ""));
            let joined = join_paths(folders).expect("no folder has a colon");
            (name, joined.into_string().expect("paths are UTF-8"))
        })
        .into()
    }
}

/// Finds a compiler. Where it is missing, Debian's package is installed, if that is ours to do.
///
/// # Errors
/// It is missing all the same.
pub fn compiler(program: &str, package: &str) -> Result<(), String> {
    let ask = || run(Command::new(program).arg("--version")).map(drop);
    ask().or_else(|problem| {
        let install = ["install", "--yes", "--no-install-recommends", package];
        let installed = run(Command::new("apt-get").args(install)).or_else(|_| {
            run(Command::new("apt-get").arg("update"))?;
            run(Command::new("apt-get").args(install))
        });
        installed.map_err(|_| problem)?;
        ask()
    })
}

/// `NAME=VERSION` of the packages that are not installed.
fn missing(packages: &[&str]) -> Result<Vec<String>, String> {
    let mut apt = Command::new("apt-get");
    apt.args(["install", "--simulate", "--no-install-recommends"]);
    let simulated = run(apt.args(packages).env("LC_ALL", "C"))?;
    let simulated = String::from_utf8_lossy(&simulated.stdout);
    // `Inst NAME [OLD VERSION] (VERSION ORIGIN)`
    let missing = simulated.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("Inst ")?.split_once(' ')?;
        let (_, version) = rest.split_once('(')?;
        let version = version.split([' ', ')']).next()?;
        Some(format!("{name}={version}"))
    });
    Ok(missing.collect())
}

fn unpack(folder: &Path, packages: &[String]) -> Result<(), String> {
    for name in ["archives", "root"] {
        // There is none the first time.
        let _ = fs::remove_dir_all(folder.join(name));
        fs::create_dir_all(folder.join(name)).expect("target/ can be written to");
    }
    if packages.is_empty() {
        return Ok(());
    }
    let archives = folder.join("archives");
    let mut apt = Command::new("apt-get");
    run(apt.arg("download").args(packages).current_dir(&archives))?;
    for entry in fs::read_dir(&archives).expect("target/ can be read") {
        let archive = entry.expect("target/ can be read").path();
        let mut dpkg = Command::new("dpkg-deb");
        run(dpkg.arg("--extract").arg(archive).arg(folder.join("root")))?;
    }
    fs::remove_dir_all(archives).expect("it is ours");
    mend(&folder.join("root"), &folder.join("root")).expect("target/ can be written to");
    Ok(())
}

/// Has links that lead nowhere lead to where they would if `root` were `/`, or to what is installed, as
/// `libabsl_time.so` does to a library that the machine has already.
fn mend(root: &Path, folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_symlink() && !path.exists() {
            let installed = Path::new("/").join(folder.strip_prefix(root).unwrap_or(folder));
            let goal = installed.join(fs::read_link(&path)?);
            let unpacked = root.join(goal.strip_prefix("/").unwrap_or(&goal));
            fs::remove_file(&path)?;
            symlink(if unpacked.exists() { unpacked } else { goal }, &path)?;
        } else if path.is_dir() && !path.is_symlink() {
            mend(root, &path)?;
        }
    }
    Ok(())
}

/// `usr/lib` and the folder of this machine's architecture in it.
fn libraries(root: &Path) -> Vec<PathBuf> {
    let folder = root.join("usr/lib");
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let of_machine = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().contains("-linux-gnu")
    });
    of_machine.chain([folder.clone()]).collect()
}
