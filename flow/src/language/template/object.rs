//! Templates for fields that take any JSON (Struct, Value, ListValue), and templates whose type is not
//! known.

use prost_reflect::{FieldDescriptor, Kind};
use prost_types::value::Kind as Json;

use super::{Compiler, Computed, Expression, Key, Node, Type, Value, trimmed};
use crate::language::assign;
use crate::language::decode::join;

impl Compiler<'_, '_, '_> {
    /// The part that sets a field to any JSON.
    pub(super) fn json_field(
        &mut self,
        field: &FieldDescriptor,
        value: &Json,
        path: &str,
        depth: usize,
        is_element: bool,
    ) -> Option<Node> {
        let before = self.slots.len();
        let (expression, kind) = self.json(value, path, depth, true)?;
        if let Err(found) = assign::check_single(&expression, &kind, field) {
            self.report.add(path, *found);
            return None;
        }
        let computed = Computed {
            source: path.into(),
            expression,
            field: field.clone(),
            is_element,
        };
        if before == 0 && self.slots.is_empty() && self.references.is_empty() && is_literal(value) {
            return self.folded(computed, path, path);
        }
        Some(Node::Computed(Box::new(computed)))
    }

    /// JSON with expressions in it as one expression. Whether they have a place in JSON is looked at
    /// only if it is known to be meant.
    fn json(
        &mut self,
        value: &Json,
        path: &str,
        depth: usize,
        is_meant: bool,
    ) -> Option<(Expression, Type)> {
        if self.is_too_deep(path, depth) {
            return None;
        }
        let literal = |value, kind| Some((Expression::Literal(value), kind));
        match value {
            Json::NullValue(_) => literal(Value::Null, Type::Null),
            Json::BoolValue(value) => literal(Value::Bool(*value), Type::Bool),
            Json::NumberValue(number) => literal(Value::Double(*number), Type::Double),
            Json::StringValue(text) => {
                let checked = self.expression(text, path)?;
                if is_meant && let Err(found) = assign::check_json(&checked.kind) {
                    self.report.add_inside(path, text, trimmed(text), *found);
                    return None;
                }
                Some((checked.expression, checked.kind))
            }
            Json::ListValue(list) => {
                let mut items = Vec::new();
                let mut is_sound = true;
                for (index, item) in list.values.iter().enumerate() {
                    let item = item.kind.as_ref().unwrap_or(&Json::NullValue(0));
                    match self.json(item, &format!("{path}[{index}]"), depth + 1, is_meant) {
                        Some((item, _)) => items.push(item),
                        None => is_sound = false,
                    }
                }
                let kind = Type::List(Box::new(Type::Dyn));
                is_sound.then_some((Expression::List(items), kind))
            }
            Json::StructValue(template) => {
                let mut entries = Vec::new();
                let mut is_sound = true;
                for (name, item) in &template.fields {
                    let item = item.kind.as_ref().unwrap_or(&Json::NullValue(0));
                    let key = Expression::Literal(Value::text(name.as_str()));
                    match self.json(item, &join(path, name), depth + 1, is_meant) {
                        Some((item, _)) => entries.push((key, item)),
                        None => is_sound = false,
                    }
                }
                let kind = Type::Map(Box::new(Type::String), Box::new(Type::Dyn));
                is_sound.then_some((Expression::Map(entries), kind))
            }
        }
    }

    /// Checks the expressions of a template whose type is not known.
    pub(super) fn untyped(&mut self, value: &Json, path: &str, depth: usize) {
        let _ = self.json(value, path, depth, false);
    }
}

/// Whether a field takes any JSON.
pub(super) fn is_json(field: &FieldDescriptor) -> bool {
    match field.kind() {
        Kind::Message(descriptor) => matches!(
            descriptor.full_name(),
            "google.protobuf.Struct" | "google.protobuf.Value" | "google.protobuf.ListValue"
        ),
        _ => false,
    }
}

fn is_literal(value: &Json) -> bool {
    match value {
        Json::StringValue(_) => false,
        Json::NullValue(_) | Json::BoolValue(_) | Json::NumberValue(_) => true,
        Json::ListValue(list) => list
            .values
            .iter()
            .all(|item| item.kind.as_ref().is_none_or(is_literal)),
        Json::StructValue(template) => template
            .fields
            .values()
            .all(|item| item.kind.as_ref().is_none_or(is_literal)),
    }
}

/// The key that a text stands for, in a map with keys of a kind.
pub(super) fn key_from_text(text: &str, kind: &Kind) -> Option<Key> {
    match kind {
        Kind::String => Some(Key::String(text.into())),
        Kind::Bool => text.parse().ok().map(Key::Bool),
        _ => {
            let int = text.parse().ok().map(Key::Int);
            int.or_else(|| text.parse().ok().map(Key::Uint))
        }
    }
}
