//! Waits: for a time, or until one.

use std::time::Duration;

use pavane::workflow::v1::StepWait;

use super::decode::join;
use super::environment::Environment;
use super::names::required;
use super::report::Report;
use super::template::{Compiler, Reference};
use super::types::Type;
use crate::diagnostic::Diagnostic;
use crate::program::{DurationExpression, Pause, TimestampExpression};

/// Compiles a wait. `path` is that of its step.
pub(super) fn compile(
    given: &StepWait,
    path: &str,
    environment: &Environment<'_>,
    expressions: &mut usize,
    report: &mut Report<'_>,
) -> (Option<Pause>, Vec<Reference>) {
    let path = join(path, "wait");
    let (duration, until) = (join(&path, "duration"), join(&path, "until"));
    match (given.duration.is_empty(), given.until.is_empty()) {
        (true, true) => {
            if !report.was_refused(&duration) && !report.was_refused(&until) {
                let message = "a wait needs one of `duration` and `until`";
                required(&path, message, report);
            }
            return (None, Vec::new());
        }
        (false, false) => {
            let message = "a wait has either `duration` or `until`, this has both";
            let found = Diagnostic::error("SEVERAL_KINDS", message).label("one too many");
            report.add_to_key(&until, found);
        }
        _ => {}
    }
    let text = given.duration.as_str();
    if !text.is_empty() {
        match literal(text) {
            Literal::Fixed(length) => return (Some(Pause::Fixed(length)), Vec::new()),
            Literal::Wrong => {
                let message = format!(
                    "`{}` is not a duration: expected one such as `1h30m`, `45s`, `250ms` or `7d`, or \
                     an expression",
                    text.trim()
                );
                let found = Diagnostic::error("INVALID_DURATION", message);
                report.add(&duration, found.label("not a duration"));
                return (None, Vec::new());
            }
            Literal::Expression => {}
        }
        let compiler = Compiler::new(environment, report, expressions);
        let (found, references) = compiler.alone(text, &duration, "duration", &Type::Duration);
        let make = |found: super::template::Alone| {
            DurationExpression::new(text, found.expression, found.slots)
        };
        return (found.map(make).map(Pause::Duration), references);
    }
    let text = given.until.as_str();
    if is_date(text) {
        let message = format!("`{}` is not an expression", text.trim());
        let found = Diagnostic::error("EXPRESSION_SYNTAX", message).label("not an expression");
        let help = format!("write it as one: \"timestamp('{}')\"", text.trim());
        report.add(&until, found.help(help));
        return (None, Vec::new());
    }
    let compiler = Compiler::new(environment, report, expressions);
    let (found, references) = compiler.alone(text, &until, "until", &Type::Timestamp);
    let make = |found: super::template::Alone| {
        TimestampExpression::new(text, found.expression, found.slots)
    };
    (found.map(make).map(Pause::Until), references)
}

/// What the text of a duration is.
#[derive(Debug, PartialEq)]
enum Literal {
    /// A literal.
    Fixed(Duration),
    /// Meant as a literal, but none.
    Wrong,
    /// Something else.
    Expression,
}

/// Reads `1h30m`, `45s`, `1.5d`: numbers and units, largest first or not.
fn literal(text: &str) -> Literal {
    let text = text.trim();
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ' ' | '-');
    if !text.trim_start_matches('-').starts_with(is_number) || !text.chars().all(is_plain) {
        return Literal::Expression;
    }
    let mut rest = text;
    let mut nanos = 0_u128;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c| !is_number(c)).unwrap_or(rest.len()));
        let end = after.find(|c: char| !c.is_ascii_alphabetic());
        let (unit, after) = after.split_at(end.unwrap_or(after.len()));
        let Some(part) = part(number, unit) else {
            return Literal::Wrong;
        };
        nanos = nanos.saturating_add(part);
        rest = after;
    }
    match u64::try_from(nanos) {
        Ok(nanos) => Literal::Fixed(Duration::from_nanos(nanos)),
        Err(_) => Literal::Wrong,
    }
}

/// A number of a unit in nanoseconds.
fn part(number: &str, unit: &str) -> Option<u128> {
    let unit: u128 = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let whole: u128 = whole.parse::<u64>().ok()?.into();
    let fraction: u128 = fraction.parse::<u64>().ok()?.into();
    Some(whole * unit + fraction * unit / scale)
}

/// Whether a text begins as a date does: `2026-11-23`.
fn is_date(text: &str) -> bool {
    let bytes = text.trim().as_bytes();
    bytes.len() >= 8 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_told_from_an_expression() {
        let fixed = |millis| Literal::Fixed(Duration::from_millis(millis));
        for (text, expected) in [
            ("45s", fixed(45_000)),
            ("250ms", fixed(250)),
            ("1h30m", fixed(5_400_000)),
            (" 1.5h ", fixed(5_400_000)),
            ("7d", fixed(604_800_000)),
            ("0s", fixed(0)),
            ("45", Literal::Wrong),
            ("1 h", Literal::Wrong),
            ("-5s", Literal::Wrong),
            ("2weeks", Literal::Wrong),
            ("1.s", Literal::Wrong),
            (".5s", Literal::Wrong),
            ("1000000000d", Literal::Wrong),
            ("duration('1h')", Literal::Expression),
            ("input.pause", Literal::Expression),
            ("2 * input.pause", Literal::Expression),
        ] {
            assert_eq!(literal(text), expected, "{text}");
        }
    }
}
