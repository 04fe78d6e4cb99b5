//! Following a feed within the process: history from disk, then live from memory. A subscription
//! that is slow never makes the writer wait; it reads history again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::Stream;
use pavane::feed::v1::Event;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::record::{Chunk, decode_all};
use crate::scan::Scan;
use crate::subject::Ahead;
use crate::{Error, Feed, Filter, Sequence};

/// Bytes read from disk at a time.
const DISK_SLICE_BYTES: usize = 1 << 20;
/// Bytes of stored events that the filter may reject in a row before the position is told.
const PROGRESS_BYTES: usize = 8 << 20;
const DEFAULT_BATCH_BYTES: usize = 256 << 10;

/// Where a subscription begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Start {
    /// At the oldest event retained.
    #[default]
    Earliest,
    /// After the newest event.
    Latest,
    /// After this event.
    After(Sequence),
    /// At the first event whose `time` is this or later.
    At(SystemTime),
}

/// What a subscription has to say, of events or, within this crate, of encoded events.
#[derive(Debug, Clone, PartialEq)]
pub enum Delivery<E = Event> {
    /// The first, once.
    Started {
        /// The oldest event retained.
        earliest: Sequence,
        /// The newest event.
        head: Sequence,
        /// Where the subscription stands.
        position: Sequence,
    },
    /// Events in order, of whole commits. Never empty.
    Batch(Vec<E>),
    /// No event, but time has passed or the position has moved on. Everything up to `position` was
    /// delivered or rejected by the filter.
    Progress {
        /// A resume may begin after this.
        position: Sequence,
        /// The newest event.
        head: Sequence,
    },
    /// History is done; what follows is live.
    CaughtUp {
        /// Where the subscription stands.
        position: Sequence,
    },
    /// Live delivery was faster than the subscriber; history is read again, until `CaughtUp`.
    FellBehind {
        /// Where the subscription stands.
        position: Sequence,
    },
}

