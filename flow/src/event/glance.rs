//! The data of the events that everybody hears, read without a copy: texts stay part of the bytes that
//! came. Field by field the messages of the same names in `pavane.workflow.v1`, less what is not asked for.

use bytes::Bytes;
use prost_types::Timestamp;

/// Of `ExecutionStarted`: what tells whose business it is.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Start {
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) revision: Bytes,
    #[prost(bytes = "bytes", repeated, tag = "6")]
    pub(super) participants: Vec<Bytes>,
}

/// Of `ExecutionStarted`: what a driver is told.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Started {
    #[prost(bytes = "bytes", tag = "3")]
    pub(super) input: Bytes,
    #[prost(enumeration = "pavane::workflow::v1::Mode", tag = "4")]
    pub(super) mode: i32,
    #[prost(message, optional, tag = "5")]
    pub(super) deadline: Option<Timestamp>,
    #[prost(string, tag = "7")]
    pub(super) parent_execution_id: String,
    #[prost(string, tag = "8")]
    pub(super) parent_step: String,
    #[prost(string, repeated, tag = "9")]
    pub(super) causal_chain: Vec<String>,
}

/// `StepCompleted`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Completed {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) step: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) output: Bytes,
    #[prost(uint32, tag = "3")]
    pub(super) attempts: u32,
    #[prost(uint32, optional, tag = "4")]
    pub(super) element: Option<u32>,
}

#[cfg(test)]
mod tests {
    use pavane::workflow::v1 as wire;
    use prost::{Message, Name};

    use super::{Completed, Start, Started};

    /// A field that the contract gains and a glance lacks must be left out on purpose.
    fn left_out<M: Name>(read: &[u32]) -> Vec<String> {
        let message = pavane::descriptor_pool()
            .get_message_by_name(&M::full_name())
            .expect("it is part of the contract");
        let fields = message
            .fields()
            .filter(|field| !read.contains(&field.number()));
        fields.map(|field| field.name().to_owned()).collect()
    }

    #[test]
    fn what_a_driver_is_told_of_a_start_is_all_that_it_needs() {
        let whole = wire::ExecutionStarted {
            workflow: "place-order".to_owned(),
            revision: "7b0c".to_owned(),
            input: vec![1, 2].into(),
            mode: wire::Mode::Choreographed.into(),
            deadline: Some(prost_types::Timestamp {
                seconds: 5,
                nanos: 6,
            }),
            participants: vec!["a".to_owned(), "b".to_owned()],
            parent_execution_id: "parent".to_owned(),
            parent_step: "step".to_owned(),
            causal_chain: vec!["c".to_owned(), "d".to_owned()],
        };
        let encoded = whole.encode_to_vec();
        let told = Started::decode(encoded.as_slice()).expect("a start");
        let told = wire::ExecutionStarted {
            workflow: whole.workflow.clone(),
            revision: whole.revision.clone(),
            input: told.input.clone(),
            mode: told.mode,
            deadline: told.deadline,
            participants: whole.participants.clone(),
            parent_execution_id: told.parent_execution_id,
            parent_step: told.parent_step,
            causal_chain: told.causal_chain,
        };
        assert_eq!(told, whole);
        let start = Start::decode(encoded.as_slice()).expect("a start");
        assert_eq!(
            (&*start.revision, start.participants.len()),
            (&b"7b0c"[..], 2)
        );
        let fields = [3, 4, 5, 7, 8, 9];
        assert_eq!(
            left_out::<wire::ExecutionStarted>(&fields),
            ["workflow", "revision", "participants"]
        );
    }

    #[test]
    fn a_completed_step_is_read_whole() {
        let whole = wire::StepCompleted {
            step: "reserve".to_owned(),
            output: vec![1].into(),
            attempts: 2,
            element: Some(0),
        };
        let read = Completed::decode(whole.encode_to_vec().as_slice()).expect("a completed step");
        let read = wire::StepCompleted {
            step: String::from_utf8(read.step.to_vec()).expect("a text"),
            output: read.output,
            attempts: read.attempts,
            element: read.element,
        };
        assert_eq!(read, whole);
        assert!(left_out::<wire::StepCompleted>(&[1, 2, 3, 4]).is_empty());
    }
}
