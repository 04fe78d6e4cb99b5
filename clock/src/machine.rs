//! What a machine can say about time.

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use pavane_flow::Timestamp;

/// Which life of the machine it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot(pub String);

/// The sources of time.
pub trait Machine: Debug + Send + Sync {
    /// The wall clock, which anybody may set.
    fn wall(&self) -> Timestamp;

    /// How long the machine has been up, sleep included. Nobody can set that; it begins anew with
    /// each boot. Where the boot is not known, with each process.
    fn uptime(&self) -> Duration;

    /// Which boot it is. `None`: the machine does not say.
    fn boot(&self) -> Option<Boot>;
}

/// The machine that this runs on.
#[derive(Clone, Copy, Debug)]
pub struct ThisMachine;

impl Machine for ThisMachine {
    fn wall(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_nanos(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
    }

    #[cfg(target_os = "linux")]
    fn uptime(&self) -> Duration {
        use rustix::time::{ClockId, clock_gettime};
        // Unlike CLOCK_MONOTONIC it goes on while the machine sleeps.
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).expect("a machine is up since its boot");
        let nanos = u32::try_from(time.tv_nsec).expect("below a billion");
        Duration::new(seconds, nanos)
    }

    #[cfg(not(target_os = "linux"))]
    fn uptime(&self) -> Duration {
        static BEGIN: std::sync::LazyLock<std::time::Instant> =
            std::sync::LazyLock::new(std::time::Instant::now);
        BEGIN.elapsed()
    }

    #[cfg(target_os = "linux")]
    fn boot(&self) -> Option<Boot> {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let id = id.trim();
        (!id.is_empty() && !id.contains(' ')).then(|| Boot(id.to_owned()))
    }

    #[cfg(not(target_os = "linux"))]
    fn boot(&self) -> Option<Boot> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_goes_on() {
        let (before, wall) = (ThisMachine.uptime(), ThisMachine.wall());
        assert!(ThisMachine.uptime() >= before);
        assert!(wall.as_nanos() > 0);
        assert_eq!(ThisMachine.boot(), ThisMachine.boot());
        assert_eq!(ThisMachine.boot().is_some(), cfg!(target_os = "linux"));
    }
}