impl Delivery<Bytes> {
    fn decode(self) -> Result<Delivery, Error> {
        Ok(match self {
            Self::Batch(events) => Delivery::Batch(decode_all(events)?),
            Self::Started {
                earliest,
                head,
                position,
            } => Delivery::Started {
                earliest,
                head,
                position,
            },
            Self::Progress { position, head } => Delivery::Progress { position, head },
            Self::CaughtUp { position } => Delivery::CaughtUp { position },
            Self::FellBehind { position } => Delivery::FellBehind { position },
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Starting,
    CatchingUp,
    Live,
    Over,
}

/// A feed as it unfolds. Dropping it ends it.
#[derive(Debug)]
pub struct Subscription {
    feed: Feed,
    scan: Scan,
    /// The beginning was left to the feed, and no position was told yet: should the beginning move
    /// on, nothing is missed.
    floating: bool,
    phase: Phase,
    head: watch::Receiver<Sequence>,
    max_batch_bytes: usize,
    heartbeat_interval: Duration,
    last_delivery: Instant,
    rejected_bytes: usize,
}

impl Subscription {
    pub(crate) fn new(feed: Feed, start: Start, filter: Filter) -> Result<Self, Error> {
        let position = match start {
            Start::Earliest | Start::At(_) => feed.earliest().previous(),
            Start::Latest => feed.head(),
            Start::After(position) => position,
        };
        let head = feed.head();
        if position > head {
            return Err(Error::CursorAhead {
                feed: feed.name().to_owned(),
                position,
                head,
            });
        }
        feed.check_retained(position)?;
        let mut scan = Scan::new(feed.clone(), filter, position);
        if let Start::At(time) = start {
            scan.set_since(since_1970(time));
        }
        Ok(Self {
            head: feed.core.live.watch(),
            heartbeat_interval: feed.shared.options.heartbeat_interval,
            feed,
            scan,
            floating: matches!(start, Start::Earliest | Start::At(_)),
            phase: Phase::Starting,
            max_batch_bytes: DEFAULT_BATCH_BYTES,
            last_delivery: Instant::now(),
            rejected_bytes: 0,
        })
    }

    /// Bounds the stored bytes of a batch (default: 256 KiB); a larger commit comes whole, alone.
    #[must_use]
    pub fn with_max_batch_bytes(mut self, max_batch_bytes: usize) -> Self {
        self.max_batch_bytes = max_batch_bytes;
        self
    }

    /// Sets the longest time between two deliveries; the default is the store's.
    #[must_use]
    pub fn with_heartbeat_interval(mut self, interval: Duration) -> Self {
        self.heartbeat_interval = interval;
        self
    }

    /// The feed.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Everything up to here was delivered or rejected by the filter.
    pub fn position(&self) -> Sequence {
        self.scan.position()
    }

    /// The next delivery; waits for it. `None` after an error. Nothing is lost if the returned
    /// future is dropped. Errors: [`Error::Expired`] when retention has overtaken the reader,
    /// [`Error::Closed`] when the store was closed, and what the engine says.
    pub async fn next(&mut self) -> Option<Result<Delivery, Error>> {
        Some(match self.next_encoded().await? {
            Ok(delivery) => delivery.decode(),
            Err(error) => Err(error),
        })
    }

    /// As [`Subscription::next`], with the events as they are sent.
    pub(crate) async fn next_encoded(&mut self) -> Option<Result<Delivery<Bytes>, Error>> {
        if self.phase == Phase::Over {
            return None;
        }
        let delivery = self.advance().await;
        self.last_delivery = Instant::now();
        match &delivery {
            Ok(Delivery::Started { .. }) => {}
            Ok(_) => self.floating = false,
            Err(_) => self.phase = Phase::Over,
        }
        Some(delivery)
    }

    /// The deliveries as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<Delivery, Error>> + Send + 'static {
        futures_util::stream::unfold(self, |mut subscription| async move {
            let delivery = subscription.next().await?;
            Some((delivery, subscription))
        })
    }

    async fn advance(&mut self) -> Result<Delivery<Bytes>, Error> {
        if self.phase == Phase::Starting {
            self.phase = Phase::CatchingUp;
            return Ok(Delivery::Started {
                earliest: self.feed.earliest(),
                head: self.feed.head(),
                position: self.position(),
            });
        }
        loop {
            let events = self.scan.next_batch(self.max_batch_bytes, usize::MAX)?;
            if !events.is_empty() {
                self.rejected_bytes = 0;
                return Ok(Delivery::Batch(events));
            }
            if self.progress_is_due() {
                return Ok(self.progress());
            }
            // Seen before reading: what is appended meanwhile wakes the wait below.
            let head = *self.head.borrow_and_update();
            if self.scan.fetched() >= head {
                if self.phase == Phase::CatchingUp {
                    self.phase = Phase::Live;
                    return Ok(Delivery::CaughtUp {
                        position: self.position(),
                    });
                }
                if !self.wait_for_more().await? {
                    return Ok(self.progress());
                }
            } else if let Some(chunks) = self
                .feed
                .core
                .live
                .read(self.scan.fetched(), self.max_batch_bytes)
            {
                self.supply(chunks)?;
            } else if self.phase == Phase::Live {
                self.phase = Phase::CatchingUp;
                return Ok(Delivery::FellBehind {
                    position: self.position(),
                });
            } else {
                let ahead = self.read_disk().await;
                self.take_ahead(ahead)?;
            }
        }
    }

    fn progress_is_due(&self) -> bool {
        self.rejected_bytes >= PROGRESS_BYTES
            || (self.rejected_bytes > 0 && self.last_delivery.elapsed() >= self.heartbeat_interval)
    }

    fn progress<E>(&mut self) -> Delivery<E> {
        self.rejected_bytes = 0;
        Delivery::Progress {
            position: self.position(),
            head: self.feed.head(),
        }
    }

    /// Whether the head has moved, rather than the time of the heartbeat come.
    async fn wait_for_more(&mut self) -> Result<bool, Error> {
        let closed = self.feed.shared.closed.clone();
        let deadline = self.last_delivery + self.heartbeat_interval;
        tokio::select! {
            biased;
            () = closed.cancelled() => Err(Error::Closed),
            changed = timeout_at(deadline, self.head.changed()) => match changed {
                Ok(Ok(())) => Ok(true),
                Ok(Err(_)) => Err(Error::Closed),
                Err(_) => Ok(false),
            },
        }
    }

    async fn read_disk(&self) -> Result<Ahead, Error> {
        let feed = self.feed.clone();
        let after = self.scan.fetched();
        let subject = self.scan.only_subject().map(str::to_owned);
        let read = move || match subject {
            Some(subject) => feed.look_ahead(&subject, after, DISK_SLICE_BYTES),
            None => Ok(Ahead {
                skip_to: after,
                chunks: feed.fetch_stored(after, DISK_SLICE_BYTES)?,
            }),
        };
        tokio::task::spawn_blocking(read)
            .await
            .expect("reading does not panic")
    }

    fn take_ahead(&mut self, ahead: Result<Ahead, Error>) -> Result<(), Error> {
        match ahead {
            Ok(Ahead { skip_to, chunks }) if skip_to > self.scan.fetched() => {
                self.scan.skip_to(skip_to);
                if chunks.is_empty() {
                    return Ok(());
                }
                self.supply(chunks)
            }
            Ok(Ahead { chunks, .. }) => self.supply(chunks),
            Err(Error::Expired { .. }) if self.floating => {
                self.scan.restart(self.feed.earliest().previous());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn supply(&mut self, chunks: Vec<Chunk>) -> Result<(), Error> {
        self.rejected_bytes += chunks.iter().map(|chunk| chunk.data.len()).sum::<usize>();
        match self.scan.supply(chunks) {
            Ok(true) => Ok(()),
            Err(Error::Expired { .. }) | Ok(false) if self.floating => {
                self.scan.restart(self.feed.earliest().previous());
                Ok(())
            }
            // There is nothing, although the head is ahead: it was trimmed meanwhile.
            Ok(false) => Err(self.feed.expired(self.position())),
            Err(error) => Err(error),
        }
    }
}

/// Seconds and nanoseconds.
fn since_1970(time: SystemTime) -> (i64, i32) {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    (
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        since.subsec_nanos().cast_signed(),
    )
}
