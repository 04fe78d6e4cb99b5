//! A message from its JSON mapping, and what is wrong with JSON that is none.

use pavane::error::{Details, status};
use prost_reflect::{DeserializeOptions, DynamicMessage, Kind, MessageDescriptor};
use serde_json::Value;
use serde_json::error::Category;
use tonic::{Code, Status};

use crate::error::did_you_mean;
use crate::fallback;

const OPTIONS: DeserializeOptions = DeserializeOptions::new().deny_unknown_fields(true);

/// How deep in each other the parser reads objects and arrays.
const JSON_DEPTH: usize = 127;

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
            let mistake = value.and_then(|value| mistake(message, &value, String::new()));
            if let Some(mistake) = mistake {
                return mistake.status();
            }
            format!("the body is not a {}", message.full_name())
        }
        // The error has no other mark.
        Category::Syntax if error.to_string().starts_with("recursion limit exceeded") => {
            return fallback::too_deep("json_depth", JSON_DEPTH);
        }
        Category::Syntax | Category::Eof | Category::Io => "the body is not JSON".to_owned(),
    };
    status(
        Code::InvalidArgument,
        "INVALID_JSON",
        format!("{what}: {error}"),
    )
}

/// What is wrong at one place of a body.
enum Mistake {
    /// A field that a message does not have.
    UnknownField {
        path: String,
        message: String,
        nearest: Option<String>,
    },
    /// An `Any` whose content cannot be encoded, as nobody here knows its type.
    UnknownType { path: String, type_url: String },
}

impl Mistake {
    fn status(self) -> Status {
        match self {
            Self::UnknownField {
                path,
                message,
                nearest,
            } => {
                let text = format!(
                    "`{message}` has no field `{path}`{}",
                    did_you_mean(&nearest)
                );
                Details::new()
                    .field(path, format!("`{message}` has no such field"))
                    .status(Code::InvalidArgument, "UNKNOWN_FIELD", text)
            }
            Self::UnknownType { path, type_url } => {
                let text = format!(
                    "`{path}` is an `Any` of type `{type_url}`, which is not known here: send it \
                     by gRPC or as `application/proto`, which need not know it"
                );
                Details::new()
                    .fact("type", &type_url)
                    .field(path, "this type is not known here")
                    .status(Code::InvalidArgument, "UNKNOWN_ANY_TYPE", text)
            }
        }
    }
}

/// The first mistake in `value` that can be named, where a `message` is expected.
fn mistake(message: &MessageDescriptor, value: &Value, path: String) -> Option<Mistake> {
    if message.full_name() == "google.protobuf.Any" {
        return unknown_type(message, value, path);
    }
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
            return Some(Mistake::UnknownField {
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
            return value
                .as_object()?
                .iter()
                .find_map(|(key, value)| mistake(inner, value, format!("{path}[\"{key}\"]")));
        }
        let kind = field.kind();
        let inner = kind.as_message()?;
        match value {
            Value::Array(values) => values
                .iter()
                .enumerate()
                .find_map(|(index, value)| mistake(inner, value, format!("{path}[{index}]"))),
            _ => mistake(inner, value, path),
        }
    })
}

/// What is wrong with the type of an `Any`. Whatever else may be, is not looked for.
fn unknown_type(any: &MessageDescriptor, value: &Value, path: String) -> Option<Mistake> {
    let type_url = value.get("@type")?.as_str()?;
    let (_host, name) = type_url.rsplit_once('/')?;
    let known = any.parent_pool().get_message_by_name(name).is_some();
    (!known).then(|| Mistake::UnknownType {
        path,
        type_url: type_url.to_owned(),
    })
}
