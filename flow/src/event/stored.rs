//! An event as its feed stores it, written down field by field: no text is made only to be copied.
//! What it writes is an encoded `pavane.feed.v1.Event`, without what only the feed knows: source,
//! sequence and cursor.

use bytes::Bytes;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};

use super::{Event, EventKey, wire};
use crate::plan::Plan;

/// What comes before the name of a type in its URL.
const TYPE_URL: &str = "type.googleapis.com/";
/// Room for all but the texts that differ in length.
const ROOM: usize = 320;

/// What is said of an event beside what happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// The event that it follows from.
    pub cause: Option<EventKey>,
    /// Of the operation that it belongs to; may be empty.
    pub traceparent: &'a str,
    /// Extension attributes, by name.
    pub attributes: &'a [(&'a str, &'a [&'a str])],
}

impl Event {
    /// The event as a feed stores it. An attribute's value is given in parts.
    pub fn encode(self, execution: &str, plan: &Plan, context: Context<'_>) -> Bytes {
        let (key, event_type) = (self.kind.key(), self.kind.event_type().full_name());
        let data = wire::encode(self.kind, plan);
        let mut out = Writer(Vec::with_capacity(
            ROOM + 5 * execution.len() + data.len() + context.traceparent.len(),
        ));
        out.id(1, key, execution, plan);
        out.text(3, &[event_type]);
        out.text(4, &[execution]);
        out.message(5, &prost_types::Timestamp::from(self.time));
        out.any(6, event_type, &data);
        out.text(9, &[execution]);
        if let Some(cause) = context.cause {
            out.id(10, cause, execution, plan);
        }
        out.text(11, &[context.traceparent]);
        for (name, value) in context.attributes {
            out.attribute(13, name, value);
        }
        out.0.into()
    }
}

struct Writer(Vec<u8>);

impl Writer {
    /// The head of a field that has so many bytes.
    fn head(&mut self, tag: u32, length: usize) {
        encode_key(tag, WireType::LengthDelimited, &mut self.0);
        encode_varint(length as u64, &mut self.0);
    }

    /// A text, in parts. An empty one is left out.
    fn text(&mut self, tag: u32, parts: &[&str]) {
        let length = parts.iter().map(|part| part.len()).sum();
        if length > 0 {
            self.head(tag, length);
            for part in parts {
                self.0.extend_from_slice(part.as_bytes());
            }
        }
    }

    fn id(&mut self, tag: u32, key: EventKey, execution: &str, plan: &Plan) {
        let mut digits = super::Digits::default();
        self.text(tag, &key.id_parts(execution, plan, &mut digits));
    }

    fn message(&mut self, tag: u32, message: &impl prost::Message) {
        prost::encoding::message::encode(tag, message, &mut self.0);
    }

    /// A `google.protobuf.Any`.
    fn any(&mut self, tag: u32, type_name: &str, data: &[u8]) {
        let url = TYPE_URL.len() + type_name.len();
        let value = if data.is_empty() {
            0
        } else {
            field_len(data.len())
        };
        self.head(tag, field_len(url) + value);
        self.text(1, &[TYPE_URL, type_name]);
        if !data.is_empty() {
            self.head(2, data.len());
            self.0.extend_from_slice(data);
        }
    }

    /// An entry of a map of texts.
    fn attribute(&mut self, tag: u32, name: &str, value: &[&str]) {
        let length = value.iter().map(|part| part.len()).sum();
        self.head(tag, field_len(name.len()) + field_len(length));
        self.text(1, &[name]);
        self.text(2, value);
    }
}

/// What a field with so many bytes and a tag below 16 takes.
fn field_len(length: usize) -> usize {
    1 + encoded_len_varint(length as u64) + length
}

#[cfg(test)]
mod tests {
    use pavane::feed::v1 as feed;
    use prost::Message;

    use super::Context;
    use crate::Timestamp;
    use crate::event::{Event, EventKey, EventKind};
    use crate::plan::StepIndex;
    use crate::testing::{Random, random_plan};

    #[test]
    fn what_is_written_is_the_message_of_the_contract() {
        let plan = random_plan(&mut Random::new(1));
        let event = Event {
            time: Timestamp::from_nanos(-7),
            kind: EventKind::StepCompleted {
                unit: StepIndex(0).into(),
                output: vec![7; 300].into(),
                attempts: 2,
            },
        };
        let context = Context {
            cause: Some(EventKey::Resumed(12)),
            traceparent: "t",
            attributes: &[("step", &["random", "/", "step0"]), ("revision", &["00"])],
        };
        let encoded = event.clone().encode("e", &plan, context);
        let stored = feed::Event::decode(encoded.clone()).expect("a message");
        assert_eq!(stored.encode_to_vec().len(), encoded.len());
        let texts = [&stored.id, &stored.subject, &stored.correlation_id];
        assert_eq!(texts, ["e/step0/completed", "e", "e"]);
        let texts = [&stored.causation_id, &stored.traceparent, &stored.r#type];
        let r#type = "pavane.workflow.v1.StepCompleted";
        assert_eq!(texts, ["e/resumed-12", "t", r#type]);
        assert_eq!(stored.attributes["step"], "random/step0");
        assert_eq!(stored.attributes["revision"], "00");
        assert_eq!(Event::decode(&stored, &plan).expect("of this plan"), event);
        assert_eq!(
            Event::decode_encoded(&encoded, &plan).expect("of this plan"),
            event
        );
    }

    #[test]
    fn what_carries_nothing_is_written_too() {
        let plan = random_plan(&mut Random::new(1));
        let event = Event {
            time: Timestamp::from_nanos(0),
            kind: EventKind::DeadlineExceeded,
        };
        let encoded = event.clone().encode("e", &plan, Context::default());
        assert_eq!(
            Event::decode_encoded(&encoded, &plan).expect("of this plan"),
            event
        );
    }
}
