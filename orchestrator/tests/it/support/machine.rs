//! Time, which goes on by itself and can be moved on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pavane_clock::{Boot, Clock, Machine, ThisMachine};
use pavane_flow::Timestamp;

/// A machine that can be told that some time has passed.
#[derive(Clone, Debug, Default)]
pub(crate) struct TimeMachine(Arc<AtomicU64>);

impl TimeMachine {
    /// A clock that goes by it.
    pub(crate) fn clock(&self) -> Clock {
        let folder = tempfile::tempdir().unwrap();
        Clock::open_on(Box::new(self.clone()), folder.path(), Timestamp::default()).unwrap()
    }

    /// So much time has passed.
    pub(crate) fn advance(&self, time: Duration) {
        self.0.fetch_add(time.as_secs(), Ordering::SeqCst);
    }

    fn advanced(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

impl Machine for TimeMachine {
    fn wall(&self) -> Timestamp {
        ThisMachine.wall() + self.advanced()
    }

    fn uptime(&self) -> Duration {
        ThisMachine.uptime() + self.advanced()
    }

    fn boot(&self) -> Option<Boot> {
        ThisMachine.boot()
    }
}
