//! Checks and completes events before they are appended, and encodes them the way they are stored.

use std::time::{SystemTime, UNIX_EPOCH};

use pavane::EventView;
use pavane::feed::v1::Event;
use pavane::trace::Trace;
use prost::Message;
use prost_types::Timestamp;
use uuid::Uuid;

use crate::Error;
use crate::filter::is_extension_name;
use crate::record::encode_text;

/// Tag of the field `source` of `pavane.feed.v1.Event`.
const SOURCE_TAG: u32 = 2;
/// What that field takes besides the source itself, at most: it has less than 16 KiB.
const SOURCE_BYTES: usize = 3;
const MAX_ID_BYTES: usize = 256;
const MAX_SUBJECT_BYTES: usize = 256;
const MAX_TYPE_BYTES: usize = 256;
const MAX_TRACE_BYTES: usize = 512;

/// Events that were checked, completed and encoded for one feed, so that appending them costs the
/// writer no more than a copy. Made by [`Feed::prepare`](crate::Feed::prepare).
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    pub(crate) data: Vec<u8>,
    /// Where in `data` each event ends.
    pub(crate) ends: Vec<usize>,
}

impl Prepared {
    /// How many events there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Encodes events whose empty fields are filled in; `source` is what the feed puts there.
    pub(crate) fn new(
        events: impl IntoIterator<Item = Event>,
        source: &str,
    ) -> Result<Self, Error> {
        let mut prepared = Self::default();
        for mut event in events {
            complete(&mut event, source)?;
            event.encode_raw(&mut prepared.data);
            prepared.ends.push(prepared.data.len());
        }
        Ok(prepared)
    }

    /// Takes encoded events as they are; `source` is what the feed puts where they have none.
    pub(crate) fn from_encoded<'a>(
        events: impl IntoIterator<Item = &'a [u8], IntoIter: Clone>,
        source: &str,
    ) -> Result<Self, Error> {
        let events = events.into_iter();
        let room = |event: &[u8]| event.len() + SOURCE_BYTES + source.len();
        let mut prepared = Self {
            data: Vec::with_capacity(events.clone().map(room).sum()),
            ends: Vec::with_capacity(events.size_hint().0),
        };
        for event in events {
            let view = EventView::parse(event)?;
            check_length("id", view.id, MAX_ID_BYTES)?;
            check_length("subject", view.subject, MAX_SUBJECT_BYTES)?;
            check_length("type", view.r#type, MAX_TYPE_BYTES)?;
            let empty = [("id", view.id), ("type", view.r#type)];
            if let Some((field, _)) = empty.into_iter().find(|(_, text)| text.is_empty()) {
                let problem = "is empty: an encoded event says all but its source".to_owned();
                return Err(Error::InvalidEvent { field, problem });
            }
            prepared.data.extend_from_slice(event);
            if view.source.is_empty() {
                encode_text(SOURCE_TAG, source, &mut prepared.data);
            }
            prepared.ends.push(prepared.data.len());
        }
        Ok(prepared)
    }

    /// The encoded events.
    pub(crate) fn encoded(&self) -> impl Iterator<Item = &[u8]> {
        self.ends.iter().scan(0, |start, &end| {
            let event = &self.data[*start..end];
            *start = end;
            Some(event)
        })
    }
}

/// Fills in what the producer left to the feed, and clears what only the feed may set.
/// Errors: [`Error::InvalidEvent`].
pub(crate) fn complete(event: &mut Event, source: &str) -> Result<(), Error> {
    event.sequence = 0;
    event.cursor.clear();
    if event.id.is_empty() {
        let mut digits = Uuid::encode_buffer();
        event
            .id
            .push_str(Uuid::now_v7().hyphenated().encode_lower(&mut digits));
    }
    check_length("id", &event.id, MAX_ID_BYTES)?;
    check_length("subject", &event.subject, MAX_SUBJECT_BYTES)?;
    if event.source.is_empty() {
        event.source.push_str(source);
    }
    if event.r#type.is_empty() {
        let name = event
            .data
            .as_ref()
            .and_then(|data| data.type_url.rsplit('/').next());
        event.r#type.push_str(name.unwrap_or_default());
    }
    if event.r#type.is_empty() {
        let problem = "is empty: expected the name of what happened, or `data` with a type";
        return Err(Error::InvalidEvent {
            field: "type",
            problem: problem.to_owned(),
        });
    }
    check_length("type", &event.r#type, MAX_TYPE_BYTES)?;
    if let Some(at) = event.r#type.bytes().position(|it| !it.is_ascii_graphic()) {
        let found = event.r#type.as_bytes()[at];
        let problem = format!(
            "has byte 0x{found:02x} at position {}: expected printable ASCII without spaces",
            at + 1
        );
        return Err(Error::InvalidEvent {
            field: "type",
            problem,
        });
    }
    if let Some(name) = event
        .attributes
        .keys()
        .find(|name| !is_extension_name(name))
    {
        let problem = format!("has `{name}`: expected a name of lower-case letters and digits");
        return Err(Error::InvalidEvent {
            field: "attributes",
            problem,
        });
    }
    event.time.get_or_insert_with(now);
    Ok(())
}

