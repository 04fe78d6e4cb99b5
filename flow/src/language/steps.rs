//! The steps of a workflow: compiled one by one, and what connects them.

use std::collections::{BTreeMap, BTreeSet};

use pavane::workflow::v1::Step;
use prost_reflect::MethodDescriptor;

use super::calls::{self, Given};
use super::checker::Environment;
use super::decode::quoted_list;
use super::graph::{Edges, Order, index};
use super::report::Report;
use super::template::{Compiler, Reference};
use crate::diagnostic::Diagnostic;
use crate::plan::{Call, StepIndex};
use crate::program::Condition;

/// A step, compiled as far as it could be.
pub(super) struct Compiled {
    pub(super) call: Option<Call>,
    pub(super) when: Option<Condition>,
    pub(super) compensation: Option<Call>,
    /// References of its request and its condition.
    references: Vec<Reference>,
    /// References of its compensation's request.
    compensation_references: Vec<Reference>,
}

impl Compiled {
    /// The steps that its compensation's request refers to, ascending.
    pub(super) fn compensation_needs(&self) -> Vec<StepIndex> {
        let steps: BTreeSet<StepIndex> = self
            .compensation_references
            .iter()
            .map(|reference| reference.step)
            .collect();
        steps.into_iter().collect()
    }
}

/// The methods of a step: of its call and its compensation.
pub(super) struct Methods {
    pub(super) call: Option<MethodDescriptor>,
    pub(super) compensation: Option<MethodDescriptor>,
}

/// Compiles a step by itself.
pub(super) fn compile(
    step: &Step,
    position: usize,
    methods: &Methods,
    environment: &Environment<'_>,
    expressions: &mut usize,
    report: &mut Report<'_>,
) -> Compiled {
    let path = format!("steps[{position}]");
    let given = Given::step(step, &path);
    let method = methods.call.as_ref();
    let (call, mut references) = calls::compile(&given, method, environment, expressions, report);
    let mut when = None;
    if !step.when.is_empty() {
        let compiler = Compiler::new(environment, report, expressions);
        let (condition, others) = compiler.condition(&step.when, &format!("{path}.when"));
        when = condition;
        references.extend(others);
    }
    let mut compensation = None;
    let mut compensation_references = Vec::new();
    if let Some(compensate) = &step.compensate {
        let given = Given::compensation(compensate, &format!("{path}.compensate"));
        let method = methods.compensation.as_ref();
        (compensation, compensation_references) =
            calls::compile(&given, method, environment, expressions, report);
    }
    Compiled {
        call,
        when,
        compensation,
        references,
        compensation_references,
    }
}

/// What a step waits for.
pub(super) struct Waits {
    /// For their responses.
    pub(super) data: Edges,
    /// For any reason.
    pub(super) all: Edges,
}

/// Finds out what each step waits for.
pub(super) fn connect(
    steps: &[Step],
    compiled: &[Compiled],
    environment: &Environment<'_>,
    report: &mut Report<'_>,
) -> Waits {
    let mut data: Edges = vec![BTreeMap::new(); steps.len()];
    for (position, step) in compiled.iter().enumerate() {
        for reference in &step.references {
            if reference.step == index(position) {
                let id = &steps[position].id;
                let message = format!("step `{id}` refers to its own response");
                let found = Diagnostic::error("SELF_REFERENCE", message).label("this very step");
                report.add_at(&reference.path, reference.span, found);
            } else {
                let edges = &mut data[position];
                edges
                    .entry(reference.step)
                    .or_insert_with(|| reference.clone());
            }
        }
    }
    let mut all = data.clone();
    for (position, step) in steps.iter().enumerate() {
        let mut seen: Vec<&str> = Vec::new();
        for (entry, id) in step.after.iter().enumerate() {
            let path = format!("steps[{position}].after[{entry}]");
            if seen.contains(&id.as_str()) {
                let message = format!("`{id}` is given twice in `after`");
                let found = Diagnostic::error("DUPLICATE_STEP", message).label("given before");
                report.add(&path, found);
                continue;
            }
            seen.push(id);
            let known = environment.steps.get(id).map(|(step, _)| *step);
            match known {
                Some(other) if other == index(position) => {
                    let message = format!("step `{id}` cannot come after itself");
                    let found =
                        Diagnostic::error("SELF_REFERENCE", message).label("this very step");
                    report.add(&path, found);
                }
                Some(other) => {
                    let span = report.place(&path, id, 0..id.len());
                    let reference = Reference {
                        step: other,
                        path,
                        span,
                    };
                    all[position].entry(other).or_insert(reference);
                }
                None if environment.is_incomplete || report.was_refused(&path) => {}
                None => {
                    let ids = environment.steps.keys().map(String::as_str);
                    let found =
                        Diagnostic::error("UNKNOWN_STEP", format!("there is no step `{id}`"))
                            .label("unknown step")
                            .nearest(id, "a step", ids);
                    report.add(&path, found);
                }
            }
        }
    }
    Waits { data, all }
}

