//! A message from its JSON mapping, and what is wrong with JSON that is none.

use pavane::error::{Details, status};
use prost_reflect::{DeserializeOptions, DynamicMessage, Kind, MessageDescriptor};
use serde_json::Value;
use serde_json::error::Category;
use tonic::{Code, Status};

use crate::error::did_you_mean;

const OPTIONS: DeserializeOptions = DeserializeOptions::new().deny_unknown_fields(true);

/// Reads a message.
pub(super) fn read(message: MessageDescriptor, body: &[u8]) -> Result<DynamicMessage, Status> {
    if body.is_empty() {
        return Err(status(
            Code::InvalidArgument,
            "INVALID_JSON",
            "the body is empty, expected a JSON object: `{}` is the empty message",
        ));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    DynamicMessage::deserialize_with_options(message.clone(), &mut deserializer, &OPTIONS)
        .and_then(|read| deserializer.end().map(|()| read))
        .map_err(|error| describe(&error, &message, body))
}

fn describe(error: &serde_json::Error, message: &MessageDescriptor, body: &[u8]) -> Status {
    let what = match error.classify() {
        Category::Data => {
            let value = serde_json::from_slice(body).ok();
            let unknown = value.and_then(|value| unknown_field(message, &value, String::new()));
            if let Some(unknown) = unknown {
                return unknown.status();
            }
            format!("the body is not a {}", message.full_name())
        }
        Category::Syntax | Category::Eof | Category::Io => "the body is not JSON".to_owned(),
    };
    status(
        Code::InvalidArgument,
        "INVALID_JSON",
        format!("{what}: {error}"),
    )
}

/// A field that a message does not have.
struct UnknownField {
    path: String,
    message: String,
    nearest: Option<String>,
}

impl UnknownField {
    fn status(self) -> Status {
        let Self {
            path,
            message,
            nearest,
        } = self;
        let text = format!(
            "`{message}` has no field `{path}`{}",
            did_you_mean(&nearest)
        );
        Details::new()
            .field(path, format!("`{message}` has no such field"))
            .status(Code::InvalidArgument, "UNKNOWN_FIELD", text)
    }
}

/// The first field of `value` that `message`, or a message in it, does not have.
fn unknown_field(message: &MessageDescriptor, value: &Value, path: String) -> Option<UnknownField> {
    // Well-known types have JSON of their own.
    if message.full_name().starts_with("google.protobuf.") {
        return None;
    }
    value.as_object()?.iter().find_map(|(name, value)| {
        let path = match path.as_str() {
            "" => name.clone(),
            _ => format!("{path}.{name}"),
        };
        let field = message
            .get_field_by_json_name(name)
            .or_else(|| message.get_field_by_name(name));
        let Some(field) = field else {
            let fields: Vec<_> = message.fields().collect();
            let names = fields.iter().map(|field| field.json_name());
            return Some(UnknownField {
                nearest: pavane::nearest(name, names).map(str::to_owned),
                message: message.full_name().to_owned(),
                path,
            });
        };
        if field.is_map() {
            let Kind::Message(entry) = field.kind() else {
                return None;
            };
            let value_field = entry.map_entry_value_field();
            let inner = value_field.kind();
            let inner = inner.as_message()?;
            return value.as_object()?.iter().find_map(|(key, value)| {
                unknown_field(inner, value, format!("{path}[\"{key}\"]"))
            });
        }
        let kind = field.kind();
        let inner = kind.as_message()?;
        match value {
            Value::Array(values) => values
                .iter()
                .enumerate()
                .find_map(|(index, value)| unknown_field(inner, value, format!("{path}[{index}]"))),
            _ => unknown_field(inner, value, path),
        }
    })
}
