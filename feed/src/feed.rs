//! The handle of one feed: what there is to know about it, and reading from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pavane::feed::v1::Event;

use crate::cursor::{self, Incarnation};
use crate::engine::{FeedId, FeedRecord};
use crate::event::Prepared;
use crate::live::Live;
use crate::record::{Chunk, decode_all};
use crate::scan::Scan;
use crate::store::Shared;
use crate::{Error, Filter, Sequence, Start, Subscription};

/// Who may publish to a feed by way of the [`Service`](crate::Service). The process that holds the
/// store may always append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The process that holds the store, alone.
    Owner,
    /// Whoever can reach the service.
    Anyone,
}

/// What the writer and all handles of a feed share.
#[derive(Debug)]
pub(crate) struct Core {
    pub id: FeedId,
    pub name: String,
    pub incarnation: Incarnation,
    pub create_time_ms: u64,
    /// What an event's `source` is when its producer gave none.
    pub source: String,
    pub live: Live,
    publishable: AtomicBool,
    earliest: AtomicU64,
    /// Encoded bytes of the events retained; counted only where retention asks for it.
    pub retained_bytes: AtomicU64,
}

impl Core {
    pub(crate) fn new(record: FeedRecord, head: Sequence, live_bytes: usize) -> Self {
        Self {
            id: record.id,
            source: format!("/{}", record.name),
            name: record.name,
            incarnation: record.incarnation,
            create_time_ms: record.create_time_ms,
            live: Live::new(head, live_bytes),
            publishable: AtomicBool::new(record.access == Access::Anyone),
            earliest: AtomicU64::new(record.earliest.get()),
            retained_bytes: AtomicU64::new(0),
        }
    }

    /// What is stored about the feed.
    pub(crate) fn record(&self) -> FeedRecord {
        FeedRecord {
            id: self.id,
            name: self.name.clone(),
            incarnation: self.incarnation,
            access: self.access(),
            create_time_ms: self.create_time_ms,
            earliest: self.earliest(),
        }
    }

    pub(crate) fn access(&self) -> Access {
        if self.publishable.load(Ordering::Relaxed) {
            Access::Anyone
        } else {
            Access::Owner
        }
    }

    pub(crate) fn set_access(&self, access: Access) {
        self.publishable
            .store(access == Access::Anyone, Ordering::Relaxed);
    }

    pub(crate) fn earliest(&self) -> Sequence {
        Sequence::new(self.earliest.load(Ordering::Acquire))
    }

    pub(crate) fn set_earliest(&self, earliest: Sequence) {
        self.earliest.store(earliest.get(), Ordering::Release);
    }
}

/// A durable, ordered, append-only sequence of events. A cheap handle.
#[derive(Clone)]
pub struct Feed {
    pub(crate) core: Arc<Core>,
    pub(crate) shared: Arc<Shared>,
}

impl Feed {
    /// The feed's name.
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// Identifies this life of the feed.
    pub fn incarnation(&self) -> Incarnation {
        self.core.incarnation
    }

    /// Who may publish by way of the service.
    pub fn access(&self) -> Access {
        self.core.access()
    }

