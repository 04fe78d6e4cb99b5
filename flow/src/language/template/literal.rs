//! Literals of templates: numbers and booleans that stand for themselves.

use prost_reflect::{FieldDescriptor, Kind, Value as Field};
use prost_types::value::Kind as Json;

use super::{Compiler, Meter, Node, Value, encode_field, to_single};
use crate::diagnostic::Diagnostic;
use crate::language::assign::short_name;
use crate::language::checker::describe_field;
use crate::program::wrapped;

impl Compiler<'_, '_, '_> {
    /// The part that sets a field to a literal; `None` if it does not fit.
    pub(super) fn literal(
        &mut self,
        field: &FieldDescriptor,
        value: &Json,
        path: &str,
        is_element: bool,
    ) -> Option<Node> {
        if let Json::NullValue(_) = value {
            let message = format!("`{}` cannot be set to null", short_name(field));
            let found = Diagnostic::error("TYPE_MISMATCH", message)
                .label("null")
                .help("leave the field out");
            self.report.add(path, found);
            return None;
        }
        // A wrapper takes what it wraps.
        let scalar = match field.kind() {
            Kind::Message(descriptor) => wrapped(&descriptor).map_or(field.kind(), |f| f.kind()),
            kind => kind,
        };
        let Some(literal) = to_value(value, &scalar) else {
            self.wrong_literal(field, value, path);
            return None;
        };
        let converted = to_single(&literal, field, &mut Meter::new()).and_then(|value| {
            let value = if is_element {
                Field::List(vec![value])
            } else {
                value
            };
            let mut bytes = Vec::new();
            encode_field(field, value, &mut bytes)?;
            Ok(bytes)
        });
        match converted {
            Ok(bytes) => Some(Node::Constant(bytes.into())),
            Err(problem) => {
                let found = Diagnostic::error("OUT_OF_RANGE", problem.text).label("out of range");
                self.report.add(path, found);
                None
            }
        }
    }

    fn wrong_literal(&mut self, field: &FieldDescriptor, value: &Json, path: &str) {
        let is_whole = matches!(
            field.kind(),
            Kind::Int32
                | Kind::Int64
                | Kind::Sint32
                | Kind::Sint64
                | Kind::Sfixed32
                | Kind::Sfixed64
                | Kind::Uint32
                | Kind::Uint64
                | Kind::Fixed32
                | Kind::Fixed64
        );
        match value {
            Json::NumberValue(number) if is_whole => {
                let (name, kind) = (short_name(field), describe_field(field));
                let message = format!("`{name}` is of type {kind}, it cannot be {number}");
                let label = if number.fract() == 0.0 {
                    "out of range"
                } else {
                    "not a whole number"
                };
                self.report.add(
                    path,
                    Diagnostic::error("OUT_OF_RANGE", message).label(label),
                );
            }
            _ => self.mismatch(field, value, path),
        }
    }
}

/// A literal as the value of an expression, of the kind that a field takes.
fn to_value(value: &Json, kind: &Kind) -> Option<Value<'static>> {
    match (value, kind) {
        (Json::BoolValue(value), Kind::Bool) => Some(Value::Bool(*value)),
        (Json::NumberValue(number), Kind::Float | Kind::Double) => Some(Value::Double(*number)),
        (
            Json::NumberValue(number),
            Kind::Int32
            | Kind::Int64
            | Kind::Sint32
            | Kind::Sint64
            | Kind::Sfixed32
            | Kind::Sfixed64
            | Kind::Enum(_),
        ) => whole(*number)
            .and_then(|n| i64::try_from(n).ok())
            .map(Value::Int),
        (
            Json::NumberValue(number),
            Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64,
        ) => whole(*number)
            .and_then(|n| u64::try_from(n).ok())
            .map(Value::Uint),
        _ => None,
    }
}

/// The whole number that a double is, as long as doubles are exact.
fn whole(number: f64) -> Option<i128> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it has no fraction and is in range"
    )]
    let whole = || number as i128;
    (number.fract() == 0.0 && number.abs() <= EXACT).then(whole)
}

/// What a value of a template is, with its article.
pub(super) fn describe(value: &Json) -> &'static str {
    match value {
        Json::NullValue(_) => "null",
        Json::NumberValue(_) => "a number",
        Json::StringValue(_) => "an expression",
        Json::BoolValue(_) => "a boolean",
        Json::StructValue(_) => "an object",
        Json::ListValue(_) => "a list",
    }
}
