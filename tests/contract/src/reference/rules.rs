//! The rules that messages and their fields have, in the words of protovalidate.

use prost_reflect::{
    DynamicMessage, FieldDescriptor, MapKey, MessageDescriptor, OneofDescriptor, ReflectMessage,
    Value,
};

/// Those of a field, such as `string.max_bytes: 128`.
pub(super) fn of_field(field: &FieldDescriptor) -> Vec<String> {
    read(&field.options(), "buf.validate.field")
}

/// Those of a message as a whole.
pub(super) fn of_message(message: &MessageDescriptor) -> Vec<String> {
    read(&message.options(), "buf.validate.message")
}

/// Those of a oneof.
pub(super) fn of_oneof(oneof: &OneofDescriptor) -> Vec<String> {
    read(&oneof.options(), "buf.validate.oneof")
}

fn read(options: &DynamicMessage, extension: &str) -> Vec<String> {
    let pool = options.descriptor().parent_pool().clone();
    let extension = pool.get_extension_by_name(extension);
    let rules = extension
        .filter(|extension| options.has_extension(extension))
        .map(|extension| options.get_extension(&extension).into_owned());
    let mut lines = Vec::new();
    if let Some(Value::Message(rules)) = rules {
        flatten("", &rules, &mut lines);
    }
    lines
}

/// One line for each value, with the names that lead to it.
fn flatten(path: &str, message: &DynamicMessage, lines: &mut Vec<String>) {
    for (field, value) in message.fields() {
        let path = if path.is_empty() {
            field.name().to_owned()
        } else {
            format!("{path}.{}", field.name())
        };
        match value {
            Value::Message(inner) if !is_value(inner) => flatten(&path, inner, lines),
            Value::List(values) if values.iter().any(|value| value.as_message().is_some()) => {
                let inner = values.iter().filter_map(Value::as_message);
                inner.for_each(|inner| flatten(&path, inner, lines));
            }
            value => lines.push(format!("{path}: {}", show(value))),
        }
    }
}

/// Durations and timestamps are written as values.
fn is_value(message: &DynamicMessage) -> bool {
    let name = message.descriptor().full_name().to_owned();
    name.starts_with("google.protobuf.")
}

fn show(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::I32(value) | Value::EnumNumber(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
        Value::U32(value) => value.to_string(),
        Value::U64(value) => value.to_string(),
        Value::F32(value) => value.to_string(),
        Value::F64(value) => value.to_string(),
        Value::String(value) => value.clone(),
        Value::Bytes(value) => format!("{value:?}"),
        Value::Message(value) => {
            let json = serde_json::to_value(value).unwrap_or_default();
            json.as_str()
                .map_or_else(|| json.to_string(), str::to_owned)
        }
        Value::List(values) => {
            let values: Vec<_> = values.iter().map(show).collect();
            values.join(", ")
        }
        Value::Map(values) => {
            let mut values: Vec<_> = values
                .iter()
                .map(|(key, value)| format!("{}: {}", show_key(key), show(value)))
                .collect();
            values.sort();
            values.join(", ")
        }
    }
}

fn show_key(key: &MapKey) -> String {
    show(&Value::from(key.clone()))
}
