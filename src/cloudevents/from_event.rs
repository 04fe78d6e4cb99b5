//! From an event to a CloudEvent.

use std::collections::HashMap;

use prost::Message;
use prost_types::Any;

use super::names::{
    CAUSATION_ID, CONTENT_TYPE, CORRELATION_ID, CURSOR, SCHEMA, SEQUENCE, SUBJECT, TIME,
    TRACEPARENT, TRACESTATE, escape,
};
use super::notes::{NOTES, Note, Notes};
use super::v1::CloudEvent;
use super::v1::cloud_event::cloud_event_attribute_value::Attr;
use super::v1::cloud_event::{CloudEventAttributeValue, Data};
use super::{PROTOBUF, SPEC_VERSION, check, to_event};
use crate::feed::v1::Event;

/// The event as a CloudEvent. [`to_event`] gives the same event again.
pub fn from_event(event: &Event) -> CloudEvent {
    let noted = event
        .attributes
        .get(NOTES)
        .and_then(|text| Notes::parse(text));
    // Somebody may have given the attribute a meaning of their own: it is as noted only if it is
    // what would be noted.
    let noted = noted.and_then(|notes| make(event, &notes));
    let as_noted = noted.filter(|made| to_event(made).as_ref() == Ok(event));
    as_noted.unwrap_or_else(|| {
        make(event, &Notes::default()).expect("without notes there is nothing to go wrong")
    })
}

/// None: the notes are not of this event.
fn make(event: &Event, notes: &Notes) -> Option<CloudEvent> {
    let mut attributes = HashMap::new();
    for (name, text) in &event.attributes {
        match notes.get(name) {
            Some(Note::Type(kind)) => {
                attributes.insert(name.clone(), check::value_of(*kind, text)?);
            }
            _ if name == NOTES && !notes.is_empty() => {}
            _ => {
                attributes.insert(escape(name), Attr::CeString(text.clone()));
            }
        }
    }
    let sequence = match event.sequence {
        0 => String::new(),
        sequence => sequence.to_string(),
    };
    let texts = [
        (SUBJECT, &event.subject),
        (CORRELATION_ID, &event.correlation_id),
        (CAUSATION_ID, &event.causation_id),
        (TRACEPARENT, &event.traceparent),
        (TRACESTATE, &event.tracestate),
        (SEQUENCE, &sequence),
        (CURSOR, &event.cursor),
    ];
    for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        attributes.insert(name.to_owned(), Attr::CeString(text.clone()));
    }
    if let Some(time) = event.time {
        attributes.insert(TIME.to_owned(), Attr::CeTimestamp(time));
    }
    let data = match (&event.data, notes.get("data")) {
        (None, _) => None,
        (Some(data), Some(Note::Binary)) => Some(Data::BinaryData(unwrap::<bytes::Bytes>(data)?)),
        (Some(data), Some(Note::Text)) => Some(Data::TextData(unwrap::<String>(data)?)),
        (Some(data), _) => {
            if notes.get(CONTENT_TYPE).is_none() {
                let kind = Attr::CeString(PROTOBUF.to_owned());
                attributes.insert(CONTENT_TYPE.to_owned(), kind);
            }
            if notes.get(SCHEMA).is_none() && !data.type_url.is_empty() {
                let schema = Attr::CeUri(data.type_url.clone());
                attributes.insert(SCHEMA.to_owned(), schema);
            }
            Some(Data::ProtoData(data.clone()))
        }
    };
    let attributes = attributes.into_iter();
    Some(CloudEvent {
        id: event.id.clone(),
        source: event.source.clone(),
        spec_version: SPEC_VERSION.to_owned(),
        r#type: event.r#type.clone(),
        attributes: attributes
            .map(|(name, value)| (name, CloudEventAttributeValue { attr: Some(value) }))
            .collect(),
        data,
    })
}

/// What a wrapper has in it.
fn unwrap<T: Message + Default>(data: &Any) -> Option<T> {
    T::decode(data.value.as_slice()).ok()
}
