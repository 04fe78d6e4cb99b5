//! A workflow as a graph, and the plan that stands for it. The model and the checks know the graph
//! alone; those who drive know the plan alone.

use std::time::Duration;

use bytes::Bytes;
use pavane_flow::event::Mode;
use pavane_flow::plan::{self, Call, Method, Plan, RetryPolicy, Revision, StepIndex};
use pavane_flow::program::{Condition, MessageProgram};

use crate::random::Random;

/// DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE.
const RETRYABLE: u32 = 1 << 4 | 1 << 8 | 1 << 14;

/// A workflow.
#[derive(Debug)]
pub(crate) struct Graph {
    pub(crate) steps: Vec<Step>,
    pub(crate) deadline: Option<Duration>,
    /// By step, whether each of the others comes before it.
    before: Vec<Vec<bool>>,
}

/// A step; others by their positions.
#[derive(Debug, Default)]
pub(crate) struct Step {
    pub(crate) service: usize,
    pub(crate) dependencies: Vec<usize>,
    /// Those of the dependencies whose response it refers to.
    pub(crate) references: Vec<usize>,
    pub(crate) when: Option<bool>,
    pub(crate) max_attempts: u32,
    pub(crate) timeout: Duration,
    /// Most attempts at the call that undoes it, if there is one.
    pub(crate) compensation: Option<u32>,
    /// The steps whose responses that call refers to.
    pub(crate) compensation_references: Vec<usize>,
}

/// Whether a call that failed with this code is tried again.
pub(crate) fn is_retryable(code: i32) -> bool {
    RETRYABLE & (1 << code) != 0
}

/// Name of the service of a participant.
pub(crate) fn service(participant: usize) -> String {
    format!("test.v1.Service{participant}")
}

impl Graph {
    pub(crate) fn random(services: usize, random: &mut Random) -> Self {
        let dependencies = random_dependencies(random);
        let before = closure(&dependencies);
        let (conditions, compensations) = (*random.pick(&[0, 10, 30]), *random.pick(&[0, 60, 100]));
        let steps = dependencies.into_iter().enumerate();
        let steps = steps.map(|(at, dependencies)| {
            let of_some = |percent: usize, of: &[usize], random: &mut Random| -> Vec<usize> {
                of.iter()
                    .copied()
                    .filter(|_| random.chance(percent))
                    .collect()
            };
            let references = of_some(60, &dependencies, random);
            let ancestors: Vec<_> = (0..at).filter(|&earlier| before[at][earlier]).collect();
            Step {
                service: random.below(services),
                references,
                dependencies,
                when: random.chance(conditions).then(|| random.chance(50)),
                max_attempts: 1 + random.below(3) as u32,
                timeout: random.millis(600, 4_000),
                compensation: random
                    .chance(compensations)
                    .then(|| 1 + random.below(4) as u32),
                compensation_references: of_some(25, &ancestors, random),
            }
        });
        let steps = steps.collect();
        Self::new(steps, random.chance(15).then(|| random.millis(200, 8_000)))
    }

    pub(crate) fn new(steps: Vec<Step>, deadline: Option<Duration>) -> Self {
        let dependencies: Vec<_> = steps.iter().map(|step| step.dependencies.clone()).collect();
        Self {
            before: closure(&dependencies),
            steps,
            deadline,
        }
    }

    /// Whether one step comes before another, directly or through others.
    pub(crate) fn is_before(&self, earlier: usize, later: usize) -> bool {
        self.before[later][earlier]
    }

    pub(crate) fn all(&self) -> std::ops::Range<usize> {
        0..self.steps.len()
    }

    pub(crate) fn ancestors(&self, step: usize) -> impl Iterator<Item = usize> {
        self.all().filter(move |&other| self.is_before(other, step))
    }

    pub(crate) fn descendants(&self, step: usize) -> impl Iterator<Item = usize> {
        self.all().filter(move |&other| self.is_before(step, other))
    }

