//! One choreographed execution that has not ended, as its home holds it. How it stands is in the core;
//! here is who waits for it, and what there is to be noticed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::{Mutex, RwLock};
use pavane::workflow::v1::Incident;
use pavane_flow::Timestamp;
use pavane_flow::choreography::member::Heard;
use pavane_flow::fold::Outcome;
use pavane_flow::plan::Plan;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};

use crate::executions::{Waiter, part_of};
use crate::journal::Start;

/// Parts of the table, so that tasks seldom wait for each other.
const SHARDS: usize = 32;

/// An execution, and who waits for it.
#[derive(Debug)]
pub(crate) struct Hosted {
    pub(super) id: Arc<str>,
    pub(super) plan: Arc<Plan>,
    pub(super) start: Start,
    /// When this process took it up; what is due before that is expected anew.
    pub(super) taken_up: Timestamp,
    /// Known once it has ended, which others may learn once that is durable.
    end: OnceLock<End>,
    /// `None` once the outcome is durable.
    waiters: Mutex<Option<Vec<Waiter>>>,
    /// Rises when there may be something new to be seen.
    news: watch::Sender<u64>,
    /// Whether somebody looks at it: then what is heard of it is news.
    is_observed: AtomicBool,
    /// Whether it was said that it may be failing.
    is_failing: AtomicBool,
    pub(super) attention: Mutex<Attention>,
    /// Its place among the executions that may live, until it has ended: whoever looks at it may do so
    /// for longer.
    place: Mutex<Option<OwnedSemaphorePermit>>,
}

/// How it ended.
#[derive(Debug)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    /// What others said of it.
    pub(super) heard: Vec<Heard>,
}

/// What keeps it from going on, as last looked.
#[derive(Debug, Default)]
pub(super) struct Attention {
    pub(super) incidents: Vec<Incident>,
    /// When it is looked at next.
    pub(super) due: Option<Timestamp>,
    /// Whether it is to be looked at, and stands in line for that.
    pub(super) is_in_line: bool,
}

impl Hosted {
    pub(super) fn new(
        id: Arc<str>,
        plan: Arc<Plan>,
        start: Start,
        taken_up: Timestamp,
        waiter: Option<Waiter>,
        place: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            id,
            plan,
            start,
            taken_up,
            end: OnceLock::new(),
            waiters: Mutex::new(Some(waiter.into_iter().collect())),
            news: watch::Sender::new(0),
            is_observed: AtomicBool::new(false),
            is_failing: AtomicBool::new(false),
            attention: Mutex::default(),
            place: Mutex::new(place),
        }
    }

    pub(crate) fn id(&self) -> &Arc<str> {
        &self.id
    }

    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Where it begins in the journal; 0 before that is known.
    pub(crate) fn start_position(&self) -> u64 {
        self.start.load(Ordering::Acquire)
    }

    /// Is told the outcome when it is durable; at once if it is.
    pub(crate) fn wait(&self) -> oneshot::Receiver<Outcome> {
        let (waiter, outcome) = oneshot::channel();
        match (&mut *self.waiters.lock(), self.end.get()) {
            (Some(waiters), _) => {
                waiters.retain(|other| !other.is_closed());
                waiters.push(waiter);
            }
            (None, Some(end)) => tell(waiter, &end.outcome),
            // Its start could not be recorded.
            (None, None) => {}
        }
        outcome
    }

    /// What keeps it from going on.
    pub(crate) fn incidents(&self) -> Vec<Incident> {
        self.attention.lock().incidents.clone()
    }

    /// Follows what there is to be seen: changes when there may be something new.
    pub(crate) fn news(&self) -> watch::Receiver<u64> {
        let news = self.news.subscribe();
        self.is_observed.store(true, Ordering::SeqCst);
        news
    }

    /// From now on, what is heard of it is news.
    pub(super) fn observe(&self) {
        self.is_observed.store(true, Ordering::SeqCst);
    }

    /// Whether nobody has said before that it is failing.
    pub(super) fn begins_to_fail(&self) -> bool {
        !self.is_failing.swap(true, Ordering::Relaxed)
    }

    pub(super) fn is_observed(&self) -> bool {
        self.is_observed.load(Ordering::SeqCst)
    }

    /// There may be something new.
    pub(super) fn tell_news(&self) {
        self.news.send_modify(|version| *version += 1);
    }

    pub(super) fn end(&self) -> Option<&End> {
        self.end.get()
    }

    /// It has ended; not yet durably.
    pub(super) fn set_end(&self, end: End) {
        // An execution ends once.
        let _ = self.end.set(end);
    }

    /// Gives its place back, and tells everyone who waits how it ended.
    pub(super) fn conclude(&self) {
        drop(self.place.lock().take());
        let waiters = self.waiters.lock().take();
        if let Some(end) = self.end.get() {
            for waiter in waiters.into_iter().flatten() {
                tell(waiter, &end.outcome);
            }
        }
        self.tell_news();
    }
}

