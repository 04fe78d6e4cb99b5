//! Whole clusters of the pure cores on a virtual clock and network: a conductor with its journal, and the
//! home and the participants of a choreography, given the same workflows, services and troubles from a
//! seed. An independent model says how each execution may end; both modes are held against it, and
//! against each other.
//!
//! The same seed gives the same run. Nothing here may look at a clock, at the environment, or at anything else
//! that a seed does not determine.

mod history;
mod model;
mod random;
mod sabotage;
mod scenario;
mod service;
mod timeline;
mod world;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use sabotage::Sabotage;

use model::{Ending, Facts, Model, Outcome};
use scenario::Scenario;
use timeline::Timeline;
use world::{Mode, World};

/// What happened in runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Executions, each of which ran in both modes.
    pub executions: u64,
    /// Runs of executions that succeeded.
    pub succeeded: u64,
    /// Runs of executions that failed.
    pub failed: u64,
    /// Runs of executions that were canceled.
    pub canceled: u64,
    /// Executions of which the model allows but one ending.
    pub with_one_ending: u64,
    /// Processes that died.
    pub crashes: u64,
    /// Processes that were ended in good order.
    pub stops: u64,
    /// Calls that were made.
    pub calls: u64,
    /// Events that became durable.
    pub events: u64,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The seed of the run.
    pub seed: u64,
    /// What was found.
    pub problem: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, problem } = self;
        write!(
            f,
            "seed {seed}: {problem}\nreplay: cargo xtask simulate --seed {seed}"
        )
    }
}

impl std::error::Error for Failure {}

/// Runs a seed in both modes.
///
/// # Errors
/// What went wrong first.
pub fn run(seed: u64, sabotage: Sabotage) -> Result<Report, Failure> {
    replay(seed, sabotage, false).0
}

/// Runs a seed in both modes, and tells line by line what happened.
pub fn replay(
    seed: u64,
    sabotage: Sabotage,
    is_told: bool,
) -> (Result<Report, Failure>, Vec<String>) {
    let mut lines = Vec::new();
    let result = run_both(seed, sabotage, is_told, &mut lines);
    (result.map_err(|problem| Failure { seed, problem }), lines)
}

fn run_both(
    seed: u64,
    sabotage: Sabotage,
    is_told: bool,
    lines: &mut Vec<String>,
) -> Result<Report, String> {
    let scenario = Scenario::new(seed, sabotage);
    let mut report = Report {
        executions: scenario.executions.len() as u64,
        ..Report::default()
    };
    let mut endings: Vec<Vec<Ending>> = Vec::new();
    for mode in [Mode::Orchestrated, Mode::Choreographed] {
        let mut world = World::new(seed, &scenario, mode, sabotage, Timeline::new(is_told));
        // A core that panics is caught, so that the seed is told.
        let ended = catch_unwind(AssertUnwindSafe(|| world.run()));
        report.crashes += world.crashes;
        report.stops += world.stops;
        report.calls += world.calls;
        report.events += world.events;
        lines.push(format!("{mode:?}:"));
        lines.extend(world.timeline.into_lines());
        let ended = ended.unwrap_or_else(|panic| Err(format!("panic: {}", message(&*panic))));
        let ended = ended.map_err(|problem| format!("{mode:?}: {problem}"))?;
        for ending in &ended {
            match ending.outcome {
                Outcome::Succeeded => report.succeeded += 1,
                Outcome::Failed(_) => report.failed += 1,
                Outcome::Canceled => report.canceled += 1,
            }
        }
        endings.push(ended);
    }
    for (number, only) in only_endings(&scenario) {
        report.with_one_ending += 1;
        if let Some(other) = endings
            .iter()
            .map(|ended| &ended[number])
            .find(|ended| **ended != only)
        {
            return Err(format!(
                "e{number} can only end as {only:?}, and ended as {other:?}"
            ));
        }
    }
    Ok(report)
}

/// The endings of those executions that can end in one way only, whatever goes wrong around them.
fn only_endings(scenario: &Scenario) -> Vec<(usize, Ending)> {
    let executions = scenario.executions.iter().enumerate();
    let only = executions.filter_map(|(number, execution)| {
        let graph = &scenario.workflow(number).graph;
        if !execution.is_calm || execution.cancel.is_some() || graph.deadline.is_some() {
            return None;
        }
        let facts = Facts {
            is_canceled: false,
            is_late: false,
            may_fail: execution
                .scripts
                .iter()
                .map(|calls| calls.iter().map(|script| script.refusals > 0).collect())
                .collect(),
            // Of calm executions, operators make unknown calls again.
            by_hand: graph.by_nobody(),
        };
        let only = Model::new(graph, &execution.scripts, facts).only()?;
        Some((number, only))
    });
    only.collect()
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message")
}

impl Report {
    /// Adds what happened in other runs.
    pub fn add(&mut self, other: &Self) {
        self.executions += other.executions;
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.canceled += other.canceled;
        self.with_one_ending += other.with_one_ending;
        self.crashes += other.crashes;
        self.stops += other.stops;
        self.calls += other.calls;
        self.events += other.events;
    }
}
