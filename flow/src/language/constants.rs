//! Constants: values of a definition that do not change, typed by what they are.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use prost_types::value::Kind as Json;

use super::depth::{is_json_too_deep, too_deep};
use super::environment::Meaning;
use super::names;
use super::report::Report;
use super::types::Type;
use crate::program::{Key, Map, Value};

/// The largest whole number up to which doubles are exact.
const MAX_EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;

/// The constants of a definition, for expressions. Reports names that cannot be.
pub(super) fn compile(
    given: &BTreeMap<String, prost_types::Value>,
    report: &mut Report<'_>,
) -> Meaning<'static> {
    let mut constants = BTreeMap::new();
    for (name, value) in given {
        let path = format!("constants.{name}");
        names::check_constant_name(name, &path, report);
        if value.kind.as_ref().is_some_and(is_json_too_deep) {
            report.add(&path, too_deep());
            continue;
        }
        constants.insert(name.clone(), typed(value.kind.as_ref()));
    }
    Meaning::Constants(Rc::new(constants))
}

/// A value of JSON and its type: a number without a fraction is an int.
fn typed(value: Option<&Json>) -> (Value<'static>, Type) {
    match value {
        None | Some(Json::NullValue(_)) => (Value::Null, Type::Null),
        Some(Json::BoolValue(value)) => (Value::Bool(*value), Type::Bool),
        Some(Json::StringValue(text)) => (Value::text(text.as_str()), Type::String),
        Some(Json::NumberValue(number)) => number_of(*number),
        Some(Json::ListValue(list)) => {
            let mut elements = Type::Never;
            let mut values = Vec::with_capacity(list.values.len());
            for value in &list.values {
                let (value, kind) = typed(value.kind.as_ref());
                elements = elements.join(kind);
                values.push(value);
            }
            (Value::list(values), Type::List(Box::new(elements)))
        }
        Some(Json::StructValue(fields)) => {
            let mut kinds = Type::Never;
            let mut entries = BTreeMap::new();
            for (name, value) in &fields.fields {
                let (value, kind) = typed(value.kind.as_ref());
                kinds = kinds.join(kind);
                entries.insert(Key::String(name.as_str().into()), value);
            }
            let kind = Type::Map(Box::new(Type::String), Box::new(kinds));
            (Value::Map(Map::Shared(Arc::new(entries))), kind)
        }
    }
}

fn number_of(number: f64) -> (Value<'static>, Type) {
    if number.fract() == 0.0 && number.abs() <= MAX_EXACT_INTEGER {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
        let whole = number as i64;
        (Value::Int(whole), Type::Int)
    } else {
        (Value::Double(number), Type::Double)
    }
}
