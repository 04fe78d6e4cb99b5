//! A look at an encoded event that copies nothing: enough to filter and to index by. It must never
//! allocate, since long scans reject most of what they look at.

use prost::encoding::decode_varint;

use crate::Error;

/// The string fields of an encoded `pavane.feed.v1.Event`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct EventView<'a> {
    pub id: &'a str,
    pub source: &'a str,
    pub r#type: &'a str,
    pub subject: &'a str,
    pub correlation_id: &'a str,
    pub causation_id: &'a str,
    time: &'a [u8],
    /// From the first extension attribute on; empty if there is none, which is usual.
    attributes: &'a [u8],
}

impl<'a> EventView<'a> {
    pub(crate) fn parse(encoded: &'a [u8]) -> Result<Self, Error> {
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
                (9, Value::Bytes(id)) => view.correlation_id = text(id)?,
                (10, Value::Bytes(id)) => view.causation_id = text(id)?,
                (13, Value::Bytes(_)) if view.attributes.is_empty() => view.attributes = rest,
                _ => {}
            }
        }
    }

    /// Seconds and nanoseconds since 1970 of the event's `time`.
    pub(crate) fn time(&self) -> Result<(i64, i32), Error> {
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

    /// An extension attribute, if the event has it.
    pub(crate) fn attribute(&self, name: &str) -> Result<Option<&'a str>, Error> {
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

fn text(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| damaged())
}

fn damaged() -> Error {
    Error::corrupt("an event is not a valid message")
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
    type Item = Result<(u64, Value<'a>), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or_else(damaged))
    }
}
