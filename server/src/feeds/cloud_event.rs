//! An event as CloudEvents JSON, in structured mode.
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pavane::feed::v1::Event;
use prost_reflect::{DescriptorPool, DynamicMessage};
use prost_types::Any;
use serde_json::{Map, Value};

use crate::json;

/// Writes an event. Its data is JSON if `known` has its type, and otherwise its bytes in base64.
pub(super) fn to_json(event: &Event, known: &[DescriptorPool]) -> Value {
    let mut out = Map::new();
    let mut set = |name: &str, value: &str| {
        if !value.is_empty() {
            out.insert(name.to_owned(), value.into());
        }
    };
    for (name, value) in &event.attributes {
        set(name, value);
    }
    set("specversion", "1.0");
    set("id", &event.id);
    set("source", &event.source);
    set("type", &event.r#type);
    set("subject", &event.subject);
    if let Some(time) = &event.time {
        set("time", &time.to_string());
    }
    set("correlationid", &event.correlation_id);
    set("causationid", &event.causation_id);
    set("traceparent", &event.traceparent);
    set("tracestate", &event.tracestate);
    if event.sequence > 0 {
        set("sequence", &event.sequence.to_string());
    }
    set("cursor", &event.cursor);
    if let Some(data) = &event.data {
        set("dataschema", &data.type_url);
        match content(data, known) {
            Some(content) => {
                set("datacontenttype", "application/json");
                out.insert("data".to_owned(), content);
            }
            None => {
                set("datacontenttype", "application/protobuf");
                set("data_base64", &STANDARD.encode(&data.value));
            }
        }
    }
    out.into()
}

/// The JSON of a message whose type is known.
fn content(data: &Any, known: &[DescriptorPool]) -> Option<Value> {
    let name = data.type_url.rsplit('/').next()?;
    let message = known
        .iter()
        .filter_map(|pool| pool.get_message_by_name(name))
        .find_map(|found| DynamicMessage::decode(found, data.value.as_slice()).ok())?;
    let json = json::write(&message, known).ok()?;
    serde_json::from_slice(&json).ok()
}
