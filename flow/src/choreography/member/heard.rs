//! An event of another feed, as it was sent. Many hear it and few look at more than its type and
//! subject, so it stays encoded, and is kept and stored that way.

use std::ops::Range;

use bytes::Bytes;
use pavane::feed::v1 as feed;
use pavane::{EventView, Malformed};
use prost::Message;

/// An encoded `pavane.feed.v1.Event`. A cheap clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    encoded: Bytes,
    /// What everyone looks at: where it lies in `encoded`, so that it is looked for once.
    sequence: u64,
    source: Range<u32>,
    r#type: Range<u32>,
    subject: Range<u32>,
}

impl Heard {
    /// Errors: the bytes are not those of an event.
    pub fn new(encoded: Bytes) -> Result<Self, Malformed> {
        let view = EventView::parse(&encoded)?;
        let place = |text: &str| {
            if text.is_empty() {
                return Ok(0..0);
            }
            let begin = text.as_ptr().addr() - encoded.as_ptr().addr();
            let end = u32::try_from(begin + text.len()).map_err(|_| Malformed)?;
            Ok(end - text.len() as u32..end)
        };
        Ok(Self {
            sequence: view.sequence,
            source: place(view.source)?,
            r#type: place(view.r#type)?,
            subject: place(view.subject)?,
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

    fn text(&self, place: &Range<u32>) -> &str {
        let text = &self.encoded[place.start as usize..place.end as usize];
        std::str::from_utf8(text).expect("looked at when it was made")
    }

    /// The event. Errors: what a view does not look at is malformed.
    pub fn decode(&self) -> Result<feed::Event, prost::DecodeError> {
        feed::Event::decode(self.encoded.clone())
    }

    /// Whether both are the same event of the same feed. One that was made anew counts anew.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.sequence == other.sequence
            && self.text(&self.source) == other.text(&other.source)
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