/// Refuses a `traceparent` that is not as W3C Trace Context has it; none at all is fine. For events
/// from outside: a service passes on what its caller sent, and must not fail for that.
/// Errors: [`Error::InvalidEvent`].
pub(crate) fn check_trace(event: &Event) -> Result<(), Error> {
    let traceparent = &event.traceparent;
    if traceparent.is_empty() || is_usable(traceparent) {
        return Ok(());
    }
    let found: String = traceparent.chars().take(64).collect();
    let problem = format!(
        "is {found:?}: expected `00-TRACE-SPAN-FLAGS` with 32, 16 and 2 lower-case hexadecimal digits"
    );
    Err(Error::InvalidEvent {
        field: "traceparent",
        problem,
    })
}

fn is_usable(traceparent: &str) -> bool {
    traceparent.len() <= MAX_TRACE_BYTES && Trace::parse(traceparent).is_some()
}

fn check_length(field: &'static str, text: &str, limit: usize) -> Result<(), Error> {
    if text.len() <= limit {
        return Ok(());
    }
    let problem = format!("has {} bytes, expected at most {limit}", text.len());
    Err(Error::InvalidEvent { field, problem })
}

/// The time now.
pub(crate) fn now() -> Timestamp {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp {
        seconds: i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX),
        nanos: since_1970.subsec_nanos().cast_signed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_producer_left_out_is_filled_in() {
        let data = prost_types::Any {
            type_url: "type.googleapis.com/shop.v1.Reserved".to_owned(),
            ..prost_types::Any::default()
        };
        let mut event = Event {
            data: Some(data),
            sequence: 7,
            ..Event::default()
        };
        complete(&mut event, "/inventory").unwrap();
        assert_eq!(event.r#type, "shop.v1.Reserved");
        assert_eq!(event.source, "/inventory");
        assert_eq!(event.id.len(), 36);
        assert_eq!(event.sequence, 0);
        assert!(event.time.is_some());
    }

    #[test]
    fn a_malformed_event_is_refused_with_its_field() {
        let check = |event: Event, expected: &str| {
            let error = complete(&mut event.clone(), "/f").unwrap_err();
            assert!(
                matches!(error, Error::InvalidEvent { field, .. } if field == expected),
                "{error}"
            );
        };
        let valid = Event {
            r#type: "t".to_owned(),
            ..Event::default()
        };
        check(Event::default(), "type");
        check(
            Event {
                id: "x".repeat(257),
                ..valid.clone()
            },
            "id",
        );
        check(
            Event {
                subject: "x".repeat(257),
                ..valid.clone()
            },
            "subject",
        );
        for wrong in ["shop.v1.Was reserved", "a\n", "gr\u{fc}n", &"x".repeat(257)] {
            let event = Event {
                r#type: wrong.to_owned(),
                ..Event::default()
            };
            check(event, "type");
        }
        let attributes = [("Bad Name".to_owned(), String::new())].into();
        check(
            Event {
                attributes,
                ..valid
            },
            "attributes",
        );
    }

    #[test]
    fn a_traceparent_is_as_the_specification_has_it() {
        let check = |traceparent: &str, expected: bool| {
            let event = Event {
                traceparent: traceparent.to_owned(),
                ..Event::default()
            };
            assert_eq!(check_trace(&event).is_ok(), expected, "{traceparent:?}");
        };
        let id = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";
        check("", true);
        check(&format!("00-{id}-01"), true);
        check(&format!("42-{id}-01-more"), true);
        check(&format!("00-{id}-01-more"), false);
        check(&format!("ff-{id}-01"), false);
        check(&format!("00-{id}"), false);
        check(&format!("00-{}-01", id.to_uppercase()), false);
        check(&format!("00-{id}-01\n"), false);
        let zeros = "0".repeat(32);
        check(&format!("00-{zeros}-b7ad6b7169203331-01"), false);
        check(
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            false,
        );
        check("abc", false);
    }
}
