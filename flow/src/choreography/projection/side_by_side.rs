//! Whether a projection is wide enough: in random choreographies, each participant is driven twice,
//! side by side. One driver hears what the projection says, the other hears everything; whatever
//! the order in which events arrive, and whoever crashes, both must decide the same.
//!
//! The world goes by what the first decides. Each run is made from its seed alone;
//! `PAVANE_SEED=n` replays one, `PAVANE_SEEDS=n` runs more of them.

mod member;
mod service;
mod world;

use super::EventType;
use crate::plan::{Plan, Step, StepIndex};
use world::World;

fn seeds() -> std::ops::Range<u64> {
    let number = |name| {
        std::env::var(name)
            .ok()
            .and_then(|text: String| text.parse().ok())
    };
    match number("PAVANE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("PAVANE_SEEDS").unwrap_or(5_000),
    }
}

#[test]
fn who_hears_what_the_projection_says_decides_as_if_it_heard_everything() {
    let seeds = seeds();
    println!("seeds {seeds:?}; replay one with PAVANE_SEED=n");
    for seed in seeds {
        if let Err(difference) = World::new(seed, |_, _| false).run() {
            panic!("{difference}");
        }
    }
}

/// Nothing of the projection can go: without it, some participant decides otherwise, or never.
fn check_needed(what: &str, is_deaf: impl Fn(&Related<'_>, EventType) -> bool) {
    let narrower = (0..20_000).any(|seed| World::new(seed, &is_deaf).run().is_err());
    assert!(narrower, "nobody misses {what}");
}

/// How a step of another's is related to a participant's own.
struct Related<'a> {
    plan: &'a Plan,
    own: &'a [StepIndex],
    step: Option<StepIndex>,
}

impl Related<'_> {
    fn any(&self, related: impl Fn(&Step) -> &[StepIndex]) -> bool {
        let mut own = self.own.iter().map(|own| self.plan.step(*own));
        self.step
            .is_some_and(|step| own.any(|own| related(own).contains(&step)))
    }

    fn is_dependency(&self) -> bool {
        self.any(|own| &own.dependencies)
    }

    fn is_reference(&self) -> bool {
        self.any(|own| &own.compensation_references)
    }

    fn is_descendant(&self) -> bool {
        self.any(|own| match own.compensation {
            Some(_) => &own.descendants,
            None => &[],
        })
    }
}

#[test]
fn a_narrower_projection_would_not_do() {
    use EventType::*;
    // That the output cannot be computed does not happen in random plans.
    for needed in [
        ExecutionStarted,
        CancelRequested,
        DeadlineExceeded,
        ExecutionResumed,
        ExecutionSucceeded,
        ExecutionFailed,
        ExecutionCanceled,
    ] {
        check_needed(needed.name(), |_, event| event == needed);
    }
    for needed in [StepCompleted, StepSkipped, StepAbandoned] {
        check_needed(&format!("{needed:?} of dependencies"), |step, event| {
            let only = step.is_dependency() && !step.is_reference() && !step.is_descendant();
            event == needed && only
        });
    }
    for needed in [StepCompleted, StepSkipped] {
        check_needed(&format!("{needed:?} of references"), |step, event| {
            let only = step.is_reference() && !step.is_dependency() && !step.is_descendant();
            event == needed && only
        });
    }
    for needed in [StepCompleted, StepSkipped, StepAbandoned, StepCompensated] {
        check_needed(&format!("{needed:?} of descendants"), |step, event| {
            let only = step.is_descendant() && !step.is_dependency() && !step.is_reference();
            event == needed && only
        });
    }
    check_needed("StepFailed of strangers", |step, event| {
        event == StepFailed && !step.is_dependency() && !step.is_descendant()
    });
}
