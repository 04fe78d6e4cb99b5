//! An event as its feed stores it, written down field by field: no text is made only to be copied.
//! What it writes is an encoded `pavane.feed.v1.Event`, without what only the feed knows: source,
//! sequence and cursor.

use bytes::{Bytes, BytesMut};

use super::fields::Fields;
use super::{Event, EventKey, wire};
use crate::plan::Plan;

/// What most events take, and their data once more.
const USUAL_BYTES: usize = 1_024;
/// Room for all but the texts that differ in length.
const TEXTS_BYTES: usize = 320;

/// What is said of an event beside what happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// The event that it follows from.
    pub cause: Option<EventKey>,
    /// Names of all who perform steps, of the start of a choreographed execution.
    pub participants: &'a [String],
    /// Of the operation that it belongs to; may be empty.
    pub traceparent: &'a str,
    /// Extension attributes, by name.
    pub attributes: &'a [(&'a str, &'a [&'a str])],
}

impl Event {
    /// The event as a feed stores it. An attribute's value is given in parts.
    pub fn encode(self, execution: &str, plan: &Plan, context: Context<'_>) -> Bytes {
        self.encode_in(&mut BytesMut::new(), execution, plan, context)
    }

    /// As [`Event::encode`], written to `room`, of which it then is a part: events that come and go
    /// together share memory.
    pub fn encode_in(
        self,
        room: &mut BytesMut,
        execution: &str,
        plan: &Plan,
        context: Context<'_>,
    ) -> Bytes {
        debug_assert!(room.is_empty(), "nothing is left half written");
        let (key, event_type) = (self.kind.key(), self.kind.event_type().full_name());
        room.reserve(USUAL_BYTES);
        wire::encode(self.kind, plan, context.participants, room);
        let data = room.split();
        room.reserve(TEXTS_BYTES + 5 * execution.len() + data.len() + context.traceparent.len());
        let mut out = Fields(room);
        out.id(1, key, execution, plan);
        out.text(3, event_type);
        out.text(4, execution);
        out.message(5, &prost_types::Timestamp::from(self.time));
        out.any(6, event_type, &data);
        out.text(9, execution);
        if let Some(cause) = context.cause {
            out.id(10, cause, execution, plan);
        }
        out.text(11, context.traceparent);
        for (name, value) in context.attributes {
            out.attribute(13, name, value);
        }
        room.split().freeze()
    }
}

impl Fields<'_> {
    fn id(&mut self, tag: u32, key: EventKey, execution: &str, plan: &Plan) {
        let mut digits = super::Digits::default();
        self.joined(tag, &key.id_parts(execution, plan, &mut digits));
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use pavane::feed::v1 as feed;
    use pavane::workflow::v1::ExecutionStarted;
    use prost::Message;

    use super::Context;
    use crate::Timestamp;
    use crate::event::{Event, EventKey, EventKind, Mode, Origin, decode_started};
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
            participants: &[],
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
    fn a_start_is_written_whole() {
        let plan = random_plan(&mut Random::new(1));
        let participants = ["a".to_owned(), String::new()];
        let event = Event {
            time: Timestamp::from_nanos(7),
            kind: EventKind::ExecutionStarted {
                input: vec![8; 300].into(),
                mode: Mode::Choreographed,
                deadline: Some(Timestamp::from_nanos(1_000_000_002)),
                origin: Origin {
                    parent: Some(("p".to_owned(), "s".to_owned())),
                    causal_chain: vec!["x".to_owned(), "y".to_owned()],
                },
            },
        };
        let context = Context {
            participants: &participants,
            ..Context::default()
        };
        let encoded = event.clone().encode("e", &plan, context);
        let stored = feed::Event::decode(encoded.clone()).expect("a message");
        let started = decode_started(&stored).expect("a start");
        let expected = ExecutionStarted {
            workflow: plan.name.to_string(),
            revision: plan.revision.to_string(),
            input: vec![8; 300].into(),
            mode: Mode::Choreographed.into(),
            deadline: Some(prost_types::Timestamp {
                seconds: 1,
                nanos: 2,
            }),
            participants: participants.to_vec(),
            parent_execution_id: "p".to_owned(),
            parent_step: "s".to_owned(),
            causal_chain: vec!["x".to_owned(), "y".to_owned()],
        };
        assert_eq!(started, expected);
        let data = stored.data.expect("a start has data").value;
        assert_eq!(data.len(), expected.encoded_len(), "and nothing twice");
        assert_eq!(
            Event::decode_encoded(&encoded, &plan).expect("of this plan"),
            event
        );
    }

    #[test]
    fn events_of_one_room_are_what_they_are_alone() {
        let plan = random_plan(&mut Random::new(1));
        let mut room = BytesMut::with_capacity(2_048);
        let event = |output: &[u8]| Event {
            time: Timestamp::from_nanos(1),
            kind: EventKind::StepCompleted {
                unit: StepIndex(0).into(),
                output: output.to_vec().into(),
                attempts: 1,
            },
        };
        let outputs = [vec![1; 10], vec![2; 5_000], Vec::new()];
        let encode_in = |room: &mut BytesMut, output: &Vec<u8>| {
            event(output).encode_in(room, "e", &plan, Context::default())
        };
        let together: Vec<_> = outputs
            .iter()
            .map(|output| encode_in(&mut room, output))
            .collect();
        for (output, encoded) in outputs.iter().zip(together) {
            assert_eq!(encoded, encode_in(&mut BytesMut::new(), output));
        }
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
