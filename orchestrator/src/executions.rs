//! The conductor's shell: the executions that have not ended, and what moves them on.
//!
//! Who learns something carries the consequences: the task that brings an input takes the core's
//! events to the journal, waits until they are durable, and then performs the first call itself.
//! An execution that waits for nothing but time has no task at all, and is not even in memory.

mod arriving;
mod begin;
mod live;
mod resting;
mod settling;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::RwLock;
use pavane_calls::{Attempt, Calls};
use pavane_feed::{Permit, TransactError};
use pavane_flow::Timestamp;
use pavane_flow::driver::{Action, CallRequest, Direction, Driver, Input};
use rand::Rng;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, debug, debug_span, error, warn};

pub(crate) use begin::{Beginning, Record};
use live::Rest;
pub(crate) use live::{Live, Waiter};
use resting::Entry;
pub(crate) use resting::{Found, Sleep};

use crate::Error;
use crate::events::Awaiting;
use crate::failing::Failing;
use crate::journal::{Journal, Recorded};
use crate::task::join;
use crate::timers::Timers;

/// Parts of the table, so that tasks seldom wait for each other.
const SHARDS: usize = 32;

/// Executions that are woken at the same time; more are due, and wait.
const MOST_WAKING: usize = 1_024;

/// Which of so many parts an execution's id belongs to: FNV-1a, since ids are short.
pub(crate) fn part_of(id: &str, parts: usize) -> usize {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    (hash % parts as u64) as usize
}

/// All executions that have not ended. A cheap handle.
#[derive(Clone, Debug)]
pub(crate) struct Executions(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    journal: Journal,
    calls: Arc<Calls>,
    timers: Timers<Arc<str>>,
    shards: Vec<RwLock<HashMap<Arc<str>, Entry>>>,
    /// Counts how often one was put to rest.
    rests: AtomicU64,
    /// One turn for each execution that is being woken.
    waking: Arc<Semaphore>,
    /// One place for each execution that may live.
    places: Arc<Semaphore>,
    limit: usize,
    tasks: TaskTracker,
    failing: Failing<Live>,
    awaiting: Awaiting,
    /// Cancelled when no further call may begin.
    stopping: CancellationToken,
}

