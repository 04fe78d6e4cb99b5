//! What is wrong between steps: circles, compensations that need what may be lost, and outputs of what
//! may be skipped.

use super::Compiled;
use crate::diagnostic::Diagnostic;
use crate::language::decode::quoted_list;
use crate::language::graph::{Edges, Order};
use crate::language::kinds::Outline;
use crate::language::report::Report;
use crate::language::template::Reference;
use crate::plan::StepIndex;

/// Reports steps that wait for each other.
pub(in crate::language) fn report_circle(
    circle: &[StepIndex],
    outline: &Outline<'_>,
    edges: &Edges,
    report: &mut Report<'_>,
) {
    // Told from the step that comes first in the definition, whichever was met first.
    let first = circle.iter().min().expect("a circle has steps");
    let start = circle.iter().position(|step| step == first).unwrap_or(0);
    let ring: Vec<_> = circle[start..].iter().chain(&circle[..=start]).collect();
    let ids: Vec<_> = ring.iter().map(|step| outline.id(**step)).collect();
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
pub(in crate::language) fn check_compensations(
    outline: &Outline<'_>,
    compiled: &[Compiled],
    order: &Order,
    report: &mut Report<'_>,
) {
    for ((own, _), step) in outline.indexed().zip(compiled) {
        let id = outline.id(own);
        for reference in &step.compensation_references {
            let other = outline.id(reference.step);
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
                let known: Vec<_> = known.iter().map(|step| outline.id(*step)).collect();
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
pub(in crate::language) fn check_output(
    references: &[Reference],
    outline: &Outline<'_>,
    data: &Edges,
    order: &Order,
    report: &mut Report<'_>,
) {
    let mut reported = Vec::new();
    for reference in references {
        let has_condition = |step: StepIndex| !outline.steps[step.at()].message.when.is_empty();
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
        let (id, cause) = (outline.id(step), outline.id(cause));
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
