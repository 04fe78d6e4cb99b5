//! Values that may be missing.

use super::{Evaluated, unsupported};
use crate::program::meter::{Meter, Problem};
use crate::program::value::Value;

/// `optional.of(x)`
pub(crate) fn of<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [value] => Ok(Value::optional(Some(value.clone()))),
        _ => Err(unsupported("optional.of", arguments)),
    }
}

/// `optional.none()`
pub(crate) fn none<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [] => Ok(Value::optional(None)),
        _ => Err(unsupported("optional.none", arguments)),
    }
}

/// `optional.ofNonZeroValue(x)`: none for zero, false, null, and what is empty.
pub(crate) fn of_non_zero<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [value] => Ok(Value::optional((!is_zero(value)).then(|| value.clone()))),
        _ => Err(unsupported("optional.ofNonZeroValue", arguments)),
    }
}

/// `x.hasValue()`
pub(crate) fn has_value<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [Value::Optional(value)] => Ok(Value::Bool(value.is_some())),
        _ => Err(unsupported("hasValue", arguments)),
    }
}

/// `x.value()`
pub(crate) fn value<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [Value::Optional(Some(value))] => Ok((**value).clone()),
        [Value::Optional(None)] => Err(Problem::new("the optional has no value")),
        _ => Err(unsupported("value", arguments)),
    }
}

fn is_zero(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Int(number) => *number == 0,
        Value::Uint(number) => *number == 0,
        Value::Double(number) => *number == 0.0,
        Value::String(text) => text.as_str().is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::Timestamp(moment) | Value::Duration(moment) => moment.as_nanos() == 0,
        Value::List(list) => list.len() == 0,
        Value::Map(map) => map.len() == 0,
        Value::Message(message) => message.get().fields().next().is_none(),
        Value::Optional(value) => value.is_none(),
        Value::Type(_) => false,
    }
}
