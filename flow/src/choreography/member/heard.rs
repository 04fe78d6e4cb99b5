//! An event of another feed, as it was sent. Many hear it and few look at more than its type and
//! subject, so it stays encoded, and is kept and stored that way.

use bytes::Bytes;
use pavane::feed::v1 as feed;
use pavane::{EventView, Malformed};
use prost::Message;

/// An encoded `pavane.feed.v1.Event`. A cheap clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    encoded: Bytes,
    /// Of the event, in its feed.
    sequence: u64,
    source: Bytes,
}

impl Heard {
    /// Errors: the bytes are not those of an event.
    pub fn new(encoded: Bytes) -> Result<Self, Malformed> {
        let view = EventView::parse(&encoded)?;
        Ok(Self {
            sequence: view.sequence,
            source: encoded.slice_ref(view.source.as_bytes()),
            encoded,
        })
    }

    /// The encoded event.
    pub fn encoded(&self) -> &Bytes {
        &self.encoded
    }

    /// A look at it.
    pub fn view(&self) -> EventView<'_> {
        EventView::parse(&self.encoded).expect("looked at when it was made")
    }

    /// The event. Errors: what a view does not look at is malformed.
    pub fn decode(&self) -> Result<feed::Event, prost::DecodeError> {
        feed::Event::decode(self.encoded.clone())
    }

    /// Whether both are the same event of the same feed. One that was made anew counts anew.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.sequence == other.sequence
            && self.source == other.source
            && self.view().id == other.view().id
    }

    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }
}

impl From<feed::Event> for Heard {
    fn from(event: feed::Event) -> Self {
        Self::new(event.encode_to_vec().into()).expect("just encoded")
    }
}
