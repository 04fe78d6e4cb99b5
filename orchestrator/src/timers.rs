//! One timer for all executions: a heap of what is due when, and a task that sleeps until the
//! first. An entry that has become pointless wakes an execution that has nothing to do.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use pavane_flow::Timestamp;
use tokio::sync::Notify;

use crate::clock;

/// Wakes `T`s, unless they are gone by then.
#[derive(Debug)]
pub(crate) struct Timers<T> {
    heap: Mutex<BinaryHeap<Reverse<Entry<T>>>>,
    earlier: Notify,
}

#[derive(Debug)]
struct Entry<T> {
    due: Timestamp,
    who: Weak<T>,
}

impl<T> Timers<T> {
    pub(crate) fn new() -> Self {
        Self {
            heap: Mutex::new(BinaryHeap::new()),
            earlier: Notify::new(),
        }
    }

    /// Has `who` woken at `due`, or a little later.
    pub(crate) fn wake_at(&self, due: Timestamp, who: &Arc<T>) {
        let mut heap = self.heap.lock();
        let is_first = heap.peek().is_none_or(|Reverse(first)| due < first.due);
        heap.push(Reverse(Entry {
            due,
            who: Arc::downgrade(who),
        }));
        drop(heap);
        if is_first {
            self.earlier.notify_one();
        }
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
        let mut heap = self.heap.lock();
        loop {
            match heap.peek() {
                None => return Err(None),
                Some(Reverse(first)) if first.due > now => return Err(Some(first.due.since(now))),
                Some(_) => {}
            }
            let Reverse(entry) = heap.pop().expect("just seen");
            if let Some(who) = entry.who.upgrade() {
                return Ok(who);
            }
        }
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.due.cmp(&other.due)
    }
}
