//! What is shown of a workflow, whatever the form.

use std::collections::BTreeSet;

use pavane::workflow::v1::Workflow;
use pavane_flow::choreography::projection::{Part, Projection};
use pavane_flow::plan::{Method, Plan, Step, StepIndex};

use super::parties::last;

/// A sound workflow, and its projection if one was asked for.
pub(super) struct View<'a> {
    pub(super) plan: &'a Plan,
    /// For the texts of its expressions, which a plan no longer has.
    pub(super) workflow: &'a Workflow,
    pub(super) projection: Option<&'a Projection>,
}

impl View<'_> {
    pub(super) fn id(&self, step: StepIndex) -> &str {
        &self.plan.step(step).id
    }

    pub(super) fn ids(&self, steps: &[StepIndex]) -> Vec<&str> {
        steps.iter().map(|step| self.id(*step)).collect()
    }

    /// The text of a step's condition; empty: it has none.
    pub(super) fn condition(&self, step: StepIndex) -> &str {
        self.workflow
            .steps
            .get(step.at())
            .map_or("", |step| step.when.trim())
    }

    /// The steps that a step waits for though it needs nothing of them.
    pub(super) fn only_after(&self, step: StepIndex) -> Vec<StepIndex> {
        let step = self.plan.step(step);
        let dependencies = step.dependencies.iter().copied();
        dependencies
            .filter(|on| !step.data_dependencies.contains(on))
            .collect()
    }

    /// By step, how many others come before it, one after the other, at most.
    pub(super) fn stages(&self) -> Vec<usize> {
        let mut stages = vec![0; self.plan.steps.len()];
        // No way through the graph is longer than there are steps.
        for _ in 0..stages.len() {
            for step in self.plan.step_indices() {
                let dependencies = self.plan.step(step).dependencies.iter();
                let before = dependencies.map(|on| stages[on.at()] + 1);
                stages[step.at()] = before.max().unwrap_or(0);
            }
        }
        stages
    }

    /// Whether a step may be skipped: by its condition, or with another that it refers to.
    pub(super) fn may_be_skipped(&self, step: StepIndex) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![step];
        while let Some(step) = open.pop() {
            let step = self.plan.step(step);
            if step.when.is_some() {
                return true;
            }
            let references = step.data_dependencies.iter();
            open.extend(references.filter(|on| seen.insert(**on)));
        }
        false
    }

    /// The part of who performs a step, in a projection.
    pub(super) fn performer(&self, step: StepIndex) -> Option<&Part> {
        Some(self.projection?.performer(step))
    }
}

/// What a step does, in a word or two.
pub(super) fn work(step: &Step) -> String {
    match step.call() {
        Some(call) => short(&call.method),
        None => step.summary(),
    }
}

/// `PaymentService/ChargeCard`.
pub(super) fn short(method: &Method) -> String {
    let method = method.to_string();
    last(&method).to_owned()
}