/// Reports steps that wait for each other.
pub(super) fn report_circle(
    circle: &[StepIndex],
    steps: &[Step],
    edges: &Edges,
    report: &mut Report<'_>,
) {
    // Told from the step that comes first in the definition, whichever was met first.
    let first = circle.iter().min().expect("a circle has steps");
    let start = circle.iter().position(|step| step == first).unwrap_or(0);
    let ring: Vec<_> = circle[start..].iter().chain(&circle[..=start]).collect();
    let ids: Vec<_> = ring
        .iter()
        .map(|step| steps[step.at()].id.as_str())
        .collect();
    let message = format!(
        "steps wait for each other in a circle: `{}`",
        ids.join(" -> ")
    );
    let found = Diagnostic::error("CYCLE", message)
        .label(format!("`{}` waits for `{}` here", ids[0], ids[1]))
        .help("`a -> b` means that `a` refers to `b`, or is `after` it: one of them must not");
    let reference = &edges[ring[0].at()][ring[1]];
    report.add_at(&reference.path, reference.span, found);
}

/// Reports compensations that need what may not be known when they run.
pub(super) fn check_compensations(
    steps: &[Step],
    compiled: &[Compiled],
    order: &Order,
    report: &mut Report<'_>,
) {
    for (position, step) in compiled.iter().enumerate() {
        let (own, id) = (index(position), &steps[position].id);
        for reference in &step.compensation_references {
            let other = &steps[reference.step.at()].id;
            let found = if reference.step == own {
                let message = format!(
                    "the compensation of `{id}` uses the response of `{id}`, which is not known if \
                     the call was lost"
                );
                let help = "use what the step's request was computed from, such as `input`; its \
                            `idempotency-key` names the call as well";
                Diagnostic::error("COMPENSATION_NEEDS_RESPONSE", message).help(help)
            } else if !order.is_before(reference.step, own) {
                let message = format!(
                    "the compensation of `{id}` uses the response of `{other}`, which `{id}` does not \
                     depend on"
                );
                let known = order.ancestors(own);
                let known: Vec<_> = known.iter().map(|step| &steps[step.at()].id).collect();
                let help = if known.is_empty() {
                    "only `input` and `execution` are known by then".to_owned()
                } else {
                    format!(
                        "only `input`, `execution` and {} are known by then",
                        quoted_list(&known)
                    )
                };
                Diagnostic::error("COMPENSATION_NEEDS_RESPONSE", message).help(help)
            } else {
                continue;
            };
            let found = found.label("may not be known");
            report.add_at(&reference.path, reference.span, found);
        }
    }
}

/// Warns of an output that uses a step which may be skipped.
pub(super) fn check_output(
    references: &[Reference],
    steps: &[Step],
    data: &Edges,
    order: &Order,
    report: &mut Report<'_>,
) {
    let mut reported = Vec::new();
    for reference in references {
        let has_condition = |step: StepIndex| !steps[step.at()].when.is_empty();
        let needs = |step: StepIndex| {
            data_ancestors(step, data)
                .into_iter()
                .find(|s| has_condition(*s))
        };
        let step = reference.step;
        let cause = if has_condition(step) {
            Some(step)
        } else {
            needs(step)
        };
        let (Some(cause), false) = (cause, reported.contains(&step)) else {
            continue;
        };
        debug_assert!(cause == step || order.is_before(cause, step));
        reported.push(step);
        let (id, cause) = (&steps[step.at()].id, &steps[cause.at()].id);
        let because = if id == cause {
            "it has a `when`".to_owned()
        } else {
            format!("it needs `{cause}`, which has a `when`")
        };
        let message = format!("`{id}` may be skipped ({because}); then this reads as empty");
        let found = Diagnostic::warning("MAY_BE_SKIPPED", message).label("may be empty");
        report.add_at(&reference.path, reference.span, found);
    }
}

/// All steps whose responses a step needs, directly or through others.
fn data_ancestors(step: StepIndex, data: &Edges) -> Vec<StepIndex> {
    let mut found: Vec<StepIndex> = Vec::new();
    let mut open = vec![step];
    while let Some(step) = open.pop() {
        for needed in data[step.at()].keys() {
            if !found.contains(needed) {
                found.push(*needed);
                open.push(*needed);
            }
        }
    }
    found
}
