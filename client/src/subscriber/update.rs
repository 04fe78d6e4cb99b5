//! What a subscriber has to say.

use std::time::Duration;

use bytes::Bytes;
use pavane::feed::v1::Event;
use prost::Message as _;
use tonic::Status;

/// What a [`Subscriber`](crate::Subscriber) has to say, of events or of encoded events.
#[derive(Debug)]
pub enum Update<E = Event> {
    /// The server has accepted the subscription, at first or again.
    Connected {
        /// Sequence of the feed's newest event.
        head_sequence: u64,
    },
    /// Events in order, of whole commits, each once. Never empty.
    Events(Vec<E>),
    /// No event for this subscriber up to here.
    Progress {
        /// Sequence of the feed's newest event.
        head_sequence: u64,
    },
    /// History is done; what follows is live.
    CaughtUp,
    /// Live delivery was too fast; history again.
    FellBehind,
    /// The connection was lost, or could not be made. The subscriber goes on by itself.
    Disconnected {
        /// Why.
        status: Status,
        /// When it tries again.
        retry_after: Duration,
    },
}

impl Update<Bytes> {
    /// With the events as messages. Errors: one is malformed.
    pub(super) fn decode(self) -> Result<Update, Status> {
        Ok(match self {
            Self::Events(events) => {
                let events = events.into_iter().map(Event::decode);
                let events = events.collect::<Result<_, _>>();
                Update::Events(events.map_err(|error| Status::data_loss(error.to_string()))?)
            }
            Self::Connected { head_sequence } => Update::Connected { head_sequence },
            Self::Progress { head_sequence } => Update::Progress { head_sequence },
            Self::CaughtUp => Update::CaughtUp,
            Self::FellBehind => Update::FellBehind,
            Self::Disconnected {
                status,
                retry_after,
            } => Update::Disconnected {
                status,
                retry_after,
            },
        })
    }
}
