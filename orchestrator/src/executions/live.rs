//! One execution that has not ended, as the shell holds it.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use parking_lot::{Mutex, MutexGuard};
use pavane::attributes;
use pavane::trace::Trace;
use pavane_flow::Timestamp;
use pavane_flow::driver::{Action, CallRequest, Driver};
use pavane_flow::event::{Context, EventKey, EventKind};
use pavane_flow::fold::{Outcome, Progress};
use pavane_flow::plan::{Plan, StepIndex, Unit, Work};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::events::Registration;
use crate::journal::{Change, Entry, Resting, Start};
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
    /// Whether it was said that it is failing.
    is_failing: AtomicBool,
    start: Start,
    trace: Trace,
    /// What its events say of those that led to it by events; most executions have none.
    chain: Option<Box<CausalChain>>,
    /// Whether `resting` was ever anything but `None`: most executions never rest.
    has_rested: AtomicBool,
    /// How the journal says that it rests, once it has what is in line.
    resting: Mutex<Option<Resting>>,
    /// Its place among the executions that may live.
    place: Mutex<Option<OwnedSemaphorePermit>>,
}

/// The workflows that led to an execution by events, as texts.
#[derive(Debug)]
struct CausalChain {
    names: String,
    depth: String,
}

impl CausalChain {
    fn of(conductor: &Driver) -> Option<Box<Self>> {
        let chain = &conductor.state().started.as_ref()?.origin.causal_chain;
        let is_started_by_event = !chain.is_empty();
        is_started_by_event.then(|| {
            Box::new(Self {
                names: chain.join(","),
                depth: chain.len().to_string(),
            })
        })
    }
}

/// What the shell does with what the core wants, sorted.
#[derive(Debug, Default)]
pub(super) struct Rest {
    pub(super) calls: Vec<CallRequest>,
    pub(super) wakes: Vec<Timestamp>,
    pub(super) is_failing: bool,
    /// By feed.
    pub(super) awaits: Vec<(Arc<str>, Registration)>,
    pub(super) ended: bool,
    /// It may be put to rest.
    pub(super) may_rest: bool,
    /// The wake that it no longer rests until.
    pub(super) outdated: Option<Timestamp>,
}

impl Live {
    pub(super) fn new(
        conductor: Driver,
        trace: Trace,
        start: Start,
        resting: Option<Resting>,
    ) -> Self {
        let chain = CausalChain::of(&conductor);
        Self {
            id: Arc::clone(conductor.execution()),
            plan: Arc::clone(conductor.plan()),
            conductor: Mutex::new(conductor),
            waiters: Mutex::new(Some(Vec::new())),
            is_failing: AtomicBool::new(false),
            start,
            trace,
            chain,
            has_rested: AtomicBool::new(resting.is_some()),
            resting: Mutex::new(resting),
            place: Mutex::default(),
        }
    }

    /// Has these told the outcome, besides those who wait by now, and takes a place.
    pub(super) fn seat(&self, waiters: Vec<Waiter>, place: Option<OwnedSemaphorePermit>) {
        if let Some(waiting) = &mut *self.waiters.lock() {
            waiting.extend(waiters);
        }
        *self.place.lock() = place;
    }

    /// Gives up those who wait for it, and its place. `None`: it has ended.
    pub(super) fn vacate(&self) -> Option<(Vec<Waiter>, Option<OwnedSemaphorePermit>)> {
        let mut waiters = self.waiters.lock().take()?;
        waiters.retain(|waiter| !waiter.is_closed());
        waiters.shrink_to_fit();
        Some((waiters, self.place.lock().take()))
    }

    /// How it rests, if it does.
    pub(super) fn resting(&self) -> Option<Resting> {
        resting(&self.conductor.lock())
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
        HeaderValue::try_from(self.trace.span(rand::random()).to_string())
            .expect("digits and dashes")
    }

    /// What a step's calls carry, so that a service performs them once.
    pub(super) fn idempotency_key(&self, unit: Unit) -> HeaderValue {
        let key = self.plan.idempotency_key(&self.id, unit).to_string();
        key.parse()
            .expect("ids of executions and steps are printable ASCII")
    }

