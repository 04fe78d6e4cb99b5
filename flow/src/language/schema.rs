//! The JSON Schema of definitions, for editors: made of the contract's descriptors and their comments.
//!
//! It says what can be said without the types of services; for all else there is [`super::compile`].

use std::collections::BTreeSet;

use prost_reflect::{EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::decode::short_name;

/// The messages of which exactly one of some fields is set.
const EXACTLY_ONE: [(&str, &[&str]); 2] = [
    ("Step", &["call", "compute", "wait", "await"]),
    ("StepWait", &["duration", "until"]),
];

/// The schema as JSON text, with its keys in order.
pub fn schema() -> String {
    let workflow = pavane::descriptor_pool()
        .get_message_by_name("pavane.workflow.v1.Workflow")
        .expect("the contract holds Workflow");
    let mut definitions = Map::new();
    let mut open = vec![workflow.clone()];
    let mut seen = BTreeSet::new();
    while let Some(message) = open.pop() {
        if seen.insert(message.full_name().to_owned()) {
            let schema = object(&message, &mut open);
            definitions.insert(message.name().to_owned(), schema);
        }
    }
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A workflow of Pavane",
        "$ref": format!("#/definitions/{}", workflow.name()),
        "definitions": definitions,
    });
    schema.sort_all_objects();
    format!("{schema:#}\n")
}

/// The schema of a message. Adds the messages in it to those that are open.
fn object(message: &MessageDescriptor, open: &mut Vec<MessageDescriptor>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in message.fields() {
        let comment = comment(&message.parent_file(), field.path());
        if comment.ends_with("Required.") {
            required.push(Value::from(field.name()));
        }
        let mut schema = of_field(&field, open);
        schema.insert("description".to_owned(), comment.into());
        properties.insert(field.name().to_owned(), schema.into());
    }
    let mut schema = json!({
        "type": "object",
        "description": comment(&message.parent_file(), message.path()),
        "properties": properties,
        "additionalProperties": false,
    });
    let exclusive = EXACTLY_ONE.iter().find(|(name, _)| *name == message.name());
    if let Some((_, fields)) = exclusive {
        let one = fields.iter().map(|field| json!({ "required": [field] }));
        schema["oneOf"] = one.collect();
    }
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

fn of_field(field: &FieldDescriptor, open: &mut Vec<MessageDescriptor>) -> Map<String, Value> {
    let schema = match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            let value = of_kind(&entry.map_entry_value_field().kind(), open);
            json!({ "type": "object", "additionalProperties": value })
        }
        kind if field.is_list() => json!({ "type": "array", "items": of_kind(&kind, open) }),
        kind => of_kind(&kind, open),
    };
    match schema {
        Value::Object(schema) => schema,
        other => unreachable!("{other} is no schema"),
    }
}

fn of_kind(kind: &Kind, open: &mut Vec<MessageDescriptor>) -> Value {
    match kind {
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Duration" => {
                json!({ "type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$" })
            }
            "google.protobuf.Struct" => json!({ "type": "object" }),
            "google.protobuf.Value" => json!({}),
            _ => {
                open.push(message.clone());
                // Beside a `$ref` nothing else counts, such as the description of the field.
                json!({ "allOf": [{ "$ref": format!("#/definitions/{}", message.name()) }] })
            }
        },
        Kind::Enum(descriptor) => json!({ "enum": names(descriptor) }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Float | Kind::Double => json!({ "type": "number" }),
        Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64 => {
            json!({ "type": "integer", "minimum": 0 })
        }
        Kind::Int32
        | Kind::Int64
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Sfixed32
        | Kind::Sfixed64 => json!({ "type": "integer" }),
        Kind::String | Kind::Bytes => json!({ "type": "string" }),
    }
}

/// The values of an enum as they can be written, but for the one that says nothing.
fn names(descriptor: &EnumDescriptor) -> Vec<String> {
    let values = || descriptor.values().filter(|value| value.number() != 0);
    let short = values().map(|value| short_name(value.name()));
    let long = values().map(|value| value.name().to_owned());
    short.chain(long).collect()
}

/// The comment before what is at a path of a file, in one line for each paragraph.
fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let locations = info.map(|info| &info.location[..]).unwrap_or_default();
    let location = locations.iter().find(|location| location.path == path);
    let text = location.map_or("", |location| location.leading_comments());
    let paragraphs = text.split("\n\n").map(|paragraph| {
        let lines: Vec<_> = paragraph.lines().map(str::trim).collect();
        lines.join(" ").trim().to_owned()
    });
    paragraphs.collect::<Vec<_>>().join("\n").trim().to_owned()
}
