//! An event of another feed, as it was sent. Many hear it and few look at more than its type and
//! subject, so it stays encoded, and is kept and stored that way.

use std::ops::Range;

use bytes::Bytes;
use pavane::feed::v1 as feed;
use pavane::{EventView, Malformed};
use prost::Message;

use crate::Timestamp;
use crate::event::{DecodeError, Event, Start, Stored};
use crate::plan::Plan;

/// An encoded `pavane.feed.v1.Event`. A cheap clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    encoded: Bytes,
    /// What is looked at of it, and where that lies in `encoded`: it is looked for once.
    sequence: u64,
    source: Place,
    r#type: Place,
    subject: Place,
    id: Place,
    traceparent: Place,
    /// `None`: malformed.
    said: Option<Said>,
}

/// When it happened, and what.
#[derive(Clone, Debug, PartialEq)]
struct Said {
    time: Timestamp,
    type_url: Place,
    value: Place,
}

type Place = Range<u32>;

impl Heard {
    /// Errors: the bytes are not those of an event.
    pub fn new(encoded: Bytes) -> Result<Self, Malformed> {
        let view = EventView::parse(&encoded)?;
        let place = |part: &[u8]| {
            if part.is_empty() {
                return Ok(0..0);
            }
            let begin = part.as_ptr().addr() - encoded.as_ptr().addr();
            let end = u32::try_from(begin + part.len()).map_err(|_| Malformed)?;
            Ok(end - part.len() as u32..end)
        };
        let said = || {
            let (seconds, nanos) = view.time()?;
            let (type_url, value) = view.data()?;
            Ok::<_, Malformed>(Said {
                time: Timestamp::from(&prost_types::Timestamp { seconds, nanos }),
                type_url: place(type_url.as_bytes())?,
                value: place(value)?,
            })
        };
        Ok(Self {
            sequence: view.sequence,
            source: place(view.source.as_bytes())?,
            r#type: place(view.r#type.as_bytes())?,
            subject: place(view.subject.as_bytes())?,
            id: place(view.id.as_bytes())?,
            traceparent: place(view.traceparent.as_bytes())?,
            said: said().ok(),
            encoded,
        })
    }

    /// Keeps the event alone in memory, and no longer the batch that it came in.
    pub(super) fn detach(&mut self) {
        self.encoded = Bytes::copy_from_slice(&self.encoded);
    }

    /// The encoded event.
    pub fn encoded(&self) -> &Bytes {
        &self.encoded
    }

    /// A look at it.
    pub fn view(&self) -> EventView<'_> {
        EventView::parse(&self.encoded).expect("looked at when it was made")
    }

    /// Full name of what happened.
    pub fn event_type(&self) -> &str {
        self.text(&self.r#type)
    }

    /// The execution.
    pub fn subject(&self) -> &str {
        self.text(&self.subject)
    }

    pub(super) fn id(&self) -> &str {
        self.text(&self.id)
    }

    pub(super) fn traceparent(&self) -> &str {
        self.text(&self.traceparent)
    }

    fn text(&self, place: &Place) -> &str {
        let text = &self.encoded[place.start as usize..place.end as usize];
        std::str::from_utf8(text).expect("looked at when it was made")
    }

    /// As an event of an execution of this plan. Errors: it is none.
    pub(super) fn read(&self, plan: &Plan) -> Result<Event, DecodeError> {
        let (time, stored) = self.stored()?;
        Event::decode_stored(time, &stored, plan)
    }

    /// As a start. Errors: it is none.
    pub(super) fn read_start(&self) -> Result<Start, DecodeError> {
        Start::read(&self.stored()?.1)
    }

    fn stored(&self) -> Result<(Timestamp, Stored<'_>), DecodeError> {
        let said = self.said.as_ref().ok_or(DecodeError::NoEvent)?;
        let stored = Stored {
            r#type: self.event_type(),
            type_url: self.text(&said.type_url),
            value: self
                .encoded
                .slice(said.value.start as usize..said.value.end as usize),
        };
        Ok((said.time, stored))
    }

    /// The event. Errors: what a view does not look at is malformed.
    pub fn decode(&self) -> Result<feed::Event, prost::DecodeError> {
        feed::Event::decode(self.encoded.clone())
    }

    /// Whether both are the same event of the same feed. One that was made anew counts anew.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.sequence == other.sequence
            && self.text(&self.source) == other.text(&other.source)
            && self.id() == other.id()
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
