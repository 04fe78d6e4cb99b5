//! One execution that has not ended, as the shell holds it.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use parking_lot::{Mutex, MutexGuard};
use pavane::trace::Trace;
use pavane_flow::Timestamp;
use pavane_flow::driver::{Action, CallRequest, Driver};
use pavane_flow::event::{Context, EventKey, EventKind};
use pavane_flow::fold::Outcome;
use pavane_flow::plan::{Plan, Unit};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::journal::{Change, Entry, Start};
use crate::view;

/// Told the outcome, when that is durable.
pub(crate) type Waiter = oneshot::Sender<Outcome>;

/// An execution and who waits for it.
#[derive(Debug)]
pub(crate) struct Live {
    id: Arc<str>,
    plan: Arc<Plan>,
    conductor: Mutex<Driver>,
    /// `None` once the outcome is durable.
    waiters: Mutex<Option<Vec<Waiter>>>,
    start: Start,
    trace: Trace,
    /// Its place among the executions that may live.
    _place: Option<OwnedSemaphorePermit>,
}

/// What the shell does with what the core wants, sorted.
#[derive(Debug, Default)]
pub(super) struct Rest {
    pub(super) calls: Vec<CallRequest>,
    pub(super) wakes: Vec<Timestamp>,
    pub(super) ended: bool,
}

impl Live {
    pub(super) fn new(
        conductor: Driver,
        trace: Trace,
        start: Start,
        waiter: Option<Waiter>,
        place: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            id: Arc::clone(conductor.execution()),
            plan: Arc::clone(conductor.plan()),
            conductor: Mutex::new(conductor),
            waiters: Mutex::new(Some(waiter.into_iter().collect())),
            start,
            trace,
            _place: place,
        }
    }

    pub(crate) fn id(&self) -> &Arc<str> {
        &self.id
    }

    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// When it fails by itself, if it does.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        let conductor = self.conductor.lock();
        conductor.state().started.as_ref()?.deadline
    }

    /// The execution's core. Held only for as long as a decision takes.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Driver> {
        self.conductor.lock()
    }

    /// Is told the outcome when it is durable; at once if it is.
    pub(crate) fn wait(&self) -> oneshot::Receiver<Outcome> {
        let (waiter, outcome) = oneshot::channel();
        match &mut *self.waiters.lock() {
            Some(waiters) => {
                waiters.retain(|other| !other.is_closed());
                waiters.push(waiter);
            }
            None => tell(&self.conductor.lock(), waiter),
        }
        outcome
    }

    /// Where it begins in the journal; 0 before that is known.
    pub(crate) fn start(&self) -> &Start {
        &self.start
    }

    /// A `traceparent` for a call that it makes.
    pub(super) fn new_span(&self) -> HeaderValue {
        HeaderValue::try_from(self.trace.span(rand::random())).expect("digits and dashes")
    }

    /// What a step's calls carry, so that a service performs them once.
    pub(super) fn idempotency_key(&self, unit: Unit) -> HeaderValue {
        let key = self.plan.idempotency_key(&self.id, unit);
        key.parse()
            .expect("ids of executions and steps are printable ASCII")
    }

    /// Tells everyone who waits how it ended.
    pub(super) fn conclude(&self) {
        let waiters = self.waiters.lock().take();
        let conductor = self.conductor.lock();
        for waiter in waiters.into_iter().flatten() {
            tell(&conductor, waiter);
        }
    }

    /// Sorts what came out of one input: what goes into the journal, as one entry, and the rest.
    pub(super) fn sort_out(
        &self,
        conductor: &Driver,
        actions: Vec<Action>,
    ) -> (Option<Entry>, Rest) {
        let mut rest = Rest::default();
        let mut events = Vec::new();
        let mut started = false;
        for action in actions {
            match action {
                Action::Append { event, cause } => {
                    rest.ended |= event.kind.is_outcome();
                    let is_start = matches!(event.kind, EventKind::ExecutionStarted { .. });
                    started |= is_start;
                    events.push(self.encode(event, cause, is_start));
                }
                Action::Call(call) => rest.calls.push(call),
                Action::Wake(due) => rest.wakes.push(due),
                Action::Await { .. } => {}
            }
        }
        if events.is_empty() {
            return (None, rest);
        }
        let summary = || Box::new(view::summary(&self.id, &self.plan, conductor.state()));
        let change = match (started, rest.ended) {
            (false, false) => Change::None,
            (true, false) => Change::Started(summary()),
            (false, true) => Change::Ended(summary()),
            (true, true) => Change::StartedAndEnded(summary()),
        };
        (Some(Entry { events, change }), rest)
    }

    fn encode(
        &self,
        event: pavane_flow::event::Event,
        cause: Option<EventKey>,
        is_start: bool,
    ) -> Bytes {
        // The trace goes on after a restart.
        let span = is_start.then(|| self.trace.span(rand::random()));
        let context = Context {
            cause,
            traceparent: span.as_deref().unwrap_or_default(),
            attributes: &[],
        };
        event.encode(&self.id, &self.plan, context)
    }
}

fn tell(conductor: &Driver, waiter: Waiter) {
    if let Some(outcome) = conductor.state().outcome() {
        // Whoever waited may have gone.
        let _ = waiter.send(outcome.clone());
    }
}
