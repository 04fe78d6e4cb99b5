//! How events lie on disk and in memory: commits are packed into chunks, the unit that the engine
//! stores and that live readers share. A chunk holds whole commits only. Nothing here does I/O.
//!
//! A chunk is the number of its events (u32, little endian), then for each event the length of what
//! follows (varint), one byte of flags, and the encoded `pavane.feed.v1.Event` without `sequence`
//! and `cursor`, which follow from where it lies.

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;
use prost::encoding::{WireType, decode_varint, encode_key, encode_varint};

pub(crate) use pavane::EventView;

use crate::{Error, Sequence};
use pavane::feed::v1::Event;

/// Flag of the last event of its commit.
const ENDS_COMMIT: u8 = 1;
const HEADER_BYTES: usize = 4;
/// Tags of the fields of `pavane.feed.v1.Event` that say where it lies.
const SEQUENCE_TAG: u32 = 7;
const CURSOR_TAG: u32 = 8;
/// What these fields take besides the cursor itself, at most.
const PLACE_BYTES: usize = 16;
/// Room for several events that are sent: they share one allocation.
const ROOM_BYTES: usize = 8 << 10;

/// Consecutive whole commits of one feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub first: Sequence,
    pub last: Sequence,
    pub data: Bytes,
}

impl Chunk {
    /// The chunk stored under the sequence of its last event.
    pub(crate) fn stored(last: Sequence, data: Bytes) -> Result<Self, Error> {
        let count = data
            .first_chunk::<HEADER_BYTES>()
            .map(|header| u64::from(u32::from_le_bytes(*header)))
            .filter(|count| (1..=last.get()).contains(count))
            .ok_or_else(|| Error::corrupt(format!("the chunk that ends at {last} has no count")))?;
        Ok(Self {
            first: Sequence::new(last.get() - count + 1),
            last,
            data,
        })
    }

    /// The events, in order.
    pub(crate) fn records(&self) -> Records {
        Records {
            data: self.data.clone(),
            offset: HEADER_BYTES,
            next: self.first,
            last: self.last,
        }
    }

    /// Calls `visit` with the subject, the first sequence and the length of each run of events that
    /// share a subject: what the index by subject holds. Events without a subject have no run.
    pub(crate) fn subject_runs(
        &self,
        mut visit: impl FnMut(&str, Sequence, u32),
    ) -> Result<(), Error> {
        let mut run: Option<(Bytes, Sequence, u32)> = None;
        for record in self.records() {
            let record = record?;
            let subject = EventView::parse(&record.event)?.subject;
            match &mut run {
                Some((of, _, length)) if of == subject.as_bytes() => *length += 1,
                _ => {
                    let started = (
                        record.event.slice_ref(subject.as_bytes()),
                        record.sequence,
                        1,
                    );
                    if let Some(ended) = run.replace(started) {
                        visit_run(&ended, &mut visit);
                    }
                }
            }
        }
        if let Some(ended) = run {
            visit_run(&ended, &mut visit);
        }
        Ok(())
    }
}

fn visit_run(
    (subject, first, length): &(Bytes, Sequence, u32),
    visit: &mut impl FnMut(&str, Sequence, u32),
) {
    if !subject.is_empty() {
        let subject = std::str::from_utf8(subject).expect("the view that found it had checked it");
        visit(subject, *first, *length);
    }
}

/// One stored event.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub sequence: Sequence,
    pub ends_commit: bool,
    /// The encoded event, without `sequence` and `cursor`.
    pub event: Bytes,
}

impl Record {
    /// The encoded event as it is sent: with its sequence and with this cursor. Fields of a message
    /// may come in any order, so they are put behind the rest. It is written to `room`, which is
    /// made anew when there is not enough of it.
    pub(crate) fn with_place(&self, cursor: &str, room: &mut BytesMut) -> Bytes {
        let needed = self.event.len() + cursor.len() + PLACE_BYTES;
        if room.capacity() < needed {
            *room = BytesMut::with_capacity(needed.max(ROOM_BYTES));
        }
        room.extend_from_slice(&self.event);
        prost::encoding::uint64::encode(SEQUENCE_TAG, &self.sequence.get(), room);
        encode_text(CURSOR_TAG, cursor, room);
        room.split().freeze()
    }

