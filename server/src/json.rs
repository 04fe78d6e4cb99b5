//! A message in its JSON mapping. Unlike the mapping of the library, it never fails because of what
//! is in an `Any`: callers must get a response although a detail in it is of a type that only its
//! sender knows. Such an `Any` is `{"@type": "...", "value": "<base64>"}`.
//!
//! Recursion is bounded: an `Any` is a message of its own, in which the limit of decoding begins anew,
//! so it is counted how deep each one is. <https://protobuf.dev/programming-guides/json/>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MapKey, ReflectMessage, Value};
use serde::Serialize;

use crate::descriptors::error_details;

/// An `Any` in more messages than this is written as bytes. A message alone has at most 100, which
/// is where decoding ends.
const DEEPEST_ANY: usize = 32;

/// Writes a message. The types of `known`, the first that has one, and those of the standard error
/// details, are written out where they are in an `Any`.
pub(crate) fn write(
    message: &DynamicMessage,
    known: &[DescriptorPool],
) -> Result<Vec<u8>, serde_json::Error> {
    let mut writer = Writer {
        out: Vec::new(),
        known,
    };
    writer.message(message, 0)?;
    Ok(writer.out)
}

struct Writer<'a> {
    out: Vec<u8>,
    known: &'a [DescriptorPool],
}

impl Writer<'_> {
    fn message(&mut self, message: &DynamicMessage, depth: usize) -> Result<(), serde_json::Error> {
        let descriptor = message.descriptor();
        match descriptor.full_name() {
            "google.protobuf.Any" => self.any(message, depth),
            name if has_json_of_its_own(name) => self.plain(message),
            _ => {
                self.out.push(b'{');
                self.fields(message, depth)?;
                self.out.push(b'}');
                Ok(())
            }
        }
    }

    /// The fields of a message, in the braces that were opened.
    fn fields(&mut self, message: &DynamicMessage, depth: usize) -> Result<(), serde_json::Error> {
        for (field, value) in message.fields() {
            self.name(field.json_name())?;
            self.value(value, &field.kind(), depth)?;
        }
        for (extension, value) in message.extensions() {
            self.name(extension.json_name())?;
            self.value(value, &extension.kind(), depth)?;
        }
        Ok(())
    }

    fn value(&mut self, value: &Value, kind: &Kind, depth: usize) -> Result<(), serde_json::Error> {
        match value {
            Value::Bool(value) => self.plain(value),
            Value::I32(value) => self.plain(value),
            Value::U32(value) => self.plain(value),
            Value::I64(value) => self.plain(&value.to_string()),
            Value::U64(value) => self.plain(&value.to_string()),
            Value::F32(value) if value.is_finite() => self.plain(value),
            Value::F64(value) if value.is_finite() => self.plain(value),
            Value::F32(value) => self.plain(not_finite(f64::from(*value))),
            Value::F64(value) => self.plain(not_finite(*value)),
            Value::String(value) => self.plain(value),
            Value::Bytes(value) => self.plain(&STANDARD.encode(value)),
            Value::EnumNumber(number) => {
                let known = kind.as_enum().and_then(|kind| kind.get_value(*number));
                match known {
                    Some(value) if value.parent_enum().full_name() == NULL => self.plain(&()),
                    Some(value) => self.plain(value.name()),
                    None => self.plain(number),
                }
            }
            Value::Message(message) => self.message(message, depth + 1),
            Value::List(values) => {
                self.out.push(b'[');
                for value in values {
                    self.separate();
                    self.value(value, kind, depth)?;
                }
                self.out.push(b']');
                Ok(())
            }
            Value::Map(values) => {
                let entry = kind.as_message().expect("a map is a list of messages");
                let kind = entry.map_entry_value_field().kind();
                self.out.push(b'{');
                for (key, value) in values {
                    self.name(&key_text(key))?;
                    self.value(value, &kind, depth)?;
                }
                self.out.push(b'}');
                Ok(())
            }
        }
    }

    fn any(&mut self, message: &DynamicMessage, depth: usize) -> Result<(), serde_json::Error> {
        let any: prost_types::Any = message.transcode_to().unwrap_or_default();
        if any == prost_types::Any::default() {
            self.out.extend(b"{}");
            return Ok(());
        }
        let start = self.out.len();
        if self.payload(&any, depth).is_some() {
            return Ok(());
        }
        self.out.truncate(start);
        self.out.push(b'{');
        self.name("@type")?;
        self.plain(&any.type_url)?;
        self.name("value")?;
        self.plain(&STANDARD.encode(&any.value))?;
        self.out.push(b'}');
        Ok(())
    }

    /// Writes an `Any` with what is in it; or not at all, or in part, if that cannot be read.
    fn payload(&mut self, any: &prost_types::Any, depth: usize) -> Option<()> {
        if depth > DEEPEST_ANY {
            return None;
        }
        let (_host, name) = any.type_url.rsplit_once('/')?;
        let message = self
            .known
            .iter()
            .chain([error_details()])
            .filter_map(|pool| pool.get_message_by_name(name))
            .find_map(|found| DynamicMessage::decode(found, any.value.as_slice()).ok())?;
        self.out.push(b'{');
        self.name("@type").ok()?;
        self.plain(&any.type_url).ok()?;
        if has_json_of_its_own(name) || name == "google.protobuf.Any" {
            self.name("value").ok()?;
            self.message(&message, depth + 1).ok()?;
        } else {
            self.fields(&message, depth + 1).ok()?;
        }
        self.out.push(b'}');
        Some(())
    }

    /// The name of the next member of an object.
    fn name(&mut self, name: &str) -> Result<(), serde_json::Error> {
        self.separate();
        self.plain(name)?;
        self.out.push(b':');
        Ok(())
    }

    /// A comma, unless an object or array has just begun.
    fn separate(&mut self) {
        if !matches!(self.out.last(), Some(b'{' | b'[')) {
            self.out.push(b',');
        }
    }

    fn plain<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), serde_json::Error> {
        serde_json::to_writer(&mut self.out, value)
    }
}

/// The type whose only value is JSON's `null`.
const NULL: &str = "google.protobuf.NullValue";

/// Whether a type is mapped to something else than an object of its fields. `Any` aside, none of
/// them can hold an `Any`.
fn has_json_of_its_own(name: &str) -> bool {
    let Some(name) = name.strip_prefix("google.protobuf.") else {
        return false;
    };
    matches!(
        name,
        "Timestamp"
            | "Duration"
            | "FieldMask"
            | "Empty"
            | "Struct"
            | "Value"
            | "ListValue"
            | "DoubleValue"
            | "FloatValue"
            | "Int64Value"
            | "UInt64Value"
            | "Int32Value"
            | "UInt32Value"
            | "BoolValue"
            | "StringValue"
            | "BytesValue"
    )
}

fn not_finite(number: f64) -> &'static str {
    match number {
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => "NaN",
    }
}

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}

#[cfg(test)]
mod tests;
