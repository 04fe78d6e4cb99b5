//! What is to happen, drawn from a seed before anything runs, so that both modes are given the same:
//! workflows, who owns which step, how the services behave, who cancels when.

mod graph;

use std::sync::Arc;
use std::time::Duration;

use pavane_flow::choreography::projection::{Owners, Projection};
use pavane_flow::plan::Plan;

pub(crate) use graph::{Graph, Kind, Step, index, is_retryable, slot};

use crate::random::Random;
use crate::sabotage::Sabotage;

pub(crate) const HOME: &str = "home";

/// How many calls a service refuses that refuses for ever.
pub(crate) const FOR_EVER: u32 = u32::MAX;

/// All that is drawn from the seed beforehand.
pub(crate) struct Scenario {
    pub(crate) workflows: Vec<Workflow>,
    pub(crate) participants: Vec<Participant>,
    pub(crate) executions: Vec<Execution>,
    /// How long there are faults.
    pub(crate) faulty: Duration,
}

/// A revision of a workflow.
pub(crate) struct Workflow {
    pub(crate) graph: Graph,
    /// What is handed to those who drive it, in their first process and in later ones.
    pub(crate) plan: Arc<Plan>,
    pub(crate) later_plan: Arc<Plan>,
    pub(crate) projection: Projection,
}

/// One who performs steps: those of its service.
pub(crate) struct Participant {
    pub(crate) name: Arc<str>,
    /// Whether its service is built on the kit: effect and event in one commit. Otherwise it is a
    /// sidecar's.
    pub(crate) is_kit: bool,
}

/// One run of a workflow.
pub(crate) struct Execution {
    pub(crate) id: Arc<str>,
    pub(crate) workflow: usize,
    pub(crate) start: Duration,
    pub(crate) cancel: Option<Duration>,
    /// No fault of this execution's calls is such that a step fails by it.
    pub(crate) is_calm: bool,
    /// By step and call.
    pub(crate) scripts: Vec<Vec<Script>>,
}

/// How a service takes one call of a step of one execution: that of the step, or that of an element.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Script {
    /// How many calls it refuses before it takes one: what is sold out now may be there later.
    pub(crate) refusals: u32,
    /// Whether its refusal is of those that are tried again.
    pub(crate) is_refusal_retryable: bool,
    pub(crate) undo_refusals: u32,
}

impl Scenario {
    pub(crate) fn new(seed: u64, sabotage: Sabotage) -> Self {
        let mut random = Random::new(seed, 0);
        let names = ["inventory", "payment", "shipping", "billing"];
        let count = 1 + random.below(names.len());
        let participants: Vec<_> = names[..count]
            .iter()
            .map(|name| Participant {
                name: (*name).into(),
                is_kit: random.chance(50),
            })
            .collect();
        let workflows: Vec<_> = (0..1 + random.below(2))
            .map(|number| Workflow::random(number, &participants, sabotage, &mut random))
            .collect();
        let faulty = random.millis(500, 8_000);
        let executions = (0..1 + random.below(4))
            .map(|number| Execution::random(number, &workflows, faulty, &mut random))
            .collect();
        Self {
            workflows,
            participants,
            executions,
            faulty,
        }
    }

    pub(crate) fn workflow(&self, execution: usize) -> &Workflow {
        &self.workflows[self.executions[execution].workflow]
    }

    /// The number of an execution, by its id.
    pub(crate) fn number(&self, id: &str) -> usize {
        let number = id.strip_prefix('e').and_then(|number| number.parse().ok());
        number.expect("ids are made here")
    }
}

impl Workflow {
    /// The plan that a process is handed; they are counted from 1.
    pub(crate) fn plan_of(&self, process: u32) -> Arc<Plan> {
        Arc::clone(if process > 1 {
            &self.later_plan
        } else {
            &self.plan
        })
    }

    fn random(
        number: usize,
        participants: &[Participant],
        sabotage: Sabotage,
        random: &mut Random,
    ) -> Self {
        let graph = Graph::random(participants.len(), random);
        // Sometimes the second is another revision of the first.
        let name = if random.chance(30) { 0 } else { number };
        let name = format!("w{name}");
        let plan = || graph.plan(&name, number, sabotage != Sabotage::IgnoresGraph);
        let (plan, mut later_plan) = (plan(), plan());
        if sabotage == Sabotage::ForgetsElements {
            let lists = later_plan.steps.iter_mut();
            let lists = lists.filter_map(|step| step.for_each.as_mut());
            lists.for_each(|list| list.max_concurrency = 1);
        }
        let whole = graph.plan(&name, number, true);
        let services = participants.iter().enumerate();
        let owners = services.map(|(at, participant)| (&participant.name, [graph::service(at)]));
        let projection = Projection::new(&whole, &Owners::new(owners), HOME)
            .expect("every service has an owner");
        Self {
            graph,
            plan: Arc::new(plan),
            later_plan: Arc::new(later_plan),
            projection,
        }
    }

    /// Names of those who perform its steps.
    pub(crate) fn participants(&self) -> Vec<String> {
        let parts = self.projection.participants();
        parts.map(|part| part.name.to_string()).collect()
    }
}

impl Execution {
    fn random(
        number: usize,
        workflows: &[Workflow],
        faulty: Duration,
        random: &mut Random,
    ) -> Self {
        let workflow = random.below(workflows.len());
        let start = random.micros(0, faulty.as_micros() as u64 / 2);
        let cancel = random
            .chance(15)
            .then(|| start + random.micros(0, faulty.as_micros() as u64));
        let is_trouble_free = random.chance(30);
        let steps = &workflows[workflow].graph.steps;
        let scripts = steps
            .iter()
            .map(|step| {
                let calls = step.calls();
                let scripts = 0..calls;
                scripts
                    .map(|_| Script::random(is_trouble_free, calls, random))
                    .collect()
            })
            .collect();
        Self {
            id: format!("e{number}").into(),
            workflow,
            start,
            cancel,
            is_calm: random.chance(50),
            scripts,
        }
    }
}

impl Script {
    /// Of one of so many calls of a step.
    fn random(is_trouble_free: bool, calls: usize, random: &mut Random) -> Self {
        let refusals = match random.below(12 * calls) {
            _ if is_trouble_free => 0,
            0 | 1 => FOR_EVER,
            2 => 1 + random.below(2) as u32,
            _ => 0,
        };
        Self {
            refusals,
            is_refusal_retryable: random.chance(30),
            undo_refusals: random.below(12).saturating_sub(9) as u32,
        }
    }
}
