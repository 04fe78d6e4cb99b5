//! The core of all who drive an execution: `(now, input) -> actions`.
//!
//! A conductor performs every step and declares the outcome; a participant performs the steps of
//! its own service; a home performs none and declares the outcome. They differ in their [`Role`]
//! and in nothing else: what is ready, what is undone and how it ends is decided here, for all.
//!
//! It decides, and does nothing: the shell appends the events, then performs the calls, then wakes
//! it. All events that one input gives rise to belong in one commit, and a call leaves only after
//! the events that came out with it are durable.

mod answer;
mod call;
mod decide;
mod elements;
mod exchange;
mod open;
mod resolve;
mod role;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
mod waiting;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub use call::{Attempts, CallFailure, Direction};
pub use elements::MAX_COLLECTED_BYTES;
pub use exchange::{Action, CallRequest, Input, Rest};
pub use resolve::Refusal;
pub use role::{Performers, Role};

use crate::Timestamp;
use crate::event::{Event, EventKey, EventKind, Mode, Origin};
use crate::fold::{Progress, State};
use crate::plan::{Call, PerStep, Plan, StepIndex, Unit};
use decide::evaluation_failure;
use elements::Run;

/// What one process knows of one execution, and its part in it.
///
/// Invariant: an in-flight call is answered by the shell exactly once.
#[derive(Debug)]
pub struct Driver {
    plan: Arc<Plan>,
    role: Role,
    execution: Arc<str>,
    state: State,
    attempts: PerStep<Attempts>,
    /// Steps over lists that are under way here.
    runs: BTreeMap<StepIndex, Run>,
    /// When the last event happened, of those heard as well. Each that it says is later than all
    /// that it knows of, whatever the clock says: the failure that came first is the cause, and not
    /// one that follows from it.
    last_event: Timestamp,
    /// A participant that may have known the execution before it was started anew. What it had
    /// heard by then it may hear only later (rule 7).
    rejoined: bool,
}

impl Driver {
    /// Starts an execution at `now`, as its conductor or, where others perform the steps, as its
    /// home. The first event that comes out is its start.
    pub fn start(
        plan: Arc<Plan>,
        performers: Performers,
        execution: Arc<str>,
        input: Bytes,
        origin: Origin,
        now: Timestamp,
        out: &mut Vec<Action>,
    ) -> Self {
        let deadline = plan.deadline.map(|deadline| now + deadline);
        let mode = performers.mode();
        let mut driver = Self::empty(plan, Role::of_starter(mode), execution);
        let kind = EventKind::ExecutionStarted {
            input,
            mode,
            deadline,
            origin,
        };
        driver.emit(now, kind, None, out);
        if let Some(deadline) = deadline {
            out.push(Action::Wake(deadline));
        }
        driver.decide(now, EventKey::Started, out);
        driver
    }

    /// Takes up an execution that this feed is the home of from what was recorded of it, and
    /// decides how to go on. Of a choreographed one, these are the home's own events and whatever
    /// is known of the others' so far.
    ///
    /// No event is written before a call, so nobody remembers which of the ready steps had been
    /// called: each of them may have been (rule 7), and the calls may still be on the wire.
    pub fn restore(
        plan: Arc<Plan>,
        execution: Arc<str>,
        events: impl IntoIterator<Item = Event>,
        now: Timestamp,
        out: &mut Vec<Action>,
    ) -> Self {
        let mut driver = Self::empty(plan, Role::Conductor, execution);
        let last = driver.recall(events);
        let started = driver.state.started.as_ref();
        let mode = started.map_or(Mode::Orchestrated, |started| started.mode);
        driver.role = Role::of_starter(mode);
        let plan = Arc::clone(&driver.plan);
        for step in plan.step_indices() {
            let pending = driver.state.progress(step) == Progress::Pending;
            if pending
                && driver.state.dependencies_allow(&plan, step)
                && !driver.state.is_skipped_with_another(&plan, step)
            {
                driver.attempts[step.at()].possibly_called = true;
            }
        }
        if let Some(deadline) = driver.deadline() {
            out.push(Action::Wake(deadline));
        }
        driver.decide(now, last.unwrap_or(EventKey::Started), out);
        driver
    }

    /// Joins an execution that this process hears of for the first time, as the participant that
    /// performs the steps of `role`. It does nothing before it has heard of the start.
    ///
    /// Only for an execution that no earlier process of the same participant can have heard of;
    /// for any other, [`Driver::rejoin`].
    pub fn join(plan: Arc<Plan>, role: Role, execution: Arc<str>) -> Self {
        Self::empty(plan, role, execution)
    }

    /// Joins an execution that an earlier process of the same participant may have known. `own` are
    /// the events that are in its own feed, all of them: what it has said, it does not say again.
    ///
    /// What others have said is heard anew, in any order. So a step may have been called though
    /// this process does not see yet why (rule 7).
    pub fn rejoin(
        plan: Arc<Plan>,
        role: Role,
        execution: Arc<str>,
        own: impl IntoIterator<Item = Event>,
    ) -> Self {
        let mut driver = Self::empty(plan, role, execution);
        driver.rejoined = true;
        driver.recall(own);
        driver
    }

