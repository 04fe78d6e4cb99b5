//! The functions of expressions: what each gives for its arguments.
//!
//! The checker has seen to it that there is an overload for the arguments, unless one is `dyn`.

use std::borrow::Cow;
use std::cmp::Ordering;

use bytes::Bytes;
use regex::RegexBuilder;

use super::compare::compare;
use super::meter::{Meter, Problem, check_bytes};
use super::moment::{Date, date, parse_duration, parse_timestamp, show_duration, show_timestamp};
use super::value::{Moment, Value};

/// A function, whatever its overload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    Dyn,
    Type,
    Min,
    Max,
    FullYear,
    Month,
    Date,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

/// Most bytes that a compiled pattern may take.
const MAX_PATTERN_SIZE: usize = 1 << 18;

/// The first double beyond all ints.
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

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

/// Calls a function. For one that is called as a method, the first argument is its target.
pub(crate) fn call<'a>(
    function: Function,
    arguments: &[Value<'a>],
    meter: &mut Meter,
) -> Result<Value<'a>, Problem> {
    match (function, arguments) {
        (Function::Dyn, [value]) => Ok(value.clone()),
        (Function::Type, [value]) => Ok(Value::Type(type_name(value))),
        (Function::Min, values) => extreme(Ordering::Less, values, meter),
        (Function::Max, values) => extreme(Ordering::Greater, values, meter),
        (_, [value]) => unary(function, value, meter),
        (_, [value, argument]) => binary(function, value, argument, meter),
        _ => Err(unsupported(function, arguments)),
    }
}

fn unary<'a>(
    function: Function,
    value: &Value<'a>,
    meter: &mut Meter,
) -> Result<Value<'a>, Problem> {
    match function {
        Function::Size => size(value, meter),
        Function::Bool => to_bool(value),
        Function::Int => to_int(value),
        Function::Uint => to_uint(value),
        Function::Double => to_double(value),
        Function::String => to_string(value, meter),
        Function::Bytes => to_bytes(value, meter),
        Function::Timestamp => match value {
            Value::Timestamp(_) => Ok(value.clone()),
            Value::String(text) => Ok(Value::Timestamp(parse_timestamp(text.as_str())?)),
            Value::Int(seconds) => {
                let nanos = 0;
                let moment = Moment {
                    seconds: *seconds,
                    nanos,
                };
                Ok(Value::Timestamp(moment.check_timestamp()?))
            }
            _ => Err(unsupported(function, std::slice::from_ref(value))),
        },
        Function::Duration => match value {
            Value::Duration(_) => Ok(value.clone()),
            Value::String(text) => Ok(Value::Duration(parse_duration(text.as_str())?)),
            _ => Err(unsupported(function, std::slice::from_ref(value))),
        },
        _ => part(function, value),
    }
}

/// A part of a timestamp, or a duration in another unit.
fn part<'a>(function: Function, value: &Value<'a>) -> Result<Value<'a>, Problem> {
    let int = |number| Ok(Value::Int(number));
    match value {
        Value::Timestamp(moment) => {
            let Date {
                year,
                month,
                day,
                day_of_year,
                day_of_week,
            } = date(*moment);
            let second = moment.seconds.rem_euclid(86_400);
            match function {
                Function::FullYear => int(year),
                Function::Month => int(month),
                Function::Date => int(day + 1),
                Function::DayOfMonth => int(day),
                Function::DayOfYear => int(day_of_year),
                Function::DayOfWeek => int(day_of_week),
                Function::Hours => int(second / 3_600),
                Function::Minutes => int(second / 60 % 60),
                Function::Seconds => int(second % 60),
                Function::Milliseconds => int(i64::from(moment.nanos / 1_000_000)),
                _ => Err(unsupported(function, std::slice::from_ref(value))),
            }
        }
        Value::Duration(moment) => {
            let (seconds, nanos) = moment.as_duration();
            match function {
                Function::Hours => int(seconds / 3_600),
                Function::Minutes => int(seconds / 60),
                Function::Seconds => int(seconds),
                Function::Milliseconds => int(i64::from(nanos / 1_000_000)),
                _ => Err(unsupported(function, std::slice::from_ref(value))),
            }
        }
        _ => Err(unsupported(function, std::slice::from_ref(value))),
    }
}

fn binary<'a>(
    function: Function,
    value: &Value<'a>,
    argument: &Value<'a>,
    meter: &mut Meter,
) -> Result<Value<'a>, Problem> {
    let (Value::String(text), Value::String(part)) = (value, argument) else {
        return Err(unsupported(function, &[value.clone(), argument.clone()]));
    };
    let (text, part) = (text.as_str(), part.as_str());
    meter.charge_bytes(text.len() + part.len())?;
    Ok(Value::Bool(match function {
        Function::Contains => text.contains(part),
        Function::StartsWith => text.starts_with(part),
        Function::EndsWith => text.ends_with(part),
        Function::Matches => {
            meter.charge(2_000)?;
            compile_pattern(part)?.is_match(text)
        }
        _ => return Err(unsupported(function, &[value.clone(), argument.clone()])),
    }))
}

fn size<'a>(value: &Value<'a>, meter: &mut Meter) -> Result<Value<'a>, Problem> {
    let size = match value {
        Value::String(text) => {
            meter.charge_bytes(text.as_str().len())?;
            text.as_str().chars().count()
        }
        Value::Bytes(bytes) => bytes.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        _ => return Err(unsupported(Function::Size, std::slice::from_ref(value))),
    };
    Ok(Value::Int(
        i64::try_from(size).expect("no memory holds more"),
    ))
}

