//! The folder of a store: who holds it, which format it has, and whose it is. A folder of a newer
//! format, or of another owner, is left as it is.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::identity::{IDENTITY_FILE, Identity};
use crate::Error;
use crate::feed::Core;

const LOCK_FILE: &str = "LOCK";
const FORMAT_FILE: &str = "FORMAT";
const DATABASE_FOLDER: &str = "db";
/// There while a database is being made: until this file is gone, what is in its folder is none.
const MAKING_FILE: &str = "MAKING";
/// What the format file says, before the number.
const FORMAT_NAME: &str = "pavane-feed";
/// The format that this program writes, and the newest that it reads.
const FORMAT: u32 = 1;

/// A folder that is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    owner: Option<String>,
    /// What the folder said of itself when it was opened.
    identity: Identity,
    _lock: File,
}

impl Directory {
    pub(super) fn open(path: &Path, owner: Option<&str>) -> Result<Self, Error> {
        check_format(path)?;
        read_identity(path, owner)?;
        fs::create_dir_all(path)
            .map_err(|error| Error::io(format!("create {}", path.display()), error))?;
        let lock = lock(path)?;
        // Once more, since another process may have been at work until we had the lock.
        let made = check_format(path)?;
        let identity = read_identity(path, owner)?;
        let owner = owner.map(str::to_owned).or_else(|| identity.owner.clone());
        let directory = Self {
            path: path.to_owned(),
            owner,
            identity,
            _lock: lock,
        };
        if !made {
            if !directory.identity.feeds.is_empty() {
                return Err(Error::NotAStore {
                    dir: directory.path,
                    problem: format!("it has `{IDENTITY_FILE}` but no `{FORMAT_FILE}`"),
                });
            }
            // The format says that the folder is a store, so whose it is must be known before.
            directory.record(&HashMap::new())?;
            directory.write(FORMAT_FILE, &format!("{FORMAT_NAME} {FORMAT}\n"))?;
        }
        Ok(directory)
    }

    /// Where the engine keeps its files, and whether it is to make them: then
    /// [`Directory::database_is_made`] is to be said when it has. A database that was cut off while
    /// being made is not taken for one. It is made where it stays, and stays open: a journal that the
    /// engine takes up again grows with each sync, which takes a fifth longer.
    pub(super) fn database(&self) -> Result<(PathBuf, bool), Error> {
        let database = self.path.join(DATABASE_FOLDER);
        let making = self.path.join(MAKING_FILE);
        let io = |error| Error::io(format!("create {}", database.display()), error);
        if database.try_exists().map_err(io)? && !making.try_exists().map_err(io)? {
            return Ok((database, false));
        }
        if !self.identity.feeds.is_empty() {
            return Err(Error::Damaged {
                dir: self.path.clone(),
                part: "database",
                problem: format!("there is no folder `{DATABASE_FOLDER}`"),
                unchanged: true,
            });
        }
        File::create(&making).map_err(io)?;
        self.sync().map_err(io)?;
        match fs::remove_dir_all(&database) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        Ok((database, true))
    }

    /// What [`Directory::database`] asked for is there.
    pub(super) fn database_is_made(&self) -> Result<(), Error> {
        let making = self.path.join(MAKING_FILE);
        let io = |error| Error::io(format!("remove {}", making.display()), error);
        fs::remove_file(&making).map_err(io)?;
        self.sync().map_err(io)
    }

    /// Errors: [`Error::Damaged`] if feeds that the folder had are not what they were.
    pub(super) fn check(&self, found: &HashMap<String, Arc<Core>>) -> Result<(), Error> {
        self.identity.lost(found).map_or(Ok(()), |problem| {
            Err(Error::Damaged {
                dir: self.path.clone(),
                part: "database",
                problem,
                unchanged: false,
            })
        })
    }

    /// Writes down which feeds the folder has, all durable, for the next opening to compare.
    pub(super) fn record(&self, feeds: &HashMap<String, Arc<Core>>) -> Result<(), Error> {
        let identity = Identity::of(self.owner.as_deref(), feeds);
        self.write(IDENTITY_FILE, &identity.text())
    }

    /// Writes a file whole or not at all.
    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let write = || {
            let draft = self.path.join(format!("{name}.new"));
            let mut file = File::create(&draft)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, self.path.join(name))?;
            self.sync()
        };
        write().map_err(|error| Error::io(format!("write {name}"), error))
    }

    /// Makes the names of files durable.
    fn sync(&self) -> std::io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

/// What the folder says of itself. Errors: [`Error::OtherOwner`], [`Error::NotAStore`].
fn read_identity(path: &Path, owner: Option<&str>) -> Result<Identity, Error> {
    let identity = Identity::read(path)?.unwrap_or_default();
    match (&identity.owner, owner) {
        (Some(found), Some(expected)) if found != expected => Err(Error::OtherOwner {
            dir: path.to_owned(),
            found: found.clone(),
            expected: expected.to_owned(),
        }),
        _ => Ok(identity),
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
