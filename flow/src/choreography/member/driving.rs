//! From what is known of an execution to what is to be done about it: its driver is made, told, and
//! asked, and forgotten when it has ended.

use std::sync::Arc;

use pavane::feed::v1 as feed;
use smallvec::SmallVec;

use super::call::Said;
use super::entry::Phase;
use super::{Action, Heard, Member, StepCall, is_of_execution};
use crate::Timestamp;
use crate::driver::{self, Driver, Input};
use crate::event::{DecodeError, Event, EventKind};
use crate::plan::Plan;

impl Member {
    /// What the own feed has of an execution, as asked for by [`Action::Recall`].
    pub fn recalled(
        &mut self,
        now: Timestamp,
        execution: &Arc<str>,
        own: Vec<feed::Event>,
        out: &mut Vec<Action>,
    ) {
        let Some(entry) = self.executions.get_mut(execution) else {
            return;
        };
        if !matches!(entry.phase, Phase::Recalling) {
            return;
        }
        entry.phase = Phase::Waiting;
        let Some(revision) = &entry.revision else {
            // Whoever has settled its steps and hears of no start has seen the outcome.
            if own.iter().any(is_of_execution) {
                self.forget(execution);
            }
            return;
        };
        let Some(part) = self.parts.get(&**revision) else {
            return;
        };
        let (plan, role) = (Arc::clone(&part.plan), part.role.clone());
        let driver = if entry.is_fresh && !own.iter().any(is_of_execution) {
            Driver::join(plan, role, Arc::clone(execution))
        } else {
            let own = decode_all(&own, &plan, out);
            Driver::rejoin(plan, role, Arc::clone(execution), own)
        };
        self.play(now, execution, driver, out);
    }

    /// Begins to drive an execution whose start is known, if its revision is.
    pub(super) fn take_up(&mut self, now: Timestamp, execution: &Arc<str>, out: &mut Vec<Action>) {
        let Some(entry) = self.executions.get_mut(execution) else {
            return;
        };
        let Some(revision) = &entry.revision else {
            return;
        };
        let Some(part) = self.parts.get(&**revision) else {
            return;
        };
        if entry.is_fresh {
            let (plan, role) = (Arc::clone(&part.plan), part.role.clone());
            let driver = Driver::join(plan, role, Arc::clone(execution));
            self.play(now, execution, driver, out);
        } else {
            entry.phase = Phase::Recalling;
            out.push(Action::Recall {
                execution: Arc::clone(execution),
            });
        }
    }

    /// Tells a driver all that was heard so far; the start last, so that it decides knowing the rest.
    pub(super) fn play(
        &mut self,
        now: Timestamp,
        execution: &Arc<str>,
        mut driver: Driver,
        out: &mut Vec<Action>,
    ) {
        let Some(entry) = self.executions.get_mut(execution) else {
            return;
        };
        let plan = Arc::clone(driver.plan());
        let mut heard = SmallVec::<[_; 4]>::new();
        decode_heard(&entry.heard, &plan, &mut heard, out);
        heard.sort_by_key(|event| matches!(event.kind, EventKind::ExecutionStarted { .. }));
        let mut actions = std::mem::take(&mut self.actions);
        for event in heard {
            driver.step(now, Input::Heard { event }, &mut actions);
        }
        entry.phase = Phase::Driven(Box::new(driver));
        self.act(execution, actions, out);
    }

    /// Brings an input to an execution. One that has ended, or is not driven yet, needs none.
    pub(super) fn drive(
        &mut self,
        now: Timestamp,
        execution: &Arc<str>,
        input: Input,
        out: &mut Vec<Action>,
    ) {
        let Some(entry) = self.executions.get_mut(execution) else {
            return;
        };
        let Phase::Driven(driver) = &mut entry.phase else {
            return;
        };
        let mut actions = std::mem::take(&mut self.actions);
        driver.step(now, input, &mut actions);
        self.act(execution, actions, out);
    }

    /// Passes on what a driver wants, and forgets the execution once it has ended.
    pub(super) fn act(
        &mut self,
        execution: &Arc<str>,
        mut actions: Vec<driver::Action>,
        out: &mut Vec<Action>,
    ) {
        let Some(entry) = self.executions.get_mut(execution) else {
            return;
        };
        let Phase::Driven(driver) = &entry.phase else {
            return;
        };
        for action in actions.drain(..) {
            out.push(match action {
                // No plan that awaits events is divided: `projection/owners.rs`.
                driver::Action::Await { .. } => continue,
                driver::Action::Append { event, cause } => {
                    let plan = driver.plan();
                    let part = match event.kind {
                        EventKind::ExecutionStarted { .. } => self.parts.get(&*plan.revision.0),
                        _ => None,
                    };
                    let started = driver.state().started.as_ref();
                    let chain = started.map(|started| started.origin.causal_chain.join(","));
                    let said = Said {
                        execution,
                        plan,
                        cause,
                        participants: part.map_or(&[], |part| &part.participants),
                        traceparent: &entry.traceparent,
                        chain: chain.as_deref().unwrap_or_default(),
                    };
                    Action::Append {
                        execution: Arc::clone(execution),
                        event_type: event.kind.event_type(),
                        event: said.stored_in(&mut self.room, event),
                    }
                }
                driver::Action::Call(request) => {
                    Action::Call(StepCall::new(driver, request, &entry.traceparent))
                }
                driver::Action::Wake(at) => Action::Wake {
                    execution: Arc::clone(execution),
                    at,
                },
            });
        }
        let has_ended = driver.state().outcome().is_some();
        self.actions = actions;
        if has_ended
            && let Some(entry) = self.remove(execution)
            && let Phase::Driven(driver) = entry.phase
        {
            let heard = entry.heard;
            out.push(Action::Ended { driver, heard });
        }
    }
}

pub(super) fn left_out(event_id: &str, problem: DecodeError) -> Action {
    Action::LeftOut {
        event_id: event_id.to_owned(),
        problem,
    }
}

/// Reads what was heard of an execution of this plan, to be put behind what `decoded` has.
pub(super) fn decode_heard(
    events: &[Heard],
    plan: &Plan,
    decoded: &mut impl Extend<Event>,
    out: &mut Vec<Action>,
) {
    decoded.extend(events.iter().filter_map(|event| {
        let read = event.read(plan);
        read.map_err(|problem| out.push(left_out(event.id(), problem)))
            .ok()
    }));
}

/// Reads what can be read as an event of this plan. The own feed has others beside them.
pub(super) fn decode_all(events: &[feed::Event], plan: &Plan, out: &mut Vec<Action>) -> Vec<Event> {
    let of_executions = events.iter().filter(|event| is_of_execution(event));
    let mut decoded = Vec::with_capacity(events.len());
    for event in of_executions {
        match Event::decode(event, plan) {
            Ok(event) => decoded.push(event),
            Err(problem) => out.push(left_out(&event.id, problem)),
        }
    }
    decoded
}