fn to_bool<'a>(value: &Value<'a>) -> Result<Value<'a>, Problem> {
    match value {
        Value::Bool(_) => Ok(value.clone()),
        Value::String(text) => match text.as_str() {
            "1" | "t" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
            other => Err(not_a(other, "bool")),
        },
        _ => Err(unsupported(Function::Bool, std::slice::from_ref(value))),
    }
}

fn to_int<'a>(value: &Value<'a>) -> Result<Value<'a>, Problem> {
    let int = match value {
        Value::Int(number) => *number,
        Value::Uint(number) => i64::try_from(*number).map_err(|_| out_of_range(number, "int"))?,
        // The bounds are exact as doubles; the largest int is not.
        Value::Double(number) if (-TWO_TO_63..TWO_TO_63).contains(number) => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "truncation is what int() does"
            )]
            let truncated = *number as i64;
            truncated
        }
        Value::Double(number) => return Err(out_of_range(number, "int")),
        Value::String(text) => {
            let text = text.as_str();
            text.parse().map_err(|_| not_a(text, "int"))?
        }
        Value::Timestamp(moment) => moment.seconds,
        _ => return Err(unsupported(Function::Int, std::slice::from_ref(value))),
    };
    Ok(Value::Int(int))
}

fn to_uint<'a>(value: &Value<'a>) -> Result<Value<'a>, Problem> {
    let uint = match value {
        Value::Uint(number) => *number,
        Value::Int(number) => u64::try_from(*number).map_err(|_| out_of_range(number, "uint"))?,
        Value::Double(number) if *number >= 0.0 && *number < 2.0 * TWO_TO_63 => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is not negative, and truncation is what uint() does"
            )]
            let truncated = *number as u64;
            truncated
        }
        Value::Double(number) => return Err(out_of_range(number, "uint")),
        Value::String(text) => {
            let text = text.as_str();
            text.parse().map_err(|_| not_a(text, "uint"))?
        }
        _ => return Err(unsupported(Function::Uint, std::slice::from_ref(value))),
    };
    Ok(Value::Uint(uint))
}

fn to_double<'a>(value: &Value<'a>) -> Result<Value<'a>, Problem> {
    #[expect(clippy::cast_precision_loss, reason = "rounding is what double() does")]
    let double = match value {
        Value::Double(number) => *number,
        Value::Int(number) => *number as f64,
        Value::Uint(number) => *number as f64,
        Value::String(text) => {
            let text = text.as_str();
            text.parse().map_err(|_| not_a(text, "double"))?
        }
        _ => return Err(unsupported(Function::Double, std::slice::from_ref(value))),
    };
    Ok(Value::Double(double))
}

fn to_string<'a>(value: &Value<'a>, meter: &mut Meter) -> Result<Value<'a>, Problem> {
    let text = match value {
        Value::String(_) => return Ok(value.clone()),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Timestamp(moment) => show_timestamp(*moment),
        Value::Duration(moment) => show_duration(*moment),
        Value::Bytes(bytes) => {
            meter.charge_bytes(bytes.len())?;
            let text =
                std::str::from_utf8(bytes).map_err(|_| Problem::new("the bytes are not UTF-8"))?;
            text.to_owned()
        }
        _ => return Err(unsupported(Function::String, std::slice::from_ref(value))),
    };
    Ok(Value::text(text))
}

fn to_bytes<'a>(value: &Value<'a>, meter: &mut Meter) -> Result<Value<'a>, Problem> {
    match value {
        Value::Bytes(_) => Ok(value.clone()),
        Value::String(text) => {
            let text = text.as_str();
            meter.charge_bytes(text.len())?;
            check_bytes(text.len())?;
            Ok(Value::Bytes(Bytes::copy_from_slice(text.as_bytes())))
        }
        _ => Err(unsupported(Function::Bytes, std::slice::from_ref(value))),
    }
}

/// The smallest or largest of the arguments, or of the elements of the only one.
fn extreme<'a>(
    wanted: Ordering,
    arguments: &[Value<'a>],
    meter: &mut Meter,
) -> Result<Value<'a>, Problem> {
    let mut best: Option<Value<'a>> = None;
    let mut consider = |value: Value<'a>, meter: &mut Meter| {
        meter.charge(1)?;
        let better = match &best {
            None => true,
            Some(best) => compare(&value, best, meter)? == Some(wanted),
        };
        if better {
            best = Some(value);
        }
        Ok::<_, Problem>(())
    };
    if let [Value::List(list)] = arguments {
        for index in 0..list.len() {
            let value = list
                .get(index, meter)?
                .expect("the index is below the length");
            consider(value, meter)?;
        }
    } else {
        for value in arguments {
            consider(value.clone(), meter)?;
        }
    }
    best.ok_or_else(|| Problem::new("an empty list has no smallest and no largest element"))
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
        Value::Type(_) => "type",
        Value::Message(message) => {
            return Cow::Owned(message.get().descriptor().full_name().to_owned());
        }
    })
}

fn unsupported(function: Function, arguments: &[Value<'_>]) -> Problem {
    let what: Vec<_> = arguments.iter().map(Value::describe).collect();
    Problem::new(format!("{function:?} does not take {}", what.join(" and ")))
}

fn out_of_range(number: impl std::fmt::Display, kind: &str) -> Problem {
    Problem::new(format!("{number} is out of the range of {kind}"))
}

fn not_a(text: &str, kind: &str) -> Problem {
    let mut shown: String = text.chars().take(64).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    Problem::new(format!(
        "`{shown}` is not {} {kind}",
        if kind == "int" { "an" } else { "a" }
    ))
}
