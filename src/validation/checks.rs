//! One check for each kind of rule: what is allowed, what was found, and the sentence that says both.
//! Called by what `build/` writes. A check that holds allocates nothing.

use std::fmt::Display;

use prost_types::Duration;

use super::path::Path;
use super::pattern::Pattern;
use super::violations::Violations;

/// Most characters of a text that are shown.
const SHOWN: usize = 64;

/// A message that must be there and is not.
pub(super) fn missing(path: &Path<'_>, found: &mut Violations) {
    found.add_at(path, || "must be set".to_owned());
}

/// Whether a value is the one that its field has by itself.
pub(super) fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The length of a text.
pub(super) fn bytes(
    value: &str,
    least: usize,
    most: usize,
    path: &Path<'_>,
    found: &mut Violations,
) {
    let length = value.len();
    if !(least..=most).contains(&length) {
        let allowed = sizes(least, most);
        found.add_at(path, || {
            format!("must be {allowed} bytes, found {length} bytes")
        });
    }
}

/// What a text is made of.
pub(super) fn pattern(value: &str, pattern: &Pattern, path: &Path<'_>, found: &mut Violations) {
    if !pattern.is_match(value) {
        found.add_at(path, || {
            let shown: String = value.chars().take(SHOWN).collect();
            let cut = if shown.len() < value.len() { "..." } else { "" };
            format!("must match `{}`, found {shown:?}{cut}", pattern.source)
        });
    }
}

/// A number within bounds.
pub(super) fn number<T: PartialOrd + Display + Copy>(
    value: T,
    least: Option<T>,
    most: Option<T>,
    path: &Path<'_>,
    found: &mut Violations,
) {
    // Not a number is within no bounds.
    let is_within =
        least.is_none_or(|least| value >= least) && most.is_none_or(|most| value <= most);
    if !is_within {
        found.add_at(path, || {
            format!("must be {}, found {value}", bounds(least, most))
        });
    }
}

/// A duration within bounds, in nanoseconds.
pub(super) fn duration(
    value: &Duration,
    least: Option<i128>,
    most: Option<i128>,
    path: &Path<'_>,
    found: &mut Violations,
) {
    let nanos = i128::from(value.seconds) * 1_000_000_000 + i128::from(value.nanos);
    let is_within =
        least.is_none_or(|least| nanos >= least) && most.is_none_or(|most| nanos <= most);
    if !is_within {
        let [least, most, value] = [least, most, Some(nanos)].map(|nanos| nanos.map(seconds));
        let value = value.unwrap_or_default();
        found.add_at(path, || {
            format!("must be {}, found {value}", bounds(least, most))
        });
    }
}

/// A value of an enumeration.
pub(super) fn one_value_of(
    value: i32,
    allowed: &[(i32, &str)],
    path: &Path<'_>,
    found: &mut Violations,
) {
    if !allowed.iter().any(|&(number, _)| number == value) {
        found.add_at(path, || {
            let names: Vec<_> = allowed.iter().map(|&(_, name)| name).collect();
            format!("must be one of {}, found {value}", names.join(", "))
        });
    }
}

/// The number of a list's elements.
pub(super) fn count(
    value: usize,
    least: usize,
    most: usize,
    path: &Path<'_>,
    found: &mut Violations,
) {
    if !(least..=most).contains(&value) {
        let allowed = sizes(least, most);
        found.add_at(path, || {
            format!("must have {allowed} elements, found {value}")
        });
    }
}

/// The number of a map's entries.
pub(super) fn entries(
    value: usize,
    least: usize,
    most: usize,
    path: &Path<'_>,
    found: &mut Violations,
) {
    if !(least..=most).contains(&value) {
        let allowed = sizes(least, most);
        found.add_at(path, || {
            format!("must have {allowed} entries, found {value}")
        });
    }
}

/// How many of several fields are set: at most one; with `required`, exactly one.
pub(super) fn one_of(
    fields: &[&str],
    set: &[bool],
    required: bool,
    path: &Path<'_>,
    found: &mut Violations,
) {
    let are_set = set.iter().filter(|&&is_set| is_set).count();
    if are_set > 1 || required && are_set == 0 {
        found.add_at(path, || {
            let exactly = if required { "exactly" } else { "at most" };
            let fields = fields.join(", ");
            format!("must have {exactly} one of {fields}, found {are_set}")
        });
    }
}

fn sizes(least: usize, most: usize) -> String {
    match (least, most) {
        (0, most) => format!("at most {most}"),
        (least, usize::MAX) => format!("at least {least}"),
        (least, most) => format!("{least} to {most}"),
    }
}

fn bounds(least: Option<impl Display>, most: Option<impl Display>) -> String {
    match (least, most) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("at least {least}"),
        (None, Some(most)) => format!("at most {most}"),
        (None, None) => "anything".to_owned(),
    }
}

/// As the JSON mapping writes durations.
fn seconds(nanos: i128) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let whole = format!("{sign}{}", nanos / 1_000_000_000);
    match nanos % 1_000_000_000 {
        0 => format!("{whole}s"),
        rest => format!("{whole}.{}s", format!("{rest:09}").trim_end_matches('0')),
    }
}
