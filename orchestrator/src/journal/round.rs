//! Rounds: what choreographed executions gave rise to, in commits with what it means for the indices.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures_util::future::try_join_all;
use lz4_flex::block::{compress_prepend_size, decompress_size_prepended};
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
        let started = commit.started.into_iter().map(|it| {
            let summary = it.summary.encode_to_vec();
            (it.position, Bytes::from(it.summary.id), it.start, summary)
        });
        let ended = commit.ended.into_iter().map(|it| {
            let events = it.heard.iter().map(|event| event.encoded().clone());
            let heard = Kept {
                events: events.collect(),
            };
            let heard = compress_prepend_size(&heard.encode_to_vec());
            let summary = it.summary.encode_to_vec();
            (Bytes::from(it.summary.id), it.start, summary, heard)
        });
        let (started, ended): (Vec<_>, Vec<_>) = (started.collect(), ended.collect());
        let this = self.clone();
        let permit = self.store.reserve().await?;
        Ok(permit.submit(move |tx| {
            let last = tx.append_prepared(&this.feed, &events)?;
            let first = last.get() + 1 - events.len() as u64;
            for (position, id, start, summary) in started {
                let sequence = first + position as u64;
                start.store(sequence, Ordering::Release);
                tx.put(&this.live, id, sequence.to_be_bytes().to_vec())?;
                tx.put(&this.listing, listing_key(sequence), summary)?;
            }
            for (id, start, summary, heard) in ended {
                let sequence = start.load(Ordering::Acquire);
                tx.delete(&this.live, id.clone())?;
                tx.put(&this.listing, listing_key(sequence), summary)?;
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
