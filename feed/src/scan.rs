//! From chunks to batches of events: skips what was read before, rejects what the filter rejects, and
//! never splits a commit. Does no I/O: whoever drives it supplies the chunks.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use crate::cursor::Cursor;
use crate::record::{Chunk, EventView, Record, Records};
use crate::{Error, Feed, Filter, Sequence};

/// What `sequence`, `cursor` and the framing add to the stored size of an event, at most.
const EVENT_OVERHEAD: usize = 64;

/// A position in a feed that moves on as chunks are supplied and batches are taken.
#[derive(Debug)]
pub(crate) struct Scan {
    feed: Feed,
    filter: Filter,
    /// Until an event has this time or a later one, none passes.
    since: Option<(i64, i32)>,
    chunks: VecDeque<Chunk>,
    current: Option<Records>,
    /// The end of the last chunk supplied.
    fetched: Sequence,
    /// Everything up to here was returned or rejected.
    position: Sequence,
    /// A commit that was read but did not fit into the batch before.
    held: Option<Commit>,
    commit: Commit,
    /// Where the events that pass are written, as they are sent.
    room: BytesMut,
}

#[derive(Debug, Default)]
struct Commit {
    /// Encoded, with their places.
    events: Vec<Bytes>,
    bytes: usize,
    last: Sequence,
}

impl Scan {
    pub(crate) fn new(feed: Feed, filter: Filter, position: Sequence) -> Self {
        Self {
            feed,
            filter,
            since: None,
            chunks: VecDeque::new(),
            current: None,
            fetched: position,
            position,
            held: None,
            commit: Commit::default(),
            room: BytesMut::new(),
        }
    }

    /// Lets no event pass before the first that has this time (seconds and nanoseconds since 1970)
    /// or a later one.
    pub(crate) fn set_since(&mut self, since: (i64, i32)) {
        self.since = Some(since);
    }

    /// Everything up to here was returned or rejected: a resume may begin after it.
    pub(crate) fn position(&self) -> Sequence {
        self.position
    }

    /// Chunks are wanted from after here.
    pub(crate) fn fetched(&self) -> Sequence {
        self.fetched
    }

    /// The subject that all events must have, if that is all there is to know where the next is.
    pub(crate) fn only_subject(&self) -> Option<&str> {
        // Whether the time has come may be told by an event about something else.
        self.filter.only_subject().filter(|_| self.since.is_none())
    }

    /// Rejects what lies up to `position`, unseen. All that was supplied must have been taken.
    pub(crate) fn skip_to(&mut self, position: Sequence) {
        debug_assert!(self.chunks.is_empty() && self.held.is_none());
        debug_assert!(self.fetched <= position);
        self.fetched = position;
        self.position = position;
    }

    /// Starts again from another position.
    pub(crate) fn restart(&mut self, position: Sequence) {
        self.chunks.clear();
        self.current = None;
        self.held = None;
        self.fetched = position;
        self.position = position;
    }

    /// Takes chunks that follow [`Scan::fetched`]; whether there were any. Errors:
    /// [`Error::Expired`] if they begin too late, since what lay between was trimmed.
    pub(crate) fn supply(&mut self, chunks: Vec<Chunk>) -> Result<bool, Error> {
        let (Some(first), Some(last)) = (chunks.first(), chunks.last()) else {
            return Ok(false);
        };
        if first.first > self.fetched.next() {
            return Err(self.feed.expired(self.position));
        }
        self.fetched = last.last;
        self.chunks.extend(chunks);
        Ok(true)
    }

    /// The next events, encoded with their places: whole commits, until the next would pass a bound,
    /// at least one commit. Empty if the filter rejected all that was supplied.
    pub(crate) fn next_batch(
        &mut self,
        max_bytes: usize,
        max_events: usize,
    ) -> Result<Vec<Bytes>, Error> {
        let mut batch = Vec::new();
        let mut batch_bytes = 0;
        while let Some(mut commit) = self.next_commit()? {
            let fits = batch_bytes + commit.bytes <= max_bytes
                && batch.len() + commit.events.len() <= max_events;
            if !(fits || commit.events.is_empty() || batch.is_empty()) {
                self.held = Some(commit);
                break;
            }
            batch_bytes += commit.bytes;
            self.position = commit.last;
            if batch.is_empty() {
                batch = commit.events;
            } else {
                batch.append(&mut commit.events);
            }
        }
        Ok(batch)
    }

    /// The next commit of what was supplied, with the events that pass.
    fn next_commit(&mut self) -> Result<Option<Commit>, Error> {
        if let Some(held) = self.held.take() {
            return Ok(Some(held));
        }
        while let Some(record) = self.next_record()? {
            if record.sequence <= self.position {
                continue;
            }
            if self.passes(&record)? {
                self.commit.bytes += record.event.len() + EVENT_OVERHEAD;
                let cursor = Cursor::new(self.feed.incarnation(), record.sequence);
                let event = record.with_place(cursor.as_str(), &mut self.room);
                self.commit.events.push(event);
            }
            if record.ends_commit {
                self.commit.last = record.sequence;
                return Ok(Some(std::mem::take(&mut self.commit)));
            }
        }
        Ok(None)
    }

    fn next_record(&mut self) -> Result<Option<Record>, Error> {
        loop {
            if let Some(record) = self.current.as_mut().and_then(Iterator::next) {
                return record.map(Some);
            }
            self.current = self.chunks.pop_front().map(|chunk| chunk.records());
            if self.current.is_none() {
                return Ok(None);
            }
        }
    }

    fn passes(&mut self, record: &Record) -> Result<bool, Error> {
        if self.since.is_none() && self.filter.passes_everything() {
            return Ok(true);
        }
        let view = EventView::parse(&record.event)?;
        if let Some(since) = self.since {
            if view.time()? < since {
                return Ok(false);
            }
            self.since = None;
        }
        self.filter.passes(&view)
    }
}
