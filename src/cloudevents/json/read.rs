//! Reading.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use prost_types::Any;
use serde_json::{Map, Value};

use super::super::names::{CONTENT_TYPE, SCHEMA, TIME};
use super::super::notes::{NOTES, Note, Notes, Type};
use super::super::v1::CloudEvent;
use super::super::v1::cloud_event::cloud_event_attribute_value::Attr;
use super::super::v1::cloud_event::{CloudEventAttributeValue, Data};
use super::super::{Invalid, PROTOBUF, check};
use super::{JSON, is_json, type_of};

/// Members that are no attributes.
const DATA: [&str; 2] = ["data", "data_base64"];

/// Reads a CloudEvent. `known` are the types that JSON data may be of, as `dataschema` says it.
///
/// # Errors
/// It is no CloudEvent.
pub fn read(json: &Value, known: &[DescriptorPool]) -> Result<CloudEvent, Invalid> {
    let members = json.as_object().ok_or_else(|| Invalid::Data {
        expected: "a JSON object",
        found: shorten(json),
    })?;
    let noted = members.get(NOTES).and_then(Value::as_str);
    let notes = noted.and_then(Notes::parse);
    let notes = notes.filter(|notes| {
        notes
            .names()
            .all(|name| members.contains_key(name) || name == "data")
    });
    let is_noted = notes.is_some();
    let notes = notes.unwrap_or_default();
    let mut event = CloudEvent::default();
    for (name, value) in members {
        let is_none = value.is_null() || (name == NOTES && is_noted);
        if DATA.contains(&name.as_str()) || is_none {
            continue;
        }
        let place = match name.as_str() {
            "id" => &mut event.id,
            "source" => &mut event.source,
            "type" => &mut event.r#type,
            "specversion" => &mut event.spec_version,
            _ => {
                let attr = Some(attribute(name, value, &notes)?);
                let value = CloudEventAttributeValue { attr };
                event.attributes.insert(name.clone(), value);
                continue;
            }
        };
        let text = value.as_str().ok_or_else(|| wrong(name, value, "a text"))?;
        text.clone_into(place);
    }
    check::check(&event)?;
    data(&mut event, members, &notes, known)?;
    Ok(event)
}

fn attribute(name: &str, value: &Value, notes: &Notes) -> Result<Attr, Invalid> {
    let kind = match (notes.get(name), name) {
        (Some(Note::Type(kind)), _) => *kind,
        (_, TIME) => Type::Timestamp,
        (_, SCHEMA) => Type::Uri,
        _ => Type::String,
    };
    match value {
        Value::Bool(value) => Ok(Attr::CeBoolean(*value)),
        Value::Number(number) => {
            let number = number
                .as_i64()
                .and_then(|number| i32::try_from(number).ok());
            let number = number.ok_or_else(|| wrong(name, value, "a whole number of 32 bits"))?;
            Ok(Attr::CeInteger(number))
        }
        Value::String(text) if kind == Type::Timestamp && !is_timestamp(text) => {
            Err(wrong(name, value, "a time as in RFC 3339"))
        }
        Value::String(text) => {
            let read = check::value_of(kind, text);
            read.ok_or_else(|| wrong(name, value, "a value of its type"))
        }
        other => Err(wrong(name, other, "a truth, a whole number or a text")),
    }
}

/// RFC 3339: the parser of protobuf's timestamps takes more than that.
fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has_digits = |from: usize, to: usize| {
        bytes
            .get(from..to)
            .is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let is = |at: usize, expected: &[u8]| bytes.get(at).is_some_and(|it| expected.contains(it));
    let date =
        has_digits(0, 4) && is(4, b"-") && has_digits(5, 7) && is(7, b"-") && has_digits(8, 10);
    let time = is(10, b"Tt")
        && has_digits(11, 13)
        && is(13, b":")
        && has_digits(14, 16)
        && is(16, b":")
        && has_digits(17, 19);
    let mut at = 19;
    if is(at, b".") {
        at += 1;
        let digits = bytes[at..]
            .iter()
            .take_while(|it| it.is_ascii_digit())
            .count();
        if digits == 0 {
            return false;
        }
        at += digits;
    }
    let offset = match bytes.get(at..) {
        Some(b"Z" | b"z") => true,
        Some(offset) if offset.len() == 6 => {
            is(at, b"+-")
                && has_digits(at + 1, at + 3)
                && is(at + 3, b":")
                && has_digits(at + 4, at + 6)
                && text[at + 1..at + 3] < *"24"
                && text[at + 4..] < *"60"
        }
        _ => false,
    };
    date && time && offset
}

