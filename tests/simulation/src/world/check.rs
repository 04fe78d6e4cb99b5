//! The invariants that need the whole cluster to be seen, and what must hold in the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use pavane::feed::v1 as feed;
use pavane_flow::event::{Event, EventKind};

use super::calls::Weather;
use super::links::{is_deaf, passes};
use super::node::is_outcome;
use super::{Mode, Problem, World};
use crate::model::{Ending, Facts, Model};
use crate::sabotage::Sabotage;
use crate::scenario::Kind;

impl World<'_> {
    /// Only its performer speaks for a step, only the home for the execution.
    pub(super) fn check_speaker(
        &self,
        node: usize,
        execution: usize,
        event: &Event,
    ) -> Result<(), Problem> {
        let graph = &self.scenario.workflow(execution).graph;
        let speaker = match (self.mode, event.kind.performed_step()) {
            (Mode::Orchestrated, _) | (Mode::Choreographed, None) => 0,
            (Mode::Choreographed, Some(step)) => 1 + graph.steps[step.at()].service,
        };
        if node == speaker {
            return Ok(());
        }
        let (name, owner) = (&self.nodes[node].name, &self.nodes[speaker].name);
        Err(format!("{name} speaks for {owner}: {:?}", event.kind))
    }

    /// A wait begins with its whole length ahead, and is not over before, by the clock of whoever waits.
    pub(super) fn check_wait(&self, node: usize, said: &feed::Event) -> Result<(), Problem> {
        let execution = self.scenario.number(&said.subject);
        let workflow = self.scenario.workflow(execution);
        let event = Event::decode(said, &workflow.plan).map_err(|error| error.to_string())?;
        let Some(step) = event.kind.step().map(|step| step.at()) else {
            return Ok(());
        };
        let Kind::Wait(length) = workflow.graph.steps[step].kind else {
            return Ok(());
        };
        let now = self.nodes[node].clock(self.now);
        match event.kind {
            EventKind::StepBegun { until, .. } if until != Some(now + length) => Err(format!(
                "{} ends at {until:?}, at {now:?} it is said",
                said.id
            )),
            EventKind::StepCompleted { .. }
                if self.histories[execution].until[step].is_some_and(|until| until > now) =>
            {
                Err(format!("{} at {now:?}, too early", said.id))
            }
            _ => Ok(()),
        }
    }

    /// After a service was asked for a step: it took effect once at most; nothing that can be undone stands
    /// once something that it is built upon was undone.
    pub(super) fn check_effects(&self, execution: usize, step: usize) -> Result<(), Problem> {
        let graph = &self.scenario.workflow(execution).graph;
        let services = &self.services[execution];
        let is_repeated = services[step].iter().any(|service| service.performed > 1);
        if is_repeated {
            return Err(format!("e{execution}/s{step} took effect twice"));
        }
        let has_undo = |step: usize| graph.steps[step].compensation.is_some();
        let is_undone = |step: usize| services[step].iter().any(|service| service.is_undone);
        let has_effect =
            |step: usize| has_undo(step) && services[step].iter().any(|service| service.has_effect);
        let above = graph
            .ancestors(step)
            .filter(|&earlier| has_effect(step) && is_undone(earlier) && has_undo(earlier));
        let below = graph
            .descendants(step)
            .filter(|&later| is_undone(step) && has_effect(later));
        let pair = above.map(|earlier| (earlier, step));
        let pair = pair.chain(below.map(|later| (step, later))).next();
        match pair {
            Some((earlier, later)) => Err(format!(
                "e{execution}/s{earlier} is undone, e{execution}/s{later} stands, which came after it"
            )),
            None => Ok(()),
        }
    }

    /// A durable cursor covers only what is durably known: heard, or of an execution that has ended.
    pub(super) fn check_cursors(
        &self,
        node: usize,
        before: &BTreeMap<Arc<str>, String>,
    ) -> Result<(), Problem> {
        if self.sabotage == Sabotage::CursorsWithoutHeard {
            return Ok(()); // what comes of it must be noticed as well
        }
        let disk = &self.nodes[node].disk;
        let position = |cursors: &BTreeMap<Arc<str>, String>, name: &str| -> usize {
            let cursor = cursors.get(name);
            cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0)
        };
        let home = &self.nodes[0].disk.feed;
        let known_of_home = match node {
            0 => home.len(),
            _ => self.nodes[node].memory.known_of_home,
        };
        let has_ended = |execution: &str| {
            let mut known = home[..known_of_home].iter().map(|stored| &stored.event);
            known.any(|event| event.subject == execution && is_outcome(&event.r#type))
        };
        let name = &self.nodes[node].name;
        for (peer, other) in self.nodes.iter().enumerate() {
            let (first, end) = (
                position(before, &other.name),
                position(&disk.cursors, &other.name),
            );
            let Some(filter) = &self.links.get(node, peer).filter else {
                continue;
            };
            for stored in &other.disk.feed[first.min(end)..end] {
                let event = &stored.event;
                let execution = &*event.subject;
                let is_sent = passes(filter, event) && !is_deaf(self.sabotage, event);
                if !is_sent || !self.takes_part(node, execution) {
                    continue;
                }
                let mut heard = disk.heard.get(execution).into_iter().flatten();
                if !heard.any(|heard| heard.view().id == event.id) && !has_ended(execution) {
                    return Err(format!(
                        "{name} remembers cursor {end} of {}, and not {}",
                        other.name, event.id
                    ));
                }
            }
        }
        Ok(())
    }

    fn takes_part(&self, node: usize, execution: &str) -> bool {
        let workflow = self.scenario.workflow(self.scenario.number(execution));
        node == 0
            || workflow
                .projection
                .participant(&self.nodes[node].name)
                .is_some()
    }

    /// Nothing more happens: everything has ended, is as the outcomes say, and is forgotten.
    pub(super) fn finish(&mut self) -> Result<Vec<Ending>, Problem> {
        for (number, history) in self.histories.iter().enumerate() {
            if !history.is_started {
                return Err(format!("e{number} was never started"));
            }
            if history.outcome.is_none() {
                return Err(format!("e{number} is stuck: {}", history.summary()));
            }
        }
        for node in 0..self.nodes.len() {
            self.checkpoint(node)?;
            let waiting = self.nodes[node].memory.line.len();
            self.write(node, waiting)?;
            let (one, name) = (&self.nodes[node], &self.nodes[node].name);
            let known = one.memory.core.executions();
            if !known.is_empty() {
                return Err(format!("{name} has not forgotten {known:?}"));
            }
            if let Some(execution) = one.disk.heard.keys().next() {
                return Err(format!(
                    "the checkpoint of {name} has not forgotten {execution}"
                ));
            }
        }
        let executions = 0..self.histories.len();
        executions.map(|execution| self.ending(execution)).collect()
    }

    /// How an execution ended, which must be so that the model allows it.
    fn ending(&self, execution: usize) -> Result<Ending, Problem> {
        let (history, services) = (&self.histories[execution], &self.services[execution]);
        let by_hand = history.by_hand();
        for (step, calls) in services.iter().enumerate() {
            for (call, service) in calls.iter().enumerate() {
                let whole = history.steps[step];
                let element = history.elements[step].get(call);
                let said = *element.unwrap_or(&whole);
                let was_called = !whole.abandoned && !whole.skipped && !said.is_pending();
                let is_by_nobody = by_hand[step][call].is_none();
                if !was_called && service.performed > 0 && is_by_nobody {
                    return Err(format!(
                        "e{execution}/s{step}/{call} took effect, and was never called"
                    ));
                }
                if said.failed == Some(false) && service.has_effect {
                    return Err(format!(
                        "e{execution}/s{step}/{call} failed definitely, and stands"
                    ));
                }
            }
        }
        let ending = Ending {
            outcome: history.outcome.ok_or("it has not ended")?,
            standing: services
                .iter()
                .map(|calls| of_each(calls, |one| one.has_effect))
                .collect(),
        };
        let weather = self.weather[execution].iter();
        let facts = Facts {
            is_canceled: history.is_canceled,
            is_late: history.is_late,
            may_fail: weather
                .map(|calls| of_each(calls, Weather::may_fail))
                .collect(),
            by_hand,
        };
        let scripts = &self.scenario.executions[execution].scripts;
        let graph = &self.scenario.workflow(execution).graph;
        if Model::new(graph, scripts, facts.clone()).allows(&ending) {
            return Ok(ending);
        }
        Err(format!(
            "e{execution} ended as nothing allows: {ending:?}, {facts:?}, {graph:?}"
        ))
    }
}

fn of_each<T>(calls: &[T], what: impl Fn(&T) -> bool) -> Vec<bool> {
    calls.iter().map(what).collect()
}
