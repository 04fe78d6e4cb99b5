//! Subscriptions as they are sent: the messages of the contract, but that the events of a batch stay
//! encoded. What many hear is encoded once, when it is appended, and decoded by those who look into it.

use crate::feed::v1::subscribe_response::{CaughtUp, Draining, FellBehind, Progress, Started};
use crate::feed::v1::{SubscribeResponse, subscribe_response};
use bytes::Bytes;
use prost::{Message, Oneof};

/// `pavane.feed.v1.SubscribeResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct EncodedResponse {
    /// What it says.
    #[prost(oneof = "EncodedMessage", tags = "1, 2, 3, 4, 5, 6")]
    pub message: Option<EncodedMessage>,
}

/// The `message` of it.
#[allow(missing_docs, reason = "the message of the contract says it")]
#[derive(Clone, PartialEq, Oneof)]
pub enum EncodedMessage {
    #[prost(message, tag = "1")]
    Started(Started),
    #[prost(message, tag = "2")]
    Batch(EncodedBatch),
    #[prost(message, tag = "3")]
    Progress(Progress),
    #[prost(message, tag = "4")]
    CaughtUp(CaughtUp),
    #[prost(message, tag = "5")]
    FellBehind(FellBehind),
    #[prost(message, tag = "6")]
    Draining(Draining),
}

/// `pavane.feed.v1.SubscribeResponse.Batch`: a message within a message is bytes.
#[derive(Clone, PartialEq, Message)]
pub struct EncodedBatch {
    /// The events, each encoded.
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub events: Vec<Bytes>,
}

impl EncodedResponse {
    /// As the generated types have it. Errors: an event is malformed.
    pub fn decode_events(self) -> Result<SubscribeResponse, prost::DecodeError> {
        use subscribe_response::Message as Decoded;
        let message = self.message.map(|message| {
            Ok::<_, prost::DecodeError>(match message {
                EncodedMessage::Started(started) => Decoded::Started(started),
                EncodedMessage::Batch(batch) => {
                    let events = batch.events.into_iter().map(Message::decode);
                    let events = events.collect::<Result<_, prost::DecodeError>>()?;
                    Decoded::Batch(subscribe_response::Batch { events })
                }
                EncodedMessage::Progress(progress) => Decoded::Progress(progress),
                EncodedMessage::CaughtUp(caught_up) => Decoded::CaughtUp(caught_up),
                EncodedMessage::FellBehind(fell_behind) => Decoded::FellBehind(fell_behind),
                EncodedMessage::Draining(draining) => Decoded::Draining(draining),
            })
        });
        let message = message.transpose()?;
        Ok(SubscribeResponse { message })
    }
}
