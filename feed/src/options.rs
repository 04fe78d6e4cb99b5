//! What can be set about a store, each with a default. Holds values only.

use std::path::PathBuf;
use std::time::Duration;

/// How a [`Store`](crate::Store) keeps its feeds.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder of the store; made if there is none. One process at a time.
    pub data_dir: PathBuf,
    /// What keeps its data here, such as `inventory`; a name as of feeds. A store remembers the
    /// first that it is given, and is not opened for another. Default: none, which is not checked.
    pub owner: Option<String>,
    /// How long events are kept.
    pub retention: Retention,
    /// Bounds on what may wait and on what may be appended.
    pub limits: Limits,
    /// Memory for blocks read from disk, in bytes. Default: 4 MiB.
    pub cache_bytes: u64,
    /// Events written since the last flush, kept in memory until there are this many bytes of them;
    /// a quarter of it for each state and for the index. Default: 16 MiB. A larger value means
    /// fewer flushes and a slower reopening.
    pub write_buffer_bytes: u64,
    /// Longest time between two deliveries of a [`Subscription`](crate::Subscription): the
    /// heartbeat. Default: 5 s.
    pub heartbeat_interval: Duration,
}

impl Options {
    /// The defaults, in this folder.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            owner: None,
            retention: Retention::default(),
            limits: Limits::default(),
            cache_bytes: 4 << 20,
            write_buffer_bytes: 16 << 20,
            heartbeat_interval: Duration::from_secs(5),
        }
    }
}

/// How much of every feed of a store is kept. The default keeps everything. Whole commits go, the
/// oldest first, as soon as any bound is passed; a bound may be passed by a sixteenth, so that not
/// every append has to trim.
#[derive(Debug, Clone, Default)]
pub struct Retention {
    /// Events whose `time` is older than this go.
    pub max_age: Option<Duration>,
    /// At most this many events stay.
    pub max_events: Option<u64>,
    /// At most this many bytes of encoded events stay. Opening a store with this bound reads its
    /// feeds once, to count.
    pub max_bytes: Option<u64>,
}

impl Retention {
    pub(crate) fn keeps_everything(&self) -> bool {
        self.max_age.is_none() && self.max_events.is_none() && self.max_bytes.is_none()
    }
}

/// Bounds; the error that answers a breach names the bound.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Transactions that are waiting or being written. Default: 16,384.
    pub waiting_transactions: usize,
    /// Transactions written and synced together. Default: 4,096.
    pub group_transactions: usize,
    /// Bytes written and synced together; the transaction that passes it is the last. Default: 8 MiB.
    pub group_bytes: usize,
    /// Events that one transaction may append to one feed. Default: 16,384.
    pub commit_events: usize,
    /// Encoded bytes that one transaction may append to one feed; a commit is delivered whole, so
    /// it must fit into one message. Default: 1 MiB.
    pub commit_bytes: usize,
    /// Recent events kept in memory for live readers, in bytes for each feed. Default: 4 MiB.
    pub live_bytes: usize,
    /// Feeds of a store. Default: 10,000.
    pub feeds: usize,
    /// Request ids remembered for each feed, the newest. Default: 100,000.
    pub request_ids: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            waiting_transactions: 16_384,
            group_transactions: 4_096,
            group_bytes: 8 << 20,
            commit_events: 16_384,
            commit_bytes: 1 << 20,
            live_bytes: 4 << 20,
            feeds: 10_000,
            request_ids: 100_000,
        }
    }
}
