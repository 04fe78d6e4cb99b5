//! Requests and outputs: from objects whose leaves are expressions to programs.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use prost_types::value::Kind as Json;

use super::assign::{self, short_name};
use super::checker::{self, Checked, describe_field, no_such_field};
use super::decode::join;
use super::depth::{is_object_too_deep, too_deep};
use super::environment::Environment;
use super::limits::{MAX_EXPRESSIONS, MAX_TEMPLATE_DEPTH};
use super::parse;
use super::report::Report;
use super::types::Type;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::StepIndex;
use crate::program::{
    Computed, Copy, Expression, Key, MessageProgram, Meter, Node, Slot, Value, encode_field, fold,
    to_map_key, to_single,
};

mod alone;
mod literal;
mod object;

pub(super) use alone::Alone;

/// That an expression refers to a step.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) step: StepIndex,
    pub(super) path: String,
    pub(super) span: Option<Span>,
}

/// Compiles the templates of one program.
pub(super) struct Compiler<'c, 'e, 'r> {
    environment: &'c Environment<'e>,
    report: &'c mut Report<'r>,
    /// How many expressions the workflow has so far.
    expressions: &'c mut usize,
    slots: Vec<Slot>,
    references: Vec<Reference>,
}

/// Parts of a message, by the number of the field that they set.
type Parts = Vec<(u32, Node)>;

impl<'c, 'e, 'r> Compiler<'c, 'e, 'r> {
    pub(super) fn new(
        environment: &'c Environment<'e>,
        report: &'c mut Report<'r>,
        expressions: &'c mut usize,
    ) -> Self {
        Self {
            environment,
            report,
            expressions,
            slots: Vec::new(),
            references: Vec::new(),
        }
    }

    /// Compiles what computes a message. Where its type is not known, for a mistake that is reported
    /// elsewhere, its expressions are still checked in themselves.
    pub(super) fn program(
        mut self,
        template: Option<&prost_types::Struct>,
        descriptor: Option<&MessageDescriptor>,
        path: &str,
    ) -> (MessageProgram, Vec<Reference>) {
        let parts = match (template, descriptor) {
            (None, _) => Vec::new(),
            (Some(template), _) if is_object_too_deep(template) => {
                self.report.add(path, too_deep());
                Vec::new()
            }
            (Some(template), Some(descriptor)) => self.message(template, descriptor, path, 0),
            (Some(template), None) => {
                let value = Json::StructValue(template.clone());
                self.untyped(&value, path, 0);
                Vec::new()
            }
        };
        let program = MessageProgram::new(ordered(parts), self.slots);
        (program, self.references)
    }

    fn message(
        &mut self,
        template: &prost_types::Struct,
        descriptor: &MessageDescriptor,
        path: &str,
        depth: usize,
    ) -> Parts {
        let mut parts = Vec::new();
        if self.is_too_deep(path, depth) {
            return parts;
        }
        let mut oneofs = std::collections::HashMap::new();
        let mut seen = std::collections::HashSet::new();
        for (name, value) in &template.fields {
            let path = join(path, name);
            let value = value.kind.as_ref().unwrap_or(&Json::NullValue(0));
            let field = descriptor.get_field_by_name(name);
            let Some(field) = field.or_else(|| descriptor.get_field_by_json_name(name)) else {
                self.report
                    .add_to_key(&path, no_such_field(descriptor, name));
                self.untyped(value, &path, depth + 1);
                continue;
            };
            if !seen.insert(field.number()) {
                let message = format!("`{}` is given twice, by both of its names", field.name());
                let found = Diagnostic::error("DUPLICATE_KEY", message).label("given before");
                self.report.add_to_key(&path, found);
            }
            if let Some(oneof) = field
                .containing_oneof()
                .filter(|oneof| !oneof.is_synthetic())
                && let Some(other) = oneofs.insert(oneof.name().to_owned(), name.clone())
            {
                let found = assign::both_of_oneof(&oneof, &other, name);
                self.report.add_to_key(&path, found);
            }
            parts.extend(self.field(&field, value, &path, depth + 1));
        }
        parts
    }

