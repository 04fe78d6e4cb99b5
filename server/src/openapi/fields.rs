//! A field of a message as a member of its JSON object.

use prost_reflect::{FieldDescriptor, Kind};
use serde_json::{Value, json};

use super::rules;
use super::schemas::Schemas;

/// The schema of a field, with its comment.
pub(super) fn schema(field: &FieldDescriptor, schemas: &mut Schemas) -> Value {
    let mut schema = match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            let values = value(&entry.map_entry_value_field().kind(), schemas);
            let mut map = json!({ "type": "object", "additionalProperties": values });
            if let Some(names) = names(&entry.map_entry_key_field().kind()) {
                map["propertyNames"] = names;
            }
            map
        }
        kind if field.is_list() => json!({ "type": "array", "items": value(&kind, schemas) }),
        kind => value(&kind, schemas),
    };
    rules::apply(field, &mut schema);
    let message = field.parent_message();
    let comment = schemas.comments.of(&message.parent_file(), field.path());
    if !comment.is_empty() {
        schema["description"] = comment.into();
    }
    let options = field.field_descriptor_proto().options.as_ref();
    if options.is_some_and(|options| options.deprecated()) {
        schema["deprecated"] = true.into();
    }
    schema
}

fn value(kind: &Kind, schemas: &mut Schemas) -> Value {
    match kind {
        Kind::Double => number("double"),
        Kind::Float => number("float"),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => json!({
            "type": "integer", "format": "int32", "minimum": i32::MIN, "maximum": i32::MAX,
        }),
        Kind::Uint32 | Kind::Fixed32 => json!({
            "type": "integer", "format": "uint32", "minimum": 0, "maximum": u32::MAX,
        }),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => signed_64(),
        Kind::Uint64 | Kind::Fixed64 => unsigned_64(),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::String => json!({ "type": "string" }),
        Kind::Bytes => bytes(),
        Kind::Message(message) => schemas.message(message),
        Kind::Enum(kind) => schemas.enumeration(kind),
    }
}

/// JSON has no numbers that are infinite, or none.
pub(super) fn number(format: &str) -> Value {
    json!({
        "anyOf": [
            { "type": "number", "format": format },
            { "type": "string", "enum": ["NaN", "Infinity", "-Infinity"] },
        ],
    })
}

/// Written as a string, since many readers of JSON have doubles only; read as a number too.
pub(super) fn signed_64() -> Value {
    json!({
        "type": ["string", "integer"], "format": "int64", "pattern": "^-?[0-9]{1,19}$",
        "minimum": i64::MIN, "maximum": i64::MAX,
    })
}

pub(super) fn unsigned_64() -> Value {
    json!({
        "type": ["string", "integer"], "format": "uint64", "pattern": "^[0-9]{1,20}$",
        "minimum": 0, "maximum": u64::MAX,
    })
}

pub(super) fn bytes() -> Value {
    json!({ "type": "string", "format": "byte", "contentEncoding": "base64" })
}

/// What the names of a map's members are, unless any.
fn names(kind: &Kind) -> Option<Value> {
    match kind {
        Kind::Bool => Some(json!({ "enum": ["true", "false"] })),
        Kind::String => None,
        Kind::Uint32 | Kind::Fixed32 | Kind::Uint64 | Kind::Fixed64 => {
            Some(json!({ "pattern": "^[0-9]{1,20}$" }))
        }
        _ => Some(json!({ "pattern": "^-?[0-9]{1,19}$" })),
    }
}
