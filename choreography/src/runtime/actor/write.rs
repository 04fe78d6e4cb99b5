//! What the core wants: written as one transaction, and what follows from that.

use std::collections::HashMap;
use std::sync::Arc;

use pavane_flow::choreography::member::{Action, Checkpoint as Changed};
use tokio::time::Instant;

use super::Actor;
use crate::checkpoint::Cursor;
use crate::runtime::input::{Outcome, Recalled};
use crate::runtime::line::Then;
use crate::{Appended, Checkpoint, Ended, Error, Round};

/// Most executions whose events are read from the own feed before they are taken in.
const MOST_RECALLED: usize = 256;

/// A round ends with the execution that passes one of these: a commit is delivered whole, so stores
/// bound it. Far below those bounds, since what follows from one input is one commit.
const MOST_EVENTS: usize = 1_024;
const MOST_BYTES: usize = 256 << 10;

impl Actor {
    /// Puts all that the inputs gave rise to in line, as one transaction if it is not too much for
    /// one, and lets leave what has not to wait for it. The checkpoint is in the last.
    pub(super) async fn write(&mut self, checkpoint: Option<Checkpoint>) -> Result<(), Error> {
        if self.actions.is_empty() && self.replies.is_empty() && checkpoint.is_none() {
            self.calls.begin();
            return Ok(());
        }
        self.line.open();
        let (mut round, mut bytes) = (Round::default(), 0);
        let mut recalls = Vec::new();
        let mut actions = std::mem::take(&mut self.actions);
        for action in actions.drain(..) {
            match action {
                Action::Append {
                    execution,
                    event_type,
                    event,
                } => {
                    let last = round.events.last().map(|last| &last.execution);
                    let is_full = round.events.len() >= MOST_EVENTS || bytes >= MOST_BYTES;
                    if is_full && last != Some(&execution) {
                        self.put_in_line(std::mem::take(&mut round)).await?;
                        self.line.open();
                        bytes = 0;
                    }
                    bytes += event.len();
                    self.line.note(&execution);
                    round.events.push(Appended {
                        execution,
                        event_type,
                        event,
                    });
                }
                Action::Call(call) => {
                    if let Some(call) = self.line.hold(call) {
                        self.calls.add(call);
                    }
                }
                Action::Wake { execution, at } => self.timers.add(at, execution),
                Action::Recall { execution } => recalls.push(execution),
                Action::Ended { driver, heard } => {
                    let started = driver.state().started.as_ref();
                    if let Some(deadline) = started.and_then(|started| started.deadline) {
                        self.timers.forget(deadline, driver.execution());
                    }
                    let execution = Arc::clone(driver.execution());
                    self.line.then().ended.push(execution);
                    round.ended.push(Ended { driver, heard });
                }
                Action::LeftOut { event_id, problem } => {
                    tracing::warn!(event_id, %problem, "an event was left out");
                }
            }
        }
        self.actions = actions;
        self.line.then().replies.append(&mut self.replies);
        round.checkpoint = checkpoint;
        if round.is_empty() {
            let then = self.line.close_empty();
            self.follow_up(then);
        } else {
            self.put_in_line(round).await?;
        }
        self.recall(recalls);
        self.calls.begin();
        Ok(())
    }

    async fn put_in_line(&mut self, round: Round) -> Result<(), Error> {
        let ack = self.host.put_in_line(round).await?;
        self.line.close(ack);
        Ok(())
    }

    /// What waited for a round is to follow.
    pub(super) fn follow_up(&mut self, mut then: Then) {
        for call in then.calls.drain(..) {
            self.calls.add(call);
        }
        self.answer(then);
    }

    /// Tells those who waited for a round.
    pub(super) fn answer(&self, then: Then) {
        for reply in then.replies {
            reply();
        }
        if !then.ended.is_empty() {
            self.host.ended(&then.ended);
        }
    }

    fn recall(&mut self, executions: Vec<Arc<str>>) {
        if executions.is_empty() {
            return;
        }
        self.recalls_in_flight += executions.len().div_ceil(MOST_RECALLED);
        let (feed, outcomes) = (self.host.feed().clone(), self.say_outcome.clone());
        tokio::task::spawn_blocking(move || {
            for executions in executions.chunks(MOST_RECALLED) {
                let recalled = executions.iter().map(|execution| {
                    let own = feed.subject(execution)?;
                    let execution = Arc::clone(execution);
                    Ok(Recalled { execution, own })
                });
                let recalled = Outcome::Recalled(recalled.collect());
                if outcomes.blocking_send(recalled).is_err() {
                    return; // the runtime was cut off
                }
            }
        });
    }

    pub(super) fn due_checkpoint(&mut self) -> Option<Checkpoint> {
        let is_late = || self.checkpoint_due.is_some_and(|due| due <= Instant::now());
        if self.heard < self.checkpoint_events && !is_late() {
            return None;
        }
        self.checkpoint()
    }

    /// What has changed since the last checkpoint. It covers what was taken in so far, so it must be
    /// written with what that gave rise to, or after it.
    fn checkpoint(&mut self) -> Option<Checkpoint> {
        self.heard = 0;
        self.checkpoint_due = None;
        let changed = self.shared.member.lock().checkpoint()?;
        Some(self.ready(changed))
    }

    /// What the next process begins from, when this one hears nothing any more.
    pub(super) fn last_checkpoint(&self) -> Checkpoint {
        let changed = self.shared.member.lock().last_checkpoint();
        self.ready(changed)
    }

    fn ready(&self, changed: Changed) -> Checkpoint {
        let Changed {
            cursors,
            heard,
            gone,
            newest_starts,
        } = changed;
        let newest_starts: HashMap<_, _> = newest_starts.into_iter().collect();
        let peers = self.shared.peers.lock();
        let cursors = cursors.into_iter().filter_map(|(name, cursor)| {
            let cursor = Cursor {
                cursor,
                incarnation: peers.0.get(&name)?.place.incarnation.clone(),
                newest_start: newest_starts.get(&name).copied(),
            };
            Some((name, cursor))
        });
        self.checkpoints.checkpoint(cursors, heard, gone)
    }
}
