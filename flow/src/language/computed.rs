//! Values with a name: each is checked by itself, after those that it refers to, whatever their order in
//! the definition.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::checker::{self, Checked};
use super::decode::join;
use super::environment::{ComputedValue, Environment, Meaning};
use super::kinds::Outlined;
use super::limits::MAX_EXPRESSION_DEPTH;
use super::parse::{self, Parsed};
use super::report::Report;
use super::types::Type;
use crate::diagnostic::Diagnostic;

/// Gives all values their meanings. Reports what is wrong with them, and circles.
pub(super) fn resolve<'a>(
    values: &[Outlined<'a>],
    environment: &mut Environment<'a>,
    expressions: &mut usize,
    report: &mut Report<'_>,
) {
    let mut resolver = Resolver {
        values: BTreeMap::new(),
        environment,
        report,
        way: Vec::new(),
    };
    *expressions += values.len();
    for value in values {
        let (name, text) = (&*value.message.id, &*value.message.compute);
        // Of two of the same name, which is reported elsewhere, the first is meant.
        if !matches!(resolver.environment.get(name), Some(Meaning::Pending)) {
            continue;
        }
        let path = join(&value.path, "compute");
        match parse::parse(text) {
            Ok(parsed) => {
                resolver
                    .values
                    .entry(name)
                    .or_insert(Unresolved { parsed, path });
            }
            Err(error) => {
                let (range, found) = *error;
                resolver.report.add_inside(&path, text, range, found);
                resolver.environment.set(name, Meaning::Wrong);
            }
        }
    }
    while let Some(name) = resolver.values.keys().next().copied() {
        resolver.resolve(name);
    }
}

/// Warns of values that nothing uses, which are therefore never computed.
pub(super) fn warn_of_unused(
    values: &[Outlined<'_>],
    environment: &Environment<'_>,
    report: &mut Report<'_>,
) {
    for value in values {
        let name = &value.message.id;
        if let Some(Meaning::Computed(known)) = environment.get(name)
            && !known.is_used.get()
        {
            let message = format!("nothing uses `{name}`: it is never computed");
            let found = Diagnostic::warning("UNUSED_VALUE", message).label("not used");
            report.add(&join(&value.path, "id"), found);
        }
    }
}

struct Unresolved<'a> {
    parsed: Parsed<'a>,
    path: String,
}

struct Resolver<'r, 'a, 'd> {
    /// Those that are yet to be resolved, but for those on the way.
    values: BTreeMap<&'a str, Unresolved<'a>>,
    environment: &'r mut Environment<'a>,
    report: &'r mut Report<'d>,
    /// Those that wait for others, each for the next.
    way: Vec<&'a str>,
}

impl<'a> Resolver<'_, 'a, '_> {
    fn resolve(&mut self, name: &'a str) {
        let Some(value) = self.values.remove(name) else {
            return;
        };
        self.way.push(name);
        let meaning = self.meaning(name, value);
        self.way.pop();
        self.environment.set(name, meaning);
    }

    fn meaning(&mut self, name: &'a str, value: Unresolved<'a>) -> Meaning<'a> {
        loop {
            let checked = checker::check(&value.parsed, self.environment, &mut Vec::new());
            let Some(next) = checked.pending.first() else {
                return self.finished(name, value, checked);
            };
            match self.values.get_key_value(next.as_str()) {
                Some((&next, _)) => self.resolve(next),
                None => {
                    self.report_circle(next, &value);
                    return Meaning::Wrong;
                }
            }
        }
    }

    fn finished(&mut self, name: &'a str, value: Unresolved<'a>, checked: Checked) -> Meaning<'a> {
        let Unresolved { parsed, path } = value;
        for (range, found) in &checked.found {
            let (range, found) = (range.clone(), found.clone());
            self.report.add_inside(&path, parsed.text, range, found);
        }
        let problem = if !checked.found.is_empty() || checked.kind == Type::Unknown {
            return Meaning::Wrong;
        } else if checked.depth > MAX_EXPRESSION_DEPTH {
            let message = format!(
                "with the values that it uses, the expression has a chain of more than the allowed \
                 {MAX_EXPRESSION_DEPTH} operators"
            );
            Diagnostic::error("LIMIT_EXCEEDED", message)
        } else if checked.kind == Type::Execution {
            Diagnostic::error("TYPE_MISMATCH", "`execution` is no value by itself")
                .label("not a value")
                .help("use one of its fields: `execution.id`")
        } else {
            let references: BTreeSet<_> =
                checked.references.iter().map(|(step, _)| *step).collect();
            return Meaning::Computed(Rc::new(ComputedValue {
                name,
                parsed,
                kind: checked.kind,
                references: references.into_iter().collect(),
                depth: checked.depth,
                is_used: Cell::new(false),
            }));
        };
        let range = 0..parsed.text.len();
        self.report.add_inside(&path, parsed.text, range, problem);
        Meaning::Wrong
    }

    /// Reports values that refer to each other. All but the last, whose path this is, wait for it.
    fn report_circle(&mut self, next: &str, value: &Unresolved<'a>) {
        let start = self.way.iter().position(|name| *name == next).unwrap_or(0);
        let mut circle = self.way[start..].to_vec();
        circle.push(self.way[start]);
        let message = format!(
            "values are computed from each other in a circle: `{}`",
            circle.join(" -> ")
        );
        let text = value.parsed.text;
        let at = text.find(next).unwrap_or(0);
        let found =
            Diagnostic::error("CYCLE", message).label(format!("computed from `{next}` here"));
        let range = at..at + next.len();
        self.report.add_inside(&value.path, text, range, found);
    }
}
