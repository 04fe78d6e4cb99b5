//! From a CloudEvent to an event.

use std::collections::{BTreeMap, HashMap};

use prost::{Message, Name};
use prost_types::Any;

use super::names::{
    CAUSATION_ID, CONTENT_TYPE, CORRELATION_ID, CURSOR, SCHEMA, SEQUENCE, SUBJECT, TIME,
    TRACEPARENT, TRACESTATE, is_taken, unescape,
};
use super::notes::{NOTES, Note, Notes, Type};
use super::v1::CloudEvent;
use super::v1::cloud_event::Data;
use super::v1::cloud_event::cloud_event_attribute_value::Attr;
use super::{Invalid, PROTOBUF, check};
use crate::feed::v1::Event;

/// The CloudEvent as an event. [`from_event`](super::from_event) gives the same CloudEvent again, but
/// for one with an attribute [`NOTES`] of its own.
///
/// # Errors
/// It is no CloudEvent.
pub fn to_event(from: &CloudEvent) -> Result<Event, Invalid> {
    check::check(from)?;
    let mut notes = Notes::default();
    let data = from.data.as_ref().map(|data| match data {
        Data::ProtoData(data) => data.clone(),
        Data::BinaryData(bytes) => {
            notes.add("data", Note::Binary);
            wrap(bytes)
        }
        Data::TextData(text) => {
            notes.add("data", Note::Text);
            wrap(text)
        }
    });
    let message = match &from.data {
        Some(Data::ProtoData(data)) => Some(data),
        _ => None,
    };
    let mut event = Event {
        id: from.id.clone(),
        source: from.source.clone(),
        r#type: from.r#type.clone(),
        data,
        ..Event::default()
    };
    let values = from.attributes.iter();
    let values = values.filter_map(|(name, value)| Some((name.as_str(), value.attr.as_ref()?)));
    let values: BTreeMap<&str, &Attr> = values.collect();
    if let Some(message) = message {
        if !values.contains_key(CONTENT_TYPE) {
            notes.add(CONTENT_TYPE, Note::Absent);
        }
        if !values.contains_key(SCHEMA) && !message.type_url.is_empty() {
            notes.add(SCHEMA, Note::Absent);
        }
    }
    let mut attributes = HashMap::new();
    for (&name, &value) in &values {
        if has_place(&mut event, message, name, value) {
            continue;
        }
        let before = name_before(&values, message, name, value);
        let name = before.unwrap_or(name);
        let is_text = matches!(value, Attr::CeString(_));
        if !is_text || (is_taken(name) && before.is_none()) {
            notes.add(name, Note::Type(Type::of(value)));
        }
        attributes.insert(name.to_owned(), check::text_of(value));
    }
    if !notes.is_empty() {
        let noted = attributes.insert(NOTES.to_owned(), notes.to_string());
        if noted.is_some() {
            return Err(Invalid::Notes);
        }
    }
    event.attributes = attributes;
    Ok(event)
}

/// Puts a value into the field that is there for it. False: there is none, or not for such a value.
fn has_place(event: &mut Event, message: Option<&Any>, name: &str, value: &Attr) -> bool {
    match (name, value) {
        (TIME, Attr::CeTimestamp(time)) => event.time = Some(*time),
        (CONTENT_TYPE, Attr::CeString(kind)) => return message.is_some() && kind == PROTOBUF,
        (SCHEMA, Attr::CeUri(uri)) => return message.is_some_and(|data| data.type_url == *uri),
        (SEQUENCE, Attr::CeString(text)) => match text.parse::<u64>() {
            Ok(sequence) if sequence > 0 && sequence.to_string() == *text => {
                event.sequence = sequence;
            }
            _ => return false,
        },
        (name, Attr::CeString(text)) if !text.is_empty() => {
            let place = match name {
                SUBJECT => &mut event.subject,
                CORRELATION_ID => &mut event.correlation_id,
                CAUSATION_ID => &mut event.causation_id,
                TRACEPARENT => &mut event.traceparent,
                TRACESTATE => &mut event.tracestate,
                CURSOR => &mut event.cursor,
                _ => return false,
            };
            place.clone_from(text);
        }
        _ => return false,
    }
    true
}

/// The name that an attribute had in an event before: unless another has it now.
fn name_before<'a>(
    values: &BTreeMap<&str, &Attr>,
    message: Option<&Any>,
    name: &'a str,
    value: &Attr,
) -> Option<&'a str> {
    let is_text = matches!(value, Attr::CeString(_));
    let before = unescape(name).filter(|_| is_text)?;
    let is_free = values.get(before).is_none_or(|value| {
        has_place(&mut Event::default(), message, before, value)
            || name_before(values, message, before, value).is_some()
    });
    is_free.then_some(before)
}

fn wrap<T: Message + Name>(value: &T) -> Any {
    Any {
        type_url: T::type_url(),
        value: value.encode_to_vec(),
    }
}
