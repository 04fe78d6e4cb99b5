//! The folder of a store: who holds it, and which format it has. A folder of a newer format is left
//! as it is.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::Error;

const LOCK_FILE: &str = "LOCK";
const FORMAT_FILE: &str = "FORMAT";
const DATABASE_FOLDER: &str = "db";
/// What the format file says, before the number.
const FORMAT_NAME: &str = "pavane-feed";
/// The format that this program writes, and the newest that it reads.
const FORMAT: u32 = 1;

/// A folder that is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        check_format(path)?;
        fs::create_dir_all(path)
            .map_err(|error| Error::io(format!("create {}", path.display()), error))?;
        let lock = lock(path)?;
        let directory = Self {
            path: path.to_owned(),
            _lock: lock,
        };
        // Once more, since another process may have been at work until we had the lock.
        if !check_format(path)? {
            directory.write_format()?;
        }
        Ok(directory)
    }

    /// Where the engine keeps its files.
    pub(super) fn database(&self) -> PathBuf {
        self.path.join(DATABASE_FOLDER)
    }

    /// The format is written whole or not at all, and before anything else.
    fn write_format(&self) -> Result<(), Error> {
        let write = || {
            let draft = self.path.join("FORMAT.new");
            let mut file = File::create(&draft)?;
            writeln!(file, "{FORMAT_NAME} {FORMAT}")?;
            file.sync_all()?;
            fs::rename(&draft, self.path.join(FORMAT_FILE))?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|error| Error::io(format!("write {FORMAT_FILE}"), error))
    }
}

/// Whether the folder has a format. Errors if it is not ours.
fn check_format(path: &Path) -> Result<bool, Error> {
    let not_a_store = |problem: String| Error::NotAStore {
        dir: path.to_owned(),
        problem,
    };
    let text = match fs::read_to_string(path.join(FORMAT_FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return if path.join(DATABASE_FOLDER).exists() {
                Err(not_a_store(format!(
                    "it has `{DATABASE_FOLDER}` but no `{FORMAT_FILE}`"
                )))
            } else {
                Ok(false)
            };
        }
        Err(error) => {
            return Err(Error::io(
                format!("read {}", path.join(FORMAT_FILE).display()),
                error,
            ));
        }
    };
    let number = text
        .trim_end()
        .strip_prefix(FORMAT_NAME)
        .and_then(|number| number.trim().parse::<u32>().ok())
        .filter(|number| *number >= 1);
    match number {
        Some(found) if found > FORMAT => Err(Error::NewerFormat {
            dir: path.to_owned(),
            found,
            supported: FORMAT,
        }),
        Some(_) => Ok(true),
        None => {
            let line: String = text.chars().take(64).collect();
            Err(not_a_store(format!(
                "`{FORMAT_FILE}` says {line:?}, expected `{FORMAT_NAME}` and a number"
            )))
        }
    }
}

fn lock(path: &Path) -> Result<File, Error> {
    let lock_path = path.join(LOCK_FILE);
    let describe = || format!("lock {}", lock_path.display());
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&lock_path)
        .map_err(|error| Error::io(describe(), error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let pid = fs::read_to_string(&lock_path)
                .ok()
                .and_then(|pid| pid.trim().parse().ok());
            return Err(Error::InUse {
                dir: path.to_owned(),
                pid,
            });
        }
        Err(TryLockError::Error(error)) => return Err(Error::io(describe(), error)),
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(|error| Error::io(describe(), error))?;
    Ok(file)
}