    /// Takes one input in and says what is to be done. Inputs that no longer matter change nothing.
    pub fn step(&mut self, now: Timestamp, input: Input, out: &mut Vec<Action>) {
        let cause = match input {
            Input::Answered {
                unit,
                direction,
                result,
                jitter,
            } => self.on_answered(now, unit, direction, result, jitter, out),
            Input::Recorded { event } => {
                if let EventKey::Completed(unit) | EventKey::Compensated(unit) = event.kind.key() {
                    self.attempts_mut(unit).end();
                }
                self.hear(&event)
            }
            Input::Heard { event } => self.hear(&event),
            Input::Cancel { reason } => {
                let refused = !self.role.is_home()
                    || self.state.outcome().is_some()
                    || self.state.is_cancel_requested();
                if refused {
                    return;
                }
                let cause = self.last_cause();
                self.emit(now, EventKind::CancelRequested { reason }, cause, out);
                EventKey::CancelRequested
            }
            Input::Resume => {
                if !self.role.is_home() || !self.state.is_suspended() {
                    return;
                }
                let round = self.state.round();
                let cause = EventKey::Suspended(round);
                self.emit(now, EventKind::ExecutionResumed { round }, Some(cause), out);
                EventKey::Resumed(round)
            }
            Input::Resolve {
                unit,
                resolution,
                output,
                reason,
            } => match self.on_resolved(now, unit, resolution, output, reason, out) {
                Some(cause) => cause,
                None => return,
            },
            Input::Arrived { step, event, data } => {
                match self.on_arrived(now, step, &event, data, out) {
                    Some(cause) => cause,
                    None => return,
                }
            }
            Input::Wake => self.last_cause().unwrap_or(EventKey::Started),
        };
        self.decide(now, cause, out);
    }

    /// What is known of the execution. Ahead of what is durable by the events not yet appended.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// When the last event happened that it knows of.
    pub fn last_event(&self) -> Timestamp {
        self.last_event
    }

    /// Its part in the execution.
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// What it is a run of.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Its id.
    pub fn execution(&self) -> &Arc<str> {
        &self.execution
    }

    /// How a step's calls stand in this process; of a step over a list, those of its elements, each for
    /// itself.
    pub fn attempts(&self, unit: impl Into<Unit>) -> &Attempts {
        let unit = unit.into();
        let whole = &self.attempts[unit.step.at()];
        match unit.element {
            None => whole,
            Some(element) => self
                .runs
                .get(&unit.step)
                .and_then(|run| run.attempts(element))
                .unwrap_or(&call::NONE),
        }
    }

    fn attempts_mut(&mut self, unit: Unit) -> &mut Attempts {
        match unit.element {
            None => &mut self.attempts[unit.step.at()],
            Some(element) => self
                .runs
                .entry(unit.step)
                .or_default()
                .attempts_mut(element),
        }
    }

    /// Until when nothing happens by itself, if that is so: no call is on its way and no attempt due,
    /// and only a time, an event that is awaited or an operator sets it going again. Whoever
    /// restores it from its events by then has lost nothing.
    pub fn rests(&self) -> Option<Rest> {
        let is_active =
            self.attempts.iter().any(Attempts::is_active) || self.runs.values().any(Run::is_active);
        if is_active || self.rejoined || self.state.outcome().is_some() {
            return None;
        }
        let waits = self.plan.step_indices().filter_map(|step| {
            let is_pending = self.state.progress(step) == Progress::Pending;
            self.state.begun(step.into()).filter(|_| is_pending)?.until
        });
        Some(Rest {
            until: waits.chain(self.deadline()).min(),
        })
    }

    /// The call of a step in one direction. Panics if the step has none: the core never asks for it.
    pub fn call(&self, step: StepIndex, direction: Direction) -> &Call {
        call_of(&self.plan, step, direction)
    }

    fn empty(plan: Arc<Plan>, role: Role, execution: Arc<str>) -> Self {
        let state = State::new(&plan);
        let attempts = plan.steps.iter().map(|_| Attempts::default()).collect();
        Self {
            plan,
            role,
            execution,
            state,
            attempts,
            runs: BTreeMap::new(),
            last_event: Timestamp::default(),
            rejoined: false,
        }
    }

    /// Takes in what happened, and says no more about it. The key of the last.
    fn recall(&mut self, events: impl IntoIterator<Item = Event>) -> Option<EventKey> {
        events.into_iter().map(|event| self.hear(&event)).last()
    }

    fn hear(&mut self, event: &Event) -> EventKey {
        self.last_event = self.last_event.max(event.time);
        self.state.apply(event);
        event.kind.key()
    }

    fn deadline(&self) -> Option<Timestamp> {
        self.state.started.as_ref()?.deadline
    }

    fn emit(
        &mut self,
        now: Timestamp,
        kind: EventKind,
        cause: Option<EventKey>,
        out: &mut Vec<Action>,
    ) -> EventKey {
        let key = kind.key();
        let time = now.max(self.last_event + Duration::from_nanos(1));
        self.last_event = time;
        let event = Event { time, kind };
        self.state.apply(&event);
        out.push(Action::Append { event, cause });
        key
    }

    fn last_cause(&self) -> Option<EventKey> {
        self.state.started.as_ref().map(|_| EventKey::Started)
    }
}

fn call_of(plan: &Plan, step: StepIndex, direction: Direction) -> &Call {
    let step = plan.step(step);
    match direction {
        Direction::Forward => step.call().expect("only a step that calls is called"),
        Direction::Compensation => step
            .compensation
            .as_ref()
            .expect("only a step with a compensation is compensated"),
    }
}
