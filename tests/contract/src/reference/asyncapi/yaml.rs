//! JSON as YAML in blocks. Texts are quoted as in JSON, which YAML reads alike.

use serde_json::Value;

/// What a reader wants first; the rest follows by name.
const FIRST: [&str; 11] = [
    "asyncapi",
    "info",
    "servers",
    "channels",
    "operations",
    "components",
    "name",
    "title",
    "summary",
    "description",
    "type",
];

/// Writes a document.
pub(super) fn write(value: &Value) -> String {
    lines(value).join("\n") + "\n"
}

fn lines(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| (rank(name), *name));
            let member =
                |(name, member): (&String, &Value)| after(&format!("{}:", key(name)), member);
            members.into_iter().flat_map(member).collect()
        }
        Value::Array(items) if !items.is_empty() => items.iter().flat_map(item).collect(),
        other => vec![other.to_string()],
    }
}

/// An item of a list: its first line behind the dash, the others below that one.
fn item(value: &Value) -> Vec<String> {
    let mark = |(at, line)| format!("{} {line}", if at == 0 { "-" } else { " " });
    lines(value).into_iter().enumerate().map(mark).collect()
}

/// A value behind what stands on its line, or below it.
fn after(start: &str, value: &Value) -> Vec<String> {
    let is_block = match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    let written = lines(value).into_iter();
    if !is_block {
        return written.map(|line| format!("{start} {line}")).collect();
    }
    let mut all = vec![start.to_owned()];
    all.extend(written.map(|line| format!("  {line}")));
    all
}

fn rank(name: &str) -> usize {
    let place = FIRST.iter().position(|first| *first == name);
    place.unwrap_or(FIRST.len())
}

/// What could be read as anything but a text is quoted.
fn key(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || "._-".contains(one));
    if is_plain {
        name.to_owned()
    } else {
        Value::from(name).to_string()
    }
}
