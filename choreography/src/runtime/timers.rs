//! What is due when, of one task that looks at it whenever it runs: no lock, no task of its own.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use pavane_flow::Timestamp;

/// The clock may be set while we sleep: look again at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Executions that want to be woken.
#[derive(Default)]
pub(super) struct Timers(BTreeSet<(Timestamp, Arc<str>)>);

impl Timers {
    pub(super) fn add(&mut self, due: Timestamp, execution: Arc<str>) {
        self.0.insert((due, execution));
    }

    pub(super) fn forget(&mut self, due: Timestamp, execution: &Arc<str>) {
        self.0.remove(&(due, Arc::clone(execution)));
    }

    /// Takes out what is due first, if it is due.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<Arc<str>> {
        let (due, _) = self.0.first()?;
        if *due > now {
            return None;
        }
        self.0.pop_first().map(|(_, execution)| execution)
    }

    /// How long to sleep until something may be due; `None`: nothing will be.
    pub(super) fn sleep(&self, now: Timestamp) -> Option<Duration> {
        let (due, _) = self.0.first()?;
        Some(due.since(now).min(LONGEST_SLEEP))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_comes_in_order_and_what_was_forgotten_does_not() {
        let at = Timestamp::from_nanos;
        let [one, two, three] = ["one", "two", "three"].map(Arc::<str>::from);
        let mut timers = Timers::default();
        timers.add(at(30), Arc::clone(&one));
        timers.add(at(10), Arc::clone(&two));
        timers.add(at(20), Arc::clone(&three));
        timers.forget(at(20), &three);
        assert_eq!(timers.sleep(at(4)), Some(Duration::from_nanos(6)));
        assert_eq!(timers.pop(at(9)), None);
        assert_eq!(timers.pop(at(40)), Some(two));
        assert_eq!(timers.pop(at(40)), Some(one));
        assert_eq!((timers.pop(at(40)), timers.sleep(at(40))), (None, None));
    }
}
