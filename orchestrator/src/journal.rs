//! The orchestrator's own feed, which is the home of every execution, and the two small indices
//! beside it, written in the same commits: which executions live, and one summary of each for
//! lists. A third has, of choreographed executions that have ended, what was heard of them in the
//! feeds of others.
//!
//! Whoever records something says when; so the clock is here, too.

mod living;
mod retention;
mod round;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
pub(crate) use living::{Living, Resting};
use pavane::feed::v1::Event;
use pavane::workflow::v1::Execution;
use pavane_clock::Clock;
use pavane_feed::{Access, Ack, Feed, KeyRange, Permit, Sequence, State, Store};
use pavane_flow::Timestamp;
use prost::Message;
pub(crate) use retention::Finished;
pub(crate) use round::{Commit, Ended, Started};

use crate::Error;

/// Name of the orchestrator's feed.
pub(crate) const FEED: &str = "orchestrator";

/// Where executions are recorded.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    store: Store,
    feed: Feed,
    clock: Clock,
    /// Execution id -> where it starts, and whether it rests. Holds those that have not ended.
    live: State,
    /// Sequence of the start, counted down so that the newest comes first -> summary.
    listing: State,
    /// Execution id -> what others said of it. Holds choreographed ones that have ended.
    heard: State,
}

/// What one input gave rise to, to be recorded in one commit.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Encoded, without what the feed itself says.
    pub(crate) events: Vec<Bytes>,
    pub(crate) change: Change,
    /// How it rests after them, if it does.
    pub(crate) resting: Option<Resting>,
}

/// What the events mean for the indices.
#[derive(Debug)]
pub(crate) enum Change {
    /// Nothing.
    None,
    /// From now on it rests, or no longer. There need not be an event.
    Rested(Box<Execution>),
    /// They begin with the start. The summary is that of the execution as it is after them.
    Started(Box<Execution>),
    /// They end with the outcome.
    Ended(Box<Execution>),
    /// They begin with the start and end with the outcome.
    StartedAndEnded(Box<Execution>),
}

impl Change {
    fn starts(&self) -> bool {
        matches!(self, Self::Started(_) | Self::StartedAndEnded(_))
    }

    fn ends(&self) -> bool {
        matches!(self, Self::Ended(_) | Self::StartedAndEnded(_))
    }

    fn rests(&self) -> bool {
        matches!(self, Self::Rested(_))
    }

    fn summary(&self) -> Option<&Execution> {
        match self {
            Self::None => None,
            Self::Rested(summary)
            | Self::Started(summary)
            | Self::Ended(summary)
            | Self::StartedAndEnded(summary) => Some(summary),
        }
    }
}

/// Resolves when an entry is durable.
pub(crate) type Recorded = Ack<(), pavane_feed::Error>;

/// Where an execution begins in the journal. Known once its start is appended.
pub(crate) type Start = Arc<AtomicU64>;

impl Journal {
    /// Opens the journal in this store. Without a clock, it goes by that of the store's folder.
    pub(crate) fn open(store: &Store, clock: Option<Clock>) -> Result<Self, Error> {
        let feed = store.feed(FEED, Access::Owner)?;
        let clock = match clock {
            Some(clock) => clock,
            None => {
                let newest = feed.newest()?.and_then(|event| event.time);
                let latest = newest.as_ref().map(Timestamp::from).unwrap_or_default();
                Clock::open(store.folder(), latest)?
            }
        };
        Ok(Self {
            store: store.clone(),
            feed,
            clock,
            live: store.state("live")?,
            listing: store.state("listing")?,
            heard: store.state("heard")?,
        })
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The clock by which things are recorded, and timers run.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The present, by that clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Waits for a place among the appends that wait.
    pub(crate) async fn reserve(&self) -> Result<Permit, Error> {
        Ok(self.store.reserve().await?)
    }

    /// Puts an entry in line. The order of calls is the order of the journal; the answer comes when
    /// the entry is durable.
    pub(crate) fn record(
        &self,
        permit: Permit,
        execution: &Arc<str>,
        start: &Start,
        entry: Entry,
    ) -> Result<Recorded, Error> {
        let events = self
            .feed
            .prepare_encoded(entry.events.iter().map(|event| &**event))?;
        let (feed, live, listing) = (self.feed.clone(), self.live.clone(), self.listing.clone());
        let (id, start) = (
            Bytes::copy_from_slice(execution.as_bytes()),
            Arc::clone(start),
        );
        let (starts, ends) = (entry.change.starts(), entry.change.ends());
        let (rests, resting) = (entry.change.rests(), entry.resting);
        let summary = entry.change.summary().map(Execution::encode_to_vec);
        Ok(permit.submit(move |tx| {
            let last = tx.append_prepared(&feed, &events)?;
            if starts {
                let first = last.get() + 1 - events.len() as u64;
                start.store(first, Ordering::Release);
            }
            let start = start.load(Ordering::Acquire);
            if (starts || rests) && !ends {
                let start = Sequence::new(start);
                tx.put(&live, id, Living { start, resting }.encode())?;
            } else if ends && !starts {
                tx.delete(&live, id)?;
            }
            match summary {
                Some(summary) => tx.put(&listing, listing_key(start).to_vec(), summary),
                None => Ok(()),
            }
        }))
    }

    /// All events of an execution, in order; none if there is no such execution.
    pub(crate) fn events_of(&self, execution: &str) -> Result<Vec<Event>, Error> {
        Ok(self.feed.subject(execution)?)
    }

    /// The executions that have not ended, and how each lives.
    pub(crate) fn live(&self) -> Result<Vec<(Arc<str>, Living)>, Error> {
        let mut found = Vec::new();
        for entry in self.live.range(KeyRange::all()) {
            let (key, value) = entry?;
            let id = std::str::from_utf8(&key)
                .map_err(|_| Error::CorruptJournal("an execution's id is not UTF-8".to_owned()))?;
            found.push((id.into(), Living::decode(&value)?));
        }
        Ok(found)
    }

    /// Summary of the execution that begins here: as it was started, as it was last put to rest, or as
    /// it has ended.
    pub(crate) fn summary(&self, start: Sequence) -> Result<Option<Execution>, Error> {
        let summary = self.listing.get(listing_key(start.get()))?;
        summary.map(summary_of).transpose()
    }

    /// Summaries of the executions that began before `before`, the newest first.
    pub(crate) fn summaries(
        &self,
        before: Sequence,
    ) -> impl Iterator<Item = Result<(Sequence, Execution), Error>> {
        let newest_first = KeyRange::all().after(listing_key(before.get()));
        self.listing.range(newest_first).map(|entry| {
            let (key, value) = entry?;
            let sequence = u64::MAX - sequence_of(&key)?.get();
            Ok((Sequence::new(sequence), summary_of(value)?))
        })
    }
}

fn summary_of(bytes: Bytes) -> Result<Execution, Error> {
    Execution::decode(bytes).map_err(|error| Error::CorruptJournal(format!("a summary: {error}")))
}

fn listing_key(start: u64) -> [u8; 8] {
    (u64::MAX - start).to_be_bytes()
}

fn sequence_of(bytes: &[u8]) -> Result<Sequence, Error> {
    let bytes = bytes.try_into().map_err(|_| {
        Error::CorruptJournal(format!("a sequence has {} bytes, expected 8", bytes.len()))
    })?;
    Ok(Sequence::new(u64::from_be_bytes(bytes)))
}
