//! A state whose values are protobuf records: typed reads and writes inside a transaction, pages
//! outside. It never caches: what it returns is what the store holds.

use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pavane_feed::{KeyRange, State, Store, Transaction};
use prost::Message;

use crate::Error;

/// Records in a page if the caller does not say.
const DEFAULT_PAGE: usize = 1_000;
/// Most records in a page.
const MAX_PAGE: usize = 10_000;
/// Encoded size at which a page ends early: clients refuse messages of more than 4 MiB by default.
const MAX_PAGE_BYTES: usize = 2 << 20;
/// First byte of what a page token encodes, so that a change of format is noticed.
const TOKEN_VERSION: u8 = 1;

/// The one state that holds all tables. A state each would cost a file, a buffer and a sync each
/// when the store is made.
const STATE: &str = "tables";

/// Ends a table's name where it stands before a key.
const SEPARATOR: u8 = 0;

/// Records of type `M` by key, in the service's store. A cheap clone.
#[derive(Debug)]
pub struct Table<M> {
    name: &'static str,
    state: State,
    records: PhantomData<fn() -> M>,
}

impl<M> Clone for Table<M> {
    fn clone(&self) -> Self {
        Self {
            name: self.name,
            state: self.state.clone(),
            records: PhantomData,
        }
    }
}

impl<M: Message + Default> Table<M> {
    /// The table of this name, which has no NUL in it. Two tables of one name are the same.
    ///
    /// # Errors
    /// Those of [`Store::state`].
    pub fn open(store: &Store, name: &'static str) -> Result<Self, Error> {
        Ok(Self {
            name,
            state: store.state(STATE)?,
            records: PhantomData,
        })
    }

    /// The record under `key`, as this transaction sees it.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::CorruptState`].
    pub fn get(&self, tx: &Transaction<'_>, key: &str) -> Result<Option<M>, Error> {
        let found = tx.get(&self.state, self.place(key.as_bytes()))?;
        found.map(|bytes| self.decode(&bytes)).transpose()
    }

    /// Writes the record under `key`.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn put(&self, tx: &mut Transaction<'_>, key: &str, record: &M) -> Result<(), Error> {
        let place = self.place(key.as_bytes());
        Ok(tx.put(&self.state, place, record.encode_to_vec())?)
    }

    /// Forgets the record under `key`; does nothing if there is none.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn remove(&self, tx: &mut Transaction<'_>, key: &str) -> Result<(), Error> {
        Ok(tx.delete(&self.state, self.place(key.as_bytes()))?)
    }

    /// The committed record under `key`, outside of any transaction.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::CorruptState`].
    pub fn committed(&self, key: &str) -> Result<Option<M>, Error> {
        let found = self.state.get(self.place(key.as_bytes()))?;
        found.map(|bytes| self.decode(&bytes)).transpose()
    }

    /// The first `limit` keys, in their order, as this transaction sees them.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn keys(&self, tx: &Transaction<'_>, limit: usize) -> Result<Vec<String>, Error> {
        let entries = tx.scan(&self.state, &self.range(), limit)?;
        Ok(entries
            .iter()
            .map(|(place, _)| String::from_utf8_lossy(self.key(place)).into_owned())
            .collect())
    }

    /// A page of what is committed, in the order of keys (AIP-158): the records after
    /// `page_token`, each made into a `T` with its key, and the token of the next page, empty on
    /// the last. `page_size` 0 means 1,000; more than 10,000 is cut to that, and so is a page
    /// whose records take more than 2 MiB.
    ///
    /// # Errors
    /// [`Error::NegativePageSize`], [`Error::MalformedPageToken`], [`Error::Store`],
    /// [`Error::CorruptState`].
    pub fn page<T>(
        &self,
        page_size: i32,
        page_token: &str,
        make: impl Fn(&str, M) -> T,
    ) -> Result<(Vec<T>, String), Error> {
        let size = match usize::try_from(page_size) {
            Ok(0) => DEFAULT_PAGE,
            Ok(size) => size.min(MAX_PAGE),
            Err(_) => return Err(Error::NegativePageSize { found: page_size }),
        };
        let range = match last_of(page_token)? {
            Some(last) => self.range().after(self.place(&last)),
            None => self.range(),
        };
        let (mut page, mut bytes) = (Vec::new(), 0);
        let mut last = Vec::new();
        for entry in self.state.range(range) {
            let (place, value) = entry?;
            if page.len() == size || bytes >= MAX_PAGE_BYTES {
                return Ok((page, token(&last)));
            }
            bytes += value.len();
            let key = self.key(&place);
            last.clear();
            last.extend_from_slice(key);
            page.push(make(&String::from_utf8_lossy(key), self.decode(&value)?));
        }
        Ok((page, String::new()))
    }

    /// Where the record of a key lies in the state.
    fn place(&self, key: &[u8]) -> Vec<u8> {
        [self.name.as_bytes(), &[SEPARATOR], key].concat()
    }

    /// The key of the record that lies there.
    fn key<'a>(&self, place: &'a [u8]) -> &'a [u8] {
        &place[self.name.len() + 1..]
    }

    fn range(&self) -> KeyRange {
        KeyRange::prefix(self.place(&[]))
    }

    fn decode(&self, bytes: &[u8]) -> Result<M, Error> {
        self.decode_as(bytes)
    }

    /// Decodes a message that is kept inside a record of this table.
    pub(crate) fn decode_as<T: Message + Default>(&self, bytes: &[u8]) -> Result<T, Error> {
        T::decode(bytes).map_err(|error| Error::CorruptState {
            state: self.name.to_owned(),
            found: error.to_string(),
        })
    }
}

impl Table<u64> {
    /// Draws the next number of the series `name`, from 1. A transaction that aborts gives its
    /// number back.
    ///
    /// # Errors
    /// As of [`Table::get`] and [`Table::put`].
    pub fn draw(&self, tx: &mut Transaction<'_>, name: &str) -> Result<u64, Error> {
        let number = self.get(tx, name)?.unwrap_or_default() + 1;
        self.put(tx, name, &number)?;
        Ok(number)
    }
}

fn token(last: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode([&[TOKEN_VERSION], last].concat())
}

/// The last key of the page before.
fn last_of(page_token: &str) -> Result<Option<Vec<u8>>, Error> {
    if page_token.is_empty() {
        return Ok(None);
    }
    match URL_SAFE_NO_PAD.decode(page_token).as_deref() {
        Ok([TOKEN_VERSION, last @ ..]) => Ok(Some(last.to_vec())),
        Ok(_) | Err(_) => Err(Error::MalformedPageToken {
            found: page_token.chars().take(64).collect(),
        }),
    }
}