fn tell(waiter: Waiter, outcome: &Outcome) {
    // Whoever waited may have gone.
    let _ = waiter.send(outcome.clone());
}

/// All choreographed executions that have not ended, durably, by id.
#[derive(Debug)]
pub(super) struct Table(Vec<RwLock<HashMap<Arc<str>, Arc<Hosted>>>>);

impl Table {
    pub(super) fn new() -> Self {
        Self((0..SHARDS).map(|_| RwLock::default()).collect())
    }

    fn shard(&self, id: &str) -> &RwLock<HashMap<Arc<str>, Arc<Hosted>>> {
        &self.0[part_of(id, SHARDS)]
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Hosted>> {
        self.shard(id).read().get(id).cloned()
    }

    /// Adds it; the one that was there before, if one was, stays and is returned.
    pub(super) fn insert(&self, hosted: &Arc<Hosted>) -> Option<Arc<Hosted>> {
        let mut shard = self.shard(&hosted.id).write();
        if let Some(other) = shard.get(&hosted.id) {
            return Some(Arc::clone(other));
        }
        shard.insert(Arc::clone(&hosted.id), Arc::clone(hosted));
        None
    }

    pub(super) fn remove(&self, id: &str) -> Option<Arc<Hosted>> {
        self.shard(id).write().remove(id)
    }

    pub(super) fn all(&self) -> Vec<Arc<Hosted>> {
        let shards = self.0.iter();
        shards
            .flat_map(|shard| shard.read().values().cloned().collect::<Vec<_>>())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use pavane_flow::language::{self, Definition};
    use tokio::sync::Semaphore;

    use super::*;

    const PAY: &str = "
name: pay
implements: shop.payment.v1.PaymentService/RefundCharge
steps:
  - id: charge
    call: shop.payment.v1.PaymentService/ChargeCard
    request: { order_id: input.order_id }
output: { refunded: charge.charge_id != '' }
";

    #[tokio::test]
    async fn whoever_still_looks_at_what_has_ended_keeps_no_place() {
        let definition = Definition::parse("", PAY);
        let compiled = language::compile(&definition, pavane::descriptor_pool());
        let plan = Arc::new(compiled.plan.expect("it compiles"));
        let places = Arc::new(Semaphore::new(1));
        let place = Arc::clone(&places).try_acquire_owned().ok();
        let now = Timestamp::from_nanos(1);
        let hosted = Hosted::new("x-1".into(), plan, Start::default(), now, None, place);
        let outcome = hosted.wait();
        assert_eq!(places.available_permits(), 0);
        hosted.set_end(End {
            outcome: Outcome::Canceled {
                time: now,
                reason: "no more".to_owned(),
            },
            heard: Vec::new(),
        });

        hosted.conclude();

        assert_eq!(places.available_permits(), 1);
        let told = [outcome.await, hosted.wait().await];
        assert!(told.iter().all(Result::is_ok), "{told:?}");
    }
}
