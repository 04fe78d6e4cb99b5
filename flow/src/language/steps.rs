//! The steps of a workflow: compiled one by one, and what connects them.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::{self, Given};
use super::decode::join;
use super::defaults::Defaults;
use super::elements;
use super::environment::Environment;
use super::events;
use super::graph::{Edges, Order};
use super::kinds::{Outline, Outlined};
use super::pauses;
use super::report::Report;
use super::roots::Types;
use super::template::{self, Reference};
use crate::diagnostic::Diagnostic;
use crate::plan::{Call, ForEach, Step, StepIndex, Work};
use crate::program::Condition;

mod checks;

pub(super) use checks::{check_compensations, check_output, report_circle};

/// A step, compiled as far as it could be.
pub(super) struct Compiled {
    work: Option<Work>,
    for_each: Option<ForEach>,
    when: Option<Condition>,
    compensation: Option<Call>,
    /// References of all that it computes before it is done.
    references: Vec<Reference>,
    /// Those of the list that it goes over.
    list_references: Vec<Reference>,
    /// References of what its compensation computes.
    compensation_references: Vec<Reference>,
}

/// Compiles steps by themselves.
pub(super) struct Compiler<'c, 'e, 'r> {
    pub(super) types: &'c Types,
    pub(super) defaults: &'c Defaults,
    pub(super) environment: &'c Environment<'e>,
    pub(super) expressions: &'c mut usize,
    pub(super) report: &'c mut Report<'r>,
}

impl Compiler<'_, '_, '_> {
    /// Compiles a step.
    pub(super) fn step(&mut self, index: StepIndex, step: &Outlined<'_>) -> Compiled {
        let (message, path) = (step.message, step.path.as_str());
        let mut compiled = Compiled {
            work: None,
            for_each: None,
            when: None,
            compensation: None,
            references: Vec::new(),
            list_references: Vec::new(),
            compensation_references: Vec::new(),
        };
        let mut element = None;
        if let Some(given) = &message.for_each {
            let known = self.environment;
            let (list, references) =
                elements::compile(given, index, path, known, self.expressions, self.report);
            compiled.for_each = list;
            compiled.references.extend(references.iter().cloned());
            compiled.list_references = references;
            element = Some(elements::environment(
                given,
                index,
                path,
                known,
                self.report,
            ));
        }
        // A step that is several things, which was reported, is checked as each of them.
        let inner = element.as_ref().unwrap_or(self.environment);
        if !message.call.is_empty() || (message.wait.is_none() && message.r#await.is_none()) {
            let given = Given::step(message, path);
            let method = self.types.calls.get(&index);
            let (call, references) = calls::compile(
                &given,
                method,
                self.defaults,
                inner,
                self.expressions,
                self.report,
            );
            compiled.work = call.map(Work::Call);
            compiled.references.extend(references);
        }
        if let Some(given) = &message.wait {
            let known = self.environment;
            let (pause, references) =
                pauses::compile(given, path, known, self.expressions, self.report);
            compiled.work = pause.map(Work::Wait);
            compiled.references.extend(references);
        }
        if let Some(given) = &message.r#await {
            let data = self.types.awaited.get(&index);
            let (known, expressions) = (self.environment, &mut *self.expressions);
            let (wait, references) =
                events::compile_await(given, path, data, known, expressions, self.report);
            compiled.work = wait.map(Work::Await);
            compiled.references.extend(references);
        }
        if !message.when.is_empty() {
            let compiler = template::Compiler::new(self.environment, self.report, self.expressions);
            let path = join(path, "when");
            let (condition, references) = compiler.condition(&message.when, &path, "when");
            compiled.when = condition;
            compiled.references.extend(references);
        }
        if let Some(compensate) = &message.compensate {
            let given = Given::compensation(compensate, &join(path, "compensate"));
            let method = self.types.compensations.get(&index);
            (compiled.compensation, compiled.compensation_references) = calls::compile(
                &given,
                method,
                self.defaults,
                inner,
                self.expressions,
                self.report,
            );
        }
        compiled
    }
}

impl Compiled {
    /// The steps whose responses are needed to undo it, ascending.
    fn compensation_needs(&self) -> Vec<StepIndex> {
        if self.compensation.is_none() {
            return Vec::new();
        }
        let references = self.compensation_references.iter();
        let steps: BTreeSet<StepIndex> = references
            .chain(&self.list_references)
            .map(|reference| reference.step)
            .collect();
        steps.into_iter().collect()
    }
}

