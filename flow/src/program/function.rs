//! The functions of expressions: what each gives for its arguments.
//!
//! The checker has seen to it that there is an overload for the arguments, unless one is `dyn`. Every
//! function pays for what it goes over, and for what it makes before it makes it.

use std::borrow::Cow;
use std::fmt;

use regex::RegexBuilder;

use super::meter::{Meter, Problem};
use super::value::{List, Value};

pub(crate) mod aggregate;
pub(crate) mod calendar;
pub(crate) mod conversion;
pub(crate) mod encoding;
pub(crate) mod format;
pub(crate) mod lists;
pub(crate) mod math;
pub(crate) mod optional;
pub(crate) mod sets;
pub(crate) mod split;
pub(crate) mod text;

/// Gives the value of a function for its arguments. Of a method, the first one is its target.
pub(crate) type Apply = for<'a> fn(&[Value<'a>], &mut Meter) -> Evaluated<'a>;

type Evaluated<'a> = Result<Value<'a>, Problem>;

/// A function, whatever its overload.
#[derive(Clone, Copy)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) apply: Apply,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Function").field(&self.name).finish()
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Most bytes that a compiled pattern may take.
const MAX_PATTERN_SIZE: usize = 1 << 18;

/// Compiles the pattern of `matches`.
pub(crate) fn compile_pattern(pattern: &str) -> Result<regex::Regex, Problem> {
    RegexBuilder::new(pattern)
        .size_limit(MAX_PATTERN_SIZE)
        .dfa_size_limit(MAX_PATTERN_SIZE)
        .nest_limit(32)
        .build()
        .map_err(|error| {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            let last = last.strip_prefix("error: ").unwrap_or(last);
            Problem::new(format!("`{pattern}` is not a regular expression: {last}"))
        })
}

/// `dyn(x)`: the value as it is.
pub(crate) fn dynamic<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [value] => Ok(value.clone()),
        _ => Err(unsupported("dyn", arguments)),
    }
}

/// `type(x)`
pub(crate) fn type_of<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [value] => Ok(Value::Type(type_name(value))),
        _ => Err(unsupported("type", arguments)),
    }
}

/// `size(x)`
pub(crate) fn size<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let size = match arguments {
        [Value::String(text)] => {
            meter.charge_bytes(text.as_str().len())?;
            text.as_str().chars().count()
        }
        [Value::Bytes(bytes)] => bytes.len(),
        [Value::List(list)] => list.len(),
        [Value::Map(map)] => map.len(),
        _ => return Err(unsupported("size", arguments)),
    };
    Ok(int(size))
}

fn type_name(value: &Value<'_>) -> Cow<'static, str> {
    use prost_reflect::ReflectMessage;
    Cow::Borrowed(match value {
        Value::Null => "null_type",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Uint(_) => "uint",
        Value::Double(_) => "double",
        Value::String(_) => "string",
        Value::Bytes(_) => "bytes",
        Value::Timestamp(_) => "google.protobuf.Timestamp",
        Value::Duration(_) => "google.protobuf.Duration",
        Value::List(_) => "list",
        Value::Map(_) => "map",
        Value::Optional(_) => "optional_type",
        Value::Type(_) => "type",
        Value::Message(message) => {
            return Cow::Owned(message.get().descriptor().full_name().to_owned());
        }
    })
}

/// A count as a value.
fn int<'a>(count: usize) -> Value<'a> {
    Value::Int(i64::try_from(count).expect("no memory holds more"))
}

/// The only argument, a list.
fn only_list<'v, 'a>(name: &str, arguments: &'v [Value<'a>]) -> Result<&'v List<'a>, Problem> {
    match arguments {
        [Value::List(list)] => Ok(list),
        _ => Err(unsupported(name, arguments)),
    }
}

fn unsupported(name: &str, arguments: &[Value<'_>]) -> Problem {
    let what: Vec<_> = arguments.iter().map(Value::describe).collect();
    let values: Vec<_> = arguments.iter().collect();
    let text = format!("`{name}` does not take {}", what.join(" and "));
    Problem::mismatch(&values, text)
}