    /// The plan; `has_order` or one in which nothing comes after any step.
    pub(crate) fn plan(&self, name: &str, revision: usize, has_order: bool) -> Plan {
        let steps = self.steps.iter().enumerate().map(|(at, step)| {
            let indices = |steps: &[usize]| steps.iter().copied().map(index).collect();
            let descendants: Vec<_> = self.descendants(at).map(index).collect();
            plan::Step {
                id: format!("s{at}").into(),
                position: at,
                work: plan::Work::Call(step.call("Do", step.max_attempts)),
                for_each: None,
                data_dependencies: indices(&step.references),
                dependencies: indices(&step.dependencies),
                descendants: if has_order { descendants } else { Vec::new() },
                when: step.when.map(Condition::constant),
                compensation: step
                    .compensation
                    .map(|attempts| step.call("Undo", attempts)),
                compensation_references: match step.compensation {
                    Some(_) => indices(&step.compensation_references),
                    None => Vec::new(),
                },
            }
        });
        let message = pavane::descriptor_pool()
            .get_message_by_name("pavane.workflow.v1.DeadlineExceeded")
            .expect("part of the contract");
        Plan {
            name: name.into(),
            revision: Revision(format!("{revision:016x}").repeat(4).into()),
            implements: method("test.v1.Workflows", "Run"),
            input: message.clone(),
            output: message,
            mode: Mode::Orchestrated,
            steps: steps.collect(),
            output_program: MessageProgram::constant(Bytes::new()),
            deadline: self.deadline,
            start: None,
        }
    }
}

impl Step {
    fn call(&self, name: &str, max_attempts: u32) -> Call {
        Call {
            method: method(&service(self.service), name),
            response: pavane::descriptor_pool()
                .get_message_by_name("pavane.workflow.v1.DeadlineExceeded")
                .expect("part of the contract"),
            request: MessageProgram::constant(Bytes::new()),
            metadata: Vec::new(),
            timeout: self.timeout,
            has_default_timeout: false,
            at_most_once: false,
            retry: RetryPolicy {
                max_attempts: Some(max_attempts),
                initial_backoff: Duration::from_millis(50),
                max_backoff: Duration::from_secs(2),
                backoff_multiplier: 2.0,
                retryable_codes: RETRYABLE,
            },
        }
    }
}

fn method(service: &str, name: &str) -> Method {
    Method {
        service: service.into(),
        path: format!("/{service}/{name}").into(),
    }
}

pub(crate) fn index(at: usize) -> StepIndex {
    StepIndex(u16::try_from(at).expect("few steps"))
}

/// A chain, diamonds in a row, a wide fan-out and back, or anything.
fn random_dependencies(random: &mut Random) -> Vec<Vec<usize>> {
    match random.below(6) {
        0 => (0..1 + random.below(7))
            .map(|at: usize| at.checked_sub(1).into_iter().collect())
            .collect(),
        1 => {
            let mut dependencies = vec![vec![]];
            for _ in 0..1 + random.below(2) {
                let top = dependencies.len() - 1;
                dependencies.extend([vec![top], vec![top], vec![top + 1, top + 2]]);
            }
            dependencies
        }
        2 => {
            let width = 2 + random.below(6);
            let mut dependencies = vec![vec![]];
            dependencies.extend((0..width).map(|_| vec![0]));
            if random.chance(60) {
                dependencies.push((1..=width).collect());
            }
            dependencies
        }
        _ => {
            let density = 15 + random.below(50);
            let of = |at: usize, random: &mut Random| {
                (0..at).filter(|_| random.chance(density)).collect()
            };
            (0..1 + random.below(8)).map(|at| of(at, random)).collect()
        }
    }
}

/// What comes before each step, directly or through others.
fn closure(dependencies: &[Vec<usize>]) -> Vec<Vec<bool>> {
    let mut before = vec![vec![false; dependencies.len()]; dependencies.len()];
    for (step, on) in dependencies.iter().enumerate() {
        for &on in on {
            let further = before[on].clone();
            let known = before[step].iter_mut().zip(further);
            known.for_each(|(known, further)| *known |= further);
            before[step][on] = true;
        }
    }
    before
}