    /// The parts that set a field.
    fn field(&mut self, field: &FieldDescriptor, value: &Json, path: &str, depth: usize) -> Parts {
        match value {
            Json::ListValue(list) if field.is_list() => {
                let mut parts = Vec::new();
                for (index, value) in list.values.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    let value = value.kind.as_ref().unwrap_or(&Json::NullValue(0));
                    parts.extend(self.single(field, value, &path, depth, true));
                }
                parts
            }
            Json::StructValue(entries) if field.is_map() => self.map(field, entries, path, depth),
            Json::StringValue(text) => {
                let node = self.leaf(field, text, path, false);
                node.map(|node| (field.number(), node))
                    .into_iter()
                    .collect()
            }
            _ if field.is_list() || field.is_map() => {
                self.mismatch(field, value, path);
                Vec::new()
            }
            _ => self.single(field, value, path, depth, false),
        }
    }

    /// The part that sets a field to one value, or adds an element to one that is a list.
    fn single(
        &mut self,
        field: &FieldDescriptor,
        value: &Json,
        path: &str,
        depth: usize,
        is_element: bool,
    ) -> Parts {
        let node = match value {
            Json::StringValue(text) => self.leaf(field, text, path, is_element),
            _ if object::is_json(field) => self.json_field(field, value, path, depth, is_element),
            Json::StructValue(template) => match field.kind() {
                Kind::Message(descriptor) => {
                    let parts = self.message(template, &descriptor, path, depth);
                    Some(Node::Nested(field.number(), ordered(parts)))
                }
                _ => {
                    self.mismatch(field, value, path);
                    None
                }
            },
            _ => self.literal(field, value, path, is_element),
        };
        node.map(|node| (field.number(), node))
            .into_iter()
            .collect()
    }

    /// The entries of a map: each is a message with a key and a value.
    fn map(
        &mut self,
        field: &FieldDescriptor,
        entries: &prost_types::Struct,
        path: &str,
        depth: usize,
    ) -> Parts {
        let Kind::Message(entry) = field.kind() else {
            return Vec::new();
        };
        let (key_field, value_field) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let mut parts = Vec::new();
        for (name, value) in &entries.fields {
            let path = join(path, name);
            let value = value.kind.as_ref().unwrap_or(&Json::NullValue(0));
            let key = object::key_from_text(name, &key_field.kind());
            let key = key.and_then(|key: Key| to_map_key(&key, &key_field).ok());
            let Some(key) = key else {
                let kind = describe_field(&key_field);
                let message = format!(
                    "the keys of `{}` are of type {kind}, this is not",
                    short_name(field)
                );
                let found = Diagnostic::error("TYPE_MISMATCH", message).label("not a key");
                self.report.add_to_key(&path, found);
                continue;
            };
            let mut key_bytes = Vec::new();
            encode_field(&key_field, key.into(), &mut key_bytes).expect("a key is short");
            let mut nodes = vec![Node::Constant(key_bytes.into())];
            let value = self.single(&value_field, value, &path, depth + 1, false);
            nodes.extend(ordered(value));
            parts.push((field.number(), Node::Nested(field.number(), nodes)));
        }
        parts
    }

    /// The part that an expression makes; `None` if it is wrong, or sets nothing.
    fn leaf(
        &mut self,
        field: &FieldDescriptor,
        text: &str,
        path: &str,
        is_element: bool,
    ) -> Option<Node> {
        let checked = self.expression(text, path)?;
        let fits = match &checked.kind {
            kind if is_element => assign::check_single(&checked.expression, kind, field),
            // Without a value the field is not set.
            Type::Optional(kind) => assign::check(&checked.expression, kind, field),
            kind => assign::check(&checked.expression, kind, field),
        };
        if let Err(found) = fits {
            self.report.add_inside(path, text, trimmed(text), *found);
            return None;
        }
        if !is_element
            && let Some((slot, way)) = checked.expression.as_path()
            && let Slot::Message { variable, .. } = self.slots[slot]
            && let Some(copy) = Copy::new(text, variable, &way, field)
        {
            return Some(Node::Copy(copy));
        }
        let computed = Computed {
            source: text.into(),
            expression: assign::adapted(checked.expression, field),
            field: field.clone(),
            is_element,
        };
        if checked.is_constant {
            return self.folded(computed, text, path);
        }
        Some(Node::Computed(Box::new(computed)))
    }

    /// What is the same in every scope is computed now.
    fn folded(&mut self, computed: Computed, text: &str, path: &str) -> Option<Node> {
        match fold(&computed) {
            None => Some(Node::Computed(Box::new(computed))),
            Some(Ok(bytes)) => Some(Node::Constant(bytes)),
            Some(Err(problem)) => {
                let message = format!("the expression has no value: {}", problem.text);
                let found = Diagnostic::error("NO_VALUE", message).label("has no value");
                self.report.add_inside(path, text, trimmed(text), found);
                None
            }
        }
    }

    /// Parses and checks an expression; `None` if something is wrong with it.
    fn expression(&mut self, text: &str, path: &str) -> Option<Checked> {
        *self.expressions += 1;
        if *self.expressions > MAX_EXPRESSIONS {
            if *self.expressions == MAX_EXPRESSIONS + 1 {
                let message =
                    format!("the workflow has more than the allowed {MAX_EXPRESSIONS} expressions");
                self.report
                    .add(path, Diagnostic::error("LIMIT_EXCEEDED", message));
            }
            return None;
        }
        let parsed = match parse::parse(text) {
            Ok(parsed) => parsed,
            Err(error) => {
                let (range, found) = *error;
                self.report.add_inside(path, text, range, found);
                return None;
            }
        };
        let known = self.slots.len();
        let checked = checker::check(&parsed, self.environment, &mut self.slots);
        self.count_computed(known);
        for (step, range) in &checked.references {
            let span = self.report.place(path, text, range.clone());
            let reference = Reference {
                step: *step,
                path: path.to_owned(),
                span,
            };
            self.references.push(reference);
        }
        let is_sound = checked.found.is_empty() && checked.kind != Type::Unknown;
        for (range, found) in &checked.found {
            self.report
                .add_inside(path, text, range.clone(), found.clone());
        }
        is_sound.then_some(checked)
    }

    /// Counts the values that are computed, too: each program has them checked again.
    fn count_computed(&mut self, known: usize) {
        let is_computed = |slot: &&Slot| matches!(slot, Slot::Computed { .. });
        let computed = self.slots[known..].iter().filter(is_computed).count();
        // Not beyond the limit: the next expression is to report it.
        let expressions = *self.expressions + computed;
        *self.expressions = expressions.min(MAX_EXPRESSIONS).max(*self.expressions);
    }

    fn is_too_deep(&mut self, path: &str, depth: usize) -> bool {
        if depth <= MAX_TEMPLATE_DEPTH {
            return false;
        }
        self.report.add(path, too_deep());
        true
    }

    fn mismatch(&mut self, field: &FieldDescriptor, value: &Json, path: &str) {
        let what = literal::describe(value);
        let message = format!("{}, this is {what}", assign::what_it_is(field));
        let found = Diagnostic::error("TYPE_MISMATCH", message).label("another type");
        self.report.add(path, found);
    }
}

/// The nodes in the order of their fields' numbers, as messages are usually encoded.
fn ordered(mut parts: Parts) -> Vec<Node> {
    parts.sort_by_key(|(number, _)| *number);
    parts.into_iter().map(|(_, node)| node).collect()
}

/// The bytes of a text without the white space around it.
fn trimmed(text: &str) -> std::ops::Range<usize> {
    let start = text.len() - text.trim_start().len();
    start..start + text.trim().len()
}