impl Executions {
    pub(crate) fn new(journal: Journal, calls: Arc<Calls>, limit: usize) -> Self {
        Self(Arc::new(Inner {
            timers: Timers::new(journal.clock().clone()),
            journal,
            calls,
            rests: AtomicU64::new(0),
            waking: Arc::new(Semaphore::new(MOST_WAKING)),
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            places: Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))),
            limit,
            tasks: TaskTracker::new(),
            failing: Failing::default(),
            awaiting: Awaiting::default(),
            stopping: CancellationToken::new(),
        }))
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.0.journal
    }

    pub(crate) fn calls(&self) -> &Arc<Calls> {
        &self.0.calls
    }

    /// The present, by the journal's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.0.journal.now()
    }

    /// The execution with this id, if it is in memory: it has not ended, and does not rest.
    pub(crate) fn get(&self, id: &str) -> Option<Arc<Live>> {
        match self.shard(id).read().get(id)? {
            Entry::Live(live) => Some(Arc::clone(live)),
            Entry::Resting(_) => None,
        }
    }

    /// Ids of executions that have not ended, in no order, at most `most`.
    pub(crate) fn some_ids(&self, most: usize) -> Vec<Arc<str>> {
        let ids = self
            .0
            .shards
            .iter()
            .flat_map(|shard| shard.read().keys().take(most).cloned().collect::<Vec<_>>());
        ids.take(most).collect()
    }

    /// The executions in memory, in no order; besides them are those that [rest](Self::resting).
    pub(crate) fn living(&self) -> Vec<Arc<Live>> {
        let live = |entry: &Entry| match entry {
            Entry::Live(live) => Some(Arc::clone(live)),
            Entry::Resting(_) => None,
        };
        let shards = self.0.shards.iter();
        shards
            .flat_map(|shard| shard.read().values().filter_map(live).collect::<Vec<_>>())
            .collect()
    }

    /// Brings an input that is not an answer: a cancel request, an operator's retry. Answers when
    /// what follows is durable; calls go on behind.
    pub(crate) async fn tell(&self, live: &Arc<Live>, input: Input) -> Result<(), Error> {
        // In a task of its own: whoever asked may go away, what follows is to be done.
        let (this, live) = (self.clone(), Arc::clone(live));
        let telling = self.0.tasks.spawn(async move {
            let calls = this.take_in(&live, input).await?;
            let carrying_on = this.clone();
            this.0
                .tasks
                .spawn(async move { carrying_on.carry_on(live, calls).await });
            Ok(())
        });
        join(telling).await
    }

    /// Waits until there is a turn for it, and until an execution is to be woken. Cancel safe.
    pub(crate) async fn next_due(&self) -> (Arc<str>, OwnedSemaphorePermit) {
        let turn = Arc::clone(&self.0.waking).acquire_owned().await;
        let id = self.0.timers.next().await;
        (id, turn.expect("never closed"))
    }

    /// Wakes an execution, and lets it go on.
    pub(crate) async fn wake(&self, live: Arc<Live>, turn: OwnedSemaphorePermit) {
        let taken_in = self.take_in(&live, Input::Wake).await;
        drop(turn);
        match taken_in {
            Ok(calls) => self.carry_on(live, calls).await,
            Err(error) => report(live.id(), &error),
        }
    }

    /// Does something that is waited for before the end.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.tasks.spawn(work);
    }

    /// The events that executions await.
    pub(crate) fn awaiting(&self) -> &Awaiting {
        &self.0.awaiting
    }

    /// Waits until an execution has begun to fail, durably. For one who waits.
    pub(crate) async fn next_failing(&self) -> Arc<Live> {
        self.0.failing.next().await
    }

    /// Begins no further call, and waits until those in flight are recorded, or until the bound.
    pub(crate) async fn stop(&self, bound: Duration) {
        self.0.stopping.cancel();
        self.0.tasks.close();
        if tokio::time::timeout(bound, self.0.tasks.wait())
            .await
            .is_err()
        {
            let calls = self.0.tasks.len();
            warn!(
                calls,
                ?bound,
                "calls in flight did not end in time; they are made again"
            );
        }
    }

    fn shard(&self, id: &str) -> &RwLock<HashMap<Arc<str>, Entry>> {
        &self.0.shards[part_of(id, SHARDS)]
    }

    /// Performs calls and takes in their answers until nothing is left to do at once.
    async fn carry_on(&self, live: Arc<Live>, calls: Vec<CallRequest>) {
        let mut next = self.spread(&live, calls);
        while let Some(call) = next {
            if self.0.stopping.is_cancelled() {
                return; // recorded so far; the rest after the next start
            }
            let answer = self.perform(&live, call).await;
            match self.take_in(&live, answer).await {
                Ok(calls) => next = self.spread(&live, calls),
                Err(error) => return report(live.id(), &error),
            }
        }
    }

    /// Gives all calls but the first to tasks of their own.
    fn spread(&self, live: &Arc<Live>, calls: Vec<CallRequest>) -> Option<CallRequest> {
        let mut calls = calls.into_iter();
        let first = calls.next();
        for call in calls {
            self.0
                .tasks
                .spawn(self.clone().branch(Arc::clone(live), call));
        }
        first
    }

    /// Boxed, since a branch may branch again.
    fn branch(self, live: Arc<Live>, call: CallRequest) -> BoxFuture<'static, ()> {
        Box::pin(async move { self.carry_on(live, vec![call]).await })
    }

    async fn perform(&self, live: &Live, call: CallRequest) -> Input {
        let CallRequest {
            unit,
            direction,
            request,
            metadata,
            timeout,
            has_default_timeout,
            budget,
            ..
        } = call;
        let plan = live.plan();
        let planned = plan.step(unit.step);
        let called = match direction {
            Direction::Forward => planned.call(),
            Direction::Compensation => planned.compensation.as_ref(),
        };
        let method = &called.expect("only a step that calls is called").method;
        let span = debug_span!("call", execution = %live.id(), step = %planned.id, ?direction);
        let attempt = Attempt {
            method,
            request,
            key: live.idempotency_key(unit),
            direction,
            timeout,
            has_default_timeout,
            budget,
            traceparent: live.new_span(),
            metadata: &metadata,
        };
        let result = self.0.calls.perform(attempt).instrument(span).await;
        if let Err(failed) = &result {
            let code = tonic::Code::from(failed.failure.code);
            let message = &failed.failure.message;
            if failed.sent && !failed.is_ambiguous() {
                // A definite answer is the workflow's business, not the operator's.
                debug!(execution = %live.id(), step = %planned.id, ?direction, ?code, message, "refused");
            } else {
                warn!(execution = %live.id(), step = %planned.id, ?direction, ?code, message, "call failed");
            }
        }
        let jitter = rand::rng().random();
        Input::Answered {
            unit,
            direction,
            result,
            jitter,
        }
    }

    /// Takes an input in and returns what is to be called, once all that follows is durable.
    async fn take_in(&self, live: &Arc<Live>, input: Input) -> Result<Vec<CallRequest>, Error> {
        let permit = self.0.journal.reserve().await?;
        let taken_in = {
            let mut conductor = live.lock();
            let mut actions = Vec::new();
            conductor.step(self.now(), input, &mut actions);
            self.put_in_line(permit, live, &conductor, actions)?
        };
        self.settle(live, taken_in).await
    }

    /// Puts the events in line for the journal. Done under the core's lock, so that the journal
    /// has them in the order in which the core said them.
    fn put_in_line(
        &self,
        permit: Permit,
        live: &Live,
        conductor: &Driver,
        actions: Vec<Action>,
    ) -> Result<(Option<Recorded>, Rest), Error> {
        let (entry, rest) = live.sort_out(conductor, actions);
        let record = |entry| {
            self.0
                .journal
                .record(permit, live.id(), live.start(), entry)
        };
        Ok((entry.map(record).transpose()?, rest))
    }

    /// Waits until the events are durable, and only then lets anything follow from them.
    async fn settle(
        &self,
        live: &Arc<Live>,
        (ack, rest): (Option<Recorded>, Rest),
    ) -> Result<Vec<CallRequest>, Error> {
        if let Some(ack) = ack {
            ack.await.map_err(|error| match error {
                TransactError::Aborted(error) | TransactError::Store(error) => error,
            })?;
        }
        if rest.is_failing && live.begins_to_fail() {
            self.0.failing.add(live);
        }
        for (feed, registration) in rest.awaits {
            self.0.awaiting.register(&feed, registration);
        }
        for due in rest.wakes {
            self.0.timers.wake_at(due, Arc::clone(live.id()));
        }
        if let Some(due) = rest.outdated {
            self.0.timers.forget(due, live.id());
        }
        if rest.ended {
            self.forget(live);
            live.conclude();
        } else if rest.may_rest {
            self.let_rest(live);
        }
        Ok(rest.calls)
    }

    fn forget(&self, live: &Arc<Live>) {
        self.shard(live.id()).write().remove(live.id());
        if let Some(deadline) = live.deadline() {
            self.0.timers.forget(deadline, live.id());
        }
        for feed in live.awaited_feeds() {
            self.0.awaiting.forget(feed, live.id());
        }
    }
}

/// The journal takes nothing any more: the process is about to end, and the execution goes on from
/// what was recorded when it is back.
fn report(id: &str, error: &Error) {
    error!(execution = id, %error, "the execution cannot go on");
}