    /// Decodes the event. `sequence` and `cursor` are left to the caller.
    pub(crate) fn decode(&self) -> Result<Event, Error> {
        Event::decode(self.event.clone())
            .map_err(|error| Error::corrupt(format!("event {}: {error}", self.sequence)))
    }
}

/// Writes a field that is a text.
pub(crate) fn encode_text(tag: u32, text: &str, to: &mut impl BufMut) {
    encode_key(tag, WireType::LengthDelimited, to);
    encode_varint(text.len() as u64, to);
    to.put_slice(text.as_bytes());
}

/// Decodes events that were read from the store.
pub(crate) fn decode_all(events: Vec<Bytes>) -> Result<Vec<Event>, Error> {
    let events = events.into_iter().map(Event::decode);
    let events = events.collect::<Result<_, _>>();
    events.map_err(|error| Error::corrupt(error.to_string()))
}

/// The events of a chunk, in order; stops after the first error.
#[derive(Debug)]
pub(crate) struct Records {
    data: Bytes,
    offset: usize,
    next: Sequence,
    last: Sequence,
}

impl Iterator for Records {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next > self.last {
            return None;
        }
        let sequence = self.next;
        let mut rest = &self.data[self.offset..];
        let length = decode_varint(&mut rest)
            .ok()
            .and_then(|length| usize::try_from(length).ok());
        let start = self.data.len() - rest.len();
        match length.filter(|length| (1..=rest.len()).contains(length)) {
            Some(length) => {
                self.next = sequence.next();
                self.offset = start + length;
                Some(Ok(Record {
                    sequence,
                    ends_commit: rest[0] & ENDS_COMMIT != 0,
                    event: self.data.slice(start + 1..start + length),
                }))
            }
            None => {
                self.next = self.last.next();
                Some(Err(Error::corrupt(format!(
                    "event {sequence} is cut short"
                ))))
            }
        }
    }
}

/// Packs commits into a chunk. A commit that is given up leaves no trace.
#[derive(Debug, Default)]
pub(crate) struct ChunkBuilder {
    data: Vec<u8>,
    count: u32,
    /// Where the flags of the newest event are.
    flags_at: usize,
    /// Bytes of the chunk before: the next is often as long, and need not grow step by step.
    before: usize,
}

impl ChunkBuilder {
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> usize {
        self.data.len()
    }

    /// Where the next commit begins: give it to [`ChunkBuilder::discard_after`] to forget that commit.
    pub(crate) fn mark(&self) -> (usize, u32) {
        (self.data.len(), self.count)
    }

    pub(crate) fn discard_after(&mut self, (length, count): (usize, u32)) {
        self.data.truncate(length);
        self.count = count;
    }

    /// Adds one event, whose encoding has `length` bytes and is written by `write`.
    pub(crate) fn push(&mut self, length: usize, write: impl FnOnce(&mut Vec<u8>)) {
        if self.data.is_empty() {
            self.data.reserve(self.before);
            self.data.extend_from_slice(&[0; HEADER_BYTES]);
        }
        encode_varint(length as u64 + 1, &mut self.data);
        self.flags_at = self.data.len();
        self.data.push(0);
        write(&mut self.data);
        debug_assert_eq!(self.data.len(), self.flags_at + 1 + length);
        self.count += 1;
    }

    /// The newest event is the last of its commit.
    pub(crate) fn end_commit(&mut self) {
        self.data[self.flags_at] |= ENDS_COMMIT;
    }

