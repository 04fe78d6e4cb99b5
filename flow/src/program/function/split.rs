//! Between texts and lists of texts.

use super::{Evaluated, unsupported};
use crate::program::meter::{Meter, check_bytes, check_list};
use crate::program::value::Value;

/// `s.split(separator)`, `s.split(separator, limit)`: at most so many parts, all for one below zero.
pub(crate) fn split<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let [Value::String(text), Value::String(separator), rest @ ..] = arguments else {
        return Err(unsupported("split", arguments));
    };
    let limit = match rest {
        [] => usize::MAX,
        [Value::Int(limit)] => usize::try_from(*limit).unwrap_or(usize::MAX),
        _ => return Err(unsupported("split", arguments)),
    };
    let (text, separator) = (text.as_str(), separator.as_str());
    meter.charge_bytes(text.len() + separator.len())?;
    check_bytes(text.len())?;
    let count = if separator.is_empty() {
        text.chars().count()
    } else {
        text.matches(separator).count() + 1
    };
    let count = count.min(limit);
    meter.charge(count)?;
    check_list(count)?;
    let parts: Vec<&str> = if separator.is_empty() {
        characters(text, count)
    } else {
        text.splitn(limit, separator).collect()
    };
    Ok(Value::list(parts.into_iter().map(Value::text).collect()))
}

/// A text in so many parts: characters, and what is left of it.
fn characters(text: &str, count: usize) -> Vec<&str> {
    let mut parts = Vec::with_capacity(count);
    let mut rest = text;
    while parts.len() < count {
        let width = rest.chars().next().map_or(0, char::len_utf8);
        let is_last = parts.len() + 1 == count;
        let (part, after) = rest.split_at(if is_last { rest.len() } else { width });
        parts.push(part);
        rest = after;
    }
    parts
}

/// `list.join()`, `list.join(separator)`
pub(crate) fn join<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let (list, separator) = match arguments {
        [Value::List(list)] => (list, ""),
        [Value::List(list), Value::String(separator)] => (list, separator.as_str()),
        _ => return Err(unsupported("join", arguments)),
    };
    let mut joined = String::new();
    for index in 0..list.len() {
        let item = list.at(index, meter)?;
        let Value::String(text) = &item else {
            return Err(unsupported("join", &[item]));
        };
        if index > 0 {
            joined.push_str(separator);
        }
        let length = joined.len() + text.as_str().len() + separator.len();
        check_bytes(length)?;
        meter.charge_bytes(text.as_str().len() + separator.len())?;
        joined.push_str(text.as_str());
    }
    Ok(Value::text(joined))
}

/// `x.reverse()`, of a text or a list.
pub(crate) fn reverse<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    match arguments {
        [Value::String(text)] => {
            meter.charge_bytes(text.as_str().len())?;
            check_bytes(text.as_str().len())?;
            let reversed: String = text.as_str().chars().rev().collect();
            Ok(Value::text(reversed))
        }
        [Value::List(list)] => {
            let mut items = list.to_vec(meter)?;
            items.reverse();
            Ok(Value::list(items))
        }
        _ => Err(unsupported("reverse", arguments)),
    }
}