/// The steps of the plan; `None` if one could not be compiled, which was reported then.
pub(super) fn finish(
    outline: &Outline<'_>,
    compiled: Vec<Compiled>,
    waits: &Waits,
    order: &Order,
) -> Option<Vec<Step>> {
    let steps = outline.indexed().zip(compiled);
    steps
        .map(|((index, step), compiled)| {
            Some(Step {
                id: step.message.id.as_str().into(),
                position: step.position,
                compensation_references: compiled.compensation_needs(),
                work: compiled.work?,
                for_each: compiled.for_each,
                data_dependencies: waits.data[index.at()].keys().copied().collect(),
                dependencies: waits.all[index.at()].keys().copied().collect(),
                descendants: order.descendants(index),
                when: compiled.when,
                compensation: compiled.compensation,
            })
        })
        .collect()
}

/// What a step waits for.
pub(super) struct Waits {
    /// For their responses.
    pub(super) data: Edges,
    /// For any reason.
    pub(super) all: Edges,
}

/// Finds out what each step waits for. `is_incomplete`: some step has no usable id.
pub(super) fn connect(
    outline: &Outline<'_>,
    compiled: &[Compiled],
    is_incomplete: bool,
    report: &mut Report<'_>,
) -> Waits {
    let mut data: Edges = vec![BTreeMap::new(); compiled.len()];
    for ((index, _), step) in outline.indexed().zip(compiled) {
        for reference in &step.references {
            if reference.step == index {
                let id = outline.id(index);
                let message = format!("step `{id}` refers to its own response");
                let found = Diagnostic::error("SELF_REFERENCE", message).label("this very step");
                report.add_at(&reference.path, reference.span, found);
            } else {
                let edges = &mut data[index.at()];
                edges
                    .entry(reference.step)
                    .or_insert_with(|| reference.clone());
            }
        }
    }
    let mut all = data.clone();
    for (index, step) in outline.indexed() {
        add_after(
            index,
            step,
            outline,
            &mut all[index.at()],
            is_incomplete,
            report,
        );
    }
    Waits { data, all }
}

/// Adds what a step waits for only because it is to come after it.
fn add_after(
    index: StepIndex,
    step: &Outlined<'_>,
    outline: &Outline<'_>,
    edges: &mut BTreeMap<StepIndex, Reference>,
    is_incomplete: bool,
    report: &mut Report<'_>,
) {
    let mut seen: Vec<&str> = Vec::new();
    for (entry, id) in step.message.after.iter().enumerate() {
        let path = format!("{}.after[{entry}]", step.path);
        if seen.contains(&id.as_str()) {
            let message = format!("`{id}` is given twice in `after`");
            let found = Diagnostic::error("DUPLICATE_STEP", message).label("given before");
            report.add(&path, found);
            continue;
        }
        seen.push(id);
        let is_it = |step: &Outlined<'_>| step.message.id == *id;
        match outline.indexed().find(|(_, step)| is_it(step)) {
            Some((other, _)) if other == index => {
                let message = format!("step `{id}` cannot come after itself");
                let found = Diagnostic::error("SELF_REFERENCE", message).label("this very step");
                report.add(&path, found);
            }
            Some((other, _)) => {
                let span = report.place(&path, id, 0..id.len());
                let reference = Reference {
                    step: other,
                    path,
                    span,
                };
                edges.entry(other).or_insert(reference);
            }
            None if outline.computed.iter().any(is_it) => {
                let message = format!("`{id}` is a value, which nothing can come after");
                let found = Diagnostic::error("UNKNOWN_STEP", message)
                    .label("not a step that runs")
                    .help("name the steps that it is computed from");
                report.add(&path, found);
            }
            None if is_incomplete || report.was_refused(&path) => {}
            None => {
                let ids = outline.steps.iter().map(|step| step.message.id.as_str());
                let found = Diagnostic::error("UNKNOWN_STEP", format!("there is no step `{id}`"))
                    .label("unknown step")
                    .nearest(id, "a step", ids);
                report.add(&path, found);
            }
        }
    }
}
