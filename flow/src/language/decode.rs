//! From the tree of a text to the message Workflow, along its descriptor.
//!
//! Does what the JSON mapping of protobuf does, but goes on after a mistake, and says where it is.

mod enumerated;
mod json;

pub(super) use enumerated::short_name;

use std::collections::{HashMap, HashSet};

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value,
};

use super::depth::{is_too_deep, too_deep};
use super::duration;
use super::source::Source;
use super::tree::{Content, Node, Resolved};
use crate::diagnostic::{Diagnostic, Span};

/// What was decoded, and what could not be.
pub(super) struct Decoder<'a> {
    pub(super) source: &'a mut Source,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Paths of values that were refused here: later checks do not miss them.
    pub(super) refused: HashSet<String>,
}

impl Decoder<'_> {
    /// A message from an object.
    pub(super) fn message(
        &mut self,
        descriptor: &MessageDescriptor,
        node: &Node,
        path: &str,
    ) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        let Content::Mapping(entries) = &node.content else {
            self.refuse_kind::<()>(path, "an object", node);
            return message;
        };
        let mut seen = HashSet::new();
        for (key, value) in entries {
            let Some(name) = self.key(key, path) else {
                continue;
            };
            let field = descriptor
                .get_field_by_name(name)
                .or_else(|| descriptor.get_field_by_json_name(name));
            let Some(field) = field else {
                self.unknown_key(descriptor, name, key, path);
                continue;
            };
            let path = join(path, field.name());
            if !seen.insert(field.number()) {
                self.duplicate(name, key, &path);
                continue;
            }
            self.source.record(&path, Some(key), value);
            if let Some(value) = self.field(&field, value, &path) {
                message.set_field(&field, value);
            }
        }
        message
    }

    /// The value of a field; `None` if it is left unset or was refused.
    fn field(&mut self, field: &FieldDescriptor, node: &Node, path: &str) -> Option<Value> {
        if is_null(node) {
            return None;
        }
        if field.is_map() {
            return self.map(field, node, path);
        }
        if !field.is_list() {
            return self.single(field, node, path);
        }
        let Content::Sequence(items) = &node.content else {
            self.refuse_kind::<()>(path, "a list", node);
            return None;
        };
        let mut values = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("{path}[{index}]");
            self.source.record(&path, None, item);
            // What was refused keeps its place, or all paths after it would be wrong.
            let value = self.single(field, item, &path);
            values.push(value.unwrap_or_else(|| Value::default_value(&field.kind())));
        }
        Some(Value::List(values))
    }

    /// A map, whose keys are texts.
    fn map(&mut self, field: &FieldDescriptor, node: &Node, path: &str) -> Option<Value> {
        let Content::Mapping(entries) = &node.content else {
            return self.refuse_kind(path, "an object with a value for each name", node);
        };
        let Kind::Message(entry) = field.kind() else {
            return None;
        };
        let mut values = HashMap::new();
        for (key, value) in entries {
            let Some(name) = self.key(key, path) else {
                continue;
            };
            let path = join(path, name);
            let map_key = MapKey::String(name.to_owned());
            if values.contains_key(&map_key) {
                self.duplicate(name, key, &path);
                continue;
            }
            self.source.record(&path, Some(key), value);
            let value = self.single(&entry.map_entry_value_field(), value, &path);
            values.extend(value.map(|value| (map_key, value)));
        }
        Some(Value::Map(values))
    }

    fn single(&mut self, field: &FieldDescriptor, node: &Node, path: &str) -> Option<Value> {
        match field.kind() {
            Kind::Message(descriptor) => match descriptor.full_name() {
                "google.protobuf.Duration" => self.duration(&descriptor, node, path),
                "google.protobuf.Struct" | "google.protobuf.Value" if is_too_deep(node) => {
                    self.refuse(path, too_deep())
                }
                "google.protobuf.Struct" => {
                    let message = self.structure(node, path)?;
                    transcoded(&descriptor, &message)
                }
                "google.protobuf.Value" => {
                    let kind = Some(self.json_value(node, path));
                    transcoded(&descriptor, &prost_types::Value { kind })
                }
                _ => Some(Value::Message(self.message(&descriptor, node, path))),
            },
            Kind::String => match resolved(node) {
                Some(Resolved::Text(text)) => Some(Value::String(text.to_owned())),
                _ => self.refuse_kind(path, "text", node),
            },
            Kind::Uint32 => match resolved(node) {
                Some(Resolved::Number(text)) => match text.parse() {
                    Ok(number) => Some(Value::U32(number)),
                    Err(_) => self.refuse(
                        path,
                        Diagnostic::error(
                            "OUT_OF_RANGE",
                            format!(
                                "`{path}` takes a whole number from 0 to {}, this is {text}",
                                u32::MAX
                            ),
                        ),
                    ),
                },
                _ => self.refuse_kind(path, "a whole number", node),
            },
            Kind::Double => match resolved(node) {
                Some(Resolved::Number(text)) => {
                    let number = text
                        .parse()
                        .expect("what resolves as a number parses as one");
                    Some(Value::F64(number))
                }
                _ => self.refuse_kind(path, "a number", node),
            },
            Kind::Enum(descriptor) => self.enumerated(&descriptor, node, path),
            _ => self.refuse_kind(path, "nothing", node),
        }
    }

    fn duration(
        &mut self,
        descriptor: &MessageDescriptor,
        node: &Node,
        path: &str,
    ) -> Option<Value> {
        let text = match resolved(node) {
            Some(Resolved::Text(text) | Resolved::Number(text)) => text,
            _ => return self.refuse_kind(path, "a duration such as `2s`", node),
        };
        match duration::parse_json(text) {
            Ok(duration) => transcoded(descriptor, &duration),
            Err(help) => self.refuse(
                path,
                Diagnostic::error(
                    "INVALID_DURATION",
                    format!("`{text}` is not a duration: expected seconds such as `2s` or `0.25s`"),
                )
                .label("not a duration")
                .help(help),
            ),
        }
    }

    fn key<'n>(&mut self, key: &'n Node, path: &str) -> Option<&'n str> {
        if let Content::Scalar(scalar) = &key.content {
            return Some(&scalar.text);
        }
        let span = self.source.span(key.range);
        let found = Diagnostic::error("WRONG_KIND", "a key is text, this is not");
        self.diagnostics.push(found.at(path, Some(span)));
        None
    }

    fn unknown_key(&mut self, descriptor: &MessageDescriptor, name: &str, key: &Node, path: &str) {
        let span = self.source.span(key.range);
        let names: Vec<_> = descriptor.fields().collect();
        let all: Vec<_> = names.iter().map(FieldDescriptor::name).collect();
        let mut found = Diagnostic::error(
            "UNKNOWN_KEY",
            format!("{} has no key `{name}`", called(descriptor)),
        )
        .label("unknown key")
        .nearest(name, "a key", all.iter().copied());
        if found.help.is_empty() {
            found.help = format!("its keys are {}", quoted_list(&all));
        }
        let path = join(path, name);
        self.diagnostics.push(found.at(path.clone(), Some(span)));
        self.refused.insert(path);
    }

    fn duplicate(&mut self, name: &str, key: &Node, path: &str) {
        let first: Option<Span> = self.source.key(path);
        let mut found = Diagnostic::error("DUPLICATE_KEY", format!("`{name}` is given twice"))
            .label("given before");
        if let Some(first) = first {
            found.help = format!("it was first given in line {}", first.line);
        }
        let span = self.source.span(key.range);
        self.diagnostics.push(found.at(path, Some(span)));
    }

    fn refuse_kind<T>(&mut self, path: &str, expected: &str, node: &Node) -> Option<T> {
        let what = describe(node);
        let name = if path.is_empty() {
            "a definition"
        } else {
            path
        };
        let name = if path.is_empty() {
            name.to_owned()
        } else {
            format!("`{name}`")
        };
        let mut found = Diagnostic::error(
            "WRONG_KIND",
            format!("{name} takes {expected}, this is {what}"),
        )
        .label(what);
        if expected == "text"
            && let Content::Scalar(scalar) = &node.content
        {
            found.help = format!("put it in quotes: \"{}\"", scalar.text);
        }
        self.refuse(path, found)
    }

    fn refuse<T>(&mut self, path: &str, found: Diagnostic) -> Option<T> {
        let span = self.source.value(path);
        self.diagnostics.push(found.at(path, span));
        self.refused.insert(path.to_owned());
        None
    }
}

