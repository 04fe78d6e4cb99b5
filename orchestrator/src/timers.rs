//! One timer for all executions: what is due when, in order, and a task that sleeps until the
//! first. Small enough for a million that wait. An entry that has become pointless wakes whoever
//! has nothing to do.

use std::collections::BTreeSet;
use std::time::Duration;

use parking_lot::Mutex;
use pavane_clock::Clock;
use pavane_flow::Timestamp;
use tokio::sync::Notify;

/// The sleep of a task is not that of the clock: a machine may have slept meanwhile. So it looks
/// again at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Wakes those who asked for it, by what names them.
#[derive(Debug)]
pub(crate) struct Timers<N> {
    clock: Clock,
    entries: Mutex<BTreeSet<(Timestamp, N)>>,
    earlier: Notify,
}

impl<N: Ord + Clone> Timers<N> {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            entries: Mutex::default(),
            earlier: Notify::new(),
        }
    }

    /// Has `who` woken at `due`, or a little later.
    pub(crate) fn wake_at(&self, due: Timestamp, who: N) {
        let mut entries = self.entries.lock();
        let first = entries.first().map(|(first, _)| *first);
        entries.insert((due, who));
        drop(entries);
        if first.is_none_or(|first| due < first) {
            self.earlier.notify_one();
        }
    }

    /// As [`Timers::wake_at`], for many at once: takes less time and memory.
    pub(crate) fn wake_all(&self, entries: Vec<(Timestamp, N)>) {
        self.entries
            .lock()
            .append(&mut entries.into_iter().collect());
        self.earlier.notify_one();
    }

    /// Takes back what [`Timers::wake_at`] was asked for, so that nothing is kept for it.
    pub(crate) fn forget(&self, due: Timestamp, who: &N) {
        self.entries.lock().remove(&(due, who.clone()));
    }

    /// Waits until something is due and returns it. Cancel safe.
    pub(crate) async fn next(&self) -> N {
        loop {
            let wait = match self.pop_due() {
                Ok(who) => return who,
                Err(wait) => wait,
            };
            match wait {
                Some(wait) => {
                    tokio::select! {
                        () = tokio::time::sleep(wait.min(LONGEST_SLEEP)) => {}
                        () = self.earlier.notified() => {}
                    }
                }
                None => self.earlier.notified().await,
            }
        }
    }

    /// What is due, or how long it is until something may be.
    fn pop_due(&self) -> Result<N, Option<Duration>> {
        let mut entries = self.entries.lock();
        let (due, _) = *entries.first().ok_or(None)?;
        let now = self.clock.now();
        if due > now {
            return Err(Some(due.since(now)));
        }
        let (_, who) = entries.pop_first().expect("just looked at");
        Ok(who)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pavane_clock::Clock;
    use pavane_flow::Timestamp;

    use super::Timers;

    #[test]
    fn what_is_due_comes_in_order_and_what_was_forgotten_does_not() {
        let past = Timestamp::from_nanos;
        let clock = Clock::default();
        let timers = Timers::new(clock.clone());
        timers.wake_at(past(30), 1);
        timers.wake_at(past(10), 3);
        timers.wake_at(past(10), 1);
        timers.wake_all(vec![(past(40), 4), (past(20), 2), (past(30), 1)]);
        timers.wake_at(clock.now() + Duration::from_secs(3600), 3);
        timers.forget(past(10), &3);

        let woken: Vec<i32> = std::iter::from_fn(|| timers.pop_due().ok()).collect();
        assert_eq!(woken, [1, 2, 1, 4]);
        let wait = timers
            .pop_due()
            .expect_err("one is left")
            .expect("and it will be due");
        assert!(wait > Duration::from_secs(3000), "{wait:?}");
    }
}