    /// When the feed was made.
    pub fn create_time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.core.create_time_ms)
    }

    /// The newest durable event; [`Sequence::ZERO`] if there has never been one.
    pub fn head(&self) -> Sequence {
        self.core.live.head()
    }

    /// The oldest event retained; the one after the head if there is none.
    pub fn earliest(&self) -> Sequence {
        self.core.earliest()
    }

    /// Subscriptions open at the moment, of this process and of others.
    pub fn subscribers(&self) -> usize {
        self.core.live.watchers()
    }

    /// The cursor that stands after this event.
    pub fn cursor(&self, sequence: Sequence) -> String {
        cursor::format(self.core.incarnation, sequence)
    }

    /// Where a cursor of this feed stands. Errors: [`Error::InvalidCursor`],
    /// [`Error::ForeignCursor`], [`Error::CursorAhead`]. Whether what follows is still retained is
    /// found out by reading.
    pub fn parse_cursor(&self, cursor: &str) -> Result<Sequence, Error> {
        let (incarnation, position) = cursor::parse(cursor)?;
        if incarnation != self.core.incarnation {
            return Err(Error::ForeignCursor {
                feed: self.name().to_owned(),
                found: incarnation.to_string(),
                expected: self.core.incarnation.to_string(),
            });
        }
        let head = self.head();
        if position > head {
            return Err(Error::CursorAhead {
                feed: self.name().to_owned(),
                position,
                head,
            });
        }
        Ok(position)
    }

    /// Checks, completes and encodes events, away from the writer: see
    /// [`Transaction::append_prepared`](crate::Transaction::append_prepared).
    pub fn prepare(&self, events: impl IntoIterator<Item = Event>) -> Result<Prepared, Error> {
        Prepared::new(events, &self.core.source)
    }

    /// As [`Feed::prepare`], for events that are encoded, but that what their producer left to the feed
    /// is their source at most.
    pub fn prepare_encoded<'a>(
        &self,
        events: impl IntoIterator<Item = &'a [u8], IntoIter: Clone>,
    ) -> Result<Prepared, Error> {
        Prepared::from_encoded(events, &self.core.source)
    }

    /// Reads events after a position: whole commits, until the next would pass `max_events` or
    /// `max_bytes`, but at least one commit if there is any. Reads the disk if need be.
    /// Errors: [`Error::Expired`], and what the engine says.
    pub fn read(
        &self,
        after: Sequence,
        max_events: usize,
        max_bytes: usize,
    ) -> Result<Vec<Event>, Error> {
        self.check_retained(after)?;
        let mut scan = Scan::new(self.clone(), Filter::all(), after);
        scan.supply(self.fetch(after, max_bytes)?)?;
        decode_all(scan.next_batch(max_bytes, max_events)?)
    }

    /// The newest durable event, if it is retained. Reads the disk if need be.
    pub fn newest(&self) -> Result<Option<Event>, Error> {
        let head = self.head();
        if head == Sequence::ZERO || head < self.earliest() {
            return Ok(None);
        }
        Ok(self.read(head.previous(), 1, 1)?.pop())
    }

    /// Follows the feed: history, then live. Errors: [`Error::Expired`], [`Error::CursorAhead`].
    pub fn subscribe(&self, start: Start, filter: Filter) -> Result<Subscription, Error> {
        Subscription::new(self.clone(), start, filter)
    }

    /// Forgets the commits that lie wholly at or before `through`. Returns the earliest event
    /// retained.
    pub async fn trim(&self, through: Sequence) -> Result<Sequence, Error> {
        self.shared.trim(self.core.clone(), through).await?;
        Ok(self.earliest())
    }

    pub(crate) fn check_retained(&self, after: Sequence) -> Result<(), Error> {
        let earliest = self.earliest();
        if after.next() >= earliest {
            Ok(())
        } else {
            Err(self.expired(after))
        }
    }

    pub(crate) fn expired(&self, position: Sequence) -> Error {
        let earliest = self.earliest();
        Error::Expired {
            feed: self.name().to_owned(),
            position,
            earliest,
            earliest_cursor: self.cursor(earliest.previous()),
        }
    }

    /// Sets what follows from where an event lies.
    pub(crate) fn complete(&self, mut event: Event, sequence: Sequence) -> Event {
        event.sequence = sequence.get();
        event.cursor = self.cursor(sequence);
        event
    }

    /// Chunks after a position, from memory if they are there, else from disk.
    pub(crate) fn fetch(&self, after: Sequence, max_bytes: usize) -> Result<Vec<Chunk>, Error> {
        match self.core.live.read(after, max_bytes) {
            Some(chunks) => Ok(chunks),
            None => self.fetch_stored(after, max_bytes),
        }
    }

    pub(crate) fn fetch_stored(
        &self,
        after: Sequence,
        max_bytes: usize,
    ) -> Result<Vec<Chunk>, Error> {
        self.shared
            .with_engine(|engine| engine.read(self.core.id, after, max_bytes))?
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Feed")
            .field("name", &self.name())
            .field("head", &self.head())
            .finish_non_exhaustive()
    }
}
