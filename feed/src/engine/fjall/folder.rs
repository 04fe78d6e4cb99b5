//! What fjall keeps in its folder, as far as it must be looked at before fjall is let in: where its
//! version or its journal is missing, it makes new ones and goes on without what was written. It
//! reads names only and writes nothing.

use std::fs;
use std::path::Path;

use fjall::{JournalRecoveryError, LsmError};

use crate::Error;

/// Written last when a database is made.
const VERSION_MARKER: &str = "version";
const JOURNAL_EXTENSION: &str = "jnl";

/// Errors: [`Error::Damaged`] if a database that is complete lacks something, [`Error::Io`].
pub(super) fn inspect(folder: &Path) -> Result<(), Error> {
    let read = |error| Error::io(format!("read {}", folder.display()), error);
    let damaged = |part, problem: String| {
        Err(Error::Damaged {
            dir: folder.to_owned(),
            part,
            problem,
            unchanged: true,
        })
    };
    if !folder.join(VERSION_MARKER).try_exists().map_err(read)? {
        return damaged("database", format!("there is no file `{VERSION_MARKER}`"));
    }
    let mut journals = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        if path.extension().is_some_and(|it| it == JOURNAL_EXTENSION) {
            let number = path
                .file_stem()
                .and_then(|name| name.to_str()?.parse().ok());
            let Some(number) = number else {
                let name = path.file_name().unwrap_or_default().display();
                return damaged("journal", format!("there is a file `{name}`"));
            };
            journals.push(number);
        }
    }
    // They are numbered one after another, and the oldest is deleted first.
    journals.sort_unstable();
    let gap = journals
        .windows(2)
        .find_map(|pair: &[u64]| (pair[1] != pair[0] + 1).then(|| pair[0] + 1));
    match (journals.is_empty(), gap) {
        (true, _) => damaged(
            "journal",
            format!("there is no file `*.{JOURNAL_EXTENSION}`"),
        ),
        (_, Some(missing)) => damaged(
            "journal",
            format!("there is no file `{missing}.{JOURNAL_EXTENSION}`"),
        ),
        (false, None) => Ok(()),
    }
}

/// Why fjall would not open the folder.
pub(super) fn refused(folder: &Path, error: fjall::Error) -> Error {
    let damaged = |part, problem: String, unchanged| Error::Damaged {
        dir: folder.to_owned(),
        part,
        problem,
        unchanged,
    };
    match error {
        fjall::Error::JournalRecovery(error) => {
            let problem = match error {
                JournalRecoveryError::ChecksumMismatch => "checksum mismatch",
                JournalRecoveryError::InsufficientLength => "a batch is too short",
                JournalRecoveryError::TooManyItems => "a batch is too long",
                JournalRecoveryError::InvalidFileName => "a file has no proper name",
            };
            damaged("journal", problem.to_owned(), true)
        }
        fjall::Error::Io(error) | fjall::Error::Storage(LsmError::Io(error)) => Error::io(
            format!("open the database below {}", folder.display()),
            error,
        ),
        error => damaged("database", error.to_string(), false),
    }
}
