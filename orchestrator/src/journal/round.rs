//! Rounds: what choreographed executions gave rise to, in commits with what it means for the indices.

use std::sync::atomic::Ordering;

use bytes::{Bytes, BytesMut};
use futures_util::future::try_join_all;
use lz4_flex::block::{compress_into, decompress_size_prepended, get_maximum_output_size};
use pavane::feed::v1::Event;
use pavane::workflow::v1::Execution;
use pavane_choreography::{Ack, Checkpoint};
use pavane_flow::choreography::member::Heard;
use prost::Message;

use super::{Journal, Start, listing_key};
use crate::Error;

/// What belongs in one commit.
#[derive(Debug, Default)]
pub(crate) struct Commit {
    /// Encoded, without what the feed itself says.
    pub(crate) events: Vec<Bytes>,
    pub(crate) started: Vec<Started>,
    pub(crate) ended: Vec<Ended>,
    pub(crate) checkpoint: Option<Checkpoint>,
}

/// An execution whose start is among the events.
#[derive(Debug)]
pub(crate) struct Started {
    /// Which of the events it is.
    pub(crate) position: usize,
    pub(crate) summary: Execution,
    pub(crate) start: Start,
}

/// An execution whose outcome is among the events.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) summary: Execution,
    pub(crate) start: Start,
    /// What others said of it.
    pub(crate) heard: Vec<Heard>,
}

/// What others said of an execution, as it is kept: compressed, since its events say most things
/// several times, and few are ever looked at again.
#[derive(Clone, PartialEq, prost::Message)]
struct Kept {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    events: Vec<Bytes>,
}

/// Room for what a start and an outcome take beside the events, as a rule.
const STARTED_BYTES: usize = 256;
const ENDED_BYTES: usize = 1_792;

/// Keys and values of one commit share an allocation: they live and go together.
struct Room(BytesMut);

impl Room {
    fn new(bytes: usize) -> Self {
        Self(BytesMut::with_capacity(bytes))
    }

    fn put(&mut self, bytes: &[u8]) -> Bytes {
        self.0.extend_from_slice(bytes);
        self.0.split().freeze()
    }

    fn encode(&mut self, message: &impl Message) -> Bytes {
        self.0.reserve(message.encoded_len());
        message.encode_raw(&mut self.0);
        self.0.split().freeze()
    }
}

/// Makes of what was heard what is kept of it, in memory that serves many times.
#[derive(Default)]
struct Compressed {
    kept: Kept,
    encoded: Vec<u8>,
    compressed: Vec<u8>,
}

impl Compressed {
    fn of(&mut self, heard: &[Heard]) -> &[u8] {
        self.kept.events.clear();
        let events = heard.iter().map(|event| event.encoded().clone());
        self.kept.events.extend(events);
        self.encoded.clear();
        self.kept.encode_raw(&mut self.encoded);
        let length = u32::try_from(self.encoded.len()).expect("an execution's events are few");
        let most = size_of_val(&length) + get_maximum_output_size(self.encoded.len());
        if self.compressed.len() < most {
            self.compressed.resize(most, 0);
        }
        // As `decompress_size_prepended` reads it.
        let (prefix, rest) = self.compressed.split_at_mut(size_of_val(&length));
        prefix.copy_from_slice(&length.to_le_bytes());
        let compressed = compress_into(&self.encoded, rest).expect("there is room for the worst");
        &self.compressed[..size_of_val(&length) + compressed]
    }
}

impl Journal {
    /// Puts commits in line, in their order. What this resolves to resolves once all are durable.
    pub(crate) async fn record_round(
        &self,
        commits: Vec<Commit>,
    ) -> Result<Ack, pavane_feed::Error> {
        let mut acks = Vec::with_capacity(commits.len());
        for commit in commits {
            acks.push(self.record_commit(commit).await?);
        }
        Ok(Box::pin(async move {
            try_join_all(acks).await?;
            Ok(())
        }))
    }

    async fn record_commit(&self, commit: Commit) -> Result<super::Recorded, pavane_feed::Error> {
        let events = self
            .feed
            .prepare_encoded(commit.events.iter().map(|event| &**event))?;
        let mut room =
            Room::new(commit.started.len() * STARTED_BYTES + commit.ended.len() * ENDED_BYTES);
        let started = commit.started.into_iter().map(|it| {
            let id = room.put(it.summary.id.as_bytes());
            let summary = room.encode(&it.summary);
            (it.position, id, it.start, summary)
        });
        let started: Vec<_> = started.collect();
        let mut kept = Compressed::default();
        let ended = commit.ended.into_iter().map(|it| {
            let id = room.put(it.summary.id.as_bytes());
            let summary = room.encode(&it.summary);
            let heard = room.put(kept.of(&it.heard));
            (id, it.start, summary, heard)
        });
        let ended: Vec<_> = ended.collect();
        let this = self.clone();
        let permit = self.store.reserve().await?;
        Ok(permit.submit(move |tx| {
            let last = tx.append_prepared(&this.feed, &events)?;
            let first = last.get() + 1 - events.len() as u64;
            let mut room = Room::new((2 * started.len() + ended.len()) * size_of::<u64>());
            for (position, id, start, summary) in started {
                let sequence = first + position as u64;
                start.store(sequence, Ordering::Release);
                tx.put(&this.live, id, room.put(&sequence.to_be_bytes()))?;
                tx.put(&this.listing, room.put(&listing_key(sequence)), summary)?;
            }
            for (id, start, summary, heard) in ended {
                let sequence = start.load(Ordering::Acquire);
                tx.delete(&this.live, id.clone())?;
                tx.put(&this.listing, room.put(&listing_key(sequence)), summary)?;
                tx.put(&this.heard, id, heard)?;
            }
            commit
                .checkpoint
                .map_or(Ok(()), |checkpoint| checkpoint.write(tx))
        }))
    }

    /// What others said of a choreographed execution that has ended; nothing of any other.
    pub(crate) fn heard_of(&self, execution: &str) -> Result<Vec<Event>, Error> {
        let Some(heard) = self.heard.get(execution.as_bytes())? else {
            return Ok(Vec::new());
        };
        let heard = decompress_size_prepended(&heard)
            .map_err(|error| Error::CorruptJournal(format!("what was heard: {error}")))?;
        let corrupt = |error| Error::CorruptJournal(format!("what was heard: {error}"));
        let kept = Kept::decode(Bytes::from(heard)).map_err(corrupt)?;
        let events = kept.events.into_iter().map(Event::decode);
        events.collect::<Result<_, _>>().map_err(corrupt)
    }
}
