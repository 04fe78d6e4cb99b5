//! Writing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage};
use prost_types::Any;
use serde_json::{Map, Value};

use super::super::names::{CONTENT_TYPE, SCHEMA, TIME};
use super::super::notes::{NOTES, Note, Notes, Type};
use super::super::v1::CloudEvent;
use super::super::v1::cloud_event::Data;
use super::super::v1::cloud_event::cloud_event_attribute_value::Attr;
use super::super::{PROTOBUF, check};
use super::{JSON, is_json, message_in, type_of};

/// Writes a CloudEvent. `known` are the types of which data is written as JSON, those first that are
/// looked at first.
pub fn write(event: &CloudEvent, known: &[DescriptorPool]) -> Value {
    let mut writer = Writer {
        event,
        known,
        out: Map::new(),
        notes: Notes::default(),
    };
    writer.set("specversion", event.spec_version.as_str());
    writer.set("id", event.id.as_str());
    writer.set("source", event.source.as_str());
    writer.set("type", event.r#type.as_str());
    writer.attributes();
    match &event.data {
        None => {}
        Some(Data::ProtoData(data)) => writer.message(data),
        Some(Data::BinaryData(bytes)) => writer.bytes(bytes),
        Some(Data::TextData(text)) => writer.text(text),
    }
    if !writer.notes.is_empty() && !event.attributes.contains_key(NOTES) {
        writer.set(NOTES, writer.notes.to_string());
    }
    writer.out.into()
}

struct Writer<'a> {
    event: &'a CloudEvent,
    known: &'a [DescriptorPool],
    out: Map<String, Value>,
    /// What JSON does not tell.
    notes: Notes,
}

impl Writer<'_> {
    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.out.insert(name.to_owned(), value.into());
    }

    fn attributes(&mut self) {
        for (name, value) in &self.event.attributes {
            let Some(value) = &value.attr else {
                continue;
            };
            let kind = Type::of(value);
            // What is read from JSON where nothing is noted.
            let read = match (name.as_str(), kind) {
                (TIME, _) => Type::Timestamp,
                (SCHEMA, _) => Type::Uri,
                (_, Type::Boolean | Type::Integer) => kind,
                _ => Type::String,
            };
            if kind != read {
                self.notes.add(name, Note::Type(kind));
            }
            match value {
                Attr::CeBoolean(value) => self.set(name, *value),
                Attr::CeInteger(value) => self.set(name, *value),
                value => self.set(name, check::text_of(value)),
            }
        }
    }

    /// An attribute that is a text or a URI.
    fn said(&self, name: &str) -> Option<&str> {
        let event = self.event;
        match event.attributes.get(name)?.attr.as_ref()? {
            Attr::CeString(text) | Attr::CeUri(text) | Attr::CeUriRef(text) => Some(text),
            _ => None,
        }
    }

    fn message(&mut self, data: &Any) {
        let (content_type, schema) = (self.said(CONTENT_TYPE), self.said(SCHEMA));
        let (says_type, says_schema) = (content_type.is_some(), schema.is_some());
        let is_usual = content_type.is_none_or(|kind| kind == PROTOBUF)
            && schema.map_or(!data.type_url.is_empty(), |schema| schema == data.type_url);
        if !is_usual {
            self.notes.add("data", Note::Message(data.type_url.clone()));
            return self.set("data_base64", STANDARD.encode(&data.value));
        }
        if !says_type {
            self.notes.add(CONTENT_TYPE, Note::Absent);
        }
        if !says_schema {
            self.notes.add(SCHEMA, Note::Absent);
            self.set(SCHEMA, data.type_url.as_str());
        }
        if let Some(json) = content(data, self.known) {
            self.set(CONTENT_TYPE, JSON);
            self.set("data", json);
        } else {
            self.set(CONTENT_TYPE, PROTOBUF);
            self.set("data_base64", STANDARD.encode(&data.value));
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if self.said(CONTENT_TYPE) == Some(PROTOBUF) && self.said(SCHEMA).is_some() {
            self.notes.add("data", Note::Binary);
        }
        self.set("data_base64", STANDARD.encode(bytes));
    }

    fn text(&mut self, text: &str) {
        if !is_json(self.said(CONTENT_TYPE)) {
            return self.set("data", text);
        }
        match serde_json::from_str::<Value>(text) {
            Ok(json) => {
                let schema = self.said(SCHEMA);
                if schema.is_some_and(|url| type_of(url, self.known).is_some()) {
                    self.notes.add("data", Note::Text);
                }
                self.set("data", json);
            }
            // Not JSON, although it is said to be: what it is can still be told.
            Err(_) => {
                self.notes.add("data", Note::Text);
                self.set("data_base64", STANDARD.encode(text));
            }
        }
    }
}

/// A message in its JSON mapping, if its type is known and the mapping says all of it.
fn content(data: &Any, known: &[DescriptorPool]) -> Option<Value> {
    let message = message_in(data, known)?;
    let json = serde_json::to_value(&message).ok()?;
    let again = DynamicMessage::deserialize(message.descriptor(), &json).ok()?;
    (again == message).then_some(json)
}
