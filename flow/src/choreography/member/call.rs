//! A call that a member makes, with all that it takes to record that it went well in the very
//! commit of its effect; and the form that events of choreographed executions have in feeds.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use pavane::{attributes, metadata};

use crate::Timestamp;
use crate::driver::{CallRequest, Direction, Driver};
use crate::event::{Context, Event, EventKey, EventKind};
use crate::plan::{self, IdempotencyKey, Plan, Unit};

/// A call of a step's method, or of the one that undoes it.
#[derive(Clone, Debug)]
pub struct StepCall {
    execution: Arc<str>,
    plan: Arc<Plan>,
    request: CallRequest,
    /// What has happened before, as far as is known.
    after: Timestamp,
    traceparent: Arc<str>,
}

impl StepCall {
    pub(super) fn new(driver: &Driver, request: CallRequest, traceparent: &Arc<str>) -> Self {
        Self {
            execution: Arc::clone(driver.execution()),
            plan: Arc::clone(driver.plan()),
            request,
            after: driver.last_event(),
            traceparent: Arc::clone(traceparent),
        }
    }

    /// The execution.
    pub fn execution(&self) -> &Arc<str> {
        &self.execution
    }

    /// The step, or the element of it.
    pub fn unit(&self) -> Unit {
        self.request.unit
    }

    /// Which of the step's calls.
    pub fn direction(&self) -> Direction {
        self.request.direction
    }

    /// What is called.
    pub fn method(&self) -> &plan::Method {
        &self.call_of(self.request.direction).method
    }

    fn call_of(&self, direction: Direction) -> &plan::Call {
        let step = self.plan.step(self.request.unit.step);
        let call = match direction {
            Direction::Forward => step.call(),
            Direction::Compensation => step.compensation.as_ref(),
        };
        call.expect("only a step that calls is called")
    }

    /// What it is sent with besides: names in lower case, and texts.
    pub fn metadata(&self) -> &[(Arc<str>, String)] {
        &self.request.metadata
    }

    /// The encoded request.
    pub fn request(&self) -> &Bytes {
        &self.request.request
    }

    /// How long the attempt may take.
    pub fn timeout(&self) -> Duration {
        self.request.timeout
    }

    /// Whether nobody has said how long; see [`CallRequest::has_default_timeout`].
    pub fn has_default_timeout(&self) -> bool {
        self.request.has_default_timeout
    }

    /// How long is left before the deadline of the execution, where that binds the call.
    pub fn budget(&self) -> Option<Duration> {
        self.request.budget
    }

    /// How long an attempt at the step's own call may take, also if this one undoes it.
    pub fn forward_timeout(&self) -> Duration {
        self.call_of(Direction::Forward).timeout
    }

    /// Which attempt it is, from 1.
    pub fn attempt(&self) -> u32 {
        self.request.attempt
    }

    /// What a service remembers the call by.
    pub fn idempotency_key(&self) -> IdempotencyKey<'_> {
        self.plan
            .idempotency_key(&self.execution, self.request.unit)
    }

    /// The workflows that led to the execution by events, with commas between them; mostly none.
    fn causal_chain(&self) -> &str {
        let mut metadata = self.request.metadata.iter();
        let chain = metadata.find(|(name, _)| **name == *metadata::CAUSAL_CHAIN);
        chain.map_or("", |(_, chain)| chain)
    }

    /// The `traceparent` of the execution's start; empty if it has none.
    pub fn traceparent(&self) -> &str {
        &self.traceparent
    }

    /// What is to be recorded when the call is answered with `output`: to be appended to the own
    /// feed, in the commit of the call's effect, and then given to [`super::Member::recorded`].
    pub fn completed(&self, now: Timestamp, output: Bytes) -> (Event, Bytes) {
        let (unit, attempts) = (self.request.unit, self.request.attempt);
        let kind = match self.request.direction {
            Direction::Forward => EventKind::StepCompleted {
                unit,
                output,
                attempts,
            },
            Direction::Compensation => EventKind::StepCompensated { unit, attempts },
        };
        let time = now.max(self.after + Duration::from_nanos(1));
        let event = Event { time, kind };
        let said = Said {
            execution: &self.execution,
            plan: &self.plan,
            cause: Some(self.request.cause),
            participants: &[],
            traceparent: &self.traceparent,
            chain: self.causal_chain(),
        };
        let stored = said.stored_in(&mut BytesMut::new(), event.clone());
        (event, stored)
    }
}

/// What there is to say of an event beside what happened.
pub(super) struct Said<'a> {
    pub(super) execution: &'a str,
    pub(super) plan: &'a Plan,
    pub(super) cause: Option<EventKey>,
    /// Of a start: who performs steps.
    pub(super) participants: &'a [String],
    pub(super) traceparent: &'a str,
    pub(super) chain: &'a str,
}

impl Said<'_> {
    /// The event as its feed stores it, written to `room`.
    pub(super) fn stored_in(self, room: &mut BytesMut, event: Event) -> Bytes {
        let (plan, chain) = (self.plan, self.chain);
        let revision = [revision_mark(&plan.revision.0)];
        let revision = (attributes::REVISION, &revision[..]);
        let of_step;
        let about = match event.kind.performed_step() {
            Some(step) => {
                of_step = [&*plan.name, "/", &*plan.step(step).id];
                (attributes::STEP, &of_step[..])
            }
            None => {
                of_step = [&*plan.name, "", ""];
                (attributes::CHOREOGRAPHY, &of_step[..1])
            }
        };
        let context = Context {
            cause: self.cause,
            participants: self.participants,
            traceparent: self.traceparent,
            attributes: &[about, revision],
        };
        if chain.is_empty() {
            return event.encode_in(room, self.execution, plan, context);
        }
        let (depth, names) = (chain.split(',').count().to_string(), [chain]);
        let depth = [&*depth];
        let context = Context {
            attributes: &[
                about,
                revision,
                (attributes::CAUSAL_CHAIN, &names[..]),
                (attributes::CAUSAL_DEPTH, &depth[..]),
            ],
            ..context
        };
        event.encode_in(room, self.execution, plan, context)
    }
}

/// What events say of their revision: enough of it to tell it from others.
pub(super) fn revision_mark(revision: &str) -> &str {
    &revision[..revision.len().min(16)]
}
