//! Watches what becomes of the calls of a line: it keeps the breaker, counts, and remembers trouble.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::to_millis;
use crate::breaker::{self, Admitted, Breaker, BreakerOptions, Sign};
use crate::health::{Loss, State, Totals};
use crate::pacer::Pacer;

/// What is known of the target from the calls.
#[derive(Debug)]
pub(super) struct Watch {
    condition: Mutex<Condition>,
    calls: AtomicU64,
    failures: AtomicU64,
    held_back: AtomicU64,
    /// In milliseconds since 1970; 0: never.
    last_answer: AtomicU64,
}

#[derive(Debug)]
struct Condition {
    breaker: Breaker,
    pacer: Pacer,
    loss: Option<Loss>,
}

/// A call that may be made. Dropped before its end, it says nothing of the target.
#[derive(Debug)]
pub(super) struct Call<'a> {
    watch: &'a Watch,
    admitted: Option<Admitted>,
}

impl Watch {
    /// Those who are held back come again no faster than so many a second as the target has room
    /// for: `calls` in flight and `queue` more.
    pub(super) fn new(breaker: BreakerOptions, calls: usize, queue: usize) -> Self {
        Self {
            condition: Mutex::new(Condition {
                breaker: Breaker::new(breaker, calls),
                pacer: Pacer::new(calls.saturating_add(queue)),
                loss: None,
            }),
            calls: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            held_back: AtomicU64::new(0),
            last_answer: AtomicU64::new(0),
        }
    }

    /// Whether a call may be made. If not: after how long to come again.
    pub(super) fn admit(&self) -> Result<Call<'_>, Duration> {
        let now = now();
        let mut condition = self.condition.lock();
        let admitted = condition.breaker.admit(now).map_err(|again| {
            self.held_back.fetch_add(1, Ordering::Relaxed);
            condition.pacer.place(again).duration_since(now)
        })?;
        drop(condition);
        self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(Call {
            watch: self,
            admitted: Some(admitted),
        })
    }

    /// Counts a call that finds no room, and says after how long to come again.
    pub(super) fn hold_back(&self) -> Duration {
        self.held_back.fetch_add(1, Ordering::Relaxed);
        let now = now();
        let place = self.condition.lock().pacer.place(now);
        place.duration_since(now)
    }

    pub(super) fn loss(&self) -> Option<Loss> {
        self.condition.lock().loss.clone()
    }

    /// If the breaker is not closed: how it stands.
    pub(super) fn pause(&self) -> Option<State> {
        let now = now();
        match self.condition.lock().breaker.state() {
            breaker::State::Closed { .. } => None,
            breaker::State::Open { until, .. } => Some(State::Open {
                until: SystemTime::now() + until.saturating_duration_since(now),
            }),
            breaker::State::Trying { .. } => Some(State::Trying),
        }
    }

    pub(super) fn totals(&self) -> Totals {
        Totals {
            calls: self.calls.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            held_back: self.held_back.load(Ordering::Relaxed),
        }
    }

    pub(super) fn last_answer(&self) -> Option<SystemTime> {
        let millis = self.last_answer.load(Ordering::Relaxed);
        (millis > 0).then(|| SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
    }
}

impl Call<'_> {
    /// Takes in what the call says of the target.
    pub(super) fn ended(mut self, sign: Sign, problem: impl FnOnce() -> String) {
        let watch = self.watch;
        match sign {
            Sign::Life => {
                let millis = to_millis(SystemTime::now());
                watch.last_answer.store(millis, Ordering::Relaxed);
            }
            Sign::Failure | Sign::None => {
                watch.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
        let mut condition = watch.condition.lock();
        if let Some(admitted) = self.admitted.take() {
            condition.breaker.tell(now(), admitted, sign);
        }
        match sign {
            Sign::Life => condition.loss = None,
            Sign::Failure => {
                let error = problem();
                let before = condition.loss.take();
                let since = before.map_or_else(SystemTime::now, |loss| loss.since);
                condition.loss = Some(Loss { since, error });
            }
            Sign::None => {}
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if let Some(admitted) = self.admitted.take() {
            let mut condition = self.watch.condition.lock();
            condition.breaker.tell(now(), admitted, Sign::None);
        }
    }
}

/// The clock of the runtime, which tests can stop.
fn now() -> std::time::Instant {
    Instant::now().into_std()
}