    /// Whether nobody has said before that it is failing.
    pub(super) fn begins_to_fail(&self) -> bool {
        !self.is_failing.swap(true, Ordering::Relaxed)
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
        let (mut events, mut room) = (Vec::new(), BytesMut::new());
        let mut started = false;
        for action in actions {
            match action {
                Action::Append { event, cause } => {
                    rest.ended |= event.kind.is_outcome();
                    let is_start = matches!(event.kind, EventKind::ExecutionStarted { .. });
                    started |= is_start;
                    events.push(self.encode(event, cause, is_start, &mut room));
                }
                Action::Call(call) => rest.calls.push(call),
                Action::Wake(due) => rest.wakes.push(due),
                Action::Await { step, subject } => {
                    rest.awaits
                        .extend(self.registration(conductor, step, subject));
                }
            }
        }
        rest.is_failing = !rest.ended && conductor.state().is_failing();
        let has_changed = self.note_rest(conductor, &mut rest);
        if events.is_empty() && !has_changed {
            return (None, rest);
        }
        let summary = || Box::new(view::summary(&self.id, &self.plan, conductor.state()));
        let change = match (started, rest.ended) {
            (false, false) if has_changed => Change::Rested(summary()),
            (false, false) => Change::None,
            (true, false) => Change::Started(summary()),
            (false, true) => Change::Ended(summary()),
            (true, true) => Change::StartedAndEnded(summary()),
        };
        let entry = Entry {
            events,
            change,
            resting: self.recorded_rest(),
        };
        (Some(entry), rest)
    }

    /// How the journal says that it rests, once it has what is in line.
    fn recorded_rest(&self) -> Option<Resting> {
        let has_rested = self.has_rested.load(Ordering::Relaxed);
        has_rested.then(|| *self.resting.lock()).flatten()
    }

    /// Finds out whether it rests now; answers whether that is new to the journal.
    fn note_rest(&self, conductor: &Driver, rest: &mut Rest) -> bool {
        let is_free = rest.calls.is_empty() && !rest.ended;
        let now = is_free.then(|| resting(conductor)).flatten();
        rest.may_rest = now.is_some();
        if now.is_none() && !self.has_rested.load(Ordering::Relaxed) {
            return false;
        }
        self.has_rested.store(true, Ordering::Relaxed);
        let before = mem::replace(&mut *self.resting.lock(), now);
        let until = |resting: Option<Resting>| resting.and_then(|resting| resting.until);
        rest.outdated = until(before).filter(|was| until(now) != Some(*was));
        before != now
    }

    fn registration(
        &self,
        conductor: &Driver,
        step: StepIndex,
        subject: Option<String>,
    ) -> Option<(Arc<str>, Registration)> {
        let Work::Await(wait) = &self.plan.step(step).work else {
            return None;
        };
        let registration = Registration {
            execution: Arc::clone(&self.id),
            step,
            event_type: Arc::clone(&wait.events.event_type),
            subject,
            since: conductor.state().started.as_ref()?.time,
        };
        Some((Arc::clone(&wait.events.feed), registration))
    }

    /// The feeds of which its steps await events.
    pub(super) fn awaited_feeds(&self) -> impl Iterator<Item = &str> {
        self.plan.steps.iter().filter_map(|step| match &step.work {
            Work::Await(wait) => Some(&*wait.events.feed),
            Work::Call(_) | Work::Wait(_) => None,
        })
    }

    fn encode(
        &self,
        event: pavane_flow::event::Event,
        cause: Option<EventKey>,
        is_start: bool,
        room: &mut BytesMut,
    ) -> Bytes {
        // The trace goes on after a restart.
        let span = is_start.then(|| self.trace.span(rand::random()).to_string());
        let context = Context {
            cause,
            participants: &[],
            traceparent: span.as_deref().unwrap_or_default(),
            attributes: &[],
        };
        let Some(chain) = &self.chain else {
            return event.encode_in(room, &self.id, &self.plan, context);
        };
        let (depth, names) = ([&*chain.depth], [&*chain.names]);
        let attributes = [
            (attributes::CAUSAL_CHAIN, &names[..]),
            (attributes::CAUSAL_DEPTH, &depth[..]),
        ];
        let context = Context {
            attributes: &attributes,
            ..context
        };
        event.encode_in(room, &self.id, &self.plan, context)
    }
}

/// How an execution rests, if it does.
fn resting(conductor: &Driver) -> Option<Resting> {
    let rest = conductor.rests()?;
    let (plan, state) = (conductor.plan(), conductor.state());
    let awaits_event = plan.step_indices().any(|step| {
        matches!(plan.step(step).work, Work::Await(_))
            && state.begun(step.into()).is_some()
            && state.progress(step) == Progress::Pending
    });
    Some(Resting {
        until: rest.until,
        awaits_event,
    })
}

fn tell(conductor: &Driver, waiter: Waiter) {
    if let Some(outcome) = conductor.state().outcome() {
        // Whoever waited may have gone.
        let _ = waiter.send(outcome.clone());
    }
}
