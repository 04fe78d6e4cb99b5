//! Steps over lists: the list, and what an element of it is called.

use super::decode::join;
use super::environment::{Environment, Meaning};
use super::kinds::Outline;
use super::limits::MAX_CONCURRENCY;
use super::lists::{self, Lists};
use super::names;
use super::report::Report;
use super::template::{Alone, Compiler, Reference};
use super::types::Type;
use crate::diagnostic::Diagnostic;
use crate::plan::{ForEach, StepIndex};
use crate::program::{Elements, Variable};
use pavane::workflow::v1::ForEach as Message;

/// What an element is called if nobody says otherwise.
const DEFAULT_NAME: &str = "item";
/// Where elements have names.
pub(super) const PLACE: &str =
    "an element is known in `request`, `metadata` and `compensate` of the step with `for_each`";
const DEFAULT_CONCURRENCY: u32 = 10;

/// Compiles the list of a step. `path` is that of the step. `None` if something is wrong with it.
pub(super) fn compile(
    given: &Message,
    step: StepIndex,
    path: &str,
    environment: &Environment<'_>,
    expressions: &mut usize,
    report: &mut Report<'_>,
) -> (Option<ForEach>, Vec<Reference>) {
    let path = join(path, "for_each");
    let max_concurrency = max_concurrency(given, &path, report);
    let (list, references) = list(given, &path, environment, expressions, report);
    let responses = lists::responses(environment.pool, step);
    let compiled = list.and_then(|list| {
        let Some(field) = lists::element(environment.pool, step) else {
            report_element(given, &path, &list.kind, report);
            return None;
        };
        Some(ForEach {
            elements: Elements::new(&given.list, list.expression, list.slots, field),
            max_concurrency,
            responses: responses?,
        })
    });
    (compiled, references)
}

fn list(
    given: &Message,
    path: &str,
    environment: &Environment<'_>,
    expressions: &mut usize,
    report: &mut Report<'_>,
) -> (Option<Alone>, Vec<Reference>) {
    let path = join(path, "list");
    if given.list.is_empty() {
        names::required(&path, "`for_each` needs a `list` to go over", report);
        return (None, Vec::new());
    }
    let compiler = Compiler::new(environment, report, expressions);
    let expected = Type::List(Box::new(Type::Dyn));
    compiler.alone(&given.list, &path, "list", &expected)
}

fn max_concurrency(given: &Message, path: &str, report: &mut Report<'_>) -> u32 {
    let found = given.max_concurrency;
    if found > MAX_CONCURRENCY {
        let message = format!("`max_concurrency` is at most {MAX_CONCURRENCY}, this is {found}");
        let found = Diagnostic::error("OUT_OF_RANGE", message).label("out of range");
        report.add(&join(path, "max_concurrency"), found);
    }
    if found == 0 {
        DEFAULT_CONCURRENCY
    } else {
        found
    }
}

fn report_element(given: &Message, path: &str, kind: &Type, report: &mut Report<'_>) {
    let element = element_type(kind);
    let message = format!("a step cannot go over this list: each element is {element}");
    let found = Diagnostic::error("INVALID_LIST", message).label("of such elements");
    let help = match element {
        Type::List(_) => "make it one list: `x.flatten()`",
        Type::Optional(_) => {
            "keep those that have a value: `.filter(x, x.hasValue()).map(x, x.value())`"
        }
        _ => "",
    };
    let path = join(path, "list");
    report.add_inside(&path, &given.list, 0..given.list.len(), found.help(help));
}

fn element_type(list: &Type) -> Type {
    match list.non_null() {
        Type::List(element) => (**element).clone(),
        _ => Type::Dyn,
    }
}

/// What an element is called.
pub(super) fn name(given: &Message) -> &str {
    if given.r#as.is_empty() {
        DEFAULT_NAME
    } else {
        &given.r#as
    }
}

/// The environment of what is done for each element: with a name for it. `path` is that of the step.
pub(super) fn environment<'a>(
    given: &Message,
    step: StepIndex,
    path: &str,
    environment: &Environment<'a>,
    report: &mut Report<'_>,
) -> Environment<'a> {
    let path = join(path, "for_each");
    let (name, place) = (name(given), join(&path, "as"));
    if names::check_element_name(name, &place, report) && environment.get(name).is_some() {
        let message =
            format!("an element cannot be called `{name}`, which means something already");
        let found = Diagnostic::error("NAME_TAKEN", message)
            .label("taken already")
            .help("choose another name with `as`");
        if given.r#as.is_empty() {
            report.add_to_key(&path, found);
        } else {
            report.add(&place, found);
        }
    }
    let meaning = match lists::element(environment.pool, step) {
        Some(field) => Meaning::Field(Variable::Element, field),
        None => Meaning::Message(Variable::Element, None),
    };
    environment.with([(name, meaning)])
}

/// The types of the elements of all lists, as far as they are known. What is wrong with the lists is
/// reported when they are compiled.
pub(super) fn add_types(
    outline: &Outline<'_>,
    environment: &Environment<'_>,
    lists: &mut Lists,
    report: &Report<'_>,
) {
    for (index, step) in outline.indexed() {
        let Some(given) = &step.message.for_each else {
            continue;
        };
        let (mut scratch, mut expressions) = (report.scratch(), 0);
        let (list, _) = list(given, "", environment, &mut expressions, &mut scratch);
        if let Some(list) = list {
            lists.add_element(index, &element_type(&list.kind));
        }
    }
}
