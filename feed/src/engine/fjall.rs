//! The embedded engine: one fjall database in one folder. Every write is one atomic batch and one
//! sync; nothing is retried, since a sync that failed once says nothing when it succeeds later.

mod folder;

use std::fmt::Display;
use std::path::Path;

use bytes::Bytes;
use fjall::config::{CompressionPolicy, FilterPolicy};
use fjall::{
    AbstractTree, CompressionType, Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch,
    PersistMode,
};
use parking_lot::RwLock;

use super::{Engine, Entry, FeedId, FeedRecord, Group, StateId, SubjectRun, keys};
use crate::record::Chunk;
use crate::{Error, KeyRange, Sequence};

/// Sealed journals are flushed and deleted beyond this; a reopening reads what is left. The least
/// that fjall accepts.
const JOURNAL_BYTES: u64 = 64 << 20;

/// The length of a run, as the index has it.
const ONE: [u8; 4] = 1_u32.to_be_bytes();

pub(crate) struct FjallOptions {
    pub cache_bytes: u64,
    pub write_buffer_bytes: u64,
}

pub(crate) struct FjallEngine {
    database: Database,
    feeds: Keyspace,
    events: Keyspace,
    subjects: Keyspace,
    /// By [`StateId`].
    states: RwLock<Vec<(String, Keyspace)>>,
    event_buffer_bytes: u64,
    small_buffer_bytes: u64,
}

impl FjallEngine {
    /// Whether all is there that a database, once made, never lacks. Changes nothing.
    pub(crate) fn inspect(folder: &Path) -> Result<(), Error> {
        folder::inspect(folder)
    }

    /// Opens the database in a folder, making it if the folder is empty. One that is cut off while
    /// being made cannot be opened again.
    pub(crate) fn open(folder: &Path, options: &FjallOptions) -> Result<Self, Error> {
        let database = Database::builder(folder)
            .cache_size(options.cache_bytes)
            .max_journaling_size(JOURNAL_BYTES)
            // One flushes while others compact; with one alone, writes wait for compactions. With two,
            // the first, which never compacts, takes what waits for the other and puts it back, over
            // and over: a core is busy with that for as long as a compaction lasts.
            .worker_threads(3)
            // Journals live for seconds and are read once, if at all.
            .journal_compression(CompressionType::None)
            .open()
            .map_err(|error| folder::refused(folder, error))?;
        // Read by ranges only: a filter of keys would be built for nothing.
        let keyspace = |name: &str, buffer_bytes: u64| {
            let options = || {
                KeyspaceCreateOptions::default()
                    .max_memtable_size(buffer_bytes * 2)
                    .filter_policy(FilterPolicy::disabled())
                    .data_block_compression_policy(CompressionPolicy::new([
                        CompressionType::None,
                        CompressionType::Lz4,
                    ]))
            };
            database
                .keyspace(name, options)
                .map_err(failed("open a keyspace"))
        };
        // Small entries take several times their size in memory.
        let small_buffer_bytes = options.write_buffer_bytes / 4;
        Ok(Self {
            feeds: keyspace("feeds", small_buffer_bytes)?,
            events: keyspace("events", options.write_buffer_bytes)?,
            subjects: keyspace("subjects", small_buffer_bytes)?,
            states: RwLock::default(),
            event_buffer_bytes: options.write_buffer_bytes,
            small_buffer_bytes,
            database,
        })
    }

    fn keyspace_of(&self, state: StateId) -> Keyspace {
        self.states.read()[state.0 as usize].1.clone()
    }

    /// Seals write buffers that are full and queues them to be flushed. fjall leaves this to its
    /// worker, and while that is busy a buffer grows without end; sealed ones it counts, and makes
    /// the writer wait when there are too many. (`rotate_memtable` and `tree` are hidden from
    /// fjall's documentation: look at them when raising its version.)
    fn bound_buffers(&self) -> Result<(), Error> {
        let bound = |keyspace: &Keyspace, bytes: u64| {
            if keyspace.tree.active_memtable().size() > bytes {
                keyspace
                    .rotate_memtable()
                    .map_err(failed("seal a write buffer"))?;
            }
            Ok(())
        };
        bound(&self.events, self.event_buffer_bytes)?;
        bound(&self.subjects, self.small_buffer_bytes)?;
        bound(&self.feeds, self.small_buffer_bytes)?;
        self.states
            .read()
            .iter()
            .try_for_each(|(_, keyspace)| bound(keyspace, self.small_buffer_bytes))
    }

    fn append(
        &self,
        batch: &mut OwnedWriteBatch,
        appends: &[(FeedId, Chunk)],
    ) -> Result<(), Error> {
        let mut runs = Vec::new();
        let mut arena = Vec::new();
        for (feed, chunk) in appends {
            batch.insert(
                &self.events,
                keys::chunk(*feed, chunk.last),
                chunk.data.clone(),
            );
            chunk.subject_runs(|subject, first, length| {
                keys::run(*feed, subject, first, &mut arena);
                runs.push((arena.len(), length));
            })?;
        }
        // All keys of the index share one allocation, which stays as long as the last of them.
        arena.shrink_to_fit();
        let arena = Bytes::from(arena);
        let mut start = 0;
        for (end, length) in runs {
            let length = match length {
                1 => Bytes::from_static(&ONE), // nearly always
                _ => Bytes::copy_from_slice(&length.to_be_bytes()),
            };
            batch.insert(&self.subjects, arena.slice(start..end), length);
            start = end;
        }
        Ok(())
    }