/// `steps[0]` and `id` are `steps[0].id`.
pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// `a`, `b` and `c`.
pub(super) fn quoted_list<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<_> = names
        .iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// What a message of a definition is called, with its article.
fn called(descriptor: &MessageDescriptor) -> String {
    match descriptor.name() {
        "RetryPolicy" => "a retry policy".to_owned(),
        "ForEach" => "`for_each`".to_owned(),
        "StepWait" => "a wait".to_owned(),
        "StepAwait" => "`await`".to_owned(),
        "EventStart" => "`start`".to_owned(),
        "Defaults" => "`defaults`".to_owned(),
        other => format!("a {}", other.to_lowercase()),
    }
}

fn resolved(node: &Node) -> Option<Resolved<'_>> {
    match &node.content {
        Content::Scalar(scalar) => Some(scalar.resolve()),
        Content::Sequence(_) | Content::Mapping(_) => None,
    }
}

fn is_null(node: &Node) -> bool {
    resolved(node) == Some(Resolved::Null)
}

fn describe(node: &Node) -> &'static str {
    match &node.content {
        Content::Sequence(_) => "a list",
        Content::Mapping(_) => "an object",
        Content::Scalar(scalar) => match scalar.resolve() {
            Resolved::Null => "nothing",
            Resolved::Boolean(_) => "a boolean",
            Resolved::Number(_) => "a number",
            Resolved::Text(_) => "text",
        },
    }
}

/// A well-known type as a dynamic message.
fn transcoded<M: prost::Message>(descriptor: &MessageDescriptor, message: &M) -> Option<Value> {
    let bytes = message.encode_to_vec();
    let dynamic = DynamicMessage::decode(descriptor.clone(), bytes.as_slice());
    let dynamic = dynamic.expect("a well-known type has the same fields everywhere");
    debug_assert_eq!(dynamic.descriptor().full_name(), descriptor.full_name());
    Some(Value::Message(dynamic))
}
