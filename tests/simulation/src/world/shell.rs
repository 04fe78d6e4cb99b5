//! The shell around a core: persist, then act. What an input gives rise to is one commit; a call leaves
//! once all that its execution has said before is durable.

use std::sync::Arc;

use pavane::feed::v1 as feed;
use pavane_flow::choreography::member::Checkpoint;
use pavane_flow::event::Event;

use super::core::{Act, Call, Told};
use super::node::Commit;
use super::queue::Happening;
use super::{Problem, World};
use crate::sabotage::Sabotage;

impl World<'_> {
    /// Brings something to the core of a node that is up.
    pub(super) fn tell(
        &mut self,
        node: usize,
        execution: &Arc<str>,
        told: Told,
    ) -> Result<(), Problem> {
        let now = self.nodes[node].clock(self.now);
        let acts = self.nodes[node].memory.core.tell(now, execution, told);
        self.act(node, acts)
    }

    /// Does what a core wants done, unless the process dies just then.
    pub(super) fn act(&mut self, node: usize, acts: Vec<Act>) -> Result<(), Problem> {
        if self.is_faulty() && self.random.chance(1) {
            return self.crash(node);
        }
        let process = self.nodes[node].process;
        let (mut events, mut calls) = (Vec::new(), Vec::new());
        for act in acts {
            match act {
                Act::Append { execution, event } => {
                    if self.sabotage.loses(&event) {
                        continue;
                    }
                    self.say(node, || format!("says {}", event.id));
                    self.check_wait(node, &event)?;
                    let number = self.nodes[node].memory.put + 1;
                    let last = &mut self.nodes[node].memory.last_commit;
                    last.insert(execution, number);
                    events.push(*event);
                }
                Act::Call(call) => {
                    self.check_references(node, &call)?;
                    calls.push(call);
                }
                Act::Wake { execution, at } => {
                    let at = self.nodes[node].when(at);
                    let wake = Happening::Wake {
                        node,
                        process,
                        execution,
                    };
                    self.queue.plan(at.max(self.now), wake);
                }
                Act::Recall { execution } => {
                    let recall = Happening::Recall {
                        node,
                        process,
                        execution,
                    };
                    let after = self.random.micros(50, 5_000);
                    self.plan(after, recall);
                }
                Act::Problem(problem) => return Err(problem),
            }
        }
        if !events.is_empty() {
            self.put_in_line(
                node,
                Commit::Round {
                    events,
                    checkpoint: None,
                },
            );
        }
        for call in calls {
            let memory = &mut self.nodes[node].memory;
            let last = memory.last_commit.get(&call.execution);
            let last = last.copied().unwrap_or_default();
            if last > memory.durable && self.sabotage != Sabotage::ActsFirst {
                memory.held.push((last, call));
            } else {
                self.leave(node, call)?;
            }
        }
        if node == 0 {
            self.look_for_suspended();
        }
        Ok(())
    }

    pub(super) fn put_in_line(&mut self, node: usize, commit: Commit) {
        let memory = &mut self.nodes[node].memory;
        memory.put += 1;
        memory.line.push_back(commit);
        self.plan_sync(node);
    }

    fn plan_sync(&mut self, node: usize) {
        if self.nodes[node].memory.is_syncing || self.nodes[node].memory.line.is_empty() {
            return;
        }
        self.nodes[node].memory.is_syncing = true;
        let stalls = self.is_faulty() && self.random.chance(5);
        let most = if stalls { 80_000 } else { 5_000 };
        let after = self.random.micros(100, most);
        let process = self.nodes[node].process;
        self.plan(after, Happening::Sync { node, process });
    }

    /// Writes what is in line, or the first part of it, and lets leave what has waited for that.
    pub(super) fn sync(&mut self, node: usize) -> Result<(), Problem> {
        let waiting = self.nodes[node].memory.line.len();
        let written = if self.random.chance(20) {
            1 + self.random.below(waiting)
        } else {
            waiting
        };
        let process = self.nodes[node].process;
        self.write(node, written)?;
        self.nodes[node].memory.is_syncing = false;
        self.nodes[node].memory.durable += written as u64;
        self.plan_sync(node);
        if self.is_faulty() && self.random.chance(1) {
            return self.crash(node);
        }
        let memory = &mut self.nodes[node].memory;
        let durable = memory.durable;
        let held = std::mem::take(&mut memory.held);
        let (free, held): (Vec<_>, Vec<_>) =
            held.into_iter().partition(|(last, _)| *last <= durable);
        memory.held = held;
        for (_, call) in free {
            if self.lives(node, process) {
                self.leave(node, call)?;
            }
        }
        Ok(())
    }

    /// Makes the first commits in line durable.
    pub(super) fn write(&mut self, node: usize, commits: usize) -> Result<(), Problem> {
        for _ in 0..commits {
            let commit = self.nodes[node].memory.line.pop_front();
            match commit {
                Some(Commit::Round { events, checkpoint }) => {
                    self.append(node, events)?;
                    if let Some(checkpoint) = checkpoint {
                        self.remember(node, checkpoint)?;
                    }
                }
                Some(Commit::Transaction { flight }) => self.transact(node, flight)?,
                None => {}
            }
        }
        self.wake_readers(node);
        Ok(())
    }

    /// Appends events in one commit; from here on everybody can hear them.
    pub(super) fn append(&mut self, node: usize, events: Vec<feed::Event>) -> Result<(), Problem> {
        let name = Arc::clone(&self.nodes[node].name);
        let positions = self.nodes[node].disk.append(&name, events);
        for at in positions {
            self.events += 1;
            let stored = &self.nodes[node].disk.feed[at].event;
            let id = stored.id.clone();
            let execution = self.scenario.number(&stored.subject);
            let plan = &self.scenario.workflow(execution).plan;
            let event = Event::decode(stored, plan).map_err(|error| error.to_string())?;
            self.check_speaker(node, execution, &event)?;
            self.say(node, || format!("durable: {id}"));
            self.histories[execution].add(&id, &event)?;
        }
        Ok(())
    }

    /// Puts a checkpoint in line, if something has changed.
    pub(super) fn checkpoint(&mut self, node: usize) -> Result<(), Problem> {
        let memory = &mut self.nodes[node].memory;
        memory.is_checkpoint_due = false;
        memory.heard = 0;
        let Some(mut checkpoint) = memory.core.member().and_then(|member| member.checkpoint())
        else {
            return Ok(());
        };
        if self.sabotage == Sabotage::CursorsWithoutHeard {
            checkpoint.heard.clear();
        }
        if self.sabotage == Sabotage::CheckpointsFirst {
            return self.remember(node, checkpoint);
        }
        self.put_in_line(
            node,
            Commit::Round {
                events: Vec::new(),
                checkpoint: Some(checkpoint),
            },
        );
        Ok(())
    }

    /// Makes a checkpoint durable.
    fn remember(&mut self, node: usize, checkpoint: Checkpoint) -> Result<(), Problem> {
        self.say(node, || format!("remembers {:?}", checkpoint.cursors));
        let before = self.nodes[node].disk.cursors.clone();
        let disk = &mut self.nodes[node].disk;
        disk.cursors.extend(checkpoint.cursors);
        disk.newest_starts = checkpoint.newest_starts;
        disk.heard.extend(checkpoint.heard);
        for execution in &checkpoint.gone {
            disk.heard.remove(execution);
        }
        self.check_cursors(node, &before)
    }

    /// Expects a checkpoint soon after something was heard, or at once after much was.
    pub(super) fn has_heard(&mut self, node: usize, events: usize) -> Result<(), Problem> {
        let one = &mut self.nodes[node];
        one.memory.heard += events;
        if one.memory.heard >= one.checkpoint_events {
            return self.checkpoint(node);
        }
        if !one.memory.is_checkpoint_due {
            one.memory.is_checkpoint_due = true;
            let (after, process) = (one.checkpoint_interval, one.process);
            self.plan(after, Happening::Checkpoint { node, process });
        }
        Ok(())
    }

    pub(super) fn wake(&mut self, node: usize, execution: &Arc<str>) -> Result<(), Problem> {
        self.tell(node, execution, Told::Wake)
    }

    /// What a request is made from must be known to who makes it.
    fn check_references(&self, node: usize, call: &Call) -> Result<(), Problem> {
        let execution = self.scenario.number(&call.execution);
        let at = call.unit.step.at();
        let step = &self.scenario.workflow(execution).graph.steps[at];
        let references = match call.direction {
            pavane_flow::driver::Direction::Forward => &step.references,
            pavane_flow::driver::Direction::Compensation => &step.compensation_references,
        };
        let Some(driver) = self.nodes[node].memory.core.driver(&call.execution) else {
            return Ok(()); // it has ended with the same input
        };
        let mut unknown = references.iter().filter(|&&on| {
            let is_done = self.histories[execution].steps[on].completed;
            is_done
                && driver
                    .state()
                    .output_of(crate::scenario::index(on))
                    .is_none()
        });
        match unknown.next() {
            Some(on) => Err(format!(
                "{} calls {:?} of s{} without the response of s{on}",
                self.nodes[node].name, call.direction, at
            )),
            None => Ok(()),
        }
    }
}