    fn trim(&self, batch: &mut OwnedWriteBatch, trims: &[(FeedId, Chunk)]) -> Result<(), Error> {
        for (feed, chunk) in trims {
            batch.remove(&self.events, keys::chunk(*feed, chunk.last));
            chunk.subject_runs(|subject, first, _| {
                let mut key = Vec::new();
                keys::run(*feed, subject, first, &mut key);
                batch.remove(&self.subjects, key);
            })?;
        }
        Ok(())
    }
}

impl Engine for FjallEngine {
    fn feeds(&self) -> Result<Vec<FeedRecord>, Error> {
        self.feeds
            .iter()
            .map(|entry| {
                let (name, value) = entry.into_inner().map_err(failed("list feeds"))?;
                keys::decode_feed(&name.into(), &value)
            })
            .collect()
    }

    fn head(&self, feed: FeedId) -> Result<Sequence, Error> {
        let range = keys::chunk(feed, Sequence::ZERO)..=keys::chunk(feed, Sequence::new(u64::MAX));
        match self.events.range(range).next_back() {
            Some(entry) => keys::sequence(&entry.key().map_err(failed("learn a head"))?),
            None => Ok(Sequence::ZERO),
        }
    }

    fn read(&self, feed: FeedId, after: Sequence, max_bytes: usize) -> Result<Vec<Chunk>, Error> {
        let range = keys::chunk(feed, after.next())..=keys::chunk(feed, Sequence::new(u64::MAX));
        let mut chunks = Vec::new();
        let mut bytes = 0;
        for entry in self.events.range(range) {
            let (key, data) = entry.into_inner().map_err(failed("read events"))?;
            bytes += data.len();
            chunks.push(Chunk::stored(keys::sequence(&key)?, data.into())?);
            if bytes >= max_bytes {
                break;
            }
        }
        Ok(chunks)
    }

    fn subject(
        &self,
        feed: FeedId,
        subject: &str,
        from: Sequence,
        limit: usize,
    ) -> Result<Vec<SubjectRun>, Error> {
        let bound = |first| {
            let mut key = Vec::new();
            keys::run(feed, subject, first, &mut key);
            key
        };
        // Runs do not overlap: of those that begin before `from`, only the last may reach it.
        let mut before = self.subjects.range(bound(Sequence::ZERO)..=bound(from));
        let begin = match before.next_back() {
            Some(entry) => subject_run(entry)?.first,
            None => from,
        };
        self.subjects
            .range(bound(begin)..=bound(Sequence::new(u64::MAX)))
            .map(subject_run)
            .filter(|run| match run {
                Ok(run) => run.first.get() + u64::from(run.length) > from.get(),
                Err(_) => true,
            })
            .take(limit)
            .collect()
    }

    fn state(&self, name: &str) -> Result<StateId, Error> {
        let mut states = self.states.write();
        let place = match states.iter().position(|(known, _)| known == name) {
            Some(place) => place,
            None => {
                let options = || {
                    KeyspaceCreateOptions::default().max_memtable_size(self.small_buffer_bytes * 2)
                };
                let keyspace = self
                    .database
                    .keyspace(&format!("state.{name}"), options)
                    .map_err(failed("open a keyspace"))?;
                states.push((name.to_owned(), keyspace));
                states.len() - 1
            }
        };
        Ok(StateId(
            u32::try_from(place).expect("a store has few states"),
        ))
    }

    fn get(&self, state: StateId, key: &[u8]) -> Result<Option<Bytes>, Error> {
        let value = self
            .keyspace_of(state)
            .get(key)
            .map_err(failed("read a value"))?;
        Ok(value.map(Bytes::from))
    }

    fn range(&self, state: StateId, range: &KeyRange, limit: usize) -> Result<Vec<Entry>, Error> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        self.keyspace_of(state)
            .range::<&[u8], _>(range.bounds())
            .take(limit)
            .map(|entry| {
                let (key, value) = entry.into_inner().map_err(failed("read values"))?;
                Ok((key.into(), value.into()))
            })
            .collect()
    }

    fn write(&self, group: &Group) -> Result<(), Error> {
        let mut batch = self
            .database
            .batch()
            .durability(Some(PersistMode::SyncData));
        self.append(&mut batch, &group.appends)?;
        self.trim(&mut batch, &group.trims)?;
        for feed in &group.feeds {
            batch.insert(&self.feeds, feed.name.as_str(), keys::encode_feed(feed));
        }
        let states = self.states.read();
        for (state, key, value) in &group.state {
            let keyspace = &states[state.0 as usize].1;
            match value {
                Some(value) => batch.insert(keyspace, key.clone(), value.clone()),
                None => batch.remove(keyspace, key.clone()),
            }
        }
        drop(states);
        batch.commit().map_err(failed("write"))?;
        self.bound_buffers()
    }
}

fn subject_run(entry: fjall::Guard) -> Result<SubjectRun, Error> {
    let (key, length) = entry.into_inner().map_err(failed("read the index"))?;
    let length = length.as_ref().try_into().map(u32::from_be_bytes);
    let length = length.map_err(|_| Error::corrupt("an index entry has no length"))?;
    Ok(SubjectRun {
        first: keys::sequence(&key)?,
        length,
    })
}

fn failed<E: Display>(action: &'static str) -> impl Fn(E) -> Error {
    move |error| Error::Engine {
        action,
        reason: error.to_string().into(),
    }
}
