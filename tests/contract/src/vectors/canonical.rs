//! One encoding of a message out of the many that mean the same: entries of maps sorted by their keys,
//! the rest as it is. Protobuf leaves the order of entries open, and hash maps make use of that; what other
//! languages call deterministic serialization is this.

use anyhow::{Context, Result, bail};
use prost::bytes::Buf;
use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};
use prost_reflect::{Kind, MessageDescriptor};

/// The same message with the entries of its maps sorted, whose keys are strings.
///
/// # Errors
///
/// The bytes are not those of a message.
pub fn canonical(message: &MessageDescriptor, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut fields = fields(message, bytes)?;
    // Stable, and only within a run of entries of one map.
    let is_map = |number| {
        message
            .get_field(number)
            .is_some_and(|field| field.is_map())
    };
    for run in fields.chunk_by_mut(|one, next| one.number == next.number) {
        if is_map(run[0].number) {
            run.sort_by(|one, other| one.key.cmp(&other.key));
        }
    }
    Ok(fields.into_iter().flat_map(|field| field.bytes).collect())
}

struct Field {
    number: u32,
    /// Of an entry of a map: its key.
    key: Vec<u8>,
    /// Key, length and content, as they are written.
    bytes: Vec<u8>,
}

fn fields(message: &MessageDescriptor, mut rest: &[u8]) -> Result<Vec<Field>> {
    let mut fields = Vec::new();
    while rest.has_remaining() {
        let start = rest;
        let (number, wire_type) = decode_key(&mut rest)?;
        let content = content(wire_type, &mut rest)?;
        let kind = message.get_field(number).map(|field| field.kind());
        let mut field = Field {
            number,
            key: Vec::new(),
            bytes: start[..start.len() - rest.len()].to_vec(),
        };
        if let (Some(Kind::Message(inner)), WireType::LengthDelimited) = (kind, wire_type) {
            if inner.is_map_entry() {
                field.key = key(content)?;
            }
            let inner = canonical(&inner, content)?;
            field.bytes.clear();
            encode_key(number, wire_type, &mut field.bytes);
            encode_varint(u64::try_from(inner.len())?, &mut field.bytes);
            field.bytes.extend(inner);
        }
        fields.push(field);
    }
    Ok(fields)
}

/// What follows a field's key, without the length.
fn content<'a>(wire_type: WireType, rest: &mut &'a [u8]) -> Result<&'a [u8]> {
    let start = *rest;
    let length = match wire_type {
        WireType::Varint => {
            decode_varint(rest)?;
            return Ok(&start[..start.len() - rest.len()]);
        }
        WireType::SixtyFourBit => 8,
        WireType::ThirtyTwoBit => 4,
        WireType::LengthDelimited => usize::try_from(decode_varint(rest)?)?,
        WireType::StartGroup | WireType::EndGroup => bail!("the contract has no groups"),
    };
    let (content, after) = rest
        .split_at_checked(length)
        .context("a field ends before its length")?;
    *rest = after;
    Ok(content)
}

/// The key of an entry of a map: its field 1, a string.
fn key(mut entry: &[u8]) -> Result<Vec<u8>> {
    while entry.has_remaining() {
        let (number, wire_type) = decode_key(&mut entry)?;
        let content = content(wire_type, &mut entry)?;
        if number == 1 {
            return Ok(content.to_vec());
        }
    }
    Ok(Vec::new())
}