/// Reads the data, and makes the attributes that speak of it say what it is.
fn data(
    event: &mut CloudEvent,
    members: &Map<String, Value>,
    notes: &Notes,
    known: &[DescriptorPool],
) -> Result<(), Invalid> {
    let (content_type, schema) = (text(event, CONTENT_TYPE), text(event, SCHEMA));
    let content_type = content_type.as_deref();
    let noted = notes.get("data");
    match (members.get("data"), members.get("data_base64")) {
        (Some(_), Some(_)) => return Err(Invalid::DataTwice),
        (None, None) => return Ok(()),
        (None, Some(encoded)) => {
            let bytes = encoded.as_str().and_then(|text| STANDARD.decode(text).ok());
            let bytes = bytes.ok_or_else(|| Invalid::Data {
                expected: "base64",
                found: shorten(encoded),
            })?;
            event.data = Some(match (noted, schema) {
                (Some(Note::Text), _) => {
                    Data::TextData(String::from_utf8(bytes).map_err(|error| Invalid::Data {
                        expected: "a text",
                        found: error.to_string(),
                    })?)
                }
                (Some(Note::Message(type_url)), _) => Data::ProtoData(Any {
                    type_url: type_url.clone(),
                    value: bytes,
                }),
                (None, Some(type_url)) if content_type == Some(PROTOBUF) => {
                    let value = bytes;
                    Data::ProtoData(Any { type_url, value })
                }
                _ => Data::BinaryData(bytes.into()),
            });
        }
        (Some(value), None) if !is_json(content_type) => {
            let text = value.as_str().ok_or_else(|| Invalid::Data {
                expected: "a text, as its content type is not JSON",
                found: shorten(value),
            })?;
            event.data = Some(Data::TextData(text.to_owned()));
        }
        (Some(value), None) => {
            let message = schema.filter(|_| noted.is_none());
            let message = message.and_then(|url| Some((type_of(&url, known)?, url)));
            let Some((found, type_url)) = message else {
                event.data = Some(Data::TextData(value.to_string()));
                if content_type.is_none() {
                    say(event, CONTENT_TYPE, Attr::CeString(JSON.to_owned()));
                }
                return Ok(());
            };
            let message =
                DynamicMessage::deserialize(found, value).map_err(|error| Invalid::Data {
                    expected: "a message of the type that `dataschema` names",
                    found: error.to_string(),
                })?;
            let value = message.encode_to_vec();
            event.data = Some(Data::ProtoData(Any { type_url, value }));
            say(event, CONTENT_TYPE, Attr::CeString(PROTOBUF.to_owned()));
        }
    }
    if matches!(event.data, Some(Data::ProtoData(_))) {
        for name in [CONTENT_TYPE, SCHEMA] {
            if notes.get(name) == Some(&Note::Absent) {
                event.attributes.remove(name);
            }
        }
    }
    Ok(())
}

fn text(event: &CloudEvent, name: &str) -> Option<String> {
    match event.attributes.get(name)?.attr.as_ref()? {
        Attr::CeString(text) | Attr::CeUri(text) | Attr::CeUriRef(text) => Some(text.clone()),
        _ => None,
    }
}

fn say(event: &mut CloudEvent, name: &str, value: Attr) {
    let attr = Some(value);
    let value = CloudEventAttributeValue { attr };
    event.attributes.insert(name.to_owned(), value);
}

fn wrong(name: &str, value: &Value, expected: &'static str) -> Invalid {
    Invalid::Value {
        name: name.to_owned(),
        found: shorten(value),
        expected,
    }
}

fn shorten(value: &Value) -> String {
    let shown: String = value.to_string().chars().take(64).collect();
    format!("`{shown}`")
}
