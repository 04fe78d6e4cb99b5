//! A template of a message: a line for each field, with its type. Fields that nothing is known for are
//! commented out.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::own::scalar;

/// How deep required messages are put together.
const MAX_DEPTH: usize = 8;
/// How many fields or values of a type its note names.
const MAX_NAMED: usize = 8;
/// What YAML would take for something else than a key.
const NO_KEYS: [&str; 8] = ["y", "n", "yes", "no", "on", "off", "true", "false"];

/// Lines of a template.
#[derive(Debug, Default)]
pub(super) struct Template {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    /// `order_id: input.order_id`
    code: String,
    /// `string`
    note: String,
    is_set: bool,
}

impl Template {
    /// Of a message; `source` says the expression that has a field's value.
    pub(super) fn of(
        message: &MessageDescriptor,
        source: &dyn Fn(&FieldDescriptor) -> Option<String>,
    ) -> Self {
        let mut template = Self::default();
        for field in message.fields() {
            match source(&field) {
                Some(value) => template.push(field.name(), &value, &field),
                None if field.is_required() => {
                    template.push(field.name(), &required(&field), &field);
                }
                None => template.line(field.name(), &example(&field), &field, false),
            }
        }
        template
    }

    /// Adds a field that is set.
    pub(super) fn push(&mut self, name: &str, value: &str, field: &FieldDescriptor) {
        self.line(name, value, field, true);
    }

    fn line(&mut self, name: &str, value: &str, field: &FieldDescriptor, is_set: bool) {
        let key = match NO_KEYS.contains(&name) {
            true => format!("\"{name}\""),
            false => name.to_owned(),
        };
        let (code, note) = (format!("{key}: {value}"), note(field));
        self.lines.push(Line { code, note, is_set });
    }

    /// `request:` and the fields below it.
    pub(super) fn named(&self, name: &str, indent: usize) -> String {
        let margin = " ".repeat(indent);
        if self.lines.is_empty() {
            return format!("{margin}# {name}: the message has no fields\n");
        }
        let is_empty = !self.lines.iter().any(|line| line.is_set);
        let nothing = if is_empty { " {}" } else { "" };
        let mut text = format!("{margin}{name}:{nothing}\n");
        for line in &self.lines {
            let mark = if line.is_set { "" } else { "# " };
            text.push_str(&format!("{margin}  {mark}{} # {}\n", line.code, line.note));
        }
        text
    }
}

/// What stands for a field that somebody has yet to fill in.
fn example(field: &FieldDescriptor) -> String {
    if field.is_list() {
        return "[]".to_owned();
    }
    match field.kind() {
        Kind::Message(_) => "{}".to_owned(),
        kind => plain(&kind),
    }
}

fn plain(kind: &Kind) -> String {
    match kind {
        Kind::String => "\"''\"".to_owned(),
        Kind::Bytes => "\"b''\"".to_owned(),
        Kind::Bool => "false".to_owned(),
        Kind::Double | Kind::Float => "0.0".to_owned(),
        Kind::Enum(found) => {
            let first = found.values().next();
            let name = first.map(|value| value.name().to_owned());
            format!("\"'{}'\"", name.unwrap_or_default())
        }
        Kind::Message(_) => "{}".to_owned(),
        _ => "0".to_owned(),
    }
}

/// The least that a field can be set to: of a message, its required fields.
pub(super) fn required(field: &FieldDescriptor) -> String {
    least(field, MAX_DEPTH)
}

fn least(field: &FieldDescriptor, depth: usize) -> String {
    let Kind::Message(message) = field.kind() else {
        return plain(&field.kind());
    };
    let fields = message
        .fields()
        .filter(|field| depth > 0 && field.is_required());
    let fields = fields.map(|field| format!("{}: {}", field.name(), least(&field, depth - 1)));
    let fields: Vec<String> = fields.collect();
    match fields.is_empty() {
        true => "{}".to_owned(),
        false => format!("{{ {} }}", fields.join(", ")),
    }
}

/// `repeated acme.Color: RED, GREEN`
fn note(field: &FieldDescriptor) -> String {
    let mut note = String::new();
    match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
            note.push_str(&format!(
                "map<{}, {}>",
                named(&key.kind()),
                named(&value.kind())
            ));
        }
        kind => {
            note.push_str(if field.is_list() { "repeated " } else { "" });
            note.push_str(&named(&kind));
            let parts: Vec<String> = match &kind {
                Kind::Message(message) => message
                    .fields()
                    .map(|field| format!("{} {}", named(&field.kind()), field.name()))
                    .collect(),
                Kind::Enum(found) => found
                    .values()
                    .map(|value| value.name().to_owned())
                    .collect(),
                _ => Vec::new(),
            };
            if !parts.is_empty() {
                let more = if parts.len() > MAX_NAMED { ", ..." } else { "" };
                let shown = &parts[..parts.len().min(MAX_NAMED)];
                note.push_str(&format!(": {}{more}", shown.join(", ")));
            }
        }
    }
    if let Some(oneof) = field
        .containing_oneof()
        .filter(|oneof| !oneof.is_synthetic())
    {
        note.push_str(&format!("; one of `{}`", oneof.name()));
    }
    if field.is_required() {
        note.push_str("; required");
    }
    note
}

fn named(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(found) => found.full_name().to_owned(),
        plain => scalar(plain).unwrap_or_default().to_owned(),
    }
}

/// The plain and the required fields of a message with nothing in them, as JSON.
pub(super) fn sample(message: &MessageDescriptor) -> Value {
    sample_of(message, MAX_DEPTH)
}

fn sample_of(message: &MessageDescriptor, depth: usize) -> Value {
    let wanted = |field: &FieldDescriptor| {
        let is_plain = scalar(&field.kind()).is_some() && field.containing_oneof().is_none();
        depth > 0 && (is_plain || field.is_required())
    };
    let fields = message.fields().filter(wanted).map(|field| {
        let value = match field.kind() {
            Kind::Message(inner) => sample_of(&inner, depth - 1),
            _ => sample_value(&field),
        };
        (field.json_name().to_owned(), value)
    });
    Value::Object(fields.collect::<Map<_, _>>())
}

/// Nothing, as the JSON of a field that is plain.
pub(super) fn sample_value(field: &FieldDescriptor) -> Value {
    if field.is_list() {
        return json!([]);
    }
    match field.kind() {
        Kind::String | Kind::Bytes => json!(""),
        Kind::Bool => json!(false),
        Kind::Enum(found) => json!(found.values().next().map(|value| value.name().to_owned())),
        _ => json!(0),
    }
}
