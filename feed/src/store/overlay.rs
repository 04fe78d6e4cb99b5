//! What the transactions of a group have written to states but not yet made durable: later
//! transactions read through it. Undoes exactly one transaction, the current one.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::engine::{Engine, Entry, StateId};
use crate::{Error, KeyRange};

/// A value put (`Some`) or deleted (`None`).
type Written = Option<Bytes>;

#[derive(Debug, Default)]
pub(super) struct Overlay {
    /// By [`StateId`].
    states: Vec<BTreeMap<Bytes, Written>>,
    /// What the current transaction overwrote, in order; `None`: there was nothing.
    undo: Vec<(StateId, Bytes, Option<Written>)>,
}

impl Overlay {
    pub(super) fn write(&mut self, state: StateId, key: Bytes, value: Written) {
        let place = state.0 as usize;
        if self.states.len() <= place {
            self.states.resize_with(place + 1, BTreeMap::new);
        }
        let before = self.states[place].insert(key.clone(), value);
        self.undo.push((state, key, before));
    }

    /// Keeps what the current transaction wrote.
    pub(super) fn keep(&mut self) {
        self.undo.clear();
    }

    /// Forgets what the current transaction wrote.
    pub(super) fn discard(&mut self) {
        while let Some((state, key, before)) = self.undo.pop() {
            let written = &mut self.states[state.0 as usize];
            match before {
                Some(value) => written.insert(key, value),
                None => written.remove(&key),
            };
        }
    }

    /// All that was written, each key once; the overlay is empty again.
    pub(super) fn drain(&mut self) -> Vec<(StateId, Bytes, Written)> {
        debug_assert!(
            self.undo.is_empty(),
            "a group is drained between transactions"
        );
        let mut drained = Vec::with_capacity(self.states.iter().map(BTreeMap::len).sum());
        for (place, written) in (0..).zip(&mut self.states) {
            let entries = std::mem::take(written).into_iter();
            drained.extend(entries.map(|(key, value)| (StateId(place), key, value)));
        }
        drained
    }

    pub(super) fn get(
        &self,
        engine: &dyn Engine,
        state: StateId,
        key: &[u8],
    ) -> Result<Option<Bytes>, Error> {
        match self
            .states
            .get(state.0 as usize)
            .and_then(|written| written.get(key))
        {
            Some(value) => Ok(value.clone()),
            None => engine.get(state, key),
        }
    }

    pub(super) fn range(
        &self,
        engine: &dyn Engine,
        state: StateId,
        range: &KeyRange,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let written: Vec<(&Bytes, &Written)> = self
            .states
            .get(state.0 as usize)
            .map(|written| written.range::<[u8], _>(range.bounds()).collect())
            .unwrap_or_default();
        // Each entry written hides one stored entry at most, so this many are enough.
        let stored = engine.range(state, range, limit.saturating_add(written.len()))?;
        if written.is_empty() {
            return Ok(stored);
        }
        let mut merged: BTreeMap<Bytes, Bytes> = stored.into_iter().collect();
        for (key, value) in written {
            match value {
                Some(value) => merged.insert(key.clone(), value.clone()),
                None => merged.remove(key),
            };
        }
        Ok(merged.into_iter().take(limit).collect())
    }
}
