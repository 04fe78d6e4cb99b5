//! The life of a process: how it begins from what is on disk, what clients ask of the home, how it
//! dies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pavane::feed::v1 as feed;
use pavane_flow::Timestamp;
use pavane_flow::choreography::member::{self, Checkpoint, Heard, Member, Part};
use pavane_flow::driver::{Driver, Input, Role};
use pavane_flow::event::{Event, EventKind};

use super::core::{Act, Core, Told, acts_of_driver, acts_of_member};
use super::node::{Commit, Memory};
use super::queue::Happening;
use super::{Mode, Problem, World};
use crate::sabotage::Sabotage;
use crate::scenario::HOME;

/// How far clocks are apart at most, in nanoseconds.
const MOST_SKEW: u64 = 1_500_000_000;

impl World<'_> {
    /// A process begins.
    pub(super) fn boot(&mut self, node: usize) -> Result<(), Problem> {
        let skew = self.random.below(MOST_SKEW as usize) as i64 - MOST_SKEW as i64 / 2;
        let (checkpoint_events, checkpoint_interval) =
            (1 + self.random.below(12), self.random.millis(1, 800));
        let one = &mut self.nodes[node];
        one.process += 1;
        one.is_up = true;
        one.skew = skew;
        one.checkpoint_events = checkpoint_events;
        one.checkpoint_interval = checkpoint_interval;
        one.memory = Memory::new(Core::Conductor(BTreeMap::new()));
        self.say(node, || "begins".to_owned());
        let acts = match (self.mode, node) {
            (Mode::Orchestrated, _) => self.restore_conductor()?,
            (Mode::Choreographed, 0) => self.restore_home(),
            (Mode::Choreographed, _) => self.load_participant(node),
        };
        self.connect(node);
        self.act(node, acts)?;
        if node == 0 {
            self.repeat_starts();
        }
        Ok(())
    }

    fn restore_conductor(&mut self) -> Result<Vec<Act>, Problem> {
        let now = self.nodes[0].clock(self.now);
        let mut acts = Vec::new();
        let mut drivers = BTreeMap::new();
        for execution in self.nodes[0].disk.live() {
            let number = self.scenario.number(&execution);
            let plan = self
                .scenario
                .workflow(number)
                .plan_of(self.nodes[0].process);
            let stored = self.sabotage.read(self.nodes[0].disk.subject(&execution));
            let events = stored.iter().map(|event| Event::decode(event, &plan));
            let events = events.collect::<Result<Vec<_>, _>>();
            let events = events.map_err(|error| error.to_string())?;
            let (id, mut out) = (Arc::clone(&execution), Vec::new());
            let driver = if self.sabotage == Sabotage::ForgetsCalls {
                let mut driver = Driver::join(plan, Role::Conductor, id);
                let is_start =
                    |event: &Event| matches!(event.kind, EventKind::ExecutionStarted { .. });
                let (starts, others): (Vec<_>, Vec<_>) = events.into_iter().partition(is_start);
                for event in others.into_iter().chain(starts) {
                    driver.step(now, Input::Heard { event }, &mut out);
                }
                driver
            } else {
                Driver::restore(plan, id, events, now, &mut out)
            };
            acts.extend(acts_of_driver(&driver, out));
            if driver.state().outcome().is_none() {
                drivers.insert(execution, driver);
            }
        }
        self.nodes[0].memory.core = Core::Conductor(drivers);
        Ok(acts)
    }

    fn restore_home(&mut self) -> Vec<Act> {
        let now = self.nodes[0].clock(self.now);
        let mut out = Vec::new();
        let mut member = Member::home(HOME);
        for workflow in &self.scenario.workflows {
            let part = Part {
                plan: workflow.plan_of(self.nodes[0].process),
                role: Role::Home,
                home: HOME.into(),
                participants: workflow.participants(),
            };
            member.prepare(now, part, &mut out);
        }
        let disk = &self.nodes[0].disk;
        for (peer, cursor) in &disk.cursors {
            member.stand(peer, cursor.clone());
        }
        let mut left = disk.heard.clone();
        for execution in disk.live() {
            let number = self.scenario.number(&execution);
            let plan = self
                .scenario
                .workflow(number)
                .plan_of(self.nodes[0].process);
            let own = disk.subject(&execution);
            let heard = left.remove(&execution).unwrap_or_default();
            member.restore(now, &execution, plan, &own, heard, &mut out);
        }
        self.nodes[0].memory.core = Core::Member(Box::new(member));
        // What is left is of executions that have ended.
        if !left.is_empty() {
            let checkpoint = Checkpoint {
                gone: left.into_keys().collect(),
                ..Checkpoint::default()
            };
            let commit = Commit::Round {
                events: Vec::new(),
                checkpoint: Some(checkpoint),
            };
            self.put_in_line(0, commit);
        }
        acts_of_member(out)
    }

    fn load_participant(&mut self, node: usize) -> Vec<Act> {
        let now = self.nodes[node].clock(self.now);
        let name = Arc::clone(&self.nodes[node].name);
        let mut out = Vec::new();
        let mut member = Member::participant(Arc::clone(&name));
        for workflow in &self.scenario.workflows {
            if let Some(part) = workflow.projection.participant(&name) {
                let part = Part {
                    plan: workflow.plan_of(self.nodes[node].process),
                    role: Role::Participant(Arc::clone(&part.steps)),
                    home: HOME.into(),
                    participants: workflow.participants(),
                };
                member.prepare(now, part, &mut out);
            }
        }
        let disk = &self.nodes[node].disk;
        let cursors = disk.cursors.clone();
        let newest_starts = disk.newest_starts.clone();
        let known_of_home = cursors.get(HOME).and_then(|cursor| cursor.parse().ok());
        if self.sabotage == Sabotage::ForgetsCalls {
            member.load(now, cursors, [], &mut out);
            for (execution, heard) in disk.heard.clone() {
                hear_as_new(&mut member, now, disk.subject(&execution), heard, &mut out);
            }
        } else {
            member.load(now, cursors, disk.heard.clone(), &mut out);
        }
        for (peer, newest) in &newest_starts {
            self.say(node, || {
                format!("knows all that {peer} has started up to {newest}")
            });
            member.begin_after(peer, *newest, &mut out);
            self.begins_where_it_ended(node, peer);
        }
        if self.sabotage != Sabotage::KeepsNewestStarts {
            self.nodes[node].disk.newest_starts.clear();
        }
        let memory = &mut self.nodes[node].memory;
        memory.core = Core::Member(Box::new(member));
        memory.known_of_home = known_of_home.unwrap_or(0);
        acts_of_member(out)
    }

    /// The own feed answers what it has of an execution.
    pub(super) fn recall(&mut self, node: usize, execution: &Arc<str>) -> Result<(), Problem> {
        let own = self.sabotage.read(self.nodes[node].disk.subject(execution));
        self.say(node, || {
            format!("recalls {} events of {execution}", own.len())
        });
        let now = self.nodes[node].clock(self.now);
        let mut out = Vec::new();
        if let Some(member) = self.nodes[node].memory.core.member() {
            member.recalled(now, execution, own, &mut out);
        }
        self.act(node, acts_of_member(out))
    }

    /// A process dies. Of what was in line, the first part may have become durable all the same.
    pub(super) fn crash(&mut self, node: usize) -> Result<(), Problem> {
        if !self.nodes[node].is_up {
            return Ok(());
        }
        self.crashes += 1;
        let waiting = self.nodes[node].memory.line.len();
        let written = if self.random.chance(50) {
            0
        } else {
            self.random.below(waiting + 1)
        };
        self.say(node, || {
            format!("dies; {written} of {waiting} commits in line are durable")
        });
        self.write(node, written)?;
        self.end(node);
        Ok(())
    }

    /// A process is told to end, and does not wait for its calls: it hears nothing more, and all that it
    /// has in line becomes durable, with where it stands.
    pub(super) fn stop(&mut self, node: usize) -> Result<(), Problem> {
        if !self.nodes[node].is_up {
            return Ok(());
        }
        self.stops += 1;
        self.say(node, || "ends in good order".to_owned());
        if let Some(member) = self.nodes[node].memory.core.member() {
            let checkpoint = Some(member.last_checkpoint());
            let events = Vec::new();
            self.put_in_line(node, Commit::Round { events, checkpoint });
        }
        self.write(node, self.nodes[node].memory.line.len())?;
        self.end(node);
        Ok(())
    }

    /// What is in memory is gone, until a process begins again.
    fn end(&mut self, node: usize) {
        self.nodes[node].is_up = false;
        self.nodes[node].memory = Memory::new(Core::Conductor(BTreeMap::new()));
        self.disconnect(node);
        self.lose_calls(node);
        let after = if self.random.chance(50) {
            self.random.millis(1, 50)
        } else {
            self.random.millis(50, 2_000)
        };
        self.plan(after, Happening::Boot { node });
    }

    pub(super) fn start(&mut self, number: usize) -> Result<(), Problem> {
        let execution = &self.scenario.executions[number].id;
        if !self.nodes[0].is_up || self.is_started(number) {
            return Ok(()); // asked again once the home is back
        }
        let plan = self
            .scenario
            .workflow(number)
            .plan_of(self.nodes[0].process);
        let now = self.nodes[0].clock(self.now);
        let acts = self.nodes[0].memory.core.start(now, execution, &plan)?;
        self.act(0, acts)
    }

    fn is_started(&self, number: usize) -> bool {
        let id = &self.scenario.executions[number].id;
        let known = self.nodes[0].memory.last_commit.contains_key(id);
        known || self.histories[number].is_started
    }

    /// Clients that were not answered ask again.
    fn repeat_starts(&mut self) {
        for (execution, one) in self.scenario.executions.iter().enumerate() {
            if one.start <= self.now && !self.is_started(execution) {
                let after = self.random.millis(1, 20);
                self.plan(after, Happening::Start { execution });
            }
        }
    }

    pub(super) fn cancel(&mut self, number: usize) -> Result<(), Problem> {
        if !self.nodes[0].is_up {
            return Ok(());
        }
        let execution = &self.scenario.executions[number].id;
        self.tell(0, execution, Told::Cancel)
    }

    /// How long it takes until a broken connection is made again.
    pub(super) fn backoff(&mut self) -> Duration {
        self.random.millis(1, 200)
    }
}

/// Rule 7 taken out: an execution that an earlier process had known is heard of as if for the first
/// time. What is on disk of it is heard too, so that nothing else goes wrong.
pub(super) fn hear_as_new(
    member: &mut Member,
    now: Timestamp,
    own: Vec<feed::Event>,
    heard: Vec<Heard>,
    out: &mut Vec<member::Action>,
) {
    let of = heard.first().map_or("", |event| event.view().subject);
    let history: Arc<str> = format!("history of {of}").into();
    member.caught_up(&history, out);
    let is_start = |event: &Heard| event.view().r#type.ends_with(".ExecutionStarted");
    let (starts, others): (Vec<_>, Vec<_>) = heard.into_iter().partition(is_start);
    let events = own
        .into_iter()
        .map(Heard::from)
        .chain(others)
        .chain(starts)
        .collect();
    member.hear(now, &history, events, String::new(), out);
}
