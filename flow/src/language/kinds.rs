//! What a step is: a call, a value, a wait, or a wait for an event. And that it has no keys but those of
//! its kind.

use pavane::workflow::v1::{Step, Workflow};

use super::decode::{join, quoted_list};
use super::names::required;
use super::report::Report;
use crate::diagnostic::Diagnostic;
use crate::plan::StepIndex;

/// The kinds of step by the key that makes them.
const KINDS: [&str; 4] = ["call", "compute", "wait", "await"];

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Call,
    Compute,
    Wait,
    Await,
    /// Nothing that can be told: reported.
    Unclear,
}

/// A step of a definition.
pub(super) struct Outlined<'a> {
    pub(super) message: &'a Step,
    pub(super) kind: Kind,
    /// Its position in the definition.
    pub(super) position: usize,
    /// `steps[1]`
    pub(super) path: String,
}

/// The steps of a definition by what becomes of them.
pub(super) struct Outline<'a> {
    /// Those that become steps of the plan, in its order.
    pub(super) steps: Vec<Outlined<'a>>,
    /// Those that are values.
    pub(super) computed: Vec<Outlined<'a>>,
}

impl<'a> Outline<'a> {
    /// Finds out what each step is. Reports those that are several things or none, and keys that do
    /// not belong to what a step is.
    pub(super) fn new(workflow: &'a Workflow, report: &mut Report<'_>) -> Self {
        let all = workflow
            .steps
            .iter()
            .enumerate()
            .map(|(position, message)| {
                let path = format!("steps[{position}]");
                let kind = kind(message, &path, report);
                check_keys(message, kind, &path, report);
                Outlined {
                    message,
                    kind,
                    position,
                    path,
                }
            });
        let (computed, steps) = all.partition(|step| step.kind == Kind::Compute);
        Self { steps, computed }
    }

    /// The steps of the plan, each with its index there.
    pub(super) fn indexed(&self) -> impl Iterator<Item = (StepIndex, &Outlined<'a>)> {
        let all = self.steps.iter().enumerate();
        all.map(|(position, step)| (super::graph::index(position), step))
    }

    /// All steps in the order of the definition, with their indices in the plan, if they are there.
    pub(super) fn all(&self) -> Vec<(Option<StepIndex>, &Outlined<'a>)> {
        let steps = self.indexed().map(|(index, step)| (Some(index), step));
        let mut all: Vec<_> = steps
            .chain(self.computed.iter().map(|step| (None, step)))
            .collect();
        all.sort_by_key(|(_, step)| step.position);
        all
    }

    /// The id of a step of the plan.
    pub(super) fn id(&self, step: StepIndex) -> &'a str {
        &self.steps[step.at()].message.id
    }
}

fn kind(step: &Step, path: &str, report: &mut Report<'_>) -> Kind {
    let given = [
        (Kind::Call, !step.call.is_empty()),
        (Kind::Compute, !step.compute.is_empty()),
        (Kind::Wait, step.wait.is_some()),
        (Kind::Await, step.r#await.is_some()),
    ];
    let given = given.into_iter().filter(|(_, is_given)| *is_given);
    let given: Vec<_> = given.map(|(kind, _)| kind).collect();
    match given.as_slice() {
        [kind] => *kind,
        [] => {
            let was_refused = |key: &&str| report.was_refused(&join(path, key));
            if !KINDS.iter().any(was_refused) {
                let message = "a step does something: expected one of `call`, `compute`, `wait` and \
                               `await`";
                required(path, message, report);
            }
            Kind::Unclear
        }
        [_, second, ..] => {
            let keys: Vec<_> = given.iter().map(|kind| kind.key()).collect();
            let message = format!(
                "a step has exactly one of `call`, `compute`, `wait` and `await`, this has {}",
                quoted_list(&keys)
            );
            let found = Diagnostic::error("SEVERAL_KINDS", message)
                .label("one too many")
                .help("make them steps of their own");
            report.add_to_key(&join(path, second.key()), found);
            Kind::Unclear
        }
    }
}

impl Kind {
    /// The key that makes it.
    fn key(self) -> &'static str {
        match self {
            Self::Call | Self::Unclear => KINDS[0],
            Self::Compute => KINDS[1],
            Self::Wait => KINDS[2],
            Self::Await => KINDS[3],
        }
    }

    /// The keys that belong to it, besides its own.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Compute => &["id"],
            Self::Wait | Self::Await => &["id", "when", "after"],
            Self::Call | Self::Unclear => &[
                "id",
                "request",
                "after",
                "when",
                "timeout",
                "retry",
                "compensate",
                "for_each",
                "metadata",
                "delivery",
            ],
        }
    }
}

fn check_keys(step: &Step, kind: Kind, path: &str, report: &mut Report<'_>) {
    let given = [
        ("request", step.request.is_some()),
        ("after", !step.after.is_empty()),
        ("when", !step.when.is_empty()),
        ("timeout", step.timeout.is_some()),
        ("retry", step.retry.is_some()),
        ("compensate", step.compensate.is_some()),
        ("for_each", step.for_each.is_some()),
        ("metadata", !step.metadata.is_empty()),
        ("delivery", step.delivery != 0),
    ];
    let allowed = kind.keys();
    for (key, is_given) in given {
        if !is_given || allowed.contains(&key) {
            continue;
        }
        let own = kind.key();
        let message = format!("`{key}` does not belong to a step with `{own}`");
        let help = match (kind, key) {
            (Kind::Await, "timeout") => {
                "write it inside: `await: { timeout: 3600s, ... }`".to_owned()
            }
            (Kind::Wait, "timeout") => "how long it takes is said by `wait` itself".to_owned(),
            (Kind::Compute, "when") => {
                "a value is computed only where it is used: `condition ? this : that`".to_owned()
            }
            _ => format!("besides `{own}`, such a step has {}", quoted_list(allowed)),
        };
        let found = Diagnostic::error("NOT_WITH_KIND", message)
            .label("does not belong here")
            .help(help);
        report.add_to_key(&join(path, key), found);
    }
}
