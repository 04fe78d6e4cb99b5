//! Those who are listened to: where each is, what is heard of it, and how it stands with it.

mod follow;
mod lookup;

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use pavane::feed::v1::Filter;
use pavane_flow::Timestamp;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) use follow::Follow;
pub(crate) use lookup::{Position, Reader, look_up};

/// Where a peer's feed is found.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Place {
    /// Name of the peer.
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    /// `host:port`.
    #[prost(string, tag = "2")]
    pub(crate) target: String,
    #[prost(string, tag = "3")]
    pub(crate) feed: String,
    /// Of the feed.
    #[prost(string, tag = "4")]
    pub(crate) incarnation: String,
    /// Where to begin if nothing was heard yet.
    #[prost(string, tag = "5")]
    pub(crate) begin: String,
}

/// How it stands with a peer, told by whoever follows its feed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    /// Since when it cannot be read, and why. `None`: it can.
    pub(crate) unreachable: Option<(Timestamp, String)>,
    pub(crate) last_heard: Option<Timestamp>,
    /// Why it is not followed any more.
    pub(crate) problem: Option<String>,
}

/// One who is listened to.
pub(crate) struct Peer {
    pub(crate) place: Place,
    pub(crate) filter: Filter,
    pub(crate) standing: Arc<Mutex<Standing>>,
    /// Counts the subscriptions.
    pub(crate) round: u64,
    /// Ends the subscription.
    _following: Option<DropGuard>,
}

impl Peer {
    /// Whether its feed is still being followed.
    pub(crate) fn is_heard(&self) -> bool {
        self.standing.lock().problem.is_none()
    }
}

/// All who are listened to, by name.
#[derive(Default)]
pub(crate) struct Peers(pub(crate) BTreeMap<Arc<str>, Peer>);

impl Peers {
    /// Whether this is the subscription by which the peer is followed now.
    pub(crate) fn is_followed(&self, peer: &Arc<str>, round: u64) -> bool {
        self.0.get(peer).is_some_and(|peer| peer.round == round)
    }

    /// Ends all subscriptions.
    pub(crate) fn leave(&mut self) {
        for peer in self.0.values_mut() {
            peer._following = None;
        }
    }

    /// Follows a peer from `cursor` on, with this filter; an earlier subscription ends, and what it
    /// has brought and was not taken in yet counts no more.
    pub(crate) fn follow(&mut self, place: Place, filter: Filter, cursor: &str, by: &Follow) {
        let name: Arc<str> = place.name.as_str().into();
        let before = self.0.remove(&name);
        let round = before.as_ref().map_or(0, |peer| peer.round + 1);
        let standing = match before {
            Some(before) if before.place == place => before.standing,
            Some(_) | None => Arc::new(Mutex::new(Standing {
                unreachable: Some((by.clock.now(), "not connected yet".to_owned())),
                ..Standing::default()
            })),
        };
        standing.lock().problem = None;
        let stop = CancellationToken::new();
        by.start(
            &name,
            round,
            &place,
            filter.clone(),
            cursor,
            Arc::clone(&standing),
            stop.clone(),
        );
        let peer = Peer {
            place,
            filter,
            standing,
            round,
            _following: Some(stop.drop_guard()),
        };
        self.0.insert(name, peer);
    }
}
