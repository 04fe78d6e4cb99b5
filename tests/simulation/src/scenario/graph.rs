//! A workflow as a graph, and the plan that stands for it. The model and the checks know the graph
//! alone; those who drive know the plan alone.

use std::time::Duration;

use bytes::Bytes;
use pavane_flow::event::Mode;
use pavane_flow::plan::{
    self, Call, ForEach, Method, Plan, RetryPolicy, Revision, StepIndex, Unit,
};
use pavane_flow::program::{Condition, Elements, MessageProgram, Pause};
use prost_reflect::MessageDescriptor;

use crate::model::ByHand;
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
    /// Of a wait, that of whoever performs it.
    pub(crate) service: usize,
    pub(crate) kind: Kind,
    pub(crate) dependencies: Vec<usize>,
    /// Those of the dependencies whose response it refers to.
    pub(crate) references: Vec<usize>,
    pub(crate) when: Option<bool>,
    /// Whether its calls may be made once, and are made again only if an operator wants it.
    pub(crate) is_once: bool,
    pub(crate) max_attempts: u32,
    pub(crate) timeout: Duration,
    /// Most attempts at the call that undoes it, if there is one.
    pub(crate) compensation: Option<u32>,
    /// The steps whose responses that call refers to.
    pub(crate) compensation_references: Vec<usize>,
}

/// What a step does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It calls its service.
    #[default]
    Call,
    /// It calls its service for each element of a list, so many at a time.
    List { elements: usize, at_once: usize },
    /// It waits.
    Wait(Duration),
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
        let (lists, waits) = (*random.pick(&[0, 20, 50]), *random.pick(&[0, 10, 25]));
        let once = *random.pick(&[0, 20, 60]);
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
                kind: Kind::random(lists, waits, random),
                references,
                dependencies,
                when: random.chance(conditions).then(|| random.chance(50)),
                is_once: random.chance(once),
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
        let mut graph = Self {
            before: closure(&dependencies),
            steps,
            deadline,
        };
        graph.give_waits_to_neighbours();
        graph
    }

    /// Whoever performs the first step after a wait that calls performs the wait as well, or else the
    /// first before it. A wait without either becomes a call.
    fn give_waits_to_neighbours(&mut self) {
        for at in self.all() {
            if self.steps[at].is_wait() && self.neighbour(at).is_none() {
                self.steps[at].kind = Kind::Call;
            }
        }
        for at in self
            .all()
            .filter(|&at| self.steps[at].is_wait())
            .collect::<Vec<_>>()
        {
            let neighbour = self.neighbour(at).expect("it would not wait without one");
            self.steps[at].service = self.steps[neighbour].service;
            // It has no effect, and no response.
            self.steps[at].compensation = None;
            self.steps[at].is_once = false;
            for step in &mut self.steps {
                step.references.retain(|on| *on != at);
                step.compensation_references.retain(|on| *on != at);
            }
        }
    }

    fn neighbour(&self, wait: usize) -> Option<usize> {
        let mut around = self.descendants(wait).chain(self.ancestors(wait));
        around.find(|&other| !self.steps[other].is_wait())
    }

    /// Whether one step comes before another, directly or through others.
    pub(crate) fn is_before(&self, earlier: usize, later: usize) -> bool {
        self.before[later][earlier]
    }

    /// By step and call: no operator has done anything.
    pub(crate) fn by_nobody(&self) -> Vec<Vec<Option<ByHand>>> {
        self.steps
            .iter()
            .map(|step| vec![None; step.calls()])
            .collect()
    }

    /// What those who drive know a call by.
    pub(crate) fn unit(&self, step: usize, call: usize) -> Unit {
        let element = u32::try_from(call).expect("few calls");
        match self.steps[step].kind {
            Kind::List { .. } => Unit::element(index(step), element),
            Kind::Call | Kind::Wait(_) => index(step).into(),
        }
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
                work: match step.kind {
                    Kind::Call | Kind::List { .. } => {
                        let call = step.call("Do", step.max_attempts);
                        plan::Work::Call(Call {
                            at_most_once: step.is_once,
                            ..call
                        })
                    }
                    Kind::Wait(length) => plan::Work::Wait(Pause::Fixed(length)),
                },
                for_each: match step.kind {
                    Kind::List { elements, at_once } => Some(for_each(elements, at_once)),
                    Kind::Call | Kind::Wait(_) => None,
                },
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
        Plan {
            name: name.into(),
            revision: Revision(format!("{revision:016x}").repeat(4).into()),
            implements: method("test.v1.Workflows", "Run"),
            input: message(),
            output: message(),
            mode: Mode::Orchestrated,
            steps: steps.collect(),
            output_program: MessageProgram::constant(Bytes::new()),
            deadline: self.deadline,
            start: None,
        }
    }
}

impl Kind {
    /// Chances in percent.
    fn random(lists: usize, waits: usize, random: &mut Random) -> Self {
        match random.below(100) {
            chance if chance < lists => Self::List {
                elements: random.below(6),
                at_once: 1 + random.below(3),
            },
            chance if chance < lists + waits => Self::Wait(random.millis(0, 4_000)),
            _ => Self::Call,
        }
    }
}

impl Step {
    pub(crate) fn is_wait(&self) -> bool {
        matches!(self.kind, Kind::Wait(_))
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self.kind, Kind::List { .. })
    }

    /// How many different calls it makes: one, one for each element, or none.
    pub(crate) fn calls(&self) -> usize {
        match self.kind {
            Kind::Call => 1,
            Kind::List { elements, .. } => elements,
            Kind::Wait(_) => 0,
        }
    }

    /// How many of them may be on their way at a time.
    pub(crate) fn at_once(&self) -> usize {
        match self.kind {
            Kind::List { at_once, .. } => at_once,
            Kind::Call | Kind::Wait(_) => 1,
        }
    }

    fn call(&self, name: &str, max_attempts: u32) -> Call {
        Call {
            method: method(&service(self.service), name),
            response: message(),
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

/// A list of constants.
fn for_each(elements: usize, at_once: usize) -> ForEach {
    let number = pavane::descriptor_pool()
        .get_message_by_name("pavane.feed.v1.Event")
        .and_then(|event| event.get_field_by_name("sequence"))
        .expect("part of the contract");
    ForEach {
        elements: Elements::constant(0..elements as u64, number),
        max_concurrency: u32::try_from(at_once).expect("few at once"),
        responses: message(),
    }
}

/// Of what nobody reads.
fn message() -> MessageDescriptor {
    pavane::descriptor_pool()
        .get_message_by_name("pavane.workflow.v1.DeadlineExceeded")
        .expect("part of the contract")
}

/// Which of a step's calls is meant.
pub(crate) fn slot(unit: Unit) -> usize {
    unit.element.map_or(0, |element| element as usize)
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
