//! A clock for timers that outlive a process: it goes on steadily, whatever the machine's clock is
//! set to.
//!
//! Within a process it shows the wall clock's time at the beginning, and what has passed since. From
//! one process to the next on the same boot of the machine it goes on from an anchor, a small file
//! beside the data. After another boot it shows the wall clock's time, but never an earlier one than
//! was recorded. So a timer of a day is a day, and neither early nor lost when someone sets the
//! machine's clock.
//!
//! It never follows a wall clock that is set: whoever wants it to, stops the process and removes the
//! anchor.

mod anchor;
mod machine;
mod steady;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pavane_flow::Timestamp;
use tracing::warn;

use anchor::Anchor;
pub use anchor::FILE;
pub use machine::{Boot, Machine, ThisMachine};
use steady::Reading;

/// A difference from the wall clock that an operator is told of.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// Shows the time. A cheap handle.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    machine: Box<dyn Machine>,
    /// What it showed when the machine had been up for `uptime`.
    begin: Timestamp,
    uptime: Duration,
}

/// Why there is no clock.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The anchor cannot be read or written.
    #[error("cannot {what} {}: {error}", .path.display())]
    Io {
        /// Read or write.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        error: Arc<std::io::Error>,
    },
    /// The file holds something else.
    #[error(
        "{} says {found:?}, expected `boot ID uptime NANOSECONDS time NANOSECONDS`; without the \
         file, the machine's clock counts",
        .path.display()
    )]
    NoAnchor {
        /// The file.
        path: PathBuf,
        /// Its beginning.
        found: String,
    },
}

impl Clock {
    /// The clock of what is kept in this folder, on this machine. `latest` is the latest time that
    /// is recorded there. Reads and writes the disk; the folder must be the caller's alone.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::NoAnchor`].
    pub fn open(folder: &Path, latest: Timestamp) -> Result<Self, Error> {
        Self::open_on(Box::new(ThisMachine), folder, latest)
    }

    /// As [`Clock::open`], on a machine of the caller's: for tests.
    ///
    /// # Errors
    /// As of [`Clock::open`].
    pub fn open_on(
        machine: Box<dyn Machine>,
        folder: &Path,
        latest: Timestamp,
    ) -> Result<Self, Error> {
        let kept = Anchor::read(folder)?;
        let reading = Reading::of(&*machine);
        let (now, anchor) = steady::begin(kept.as_ref(), &reading, latest);
        if let Some(anchor) = anchor {
            anchor.write(folder)?;
        }
        tell_difference(now, reading.wall, folder);
        Ok(Self(Arc::new(Inner {
            machine,
            begin: now,
            uptime: reading.uptime,
        })))
    }

    /// The present. Never earlier than what it showed before.
    pub fn now(&self) -> Timestamp {
        let inner = &*self.0;
        inner.begin + inner.machine.uptime().saturating_sub(inner.uptime)
    }
}

impl Default for Clock {
    /// A clock of this machine that begins with the wall clock's time, and that nobody remembers.
    fn default() -> Self {
        let machine = Box::new(ThisMachine);
        let reading = Reading::of(&*machine);
        Self(Arc::new(Inner {
            machine,
            begin: reading.wall,
            uptime: reading.uptime,
        }))
    }
}

fn tell_difference(now: Timestamp, wall: Timestamp, folder: &Path) {
    let (ahead, behind) = (now.since(wall), wall.since(now));
    if ahead.max(behind) < WORTH_TELLING {
        return;
    }
    let (by, side) = if ahead > behind {
        (ahead, "ahead of")
    } else {
        (behind, "behind")
    };
    warn!(
        ?by,
        file = %folder.join(FILE).display(),
        "the clock by which timers run is {side} the machine's, which was set meanwhile; timers keep \
         their length. To have it follow the machine's clock, stop this process and remove the file"
    );
}
