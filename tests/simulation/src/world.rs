//! A cluster on a virtual clock and network. One thing happens after the other, in an order that the
//! seed gives; the invariants are checked with each.

mod calls;
mod check;
mod core;
mod links;
mod node;
mod operator;
mod process;
mod queue;
mod shell;
mod trouble;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::history::History;
use crate::model::Ending;
use crate::random::Random;
use crate::sabotage::Sabotage;
use crate::scenario::{HOME, Scenario};
use crate::service::Service;
use crate::timeline::Timeline;
use calls::{Flight, Weather};
use links::Links;
use node::Node;
use queue::{Happening, Queue};

/// Most happenings of a run. One that needs more does not come to an end.
const MOST_HAPPENINGS: usize = 100_000;

/// Who performs the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Orchestrated,
    Choreographed,
}

/// What went wrong with a run.
pub(crate) type Problem = String;

/// A cluster in the course of a run.
pub(crate) struct World<'a> {
    scenario: &'a Scenario,
    sabotage: Sabotage,
    mode: Mode,
    random: Random,
    now: Duration,
    queue: Queue,
    /// The home, or the conductor, is the first.
    nodes: Vec<Node>,
    links: Links,
    /// By execution, step and call.
    services: Vec<Vec<Vec<Service>>>,
    weather: Vec<Vec<Vec<Weather>>>,
    flights: BTreeMap<u64, Flight>,
    flown: u64,
    histories: Vec<History<'a>>,
    pub(crate) timeline: Timeline,
    pub(crate) crashes: u64,
    pub(crate) stops: u64,
    pub(crate) calls: u64,
    pub(crate) events: u64,
}

impl<'a> World<'a> {
    pub(crate) fn new(
        seed: u64,
        scenario: &'a Scenario,
        mode: Mode,
        sabotage: Sabotage,
        timeline: Timeline,
    ) -> Self {
        let mut nodes = vec![Node::new(HOME.into(), false)];
        if mode == Mode::Choreographed {
            let participants = scenario.participants.iter();
            nodes.extend(participants.map(|one| Node::new(one.name.clone(), one.is_kit)));
        }
        let executions = || scenario.executions.iter();
        let services = executions().map(|execution| {
            let scripts = execution.scripts.iter();
            let of_step = |calls: &Vec<_>| calls.iter().map(|one| Service::new(*one)).collect();
            scripts.map(of_step).collect()
        });
        let weather = executions().enumerate().map(|(number, execution)| {
            let steps = scenario.workflow(number).graph.steps.iter();
            let steps = steps.zip(&execution.scripts);
            steps
                .map(|(step, calls)| {
                    let calls = calls.iter();
                    calls
                        .map(|script| Weather::new(step, script, execution.is_calm))
                        .collect()
                })
                .collect()
        });
        let histories = executions().enumerate().map(|(number, execution)| {
            History::new(&execution.id, &scenario.workflow(number).graph)
        });
        Self {
            scenario,
            sabotage,
            mode,
            random: Random::new(seed, 1 + mode as u64),
            now: Duration::ZERO,
            queue: Queue::default(),
            links: Links::new(scenario, &nodes, mode),
            nodes,
            services: services.collect(),
            weather: weather.collect(),
            flights: BTreeMap::new(),
            flown: 0,
            histories: histories.collect(),
            timeline,
            crashes: 0,
            stops: 0,
            calls: 0,
            events: 0,
        }
    }

    /// Runs until nothing more happens. How each execution ended.
    pub(crate) fn run(&mut self) -> Result<Vec<Ending>, Problem> {
        for node in 0..self.nodes.len() {
            self.boot(node)?;
        }
        for (number, execution) in self.scenario.executions.iter().enumerate() {
            let execution_start = Happening::Start { execution: number };
            self.queue.plan(execution.start, execution_start);
            if let Some(at) = execution.cancel {
                self.queue.plan(at, Happening::Cancel { execution: number });
            }
        }
        self.plan_trouble();
        let mut happened = 0;
        while let Some((at, happening)) = self.queue.next() {
            happened += 1;
            if happened > MOST_HAPPENINGS {
                return Err("it does not come to an end".to_owned());
            }
            self.now = self.now.max(at);
            self.happen(happening)?;
        }
        self.finish()
    }

    /// Whether things may still go wrong.
    fn is_faulty(&self) -> bool {
        self.now < self.scenario.faulty
    }

    fn plan(&mut self, after: Duration, happening: Happening) {
        self.queue.plan(self.now + after, happening);
    }

    fn say(&mut self, node: usize, what: impl FnOnce() -> String) {
        self.timeline.say(self.now, &self.nodes[node].name, what);
    }

    fn happen(&mut self, happening: Happening) -> Result<(), Problem> {
        match happening {
            Happening::Start { execution } => self.start(execution),
            Happening::Cancel { execution } => self.cancel(execution),
            Happening::Operate { process, execution } => self.operate(process, execution),
            Happening::Boot { node } => self.boot(node),
            Happening::Sync { node, process } if self.lives(node, process) => self.sync(node),
            Happening::Checkpoint { node, process } if self.lives(node, process) => {
                self.checkpoint(node)
            }
            Happening::Wake {
                node,
                process,
                execution,
            } if self.lives(node, process) => self.wake(node, &execution),
            Happening::Recall {
                node,
                process,
                execution,
            } if self.lives(node, process) => self.recall(node, &execution),
            Happening::Sync { .. }
            | Happening::Checkpoint { .. }
            | Happening::Wake { .. }
            | Happening::Recall { .. } => Ok(()),
            Happening::Subscribe { reader, peer } => {
                self.subscribe(reader, peer);
                Ok(())
            }
            Happening::Pump {
                reader,
                peer,
                connection,
            } => {
                self.pump(reader, peer, connection);
                Ok(())
            }
            Happening::Deliver {
                reader,
                peer,
                connection,
            } => self.deliver(reader, peer, connection),
            Happening::Arrive { flight } => self.arrive(flight),
            Happening::Answer { flight, answer } => self.answer(flight, answer),
            Happening::GiveUp { flight } => self.give_up(flight),
            Happening::Trouble => self.trouble(),
        }
    }

    fn lives(&self, node: usize, process: u32) -> bool {
        self.nodes[node].is_up && self.nodes[node].process == process
    }
}
