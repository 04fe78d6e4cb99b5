//! How keys and the values of small records are laid out on disk. Numbers are big endian, so that
//! the order of keys is the order of numbers.

use bytes::Bytes;

use super::{FeedId, FeedRecord};
use crate::cursor::Incarnation;
use crate::{Access, Error, Sequence};

/// A chunk: the feed, and the sequence of its last event. With the last, not the first, one forward
/// seek finds the chunk that holds a position.
pub(super) fn chunk(feed: FeedId, last: Sequence) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&feed.0.to_be_bytes());
    key[4..].copy_from_slice(&last.get().to_be_bytes());
    key
}

/// The sequence at the end of the key of a chunk or of a run.
pub(super) fn sequence(key: &[u8]) -> Result<Sequence, Error> {
    key.last_chunk::<8>()
        .map(|bytes| Sequence::new(u64::from_be_bytes(*bytes)))
        .ok_or_else(|| {
            Error::corrupt(format!(
                "a key has {} bytes, expected 12 or more",
                key.len()
            ))
        })
}

/// A run of a subject: the feed, the subject with its length before it (so that no subject is the
/// beginning of another), and the sequence of the first event.
pub(super) fn run(feed: FeedId, subject: &str, first: Sequence, key: &mut Vec<u8>) {
    let length = u16::try_from(subject.len()).expect("appending has checked the subject's length");
    key.extend_from_slice(&feed.0.to_be_bytes());
    key.extend_from_slice(&length.to_be_bytes());
    key.extend_from_slice(subject.as_bytes());
    key.extend_from_slice(&first.get().to_be_bytes());
}

/// Id, incarnation, access, time of creation, earliest sequence. The key is the feed's name.
pub(super) fn encode_feed(record: &FeedRecord) -> Vec<u8> {
    let mut value = Vec::with_capacity(29);
    value.extend_from_slice(&record.id.0.to_be_bytes());
    value.extend_from_slice(record.incarnation.as_str().as_bytes());
    value.push(match record.access {
        Access::Owner => 0,
        Access::Anyone => 1,
    });
    value.extend_from_slice(&record.create_time_ms.to_be_bytes());
    value.extend_from_slice(&record.earliest.get().to_be_bytes());
    value
}

pub(super) fn decode_feed(name: &Bytes, value: &[u8]) -> Result<FeedRecord, Error> {
    let parse = || {
        let name = std::str::from_utf8(name).ok()?;
        let (id, rest) = value.split_first_chunk::<4>()?;
        let (incarnation, rest) = rest.split_first_chunk::<8>()?;
        let (access, rest) = rest.split_first()?;
        let (create_time_ms, rest) = rest.split_first_chunk::<8>()?;
        Some(FeedRecord {
            id: FeedId(u32::from_be_bytes(*id)),
            name: name.to_owned(),
            incarnation: Incarnation::parse(std::str::from_utf8(incarnation).ok()?)?,
            access: match access {
                0 => Access::Owner,
                1 => Access::Anyone,
                _ => return None,
            },
            create_time_ms: u64::from_be_bytes(*create_time_ms),
            earliest: Sequence::new(u64::from_be_bytes(rest.try_into().ok()?)),
        })
    };
    parse().ok_or_else(|| Error::corrupt("the record of a feed cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_of_a_feed_is_read_as_it_was_written() {
        let record = FeedRecord {
            id: FeedId(7),
            name: "orders".to_owned(),
            incarnation: Incarnation::random(),
            access: Access::Anyone,
            create_time_ms: 1_700_000_000_123,
            earliest: Sequence::new(5),
        };
        let value = encode_feed(&record);
        assert_eq!(decode_feed(&Bytes::from("orders"), &value).unwrap(), record);
        assert!(decode_feed(&Bytes::from("orders"), &value[..10]).is_err());
    }

    #[test]
    fn no_subject_is_the_beginning_of_another() {
        let key = |subject, first| {
            let mut key = Vec::new();
            run(FeedId(1), subject, Sequence::new(first), &mut key);
            key
        };
        let long = key("order-1\0\0\0\0\0\0\0\0", 1);
        assert!(!long.starts_with(&key("order-1", 0)[..13]));
        assert!(key("a", 1) < key("a", 2));
    }
}
