//! A service's own state: keys and values beside the feeds, in the same commits. Reads here see only
//! what is durable; inside a transaction, read through the transaction.

use std::collections::VecDeque;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;

use crate::Error;
use crate::engine::{Entry, StateId};
use crate::store::Shared;

/// Entries fetched at a time by [`Entries`].
const PAGE: usize = 1_024;

/// A named collection of keys and values. A cheap handle.
#[derive(Clone)]
pub struct State {
    pub(crate) id: StateId,
    pub(crate) shared: Arc<Shared>,
}

impl State {
    /// The durable value of a key. Reads the disk if it is not in memory.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<Bytes>, Error> {
        self.shared
            .with_engine(|engine| engine.get(self.id, key.as_ref()))?
    }

    /// The durable entries of a range in order of their keys, fetched as they are asked for. What
    /// is written meanwhile may or may not be among them.
    pub fn range(&self, range: KeyRange) -> Entries {
        Entries {
            state: self.clone(),
            rest: Some(range),
            page: VecDeque::new(),
        }
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("State")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A range of keys in the order of their bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    from: Vec<u8>,
    /// The first key that is no longer part; `None`: there is no such key.
    to: Option<Vec<u8>>,
}

impl KeyRange {
    /// Every key.
    pub fn all() -> Self {
        Self {
            from: Vec::new(),
            to: None,
        }
    }

    /// The keys that begin with these bytes.
    pub fn prefix(prefix: impl AsRef<[u8]>) -> Self {
        let prefix = prefix.as_ref();
        // The first key after them: the prefix with its last byte that can be raised raised.
        let to = prefix.iter().rposition(|byte| *byte < u8::MAX).map(|last| {
            let mut to = prefix[..=last].to_vec();
            to[last] += 1;
            to
        });
        Self {
            from: prefix.to_vec(),
            to,
        }
    }

    /// The keys from `from` up to, but not including, `to`.
    pub fn between(from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Self {
        Self {
            from: from.as_ref().to_vec(),
            to: Some(to.as_ref().to_vec()),
        }
    }

    /// The part of this range that comes after a key.
    #[must_use]
    pub fn after(mut self, key: impl AsRef<[u8]>) -> Self {
        let mut next = key.as_ref().to_vec();
        next.push(0);
        self.from = self.from.max(next);
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.to.as_ref().is_some_and(|to| *to <= self.from)
    }

    pub(crate) fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        let to = self.to.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        (Bound::Included(&self.from), to)
    }
}

/// The entries of a range: key and value, in order. Stops after the first error.
#[derive(Debug)]
pub struct Entries {
    state: State,
    /// What has not been fetched.
    rest: Option<KeyRange>,
    page: VecDeque<Entry>,
}

impl Iterator for Entries {
    type Item = Result<(Bytes, Bytes), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty() {
            let rest = self.rest.take()?;
            let page = self
                .state
                .shared
                .with_engine(|engine| engine.range(self.state.id, &rest, PAGE))
                .flatten();
            match page {
                Ok(page) => self.page = page.into(),
                Err(error) => return Some(Err(error)),
            }
            if self.page.len() == PAGE {
                self.rest = self.page.back().map(|(key, _)| rest.after(key));
            }
        }
        self.page.pop_front().map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_covers_exactly_the_keys_that_begin_with_it() {
        let check = |prefix: &[u8], to: Option<&[u8]>| {
            assert_eq!(KeyRange::prefix(prefix).to.as_deref(), to);
        };
        check(b"ab", Some(b"ac"));
        check(b"a\xff", Some(b"b"));
        check(b"\xff\xff", None);
        check(b"", None);
    }
}
