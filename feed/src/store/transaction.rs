//! What a transaction can do. It runs on the writer's thread and touches memory only, except for
//! reads of what is not in memory.

use std::sync::Arc;

use bytes::Bytes;
use pavane::feed::v1::Event;
use prost::Message;
use tokio::sync::Semaphore;

use super::shared::Shared;
use super::staging::Staging;
use crate::engine::Engine;
use crate::event::{Prepared, complete};
use crate::{Error, Feed, KeyRange, Sequence, State};

/// Longest key of a state, in bytes: fjall's bound.
const MAX_KEY_BYTES: usize = 65_535;

/// A transaction that is running: see [`Store::transact`](crate::Store::transact). It takes handles
/// of its own store only; with others its methods fail with [`Error::OtherStore`].
pub struct Transaction<'a> {
    pub(super) staging: &'a mut Staging,
    pub(super) engine: &'a dyn Engine,
    /// The same for every handle of this store, and for no other.
    pub(super) identity: &'a Arc<Semaphore>,
}

impl Transaction<'_> {
    /// The value of a key, as this and all earlier transactions have left it.
    pub fn get(&self, state: &State, key: impl AsRef<[u8]>) -> Result<Option<Bytes>, Error> {
        self.check_own(&state.shared)?;
        self.staging
            .overlay
            .get(self.engine, state.id, key.as_ref())
    }

    /// The first `limit` entries of a range in order of their keys, as this and all earlier
    /// transactions have left them.
    pub fn scan(
        &self,
        state: &State,
        range: &KeyRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, Error> {
        self.check_own(&state.shared)?;
        self.staging
            .overlay
            .range(self.engine, state.id, range, limit)
    }

    /// Puts a value. Errors: [`Error::KeyLength`].
    pub fn put(
        &mut self,
        state: &State,
        key: impl Into<Bytes>,
        value: impl Into<Bytes>,
    ) -> Result<(), Error> {
        self.write(state, key.into(), Some(value.into()))
    }

    /// Deletes a key; no error if there is none. Errors: [`Error::KeyLength`].
    pub fn delete(&mut self, state: &State, key: impl Into<Bytes>) -> Result<(), Error> {
        self.write(state, key.into(), None)
    }

    /// The newest event of a feed, those of this and of all earlier transactions included.
    pub fn head(&self, feed: &Feed) -> Sequence {
        self.staging.head(&feed.core)
    }

    /// Appends an event and returns its place. Empty `id`, `source`, `type` and `time` are filled
    /// in. All events that a transaction appends to a feed are one commit. Errors:
    /// [`Error::InvalidEvent`], [`Error::TooManyEvents`], [`Error::CommitTooLarge`].
    pub fn append(&mut self, feed: &Feed, mut event: Event) -> Result<Sequence, Error> {
        self.check_own(&feed.shared)?;
        complete(&mut event, &feed.core.source)?;
        let length = event.encoded_len();
        self.staging
            .append(&feed.core, length, |data| event.encode_raw(data))
    }

    /// Appends events that were prepared for this feed, and returns the place of the last; the
    /// head if there are none. Errors: [`Error::TooManyEvents`], [`Error::CommitTooLarge`].
    pub fn append_prepared(&mut self, feed: &Feed, events: &Prepared) -> Result<Sequence, Error> {
        self.check_own(&feed.shared)?;
        let mut last = self.head(feed);
        for event in events.encoded() {
            last = self.staging.append(&feed.core, event.len(), |data| {
                data.extend_from_slice(event)
            })?;
        }
        Ok(last)
    }

    /// Ids of feeds and states mean something else in another store.
    fn check_own(&self, handle: &Shared) -> Result<(), Error> {
        if Arc::ptr_eq(&handle.places, self.identity) {
            Ok(())
        } else {
            Err(Error::OtherStore)
        }
    }

    fn write(&mut self, state: &State, key: Bytes, value: Option<Bytes>) -> Result<(), Error> {
        self.check_own(&state.shared)?;
        if !(1..=MAX_KEY_BYTES).contains(&key.len()) {
            return Err(Error::KeyLength {
                found: key.len(),
                limit: MAX_KEY_BYTES,
            });
        }
        self.staging.bytes += key.len() + value.as_ref().map_or(0, Bytes::len);
        self.staging.overlay.write(state.id, key, value);
        Ok(())
    }
}

impl std::fmt::Debug for Transaction<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Transaction")
            .finish_non_exhaustive()
    }
}
