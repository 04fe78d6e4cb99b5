//! What a clock shows when a process begins: pure.

use std::time::Duration;

use pavane_flow::Timestamp;

use crate::anchor::Anchor;
use crate::machine::Machine;

/// What the machine says at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) wall: Timestamp,
    pub(crate) uptime: Duration,
    pub(crate) boot: Option<String>,
}

impl Reading {
    pub(crate) fn of(machine: &dyn Machine) -> Self {
        Self {
            wall: machine.wall(),
            uptime: machine.uptime(),
            boot: machine.boot().map(|boot| boot.0),
        }
    }
}

/// What the clock shows now, and the anchor that is to be kept from here on, if it is another one.
///
/// `latest` counts after another boot only: on the same one, time goes on from the anchor; and where
/// there is none, the wall clock counts, as whoever has removed the anchor wants it to.
pub(crate) fn begin(
    kept: Option<&Anchor>,
    reading: &Reading,
    latest: Timestamp,
) -> (Timestamp, Option<Anchor>) {
    let time = match kept {
        None => reading.wall,
        Some(anchor) => {
            let is_same_boot = anchor.boot.is_some() && anchor.boot == reading.boot;
            // A copy of a machine that was stopped has the boot, and not the time, of the original.
            match reading.uptime.checked_sub(anchor.uptime) {
                Some(passed) if is_same_boot => return (anchor.time + passed, None),
                Some(_) | None => reading.wall.max(latest).max(anchor.time),
            }
        }
    };
    let anchor = Anchor {
        boot: reading.boot.clone(),
        uptime: reading.uptime,
        time,
    };
    (time, Some(anchor))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 3600;
    /// When the store is made, by the wall clock, in seconds.
    const BEGIN: u64 = 1_000 * DAY;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_nanos(0) + Duration::from_secs(seconds)
    }

    fn reading(boot: &str, uptime: u64, wall: u64) -> Reading {
        Reading {
            wall: at(wall),
            uptime: Duration::from_secs(uptime),
            boot: (!boot.is_empty()).then(|| boot.to_owned()),
        }
    }

    /// What the clock shows to each process in turn, in seconds since the store was made. `latest` is
    /// what is recorded by then, in the same seconds.
    #[track_caller]
    fn check(processes: &[(Reading, u64, u64)]) {
        let mut anchor = None;
        for (reading, latest, expected) in processes {
            let (time, new) = begin(anchor.as_ref(), reading, at(BEGIN + latest));
            assert_eq!(time, at(BEGIN + expected), "{reading:?}");
            anchor = new.or(anchor);
        }
    }

    #[test]
    fn a_clock_that_is_set_while_nobody_looks_changes_nothing() {
        check(&[
            (reading("a", 10, BEGIN), 0, 0),
            (reading("a", 20, BEGIN + DAY + 10), 3, 10),
            (reading("a", 30, BEGIN - DAY + 20), 11, 20),
            (reading("a", 40, BEGIN + 30), 21, 30),
        ]);
    }

    #[test]
    fn after_another_boot_the_wall_clock_counts_but_never_goes_back() {
        check(&[
            (reading("a", 10, BEGIN), 0, 0),
            (reading("b", 5, BEGIN + 100), 50, 100),
            // Set back: the latest that was recorded counts.
            (reading("c", 5, BEGIN - DAY), 120, 120),
            (reading("c", 65, BEGIN - DAY + 60), 120, 180),
            // Nothing was recorded since: the time when the process before began counts.
            (reading("d", 1, BEGIN - DAY), 110, 120),
            // The same boot, as it seems, but up for a shorter time.
            (reading("d", 0, BEGIN + 500), 130, 500),
        ]);
    }

    #[test]
    fn without_a_boot_the_wall_clock_counts_but_never_goes_back() {
        check(&[
            (reading("", 0, BEGIN), 0, 0),
            (reading("", 0, BEGIN + 60), 10, 60),
            (reading("", 0, BEGIN - DAY), 70, 70),
        ]);
    }

    #[test]
    fn whoever_removes_the_anchor_goes_by_the_wall_clock() {
        let late = reading("a", 10, BEGIN - DAY);
        let (time, anchor) = begin(None, &late, at(BEGIN));
        assert_eq!(time, at(BEGIN - DAY));
        let later = reading("a", 70, BEGIN - DAY + 60);
        let (time, _) = begin(anchor.as_ref(), &later, at(BEGIN));
        assert_eq!(time, at(BEGIN - DAY + 60));
    }
}
