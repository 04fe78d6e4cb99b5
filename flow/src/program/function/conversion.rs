//! Conversions from one type to another. What cannot be converted has no value.

use bytes::Bytes;

use super::{Evaluated, unsupported};
use crate::program::meter::{Meter, Problem, check_bytes};
use crate::program::moment::{parse_duration, parse_timestamp, show_duration, show_timestamp};
use crate::program::value::{Moment, Value};

/// The first double beyond all ints.
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// `bool(x)`
pub(crate) fn to_bool<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    let [value] = arguments else {
        return Err(unsupported("bool", arguments));
    };
    match value {
        Value::Bool(_) => Ok(value.clone()),
        Value::String(text) => match text.as_str() {
            "1" | "t" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
            other => Err(not_a(other, "bool")),
        },
        _ => Err(unsupported("bool", arguments)),
    }
}

/// `int(x)`
pub(crate) fn to_int<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    let [value] = arguments else {
        return Err(unsupported("int", arguments));
    };
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
        _ => return Err(unsupported("int", arguments)),
    };
    Ok(Value::Int(int))
}

/// `uint(x)`
pub(crate) fn to_uint<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    let [value] = arguments else {
        return Err(unsupported("uint", arguments));
    };
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
        _ => return Err(unsupported("uint", arguments)),
    };
    Ok(Value::Uint(uint))
}

/// `double(x)`
pub(crate) fn to_double<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    let [value] = arguments else {
        return Err(unsupported("double", arguments));
    };
    #[expect(clippy::cast_precision_loss, reason = "rounding is what double() does")]
    let double = match value {
        Value::Double(number) => *number,
        Value::Int(number) => *number as f64,
        Value::Uint(number) => *number as f64,
        Value::String(text) => {
            let text = text.as_str();
            text.parse().map_err(|_| not_a(text, "double"))?
        }
        _ => return Err(unsupported("double", arguments)),
    };
    Ok(Value::Double(double))
}

/// `string(x)`
pub(crate) fn to_string<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let [value] = arguments else {
        return Err(unsupported("string", arguments));
    };
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
        _ => return Err(unsupported("string", arguments)),
    };
    Ok(Value::text(text))
}

/// `bytes(x)`
pub(crate) fn to_bytes<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let [value] = arguments else {
        return Err(unsupported("bytes", arguments));
    };
    match value {
        Value::Bytes(_) => Ok(value.clone()),
        Value::String(text) => {
            let text = text.as_str();
            meter.charge_bytes(text.len())?;
            check_bytes(text.len())?;
            Ok(Value::Bytes(Bytes::copy_from_slice(text.as_bytes())))
        }
        _ => Err(unsupported("bytes", arguments)),
    }
}

/// `timestamp(x)`
pub(crate) fn to_timestamp<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [Value::Timestamp(moment)] => Ok(Value::Timestamp(*moment)),
        [Value::String(text)] => Ok(Value::Timestamp(parse_timestamp(text.as_str())?)),
        [Value::Int(seconds)] => {
            let (seconds, nanos) = (*seconds, 0);
            let moment = Moment { seconds, nanos };
            Ok(Value::Timestamp(moment.check_timestamp()?))
        }
        _ => Err(unsupported("timestamp", arguments)),
    }
}

/// `duration(x)`
pub(crate) fn to_duration<'a>(arguments: &[Value<'a>], _: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [Value::Duration(moment)] => Ok(Value::Duration(*moment)),
        [Value::String(text)] => Ok(Value::Duration(parse_duration(text.as_str())?)),
        _ => Err(unsupported("duration", arguments)),
    }
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
