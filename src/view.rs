//! A look at an encoded event that copies nothing: enough to filter by, to index by and to hear by.
//! It must never allocate: most events are looked at by many who do not need the rest of them.

use prost::encoding::decode_varint;

/// The fields of an encoded `pavane.feed.v1.Event`, where they lie. What is not there is empty.
#[derive(Debug, Clone, Copy, Default)]
#[allow(missing_docs, reason = "the message of the contract says it")]
pub struct EventView<'a> {
    pub id: &'a str,
    pub source: &'a str,
    pub r#type: &'a str,
    pub subject: &'a str,
    pub sequence: u64,
    pub cursor: &'a str,
    pub correlation_id: &'a str,
    pub causation_id: &'a str,
    pub traceparent: &'a str,
    time: &'a [u8],
    data: &'a [u8],
    /// From the first extension attribute on; empty if there is none, which is usual.
    attributes: &'a [u8],
}

/// The bytes are not those of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an event is not a valid message")
    }
}

impl std::error::Error for Malformed {}

impl<'a> EventView<'a> {
    /// Looks at the bytes of an event. Errors: they are not a message, or a text is not UTF-8.
    pub fn parse(encoded: &'a [u8]) -> Result<Self, Malformed> {
        let mut view = Self::default();
        let mut fields = Fields(encoded);
        loop {
            let rest = fields.0;
            let Some(field) = fields.next() else {
                return Ok(view);
            };
            match field? {
                (1, Value::Bytes(id)) => view.id = text(id)?,
                (2, Value::Bytes(source)) => view.source = text(source)?,
                (3, Value::Bytes(r#type)) => view.r#type = text(r#type)?,
                (4, Value::Bytes(subject)) => view.subject = text(subject)?,
                (5, Value::Bytes(time)) => view.time = time,
                (6, Value::Bytes(data)) => view.data = data,
                (7, Value::Number(sequence)) => view.sequence = sequence,
                (8, Value::Bytes(cursor)) => view.cursor = text(cursor)?,
                (9, Value::Bytes(id)) => view.correlation_id = text(id)?,
                (10, Value::Bytes(id)) => view.causation_id = text(id)?,
                (11, Value::Bytes(traceparent)) => view.traceparent = text(traceparent)?,
                (13, Value::Bytes(_)) if view.attributes.is_empty() => view.attributes = rest,
                _ => {}
            }
        }
    }

    /// When it happened: seconds and nanoseconds since 1970. Errors: malformed.
    pub fn time(&self) -> Result<(i64, i32), Malformed> {
        let mut time = (0, 0);
        for field in Fields(self.time) {
            match field? {
                (1, Value::Number(seconds)) => time.0 = seconds.cast_signed(),
                (2, Value::Number(nanos)) => time.1 = nanos.cast_signed() as i32,
                _ => {}
            }
        }
        Ok(time)
    }

    /// The URL of the type of its data, and the encoded data. Errors: malformed.
    pub fn data(&self) -> Result<(&'a str, &'a [u8]), Malformed> {
        let (mut type_url, mut value) = ("", &[][..]);
        for field in Fields(self.data) {
            match field? {
                (1, Value::Bytes(bytes)) => type_url = text(bytes)?,
                (2, Value::Bytes(bytes)) => value = bytes,
                _ => {}
            }
        }
        Ok((type_url, value))
    }

    /// An extension attribute, if the event has it. Errors: malformed.
    pub fn attribute(&self, name: &str) -> Result<Option<&'a str>, Malformed> {
        for field in Fields(self.attributes) {
            let (13, Value::Bytes(entry)) = field? else {
                continue;
            };
            let (mut key, mut value) = (&[][..], &[][..]);
            for part in Fields(entry) {
                match part? {
                    (1, Value::Bytes(bytes)) => key = bytes,
                    (2, Value::Bytes(bytes)) => value = bytes,
                    _ => {}
                }
            }
            if key == name.as_bytes() {
                return text(value).map(Some);
            }
        }
        Ok(None)
    }
}

fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed)
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed,
}

/// The fields of an encoded message: number and value. Stops after the first error.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let key = decode_varint(&mut self.0).ok()?;
        let value = match key & 7 {
            0 => Value::Number(decode_varint(&mut self.0).ok()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = decode_varint(&mut self.0).ok()?;
                Value::Bytes(self.take(usize::try_from(length).ok()?)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return None,
        };
        Some((key >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or(Malformed))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use prost::Message;

    use super::EventView;
    use crate::feed::v1::Event;

    fn event() -> Event {
        Event {
            id: "e/started".to_owned(),
            source: "/home".to_owned(),
            r#type: "pavane.workflow.v1.ExecutionStarted".to_owned(),
            subject: "e".to_owned(),
            time: Some(prost_types::Timestamp {
                seconds: -1,
                nanos: 7,
            }),
            data: Some(prost_types::Any {
                type_url: "x/y".to_owned(),
                value: vec![1, 2, 3],
            }),
            sequence: 300,
            cursor: "c".to_owned(),
            correlation_id: "e".to_owned(),
            causation_id: "d".to_owned(),
            traceparent: "t".to_owned(),
            tracestate: "s".to_owned(),
            attributes: HashMap::from([("step".to_owned(), "w/s".to_owned())]),
        }
    }

    #[test]
    fn a_view_shows_what_was_encoded() {
        let (event, encoded) = (event(), event().encode_to_vec());
        let view = EventView::parse(&encoded).unwrap();
        assert_eq!((view.id, view.source), (&*event.id, &*event.source));
        assert_eq!(
            (view.r#type, view.subject),
            (&*event.r#type, &*event.subject)
        );
        assert_eq!((view.sequence, view.cursor), (300, "c"));
        assert_eq!((view.correlation_id, view.causation_id), ("e", "d"));
        assert_eq!((view.traceparent, view.time()), ("t", Ok((-1, 7))));
        assert_eq!(view.data(), Ok(("x/y", &[1, 2, 3][..])));
        assert_eq!(view.attribute("step"), Ok(Some("w/s")));
        assert_eq!(view.attribute("stop"), Ok(None));
    }

    #[test]
    fn what_is_cut_short_is_malformed_or_shows_less_and_never_panics() {
        let encoded = event().encode_to_vec();
        for length in 0..encoded.len() {
            let _ = EventView::parse(&encoded[..length]).map(|view| {
                let _ = (view.time(), view.data(), view.attribute("step"));
            });
        }
    }
}
