//! Fields of encoded messages, read in place. Knows the wire format, not the types.

/// How a field is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireType {
    Varint,
    Fixed64,
    /// Length and as many bytes: strings, bytes, messages, packed lists.
    Length,
    Group,
    Fixed32,
}

impl WireType {
    fn code(self) -> u64 {
        match self {
            Self::Varint => 0,
            Self::Fixed64 => 1,
            Self::Length => 2,
            Self::Group => 3,
            Self::Fixed32 => 5,
        }
    }
}

/// One field as it stands in a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) number: u32,
    pub(crate) wire_type: WireType,
    /// All bytes after the tag: for `Length` the length too, for `Group` the end tag too.
    pub(crate) raw: &'a [u8],
    /// The value's own bytes: for `Length` without the length, for `Group` without the end tag.
    pub(crate) payload: &'a [u8],
}

/// Why bytes are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WireError {
    #[error("it ends in the middle of a field")]
    Truncated,
    #[error("a varint has more than ten bytes")]
    Varint,
    #[error("a tag has no valid field number or wire type")]
    Tag,
    #[error("groups are nested too deep, or end without a beginning")]
    Group,
}

/// Deepest nesting of groups.
const MAX_GROUPS: usize = 32;

/// The fields of an encoded message, in order.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0_u64;
        for (index, byte) in self.bytes.iter().enumerate() {
            if index == 10 {
                return Err(WireError::Varint);
            }
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                if index == 9 && *byte > 1 {
                    return Err(WireError::Varint);
                }
                self.bytes = &self.bytes[index + 1..];
                return Ok(value);
            }
        }
        Err(WireError::Truncated)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], WireError> {
        let length = usize::try_from(length).map_err(|_| WireError::Truncated)?;
        let (taken, rest) = self
            .bytes
            .split_at_checked(length)
            .ok_or(WireError::Truncated)?;
        self.bytes = rest;
        Ok(taken)
    }

    /// A tag: field number and wire type, or `None` as the type for the end of a group.
    fn tag(&mut self) -> Result<(u32, Option<WireType>), WireError> {
        let tag = self.varint()?;
        let tag = u32::try_from(tag).map_err(|_| WireError::Tag)?;
        let number = tag >> 3;
        if number == 0 {
            return Err(WireError::Tag);
        }
        let wire_type = match tag & 7 {
            0 => WireType::Varint,
            1 => WireType::Fixed64,
            2 => WireType::Length,
            3 => WireType::Group,
            4 => return Ok((number, None)),
            5 => WireType::Fixed32,
            _ => return Err(WireError::Tag),
        };
        Ok((number, Some(wire_type)))
    }

    fn entry(&mut self, depth: usize) -> Result<Entry<'a>, WireError> {
        let (number, wire_type) = self.tag()?;
        let wire_type = wire_type.ok_or(WireError::Group)?;
        self.value(number, wire_type, depth)
    }

    fn value(
        &mut self,
        number: u32,
        wire_type: WireType,
        depth: usize,
    ) -> Result<Entry<'a>, WireError> {
        let before = self.bytes;
        let payload = match wire_type {
            WireType::Varint => {
                self.varint()?;
                &before[..before.len() - self.bytes.len()]
            }
            WireType::Fixed64 => self.take(8)?,
            WireType::Fixed32 => self.take(4)?,
            WireType::Length => {
                let length = self.varint()?;
                self.take(length)?
            }
            WireType::Group => self.group(number, depth)?,
        };
        let raw = &before[..before.len() - self.bytes.len()];
        Ok(Entry {
            number,
            wire_type,
            raw,
            payload,
        })
    }

    fn group(&mut self, number: u32, depth: usize) -> Result<&'a [u8], WireError> {
        if depth == MAX_GROUPS {
            return Err(WireError::Group);
        }
        let before = self.bytes;
        loop {
            let inside = before.len() - self.bytes.len();
            match self.tag()? {
                (end, None) if end == number => return Ok(&before[..inside]),
                (_, None) => return Err(WireError::Group),
                (inner, Some(wire_type)) => {
                    self.value(inner, wire_type, depth + 1)?;
                }
            }
        }
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Entry<'a>, WireError>;

    /// The next field; nothing after an error.
    fn next(&mut self) -> Option<Self::Item> {
        if self.bytes.is_empty() {
            return None;
        }
        let entry = self.entry(0);
        if entry.is_err() {
            self.bytes = &[];
        }
        Some(entry)
    }
}

/// Reads a packed list of varints, or one varint. Errors: it is not.
pub(crate) fn check_varints(bytes: &[u8]) -> Result<(), WireError> {
    let mut reader = Reader::new(bytes);
    while !reader.bytes.is_empty() {
        reader.varint()?;
    }
    Ok(())
}

/// Appends a tag.
pub(crate) fn put_tag(number: u32, wire_type: WireType, out: &mut Vec<u8>) {
    put_varint(u64::from(number) << 3 | wire_type.code(), out);
}

/// Appends a varint.
pub(crate) fn put_varint(value: u64, out: &mut Vec<u8>) {
    prost::encoding::encode_varint(value, out);
}

/// Turns what was appended since `start` into a field of wire type `Length`: its length is put
/// before it. The tag stands there already.
pub(crate) fn prefix_length(start: usize, out: &mut Vec<u8>) {
    let length = out.len() - start;
    let mut prefix = [0_u8; 10];
    let mut rest = &mut prefix[..];
    prost::encoding::encode_varint(length as u64, &mut rest);
    let width = 10 - rest.len();
    out.resize(out.len() + width, 0);
    out.copy_within(start..start + length, start + width);
    out[start..start + width].copy_from_slice(&prefix[..width]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8]) -> Result<Vec<(u32, Vec<u8>)>, WireError> {
        Reader::new(bytes)
            .map(|entry| entry.map(|entry| (entry.number, entry.payload.to_vec())))
            .collect()
    }

    #[test]
    fn fields_are_read_in_place_and_what_is_malformed_is_an_error() {
        assert_eq!(
            check(b"\x0a\x02hi\x10\x05"),
            Ok(vec![(1, b"hi".to_vec()), (2, vec![5])])
        );
        assert_eq!(check(b"\x0b\x10\x05\x0c"), Ok(vec![(1, vec![0x10, 5])]));
        assert_eq!(check(b"\x0a\x03hi"), Err(WireError::Truncated));
        assert_eq!(
            check(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
            Err(WireError::Truncated)
        );
        assert_eq!(check(&[0x80; 11]), Err(WireError::Varint));
        assert_eq!(check(b"\x02\x00"), Err(WireError::Tag));
        assert_eq!(check(b"\x0e\x00"), Err(WireError::Tag));
        assert_eq!(check(b"\x0c"), Err(WireError::Group));
        assert_eq!(check(&[0x0b; 100]), Err(WireError::Group));
    }

    #[test]
    fn a_length_is_put_before_what_was_written() {
        for length in [0, 1, 127, 128, 20_000] {
            let mut out = vec![0x0a];
            out.resize(1 + length, b'x');
            prefix_length(1, &mut out);
            let entries = check(&out).expect("it is a field");
            assert_eq!(entries, [(1, vec![b'x'; length])]);
        }
    }
}
