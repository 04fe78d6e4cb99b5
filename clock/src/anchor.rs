//! The file `CLOCK`: what the clock showed at one moment of one boot of the machine. Written whole or
//! not at all, once for each boot.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use pavane_flow::Timestamp;

use crate::Error;

/// Name of the file in the folder of the data.
pub const FILE: &str = "CLOCK";

/// Where the boot is not known.
const NO_BOOT: &str = "-";

/// What the clock showed, and when that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Anchor {
    /// Of which boot it is. `None`: the machine does not say.
    pub(crate) boot: Option<String>,
    /// How long the machine had been up.
    pub(crate) uptime: Duration,
    /// What the clock showed.
    pub(crate) time: Timestamp,
}

impl Anchor {
    /// `None`: there is none.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(FILE);
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(Error::Io {
                    what: "read",
                    path,
                    error: error.into(),
                });
            }
        };
        let anchor = parse(&text).ok_or_else(|| Error::NoAnchor {
            path,
            found: text.chars().take(64).collect(),
        })?;
        Ok(Some(anchor))
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(FILE);
        let unfinished = folder.join(format!("{FILE}.new"));
        let written = File::create(&unfinished)
            .and_then(|mut file| {
                file.write_all(self.text().as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&unfinished, &path))
            .and_then(|()| sync(folder));
        written.map_err(|error| Error::Io {
            what: "write",
            path,
            error: error.into(),
        })
    }

    fn text(&self) -> String {
        let boot = self.boot.as_deref().unwrap_or(NO_BOOT);
        let (uptime, time) = (self.uptime.as_nanos(), self.time.as_nanos());
        format!("boot {boot} uptime {uptime} time {time}\n")
    }
}

fn parse(text: &str) -> Option<Anchor> {
    let words: Vec<_> = text.trim_end().split(' ').collect();
    let ["boot", boot, "uptime", uptime, "time", time] = words[..] else {
        return None;
    };
    Some(Anchor {
        boot: (boot != NO_BOOT).then(|| boot.to_owned()),
        uptime: Duration::from_nanos(uptime.parse().ok()?),
        time: Timestamp::from_nanos(time.parse().ok()?),
    })
}

/// A rename is durable once its folder is.
#[cfg(unix)]
fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Anchor::read(folder.path()).unwrap(), None);
        for boot in [None, Some("8a1f".to_owned())] {
            let anchor = Anchor {
                boot,
                uptime: Duration::from_nanos(7_000_000_001),
                time: Timestamp::from_nanos(-3),
            };
            anchor.write(folder.path()).unwrap();
            assert_eq!(Anchor::read(folder.path()).unwrap(), Some(anchor));
        }
    }

    #[test]
    fn what_is_no_anchor_is_said() {
        let folder = tempfile::tempdir().unwrap();
        for text in [
            "",
            "boot",
            "boot a uptime -1 time 0",
            "boot a uptime 1 time",
        ] {
            fs::write(folder.path().join(FILE), text).unwrap();
            let error = Anchor::read(folder.path()).unwrap_err().to_string();
            assert!(error.contains(&format!("says {text:?}")), "{error}");
        }
    }
}
