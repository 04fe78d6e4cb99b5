//! What a member does with what the feeds of others say: whose business it is, whether it was heard
//! before, and whether an earlier process can have heard it.

use std::sync::Arc;

use pavane::{EventView, attributes};

use super::driving::left_out;
use super::entry::{Entry, Phase};
use super::{Action, EVENT_TYPES, Heard, Member, call};
use crate::Timestamp;
use crate::driver::Input;

impl Member {
    /// Takes in what a peer's feed said: whole commits, in order. `cursor` stands after the last.
    pub fn hear(
        &mut self,
        now: Timestamp,
        peer: &Arc<str>,
        events: Vec<Heard>,
        cursor: String,
        out: &mut Vec<Action>,
    ) {
        for event in events {
            if event.event_type().starts_with(EVENT_TYPES) {
                self.hear_one(now, peer, event, out);
            }
        }
        self.stand(peer, cursor);
    }

    /// Takes note of where it stands in a peer's feed.
    pub fn stand(&mut self, peer: &Arc<str>, cursor: String) {
        self.has_moved = true;
        match self.cursors.get_mut(peer) {
            Some(known) => *known = cursor,
            None => {
                self.cursors.insert(Arc::clone(peer), cursor);
            }
        }
    }

    /// Takes note that the history of a peer's feed has been heard, as it was after this process had
    /// begun: no earlier process can have heard what is still to come.
    pub fn caught_up(&mut self, peer: &Arc<str>, out: &mut Vec<Action>) {
        self.caught_up.insert(Arc::clone(peer));
        let was_up_to_date = self.is_up_to_date;
        self.look_whether_up_to_date();
        if was_up_to_date || !self.is_up_to_date {
            return;
        }
        // What others said of an execution whose start was not in any home's history: it starts
        // only now, or it has ended and was forgotten. The own feed knows.
        for (execution, entry) in &mut self.executions {
            if entry.is_waiting() && entry.revision.is_none() {
                entry.phase = Phase::Recalling;
                out.push(Action::Recall {
                    execution: Arc::clone(execution),
                });
            }
        }
    }

    /// Takes note of the newest start of a peer that earlier processes have heard, the last of which
    /// ended in good order ([`Checkpoint::newest_starts`](super::Checkpoint::newest_starts)): what starts
    /// later is new, though its history has not been heard to its end. Once the executions are loaded.
    pub fn begin_after(&mut self, peer: &Arc<str>, newest_start: u64, out: &mut Vec<Action>) {
        self.newest_start.insert(Arc::clone(peer), newest_start);
        self.caught_up(peer, out);
    }

    fn hear_one(&mut self, now: Timestamp, peer: &Arc<str>, event: Heard, out: &mut Vec<Action>) {
        let is_start = event.event_type().ends_with(".ExecutionStarted");
        let execution = match self.executions.get_key_value(event.subject()) {
            Some((execution, _)) => Arc::clone(execution),
            None if is_start || !self.is_forgotten(&event.view()) => {
                let execution: Arc<str> = event.subject().into();
                self.executions
                    .insert(Arc::clone(&execution), Entry::new(false));
                execution
            }
            None => return,
        };
        if is_start {
            return self.hear_start(now, peer, &execution, event, out);
        }
        let entry = self.executions.get_mut(&execution).expect("just seen");
        if !entry.is_news(&event) {
            return;
        }
        let is_first = entry.heard.is_empty();
        if entry.note(event) {
            self.changed.push(Arc::clone(&execution));
        }
        match &entry.phase {
            Phase::Driven(driver) => {
                let event = entry.heard.last().expect("just noted");
                match event.read(driver.plan()) {
                    Ok(event) => self.drive(now, &execution, Input::Heard { event }, out),
                    Err(problem) => out.push(left_out(event.id(), problem)),
                }
            }
            Phase::Waiting if is_first && self.is_up_to_date => {
                // It starts only now, or it has ended. The own feed knows.
                entry.phase = Phase::Recalling;
                out.push(Action::Recall { execution });
            }
            Phase::Waiting | Phase::Recalling => {}
        }
    }

    fn hear_start(
        &mut self,
        now: Timestamp,
        peer: &Arc<str>,
        execution: &Arc<str>,
        event: Heard,
        out: &mut Vec<Action>,
    ) {
        let newest = self.newest_start.entry(Arc::clone(peer)).or_default();
        let sequence = event.sequence();
        let is_repeated = sequence <= std::mem::replace(newest, sequence.max(*newest));
        let is_fresh = self.caught_up.contains(peer) && !is_repeated;
        let entry = self.executions.get_mut(execution).expect("just seen");
        if self.is_home || entry.revision.is_some() {
            return; // heard before
        }
        let start = match event.read_start() {
            Ok(start) => start,
            Err(problem) => {
                out.push(left_out(event.id(), problem));
                return self.forget(execution);
            }
        };
        if !start.has_part(&self.name) {
            return self.forget(execution);
        }
        let revision = start.revision();
        entry.revision = Some(match self.parts.get(&*revision) {
            Some(part) => Arc::clone(&part.plan.revision.0),
            None => revision.into(),
        });
        entry.traceparent = event.traceparent().into();
        entry.is_fresh = is_fresh;
        if entry.note(event) {
            self.changed.push(Arc::clone(execution));
        }
        if matches!(entry.phase, Phase::Waiting) {
            self.take_up(now, execution, out);
        }
    }

    /// Whether an execution that is not known has ended and was forgotten, or is none of the member's
    /// business, as far as the event by itself tells.
    fn is_forgotten(&self, event: &EventView<'_>) -> bool {
        // A home has started whatever is still of interest to it. A revision starts only after all
        // who take part are prepared for it. An outcome follows its start in the same feed.
        self.is_home
            || self.is_of_others(event)
            || [
                ".ExecutionSucceeded",
                ".ExecutionFailed",
                ".ExecutionCanceled",
            ]
            .iter()
            .any(|outcome| event.r#type.ends_with(outcome))
    }

    /// Whether an event is of a revision that the member has no part in. Filters may let it through:
    /// the same step of another revision, or what a filter had no room to tell apart.
    fn is_of_others(&self, event: &EventView<'_>) -> bool {
        let revision = event.attribute(attributes::REVISION).ok().flatten();
        revision.is_some_and(|mark| {
            let mut known = self.parts.keys();
            !known.any(|known| call::revision_mark(known) == mark)
        })
    }
}
