//! Taking up executions that were started before this member listened. Another of its name took part in
//! them, and its data is gone: what the others have said is read again, and told here all at once.
//!
//! It must never act on one that has ended meanwhile: what is said of it while the feeds are being read
//! is kept, and looked at together with what was read.

use std::sync::Arc;

use super::entry::{Entry, Phase};
use super::{Action, EVENT_TYPES, Heard, Member};
use crate::Timestamp;
use crate::event::decode_started_encoded;

impl Member {
    /// What is said of these executions is kept from now on, until [`Member::catch_up`]. Answers those
    /// whose start is not known.
    pub fn expect(&mut self, executions: Vec<Arc<str>>) -> Vec<Arc<str>> {
        let unknown = executions.into_iter().filter(|execution| {
            let entry = self
                .executions
                .entry(Arc::clone(execution))
                .or_insert_with(|| Entry {
                    phase: Phase::Recalling,
                    ..Entry::new(false)
                });
            entry.revision.is_none()
        });
        unknown.collect()
    }

    /// Takes up an expected execution from what the others have said of it, in any order. Without a
    /// start among it, it is as if it had not been expected.
    pub fn catch_up(
        &mut self,
        now: Timestamp,
        execution: &Arc<str>,
        events: Vec<Heard>,
        out: &mut Vec<Action>,
    ) {
        let Some(entry) = self.executions.get_mut(execution) else {
            return;
        };
        let started = |event: &Heard| decode_started_encoded(event.encoded()).ok();
        let start = events.iter().find_map(|event| {
            let is_start = event.view().r#type.ends_with(".ExecutionStarted");
            let started = is_start.then(|| started(event)).flatten()?;
            Some((started, event.view().traceparent.to_owned()))
        });
        let start = start.filter(|(started, _)| {
            let mut participants = started.participants.iter();
            participants.any(|name| **name == *self.name)
        });
        match (&entry.revision, start) {
            (Some(_), _) => {} // heard meanwhile
            (None, Some((started, traceparent))) => {
                entry.revision = Some(started.revision.into());
                entry.traceparent = traceparent.into();
                for event in events {
                    let is_ours = event.view().r#type.starts_with(EVENT_TYPES);
                    if is_ours && entry.is_news(&event) && entry.note(event) {
                        self.changed.push(Arc::clone(execution));
                    }
                }
            }
            (None, None) if entry.heard.is_empty() => return self.forget(execution),
            (None, None) => {}
        }
        if matches!(entry.phase, Phase::Recalling) {
            entry.phase = Phase::Waiting;
        }
        if entry.is_waiting() {
            self.take_up(now, execution, out);
        }
    }
}
