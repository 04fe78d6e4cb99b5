//! One timer for all executions: what is due when, in order, and a task that sleeps until the
//! first. An entry that has become pointless wakes an execution that has nothing to do.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use pavane_flow::Timestamp;
use tokio::sync::Notify;

use crate::clock;

/// Wakes `T`s, unless they are gone by then.
#[derive(Debug)]
pub(crate) struct Timers<T> {
    entries: Mutex<BTreeMap<Key, Weak<T>>>,
    earlier: Notify,
}

/// When, and the address of who: an entry keeps its address taken.
type Key = (Timestamp, usize);

fn key<T>(due: Timestamp, who: &Arc<T>) -> Key {
    (due, Arc::as_ptr(who).addr())
}

impl<T> Timers<T> {
    pub(crate) fn new() -> Self {
        Self {
            entries: Mutex::default(),
            earlier: Notify::new(),
        }
    }

    /// Has `who` woken at `due`, or a little later.
    pub(crate) fn wake_at(&self, due: Timestamp, who: &Arc<T>) {
        let mut entries = self.entries.lock();
        let first = entries.first_key_value().map(|((first, _), _)| *first);
        entries.insert(key(due, who), Arc::downgrade(who));
        drop(entries);
        if first.is_none_or(|first| due < first) {
            self.earlier.notify_one();
        }
    }

    /// Takes back what [`Timers::wake_at`] was asked for, so that nothing is kept for it.
    pub(crate) fn forget(&self, due: Timestamp, who: &Arc<T>) {
        self.entries.lock().remove(&key(due, who));
    }

    /// Waits until something is due and returns it. Cancel safe.
    pub(crate) async fn next(&self) -> Arc<T> {
        loop {
            let wait = match self.pop_due() {
                Ok(who) => return who,
                Err(wait) => wait,
            };
            match wait {
                // The clock may be set while we sleep: look again at least once a second.
                Some(wait) => {
                    let wait = wait.min(Duration::from_secs(1));
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = self.earlier.notified() => {}
                    }
                }
                None => self.earlier.notified().await,
            }
        }
    }

    /// What is due, or how long it is until something may be.
    fn pop_due(&self) -> Result<Arc<T>, Option<Duration>> {
        let now = clock::now();
        let mut entries = self.entries.lock();
        loop {
            let first = entries.first_entry().ok_or(None)?;
            let due = first.key().0;
            if due > now {
                return Err(Some(due.since(now)));
            }
            if let Some(who) = first.remove().upgrade() {
                return Ok(who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use pavane_flow::Timestamp;

    use super::Timers;
    use crate::clock;

    #[test]
    fn what_is_due_comes_in_order_and_what_was_forgotten_or_is_gone_does_not() {
        let past = Timestamp::from_nanos;
        let timers = Timers::new();
        let [one, two, three, gone] = [1, 2, 3, 4].map(Arc::new);
        timers.wake_at(past(30), &one);
        timers.wake_at(past(20), &two);
        timers.wake_at(past(10), &three);
        timers.wake_at(past(10), &one);
        timers.wake_at(past(5), &gone);
        timers.wake_at(clock::now() + Duration::from_secs(3600), &three);
        timers.forget(past(10), &three);
        drop(gone);

        let woken: Vec<i32> = std::iter::from_fn(|| Some(*timers.pop_due().ok()?)).collect();
        assert_eq!(woken, [1, 2, 1]);
        let wait = timers
            .pop_due()
            .expect_err("one is left")
            .expect("and it will be due");
        assert!(wait > Duration::from_secs(3000), "{wait:?}");
    }
}
