//! What tests of this crate share: a random source with a seed, and random plans.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost_reflect::MessageDescriptor;

use crate::event::Mode;
use crate::plan::{Call, ForEach, Method, Plan, RetryPolicy, Revision, Step, StepIndex, Work};
use crate::program::{Condition, Elements, MessageProgram, Pause};

/// A small random source (SplitMix64): the same seed gives the same run on every machine.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to `end`, without `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// A plan of 1 to 7 steps with random dependencies, conditions and compensations.
pub(crate) fn random_plan(random: &mut Random) -> Arc<Plan> {
    let count = 1 + random.below(7);
    let mut steps: Vec<Step> = Vec::new();
    for index in 0..count {
        let mut data_dependencies = Vec::new();
        let mut dependencies = Vec::new();
        for earlier in 0..index {
            if random.chance(35) {
                dependencies.push(step_index(earlier));
                if random.chance(50) {
                    data_dependencies.push(step_index(earlier));
                }
            }
        }
        let when = random
            .chance(20)
            .then(|| Condition::constant(random.chance(50)));
        let compensation = random
            .chance(70)
            .then(|| call("Undo", 1 + random.below(4) as u32));
        steps.push(Step {
            id: format!("step{index}").into(),
            position: index,
            work: Work::Call(call("Do", 1 + random.below(3) as u32)),
            for_each: None,
            data_dependencies,
            dependencies,
            descendants: Vec::new(),
            when,
            compensation,
            compensation_references: Vec::new(),
        });
    }
    for index in 0..count {
        steps[index].descendants = descendants(&steps, step_index(index));
    }
    let deadline = random
        .chance(20)
        .then(|| Duration::from_secs(1 + random.below(40) as u64));
    Arc::new(plan(steps, deadline))
}

/// As [`random_plan`], with steps of every kind that needs nobody else: waits, calls over lists, and
/// calls that may be made once.
pub(crate) fn varied_plan(random: &mut Random) -> Arc<Plan> {
    let mut plan = random_plan(random);
    let whole = Arc::get_mut(&mut plan).expect("nobody else has it");
    for position in 0..whole.steps.len() {
        let index = step_index(position);
        match random.below(10) {
            0 => {
                let length = Duration::from_millis(random.below(3_000) as u64);
                let step = &mut whole.steps[position];
                step.work = Work::Wait(Pause::Fixed(length));
                step.compensation = None;
                // A wait has no response to refer to.
                for step in &mut whole.steps {
                    step.data_dependencies.retain(|on| *on != index);
                }
            }
            1 | 2 => {
                whole.steps[position].for_each = Some(ForEach {
                    elements: elements(random.below(5)),
                    max_concurrency: 1 + random.below(3) as u32,
                    responses: message(),
                });
            }
            _ => {}
        }
        if let Work::Call(call) = &mut whole.steps[position].work {
            call.at_most_once = random.chance(15);
        }
    }
    plan
}

/// So many elements, whatever the scope.
pub(crate) fn elements(count: usize) -> Elements {
    let field = pavane::descriptor_pool()
        .get_message_by_name("pavane.feed.v1.Event")
        .and_then(|event| event.get_field_by_name("sequence"))
        .expect("part of the contract");
    Elements::constant(0..count as u64, field)
}

/// A plan of these steps, whose descriptors say nothing.
pub(crate) fn plan(steps: Vec<Step>, deadline: Option<Duration>) -> Plan {
    Plan {
        name: "random".into(),
        revision: Revision("0".repeat(64).into()),
        implements: method("Run"),
        input: message(),
        output: message(),
        mode: Mode::Orchestrated,
        steps,
        output_program: MessageProgram::constant(Bytes::new()),
        deadline,
        start: None,
    }
}

pub(crate) fn call(name: &str, max_attempts: u32) -> Call {
    Call {
        method: method(name),
        response: message(),
        request: MessageProgram::constant(Bytes::new()),
        metadata: Vec::new(),
        timeout: Duration::from_secs(5),
        has_default_timeout: false,
        at_most_once: false,
        retry: RetryPolicy {
            max_attempts: Some(max_attempts),
            initial_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(10),
            backoff_multiplier: 2.0,
            // DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE
            retryable_codes: 1 << 4 | 1 << 8 | 1 << 14,
        },
    }
}

fn method(name: &str) -> Method {
    Method {
        service: "test.Service".into(),
        path: format!("/test.Service/{name}").into(),
    }
}

pub(crate) fn message() -> MessageDescriptor {
    pavane::descriptor_pool()
        .get_message_by_name("pavane.workflow.v1.DeadlineExceeded")
        .expect("part of the contract")
}

pub(crate) fn step_index(index: usize) -> StepIndex {
    StepIndex(u16::try_from(index).expect("few steps"))
}

fn descendants(steps: &[Step], of: StepIndex) -> Vec<StepIndex> {
    let mut found: Vec<StepIndex> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        if step
            .dependencies
            .iter()
            .any(|on| *on == of || found.contains(on))
        {
            found.push(step_index(index));
        }
    }
    found
}
