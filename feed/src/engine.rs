//! What a store asks of whatever keeps its bytes. Nothing above this trait may assume one process or
//! one disk: a feed is only appended to, read from a position, and asked for its head.

mod fjall;
mod keys;

use bytes::Bytes;

pub(crate) use self::fjall::{FjallEngine, FjallOptions};

use crate::cursor::Incarnation;
use crate::record::Chunk;
use crate::{Access, Error, KeyRange, Sequence};

/// Names a feed within its store; small and dense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FeedId(pub u32);

/// Names a state within its store while it is open; small and dense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StateId(pub u32);

/// What is remembered of a feed besides its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FeedRecord {
    pub id: FeedId,
    pub name: String,
    pub incarnation: Incarnation,
    pub access: Access,
    /// Milliseconds since 1970.
    pub create_time_ms: u64,
    /// Everything before this has been trimmed.
    pub earliest: Sequence,
}

/// What becomes durable together, all or nothing.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// New events, in order within each feed; the engine also indexes them by subject.
    pub appends: Vec<(FeedId, Chunk)>,
    /// Chunks to forget, with their index.
    pub trims: Vec<(FeedId, Chunk)>,
    /// Feeds that are new or have changed.
    pub feeds: Vec<FeedRecord>,
    /// Values to put (`Some`) or delete (`None`).
    pub state: Vec<(StateId, Bytes, Option<Bytes>)>,
}

impl Group {
    pub(crate) fn is_empty(&self) -> bool {
        self.appends.is_empty()
            && self.trims.is_empty()
            && self.feeds.is_empty()
            && self.state.is_empty()
    }
}

/// Events of one subject that lie side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SubjectRun {
    pub first: Sequence,
    pub length: u32,
}

/// Key and value.
pub(crate) type Entry = (Bytes, Bytes);

/// Keeps bytes. Everything it returns has been made durable before.
pub(crate) trait Engine: Send + Sync + 'static {
    /// Every feed there is.
    fn feeds(&self) -> Result<Vec<FeedRecord>, Error>;

    /// The newest event of a feed; zero if none is stored.
    fn head(&self, feed: FeedId) -> Result<Sequence, Error>;

    /// Chunks in order, from the one that holds the event after `after`, until `max_bytes` are
    /// reached; at least one if there is any. The first may begin later if older ones were trimmed.
    fn read(&self, feed: FeedId, after: Sequence, max_bytes: usize) -> Result<Vec<Chunk>, Error>;

    /// Where the events of a subject are, in order, from `from` on: the first `limit` runs that
    /// reach it or lie after it.
    fn subject(
        &self,
        feed: FeedId,
        subject: &str,
        from: Sequence,
        limit: usize,
    ) -> Result<Vec<SubjectRun>, Error>;

    /// Opens a state, making it if there is none of that name.
    fn state(&self, name: &str) -> Result<StateId, Error>;

    fn get(&self, state: StateId, key: &[u8]) -> Result<Option<Bytes>, Error>;

    /// At most `limit` entries, in order of their keys.
    fn range(&self, state: StateId, range: &KeyRange, limit: usize) -> Result<Vec<Entry>, Error>;

    /// Writes and syncs. After an error the state of the disk is unknown: never call it again.
    fn write(&self, group: &Group) -> Result<(), Error>;
}
