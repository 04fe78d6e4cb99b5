//! What a feed holds, learnt without Subscribe: from what was published, or page by page. What
//! streams tell is compared with it.

use std::collections::{HashMap, HashSet};

use pavane::feed::v1::{Event, SubscribeRequest, subscribe_request::Start};

use super::peer::Peer;
use super::stop::{Stop, Verdict, ensure};

/// The beginning of a feed.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) feed: String,
    /// In order, with sequence and cursor. Never empty.
    pub(crate) events: Vec<Event>,
    /// The number of the commit of each sequence; `None` where others have published.
    pub(crate) commits: Option<HashMap<u64, usize>>,
}

impl History {
    /// Publishes commits to a new feed.
    pub(crate) async fn publish(
        peer: &Peer,
        feed: String,
        commits: Vec<Vec<Event>>,
    ) -> Result<Self, Stop> {
        let mut events = Vec::new();
        let mut commit_of = HashMap::new();
        for (number, mut commit) in commits.into_iter().enumerate() {
            publish_commit(peer, &feed, &mut commit).await?;
            commit_of.extend(commit.iter().map(|event| (event.sequence, number)));
            events.extend(commit);
        }
        let (listed, _) = peer.events(&feed, None, usize::MAX).await?;
        let found = || format!("{} events listed", listed.len());
        let expected = format!("the {} that were published", events.len());
        ensure(listed.len() == events.len(), found, expected)?;
        for (event, listed) in events.iter_mut().zip(listed) {
            event.cursor = listed.cursor;
        }
        Ok(Self {
            feed,
            events,
            commits: Some(commit_of),
        })
    }

    /// Reads the first `limit` events of a feed that others write.
    pub(crate) async fn list(peer: &Peer, feed: String, limit: usize) -> Result<Self, Stop> {
        let (events, _) = peer.events(&feed, None, limit).await?;
        if events.is_empty() {
            return Err(Stop::skipped(format!("feed `{feed}` has no events")));
        }
        Ok(Self {
            feed,
            events,
            commits: None,
        })
    }

    /// The sequence of the last event.
    pub(crate) fn last(&self) -> u64 {
        self.events.last().map_or(0, |event| event.sequence)
    }

    /// All of it, from the beginning.
    pub(crate) fn request(&self) -> SubscribeRequest {
        SubscribeRequest {
            feed: self.feed.clone(),
            ..SubscribeRequest::default()
        }
    }

    /// What comes after a cursor.
    pub(crate) fn after(&self, cursor: &str) -> SubscribeRequest {
        SubscribeRequest {
            start: Some(Start::After(cursor.to_owned())),
            ..self.request()
        }
    }
}

/// Publishes one commit and sets the sequences of its events; returns the last.
pub(crate) async fn publish_commit(
    peer: &Peer,
    feed: &str,
    commit: &mut [Event],
) -> Result<u64, Stop> {
    let published = peer.publish(feed, commit.to_vec()).await?;
    let (first, last) = (published.first_sequence, published.last_sequence);
    let length = commit.len() as u64;
    ensure(
        first + length == last + 1,
        || format!("{length} events published as #{first} to #{last}"),
        "a sequence for each",
    )?;
    for (event, sequence) in commit.iter_mut().zip(first..) {
        event.sequence = sequence;
    }
    Ok(last)
}

/// Fails if events of one commit are in different batches.
pub(crate) fn check_whole(batches: &[Vec<Event>], commits: &HashMap<u64, usize>) -> Verdict {
    let mut done: HashSet<&usize> = HashSet::new();
    for batch in batches {
        let within: HashSet<&usize> = batch
            .iter()
            .filter_map(|event| commits.get(&event.sequence))
            .collect();
        if let Some(split) = within.iter().find(|commit| done.contains(*commit)) {
            let of = batch
                .iter()
                .find(|event| commits.get(&event.sequence) == Some(*split));
            let sequence = of.map_or(0, |event| event.sequence);
            return Err(Stop::failed(
                format!("event #{sequence} in a later batch than others of its commit"),
                "the events of a commit in one batch",
            ));
        }
        done.extend(within);
    }
    Ok(())
}
