//! Texts: parts of them, searching, replacing. Positions count characters.

use super::{Evaluated, compile_pattern, int, unsupported};
use crate::program::meter::{Meter, Problem, check_bytes};
use crate::program::value::Value;

/// Declares a function of two texts that gives a bool.
macro_rules! tests {
    ($($(#[$doc:meta])* $function:ident, $name:literal, $test:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $function<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
                let [Value::String(text), Value::String(part)] = arguments else {
                    return Err(unsupported($name, arguments));
                };
                let (text, part) = (text.as_str(), part.as_str());
                meter.charge_bytes(text.len() + part.len())?;
                Ok(Value::Bool($test(text, part)))
            }
        )*
    };
}

tests! {
    /// `s.contains(t)`
    contains, "contains", |text: &str, part: &str| text.contains(part);
    /// `s.startsWith(t)`
    starts_with, "startsWith", |text: &str, part: &str| text.starts_with(part);
    /// `s.endsWith(t)`
    ends_with, "endsWith", |text: &str, part: &str| text.ends_with(part);
}

/// Declares a function from a text to a text that is not much longer.
macro_rules! changes {
    ($($(#[$doc:meta])* $function:ident, $name:literal, $change:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $function<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
                let [Value::String(text)] = arguments else {
                    return Err(unsupported($name, arguments));
                };
                let text = text.as_str();
                meter.charge_bytes(text.len())?;
                check_bytes(text.len())?;
                let changed: String = $change(text);
                check_bytes(changed.len())?;
                Ok(Value::text(changed))
            }
        )*
    };
}

changes! {
    /// `s.lowerAscii()`
    lower_ascii, "lowerAscii", str::to_ascii_lowercase;
    /// `s.upperAscii()`
    upper_ascii, "upperAscii", str::to_ascii_uppercase;
    /// `s.trim()`
    trim, "trim", |text: &str| text.trim().to_owned();
    /// `strings.quote(s)`
    quote, "strings.quote", |text: &str| format!("{text:?}");
}

/// `s.matches(pattern)`, with a pattern that was not known before.
pub(crate) fn matches<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let [Value::String(text), Value::String(pattern)] = arguments else {
        return Err(unsupported("matches", arguments));
    };
    meter.charge(2_000)?;
    meter.charge_bytes(text.as_str().len())?;
    let pattern = compile_pattern(pattern.as_str())?;
    Ok(Value::Bool(pattern.is_match(text.as_str())))
}

/// `s.charAt(index)`
pub(crate) fn char_at<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let [Value::String(text), Value::Int(index)] = arguments else {
        return Err(unsupported("charAt", arguments));
    };
    meter.charge_bytes(text.as_str().len())?;
    let start = offset_of(text.as_str(), *index)?;
    let found = text.as_str()[start..].chars().next();
    Ok(Value::text(found.map(String::from).unwrap_or_default()))
}

/// `s.substring(start)`, `s.substring(start, end)`
pub(crate) fn substring<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let (text, start, end) = match arguments {
        [Value::String(text), Value::Int(start)] => (text.as_str(), *start, None),
        [Value::String(text), Value::Int(start), Value::Int(end)] => {
            (text.as_str(), *start, Some(*end))
        }
        _ => return Err(unsupported("substring", arguments)),
    };
    meter.charge_bytes(text.len())?;
    let from = offset_of(text, start)?;
    let to = end.map_or(Ok(text.len()), |end| offset_of(text, end))?;
    match text.get(from..to) {
        Some(part) => Ok(Value::text(part)),
        None => {
            let end = end.unwrap_or_default();
            Err(Problem::new(format!(
                "the part from {start} ends before it, at {end}"
            )))
        }
    }
}

/// `s.indexOf(t)`, `s.indexOf(t, offset)`; -1 if it is not there.
pub(crate) fn index_of<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let (text, part, start) = match arguments {
        [Value::String(text), Value::String(part)] => (text.as_str(), part.as_str(), 0),
        [Value::String(text), Value::String(part), Value::Int(offset)] => {
            let start = offset_of(text.as_str(), *offset)?;
            (text.as_str(), part.as_str(), start)
        }
        _ => return Err(unsupported("indexOf", arguments)),
    };
    meter.charge_bytes(text.len() + part.len())?;
    Ok(position(
        text,
        text[start..].find(part).map(|at| start + at),
    ))
}

/// `s.lastIndexOf(t)`, `s.lastIndexOf(t, offset)`, where it begins at the offset or before.
pub(crate) fn last_index_of<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let (text, part, last) = match arguments {
        [Value::String(text), Value::String(part)] => (text.as_str(), part.as_str(), None),
        [Value::String(text), Value::String(part), Value::Int(offset)] => {
            let last = offset_of(text.as_str(), *offset)?;
            (text.as_str(), part.as_str(), Some(last))
        }
        _ => return Err(unsupported("lastIndexOf", arguments)),
    };
    meter.charge_bytes(text.len() + part.len())?;
    let end = last.map_or(text.len(), |last| last.saturating_add(part.len()));
    // What begins at the last place may end within a character: then it is not there.
    let end = (0..=end.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    Ok(position(text, text[..end.unwrap_or(0)].rfind(part)))
}

/// `s.replace(old, new)`, `s.replace(old, new, limit)`
pub(crate) fn replace<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let [
        Value::String(text),
        Value::String(old),
        Value::String(new),
        rest @ ..,
    ] = arguments
    else {
        return Err(unsupported("replace", arguments));
    };
    let limit = match rest {
        [] => usize::MAX,
        // Below zero: all.
        [Value::Int(limit)] => usize::try_from(*limit).unwrap_or(usize::MAX),
        _ => return Err(unsupported("replace", arguments)),
    };
    let (text, old, new) = (text.as_str(), old.as_str(), new.as_str());
    meter.charge_bytes(text.len() + old.len())?;
    let count = text.matches(old).take(limit).count();
    let length = text.len() + count.saturating_mul(new.len()) - count * old.len();
    meter.charge_bytes(length)?;
    check_bytes(length)?;
    Ok(Value::text(text.replacen(old, new, limit)))
}

/// The byte at which a character begins, or the end.
fn offset_of(text: &str, index: i64) -> Result<usize, Problem> {
    let places = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    usize::try_from(index)
        .ok()
        .and_then(|index| places.into_iter().nth(index))
        .ok_or_else(|| {
            let length = text.chars().count();
            Problem::new(format!(
                "{index} is outside of a text of {length} characters"
            ))
        })
}

/// A place in bytes as one in characters; -1 for none.
fn position<'a>(text: &str, at: Option<usize>) -> Value<'a> {
    at.map_or(Value::Int(-1), |at| int(text[..at].chars().count()))
}
