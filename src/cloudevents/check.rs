//! What makes a message a CloudEvent, and values of attributes as the texts that the specification has
//! for them. <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost_types::Timestamp;

use super::names::{self, CONTENT_TYPE, REQUIRED, SCHEMA, SUBJECT, TIME};
use super::notes::Type;
use super::v1::CloudEvent;
use super::v1::cloud_event::cloud_event_attribute_value::Attr;
use super::{Invalid, SPEC_VERSION};

/// Errors: it is none.
pub(super) fn check(event: &CloudEvent) -> Result<(), Invalid> {
    let required = [
        ("id", &event.id),
        ("source", &event.source),
        ("type", &event.r#type),
        ("specversion", &event.spec_version),
    ];
    if let Some((name, _)) = required.into_iter().find(|(_, value)| value.is_empty()) {
        return Err(Invalid::Missing(name));
    }
    if event.spec_version != SPEC_VERSION {
        let found = event.spec_version.clone();
        return Err(Invalid::Version { found });
    }
    for (name, value) in &event.attributes {
        if !names::is_name(name) || name == "data" || REQUIRED.contains(&name.as_str()) {
            return Err(Invalid::Name(name.clone()));
        }
        let wrong = |expected| Invalid::Value {
            name: name.clone(),
            found: value.attr.as_ref().map_or("nothing".to_owned(), show),
            expected,
        };
        let value = value.attr.as_ref().ok_or_else(|| wrong("a value"))?;
        let expected = match (name.as_str(), value) {
            (SUBJECT, Attr::CeString(text)) if !text.is_empty() => continue,
            (SUBJECT, _) => "a text that is not empty",
            (TIME, Attr::CeTimestamp(_)) => continue,
            (TIME, _) => "a timestamp",
            (CONTENT_TYPE, Attr::CeString(text)) if is_media_type(text) => continue,
            (CONTENT_TYPE, _) => "a media type such as `application/json`",
            (SCHEMA, Attr::CeUri(uri) | Attr::CeString(uri) | Attr::CeUriRef(uri))
                if !uri.is_empty() =>
            {
                continue;
            }
            (SCHEMA, _) => "a URI",
            _ => continue,
        };
        return Err(wrong(expected));
    }
    Ok(())
}

/// `type/subtype`, with or without parameters (RFC 2046).
pub(super) fn is_media_type(text: &str) -> bool {
    let bare = text.split(';').next().unwrap_or_default().trim_end();
    let is_token = |part: &str| {
        let is_allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !part.is_empty() && part.bytes().all(is_allowed)
    };
    let parts = bare.split_once('/');
    parts.is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

/// A value as text.
pub(super) fn text_of(value: &Attr) -> String {
    match value {
        Attr::CeBoolean(value) => value.to_string(),
        Attr::CeInteger(value) => value.to_string(),
        Attr::CeString(value) | Attr::CeUri(value) | Attr::CeUriRef(value) => value.clone(),
        Attr::CeBytes(value) => STANDARD.encode(value),
        Attr::CeTimestamp(value) => value.to_string(),
    }
}

/// The value of a type that a text stands for; none, if it stands for none.
pub(super) fn value_of(kind: Type, text: &str) -> Option<Attr> {
    Some(match kind {
        Type::Boolean => Attr::CeBoolean(text.parse().ok()?),
        Type::Integer => Attr::CeInteger(text.parse().ok()?),
        Type::String => Attr::CeString(text.to_owned()),
        Type::Binary => Attr::CeBytes(STANDARD.decode(text).ok()?.into()),
        Type::Uri => Attr::CeUri(text.to_owned()),
        Type::UriReference => Attr::CeUriRef(text.to_owned()),
        Type::Timestamp => Attr::CeTimestamp(text.parse::<Timestamp>().ok()?),
    })
}

fn show(value: &Attr) -> String {
    let text = text_of(value);
    let cut: String = text.chars().take(64).collect();
    format!("`{cut}`")
}
