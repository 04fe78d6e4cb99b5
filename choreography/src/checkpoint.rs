//! What is remembered of what was heard: where each feed was read to, and the events of others of
//! each execution that lives. It is written from time to time, in line behind the events that what it
//! covers gave rise to; what was heard since is heard again after a crash.
//!
//! It must never be ahead of the events: whoever forgets an event that it has caused nothing from yet
//! would never hear it again.

use std::sync::Arc;

use bytes::Bytes;
use pavane_feed::{Error as FeedError, KeyRange, State, Store, Transaction};
use pavane_flow::choreography::member::Heard;
use prost::Message;

use crate::Error;

/// The state that holds cursors (`c` and the peer's name) and heard events (`h` and the execution).
const STATE: &str = "choreography-heard";
const CURSOR: u8 = b'c';
const HEARD: u8 = b'h';

/// A change of what is remembered, ready to be written.
#[derive(Debug)]
pub struct Checkpoint {
    state: State,
    puts: Vec<(Bytes, Bytes)>,
    deletes: Vec<Bytes>,
}

impl Checkpoint {
    /// Whether it changes nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.puts.is_empty() && self.deletes.is_empty()
    }

    /// Writes it, in the transaction of its round.
    pub fn write(self, tx: &mut Transaction<'_>) -> Result<(), FeedError> {
        for (key, value) in self.puts {
            tx.put(&self.state, key, value)?;
        }
        for key in self.deletes {
            tx.delete(&self.state, key)?;
        }
        Ok(())
    }
}

/// Where checkpoints are kept.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoints {
    state: State,
}

/// All that was remembered when a process begins.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    /// By peer.
    pub(crate) cursors: Vec<(Arc<str>, Cursor)>,
    /// By execution.
    pub(crate) heard: Vec<(Arc<str>, Vec<Heard>)>,
}

/// Where a feed was read to.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Cursor {
    #[prost(string, tag = "1")]
    pub(crate) cursor: String,
    /// Of which life of the feed it is.
    #[prost(string, tag = "2")]
    pub(crate) incarnation: String,
    /// Sequence of the newest start that was heard, by whatever process: as long as none runs, since the
    /// last one ended in good order.
    #[prost(uint64, optional, tag = "3")]
    pub(crate) newest_start: Option<u64>,
}

/// The events of others, of one execution.
#[derive(Clone, PartialEq, prost::Message)]
struct Kept {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    events: Vec<Bytes>,
}

impl Checkpoints {
    pub(crate) fn open(store: &Store) -> Result<Self, Error> {
        Ok(Self {
            state: store.state(STATE)?,
        })
    }

    /// Reads the disk.
    pub(crate) fn load(&self) -> Result<Remembered, Error> {
        let mut remembered = Remembered::default();
        for entry in self.state.range(KeyRange::all()) {
            let (key, value) = entry?;
            let (kind, name) = key.split_first().ok_or_else(|| corrupt("an empty key"))?;
            let name = std::str::from_utf8(name).map_err(|_| corrupt("a name is not UTF-8"))?;
            match *kind {
                CURSOR => {
                    let cursor =
                        Cursor::decode(value).map_err(|error| corrupt(&error.to_string()))?;
                    remembered.cursors.push((name.into(), cursor));
                }
                HEARD => {
                    let kept = Kept::decode(value).map_err(|error| corrupt(&error.to_string()))?;
                    let heard = kept.events.into_iter().map(Heard::new);
                    let heard = heard.collect::<Result<_, _>>();
                    let heard = heard.map_err(|error| corrupt(&error.to_string()))?;
                    remembered.heard.push((name.into(), heard));
                }
                other => return Err(corrupt(&format!("an entry of kind {other}"))),
            }
        }
        Ok(remembered)
    }

    /// Makes a change ready to be written.
    pub(crate) fn checkpoint(
        &self,
        cursors: impl IntoIterator<Item = (Arc<str>, Cursor)>,
        heard: impl IntoIterator<Item = (Arc<str>, Vec<Heard>)>,
        gone: impl IntoIterator<Item = Arc<str>>,
    ) -> Checkpoint {
        let cursors = cursors
            .into_iter()
            .map(|(peer, cursor)| (key(CURSOR, &peer), cursor.encode_to_vec().into()));
        let heard = heard.into_iter().map(|(execution, events)| {
            let events = events.iter().map(|event| event.encoded().clone());
            let heard = Kept {
                events: events.collect(),
            };
            let heard = heard.encode_to_vec();
            (key(HEARD, &execution), heard.into())
        });
        Checkpoint {
            state: self.state.clone(),
            puts: cursors.chain(heard).collect(),
            deletes: gone.into_iter().map(|id| key(HEARD, &id)).collect(),
        }
    }
}

fn key(kind: u8, name: &str) -> Bytes {
    [&[kind], name.as_bytes()].concat().into()
}

fn corrupt(found: &str) -> Error {
    Error::CorruptState {
        state: STATE.to_owned(),
        found: found.to_owned(),
    }
}
