//! Executions that rest: nothing happens to them before a time comes, an event, or an operator. Of
//! such a one there is its id, when it is to be woken, and who waits for it; all else is in the
//! journal, and it is taken up again from there.
//!
//! **Invariant:** whoever has an execution in hand may bring it an input, and waits until what follows
//! is durable before letting it go. So it is put to rest only when nobody has it in hand, under the lock
//! of its part of the table, from which alone others get it.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pavane_feed::Sequence;
use pavane_flow::Timestamp;
use pavane_flow::driver::Driver;
use pavane_flow::fold::Outcome;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{Executions, Live, Record, Waiter, report};
use crate::Error;
use crate::journal::{Living, Resting};

/// When it is tried again to put one to rest that somebody had in hand.
const SOON: Duration = Duration::from_secs(1);

/// What the table has of an execution that has not ended.
#[derive(Debug)]
pub(super) enum Entry {
    /// It is in memory.
    Live(Arc<Live>),
    /// It rests.
    Resting(Box<Sleeper>),
}

/// One that rests, and who waits for it.
#[derive(Debug)]
pub(super) struct Sleeper {
    sleep: Sleep,
    waiters: Vec<Waiter>,
    place: Option<OwnedSemaphorePermit>,
}

/// The rest of one execution, from when it is put to rest until it is taken up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sleep {
    /// How the journal says that it lives.
    living: Living,
    /// No two have the same.
    number: u64,
}

/// An execution that has not ended.
#[derive(Debug)]
pub(crate) enum Found {
    /// It does not rest as long as this is held.
    Live(Arc<Live>),
    /// It can be taken up from the journal.
    Resting(Sleep),
}

impl Sleep {
    /// Where the execution starts in the journal.
    pub(crate) fn start(&self) -> Sequence {
        self.living.start
    }

    /// How the journal says that it rests.
    pub(crate) fn resting(&self) -> Option<Resting> {
        self.living.resting
    }

    /// Whether the time has come to wake it.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        let until = self.living.resting.and_then(|resting| resting.until);
        until.is_some_and(|until| until <= now)
    }
}

impl Entry {
    /// Is told the outcome when it is durable.
    pub(super) fn wait(&mut self) -> oneshot::Receiver<Outcome> {
        match self {
            Self::Live(live) => live.wait(),
            Self::Resting(sleeper) => {
                let (waiter, outcome) = oneshot::channel();
                sleeper.waiters.retain(|other| !other.is_closed());
                sleeper.waiters.push(waiter);
                outcome
            }
        }
    }
}

impl Executions {
    /// The execution with this id, if it has not ended.
    pub(crate) fn find(&self, id: &str) -> Option<Found> {
        match self.shard(id).read().get(id)? {
            Entry::Live(live) => Some(Found::Live(Arc::clone(live))),
            Entry::Resting(sleeper) => Some(Found::Resting(sleeper.sleep)),
        }
    }

    /// Whether the execution with this id has not ended.
    pub(crate) fn lives(&self, id: &str) -> bool {
        self.shard(id).read().contains_key(id)
    }

    /// The outcome of the execution with this id, when it is durable. `None`: it has ended.
    pub(crate) fn wait(&self, id: &str) -> Option<oneshot::Receiver<Outcome>> {
        self.shard(id).write().get_mut(id).map(Entry::wait)
    }

    /// Those that rest, and where each starts in the journal, in no order.
    pub(crate) fn resting(&self) -> Vec<(Arc<str>, Sequence)> {
        let mut found = Vec::new();
        for shard in &self.0.shards {
            for (id, entry) in &*shard.read() {
                if let Entry::Resting(sleeper) = entry {
                    found.push((Arc::clone(id), sleeper.sleep.start()));
                }
            }
        }
        found
    }