    /// The chunk, whose last event is `last`; the builder is empty again.
    pub(crate) fn finish(&mut self, last: Sequence) -> Chunk {
        let mut data = std::mem::take(&mut self.data);
        data[..HEADER_BYTES].copy_from_slice(&self.count.to_le_bytes());
        self.before = data.len();
        // It stays in memory for a while.
        if data.capacity() > 2 * data.len() {
            data.shrink_to_fit();
        }
        let first = Sequence::new(last.get() + 1 - u64::from(self.count));
        self.count = 0;
        Chunk {
            first,
            last,
            data: Bytes::from(data),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(subject: &str) -> Event {
        Event {
            subject: subject.to_owned(),
            r#type: "t".to_owned(),
            ..Event::default()
        }
    }

    fn chunk(commits: &[&[&str]]) -> Chunk {
        let mut builder = ChunkBuilder::default();
        let mut last = 0;
        for commit in commits {
            for subject in *commit {
                let event = event(subject);
                builder.push(event.encoded_len(), |data| event.encode_raw(data));
                last += 1;
            }
            builder.end_commit();
        }
        builder.finish(Sequence::new(last))
    }

    #[test]
    fn a_chunk_gives_back_its_events_and_where_commits_end() {
        let chunk = chunk(&[&["a", "b"], &["c"]]);
        let stored = Chunk::stored(chunk.last, chunk.data.clone()).unwrap();
        assert_eq!(stored, chunk);
        let records: Vec<_> = stored.records().map(Result::unwrap).collect();
        let ends: Vec<_> = records.iter().map(|record| record.ends_commit).collect();
        assert_eq!(ends, [false, true, true]);
        assert_eq!(records[1].decode().unwrap(), event("b"));
        assert_eq!(records[2].sequence, Sequence::new(3));
    }

    #[test]
    fn an_event_is_sent_as_it_is_stored_and_says_where_it_lies() {
        let chunk = chunk(&[&["a", "b"]]);
        let mut room = BytesMut::new();
        let sent = |record: Result<Record, Error>| {
            let record = record.unwrap();
            let cursor = format!("a-{}-b", record.sequence);
            Event::decode(record.with_place(&cursor, &mut room)).unwrap()
        };
        let sent: Vec<_> = chunk.records().map(sent).collect();
        let expected = [(1, "a"), (2, "b")].map(|(sequence, subject)| Event {
            sequence,
            cursor: format!("a-{sequence}-b"),
            ..event(subject)
        });
        assert_eq!(sent, expected);
    }

    #[test]
    fn runs_of_a_subject_are_found_across_commits_and_none_without_a_subject() {
        let chunk = chunk(&[&["a", "a"], &["a", ""], &["b"], &["a"]]);
        let mut runs = Vec::new();
        chunk
            .subject_runs(|subject, first, n| runs.push((subject.to_owned(), first.get(), n)))
            .unwrap();
        assert_eq!(
            runs,
            [
                ("a".to_owned(), 1, 3),
                ("b".to_owned(), 5, 1),
                ("a".to_owned(), 6, 1)
            ]
        );
    }

    #[test]
    fn a_discarded_commit_leaves_no_trace() {
        let mut builder = ChunkBuilder::default();
        let event = event("a");
        builder.push(event.encoded_len(), |data| event.encode_raw(data));
        builder.end_commit();
        let mark = builder.mark();
        builder.push(event.encoded_len(), |data| event.encode_raw(data));
        builder.discard_after(mark);
        assert_eq!(builder.finish(Sequence::new(1)), chunk(&[&["a"]]));
    }

    #[test]
    fn a_damaged_chunk_is_an_error_not_a_panic() {
        let chunk = chunk(&[&["a", "b"]]);
        for length in 0..chunk.data.len() {
            let cut = chunk.data.slice(..length);
            let outcome = Chunk::stored(chunk.last, cut)
                .and_then(|chunk| chunk.records().collect::<Result<Vec<_>, _>>());
            assert!(
                matches!(outcome, Err(Error::Corrupt { .. })),
                "cut to {length}"
            );
        }
    }
}
