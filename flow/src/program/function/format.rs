//! `'%s: %d'.format([name, count])`: values in a text.

use std::fmt::Write as _;

use super::conversion::to_string;
use super::{Evaluated, unsupported};
use crate::program::meter::{Meter, Problem, check_bytes};
use crate::program::value::Value;

/// Most digits behind the point.
const MAX_PRECISION: usize = 100;
/// Deepest nesting of lists and maps that `%s` shows.
const MAX_DEPTH: usize = 16;

/// A piece of a format.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'f> {
    Text(&'f str),
    /// What stands for a value: its letter, and digits behind the point.
    Verb(char, Option<usize>),
}

/// The pieces of a format. Errors: a `%` is followed by what is no verb.
pub(crate) fn pieces(format: &str) -> Result<Vec<Piece<'_>>, Problem> {
    let mut pieces = Vec::new();
    let mut rest = format;
    while let Some(start) = rest.find('%') {
        pieces.push(Piece::Text(&rest[..start]));
        let mut after = &rest[start + 1..];
        let mut precision = None;
        if let Some(digits) = after.strip_prefix('.') {
            let end = digits.find(|c: char| !c.is_ascii_digit());
            let end = end.unwrap_or(digits.len());
            let number = digits[..end].parse().ok();
            let number = number.filter(|number| *number <= MAX_PRECISION);
            precision = Some(number.ok_or_else(|| {
                Problem::new(format!(
                    "`%.{}` has no number of digits up to {MAX_PRECISION}",
                    &digits[..end.min(8)]
                ))
            })?);
            after = &digits[end..];
        }
        let verb = after.chars().next();
        match verb {
            Some('%') if precision.is_none() => pieces.push(Piece::Text("%")),
            Some(verb @ ('s' | 'd' | 'f' | 'e' | 'b' | 'o' | 'x' | 'X')) => {
                pieces.push(Piece::Verb(verb, precision));
            }
            Some(other) => {
                return Err(Problem::new(format!(
                    "`%{other}` stands for nothing: there are %s, %d, %f, %e, %b, %o, %x, %X and %%"
                )));
            }
            None => return Err(Problem::new("the format ends with a lone `%`")),
        }
        rest = &after[verb.map_or(0, char::len_utf8)..];
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

/// `format.format(list)`
pub(crate) fn format<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let [Value::String(format), Value::List(list)] = arguments else {
        return Err(unsupported("format", arguments));
    };
    let format = format.as_str();
    meter.charge_bytes(format.len())?;
    let pieces = pieces(format)?;
    let mut out = String::new();
    let mut next = 0;
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Verb(verb, precision) => {
                if next == list.len() {
                    let length = list.len();
                    return Err(Problem::new(format!(
                        "the format takes more than {length} values"
                    )));
                }
                let value = list.at(next, meter)?;
                next += 1;
                let before = out.len();
                show(verb, precision, &value, &mut out, meter)?;
                meter.charge_bytes(out.len() - before)?;
            }
        }
        check_bytes(out.len())?;
    }
    if next < list.len() {
        let length = list.len();
        return Err(Problem::new(format!(
            "the format takes {next} values, these are {length}"
        )));
    }
    Ok(Value::text(out))
}

fn show(
    verb: char,
    precision: Option<usize>,
    value: &Value<'_>,
    out: &mut String,
    meter: &mut Meter,
) -> Result<(), Problem> {
    let digits = precision.unwrap_or(6);
    let written = match (verb, value) {
        ('s', value) => return text(value, out, meter, 0),
        ('d', Value::Int(number)) => write!(out, "{number}"),
        ('d', Value::Uint(number)) => write!(out, "{number}"),
        ('d', Value::Double(number)) => write!(out, "{number}"),
        ('f', Value::Double(number)) => write!(out, "{number:.digits$}"),
        ('f', Value::Int(_) | Value::Uint(_)) => {
            let point = if digits == 0 { "" } else { "." };
            text(value, out, meter, 0)?;
            write!(out, "{point}{:0<digits$}", "")
        }
        ('e', Value::Double(number)) => {
            // Exponents have a sign and two digits, as everywhere but in Rust.
            let shown = format!("{number:.digits$e}");
            match shown.split_once('e') {
                Some((mantissa, exponent)) => {
                    let sign = if exponent.starts_with('-') { '-' } else { '+' };
                    write!(
                        out,
                        "{mantissa}e{sign}{:0>2}",
                        exponent.trim_start_matches('-')
                    )
                }
                None => write!(out, "{shown}"),
            }
        }
        ('b', Value::Bool(value)) => write!(out, "{}", u8::from(*value)),
        ('b' | 'o' | 'x' | 'X', Value::Int(number)) => {
            let sign = if *number < 0 { "-" } else { "" };
            let _ = write!(out, "{sign}");
            based(verb, number.unsigned_abs(), out)
        }
        ('b' | 'o' | 'x' | 'X', Value::Uint(number)) => based(verb, *number, out),
        ('x' | 'X', Value::String(text)) => {
            hexadecimal(verb, text.as_str().as_bytes(), out, meter)?
        }
        ('x' | 'X', Value::Bytes(bytes)) => hexadecimal(verb, bytes, out, meter)?,
        (verb, value) => {
            let what = value.describe();
            return Err(Problem::new(format!("`%{verb}` does not stand for {what}")));
        }
    };
    written.expect("text takes text");
    Ok(())
}

fn based(verb: char, number: u64, out: &mut String) -> std::fmt::Result {
    match verb {
        'b' => write!(out, "{number:b}"),
        'o' => write!(out, "{number:o}"),
        'x' => write!(out, "{number:x}"),
        _ => write!(out, "{number:X}"),
    }
}

fn hexadecimal(
    verb: char,
    bytes: &[u8],
    out: &mut String,
    meter: &mut Meter,
) -> Result<std::fmt::Result, Problem> {
    meter.charge_bytes(bytes.len())?;
    check_bytes(out.len() + 2 * bytes.len())?;
    Ok(bytes.iter().try_for_each(|byte| match verb {
        'x' => write!(out, "{byte:02x}"),
        _ => write!(out, "{byte:02X}"),
    }))
}

/// Any value as text.
fn text(
    value: &Value<'_>,
    out: &mut String,
    meter: &mut Meter,
    depth: usize,
) -> Result<(), Problem> {
    meter.charge(1)?;
    check_bytes(out.len())?;
    if depth > MAX_DEPTH {
        return Err(Problem::new(format!(
            "more than {MAX_DEPTH} lists within each other"
        )));
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Type(name) => out.push_str(name),
        Value::List(list) => {
            out.push('[');
            for index in 0..list.len() {
                if index > 0 {
                    out.push_str(", ");
                }
                text(&list.at(index, meter)?, out, meter, depth + 1)?;
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (index, key) in map.keys(meter)?.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                text(&key.to_value(), out, meter, depth + 1)?;
                out.push_str(": ");
                let item = map.get(key, meter)?.expect("it is one of the keys");
                text(&item, out, meter, depth + 1)?;
            }
            out.push('}');
        }
        Value::Optional(Some(value)) => text(value, out, meter, depth + 1)?,
        Value::Optional(None) => out.push_str("none"),
        Value::Message(_) => {
            let what = value.describe();
            return Err(Problem::new(format!("`%s` does not stand for {what}")));
        }
        scalar => {
            let shown = to_string(std::slice::from_ref(scalar), meter)?;
            if let Value::String(shown) = shown {
                check_bytes(out.len() + shown.as_str().len())?;
                out.push_str(shown.as_str());
            }
        }
    }
    Ok(())
}