    /// Takes note of executions that rest, as the journal says, without looking at them.
    pub(crate) fn add_resting(&self, all: Vec<(Arc<str>, Living)>) {
        let mut wakes = Vec::with_capacity(all.len());
        for (id, living) in all {
            let until = living.resting.and_then(|resting| resting.until);
            wakes.extend(until.map(|until| (until, Arc::clone(&id))));
            let sleeper = Sleeper {
                sleep: self.new_sleep(living),
                waiters: Vec::new(),
                place: self.place().ok(),
            };
            let entry = Entry::Resting(Box::new(sleeper));
            self.shard(&id).write().insert(id, entry);
        }
        self.0.timers.wake_all(wakes);
    }

    /// Takes up an execution from what was recorded, and lets it go on. It lives whatever the limit is
    /// now. `sleep`: which rest of it ends; `None`: it is not in the table yet.
    ///
    /// Answers `None` if that rest was over already. Errors: those of the journal.
    pub(crate) async fn take_up(
        &self,
        record: Record,
        sleep: Option<Sleep>,
    ) -> Result<Option<Arc<Live>>, Error> {
        let Record {
            id,
            plan,
            trace,
            start,
            resting,
            events,
        } = record;
        let permit = self.0.journal.reserve().await?;
        let mut actions = Vec::new();
        let now = self.0.journal.now();
        let conductor = Driver::restore(plan, Arc::clone(&id), events, now, &mut actions);
        let live = Arc::new(Live::new(conductor, trace, start, resting));
        let taken_in = {
            let mut shard = self.shard(&id).write();
            let ends = match shard.get(&id) {
                None => sleep.is_none(),
                Some(Entry::Live(_)) => false,
                Some(Entry::Resting(sleeper)) => {
                    sleep.is_some_and(|sleep| sleep.number == sleeper.sleep.number)
                }
            };
            if !ends {
                return Ok(None);
            }
            let taken_in = self.put_in_line(permit, &live, &live.lock(), actions)?;
            let before = shard.insert(id, Entry::Live(Arc::clone(&live)));
            match before {
                Some(Entry::Resting(sleeper)) => live.seat(sleeper.waiters, sleeper.place),
                Some(Entry::Live(_)) | None => live.seat(Vec::new(), self.place().ok()),
            }
            taken_in
        };
        let (this, going_on) = (self.clone(), Arc::clone(&live));
        self.0.tasks.spawn(async move {
            match this.settle(&going_on, taken_in).await {
                Ok(calls) => this.carry_on(going_on, calls).await,
                Err(error) => report(going_on.id(), &error),
            }
        });
        Ok(Some(live))
    }

    /// Puts an execution to rest, if nobody else has it in hand; else that is tried again soon. What
    /// it has said is durable.
    pub(super) fn let_rest(&self, live: &Arc<Live>) {
        let mut shard = self.shard(live.id()).write();
        let Some(entry) = shard.get_mut(live.id()) else {
            return;
        };
        let Entry::Live(known) = entry else {
            return;
        };
        // The table's and the caller's.
        if Arc::strong_count(known) > 2 {
            drop(shard);
            let soon = self.0.journal.now() + SOON;
            self.0.timers.wake_at(soon, Arc::clone(live.id()));
            return;
        }
        let Some(resting) = live.resting() else {
            return;
        };
        let Some((waiters, place)) = live.vacate() else {
            return; // it has ended
        };
        let start = Sequence::new(live.start().load(Ordering::Acquire));
        let living = Living {
            start,
            resting: Some(resting),
        };
        *entry = Entry::Resting(Box::new(Sleeper {
            sleep: self.new_sleep(living),
            waiters,
            place,
        }));
        drop(shard);
        if let Some(until) = resting.until {
            self.0.timers.wake_at(until, Arc::clone(live.id()));
        }
    }

    fn new_sleep(&self, living: Living) -> Sleep {
        let number = self.0.rests.fetch_add(1, Ordering::Relaxed);
        Sleep { living, number }
    }
}
