//! A folder with feeds and states, and the one thread that writes to it.

mod directory;
mod identity;
mod overlay;
mod queue;
mod retention;
mod shared;
mod staging;
#[cfg(test)]
mod tests;
mod transaction;
mod writer;

use std::collections::HashMap;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

pub use queue::{Ack, Permit, TransactError};
pub(crate) use shared::Shared;
pub use transaction::Transaction;

use crate::cursor::Incarnation;
use crate::engine::{Engine, FeedId, FeedRecord, FjallEngine, FjallOptions};
use crate::feed::Core;
use crate::{Access, Error, Feed, Options, Sequence, State};

/// Longest name of a feed or a state, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// Feeds and states in one folder. A cheap handle; all handles are of the same store.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

impl Store {
    /// Opens the store in `options.data_dir`, making it if there is none, and starts its writer.
    /// Blocks while the journal is read. Errors: [`Error::InUse`], [`Error::NewerFormat`],
    /// [`Error::NotAStore`], [`Error::OtherOwner`], [`Error::InvalidName`] of the owner,
    /// [`Error::Damaged`], [`Error::Io`], [`Error::Engine`], [`Error::Corrupt`].
    pub fn open(options: Options) -> Result<Self, Error> {
        options.owner.as_deref().map_or(Ok(()), check_name)?;
        let directory = directory::Directory::open(&options.data_dir, options.owner.as_deref())?;
        let settings = FjallOptions {
            cache_bytes: options.cache_bytes,
            write_buffer_bytes: options.write_buffer_bytes,
        };
        let (database, is_new) = directory.database()?;
        if !is_new {
            FjallEngine::inspect(&database)?;
        }
        let engine = FjallEngine::open(&database, &settings)?;
        if is_new {
            directory.database_is_made()?;
        }
        Self::start(options, Arc::new(engine), Some(directory))
    }

    /// Starts a store on an engine that is already open.
    pub(crate) fn start(
        options: Options,
        engine: Arc<dyn Engine>,
        directory: Option<directory::Directory>,
    ) -> Result<Self, Error> {
        let mut feeds = HashMap::new();
        for record in engine.feeds()? {
            // After everything was trimmed, only the record knows how far the feed had come.
            let head = engine.head(record.id)?.max(record.earliest.previous());
            let core = Core::new(record, head, options.limits.live_bytes);
            if options.retention.max_bytes.is_some() {
                retention::count_bytes(&core, engine.as_ref())?;
            }
            feeds.insert(core.name.clone(), Arc::new(core));
        }
        if let Some(directory) = &directory {
            directory.check(&feeds)?;
            directory.record(&feeds)?;
        }
        let shared = Shared::start(options, engine, directory, feeds)?;
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// The folder that it is in.
    pub fn folder(&self) -> &Path {
        &self.shared.options.data_dir
    }

    /// Opens a feed, making it if there is none of that name; `access` holds from now on. Waits for
    /// the writer, so call it when starting up, never inside a transaction.
    /// Errors: [`Error::InvalidName`], [`Error::Stopped`], [`Error::Closed`].
    pub fn feed(&self, name: &str, access: Access) -> Result<Feed, Error> {
        self.open_feed(name, Some(access))
    }

    /// Opens a feed as it is, making it for anyone to publish to if there is none of that name.
    pub(crate) fn open_or_make_feed(&self, name: &str) -> Result<Feed, Error> {
        self.open_feed(name, None)
    }

    fn open_feed(&self, name: &str, access: Option<Access>) -> Result<Feed, Error> {
        check_name(name)?;
        let mut feeds = self.shared.feeds.lock();
        let core = match feeds.get(name) {
            Some(core) => {
                if let Some(access) = access.filter(|access| *access != core.access()) {
                    self.shared.define(core.clone(), access)?;
                }
                core.clone()
            }
            None => {
                let access = access.unwrap_or(Access::Anyone);
                let core = Arc::new(self.new_feed(name, access, &feeds)?);
                self.shared.define(core.clone(), access)?;
                feeds.insert(name.to_owned(), core.clone());
                self.shared.record(&feeds)?;
                core
            }
        };
        Ok(Feed {
            core,
            shared: self.shared.clone(),
        })
    }

    fn new_feed(
        &self,
        name: &str,
        access: Access,
        feeds: &HashMap<String, Arc<Core>>,
    ) -> Result<Core, Error> {
        let limits = &self.shared.options.limits;
        if feeds.len() >= limits.feeds {
            return Err(Error::TooManyFeeds {
                limit: limits.feeds,
            });
        }
        let record = FeedRecord {
            id: FeedId(feeds.values().map(|core| core.id.0 + 1).max().unwrap_or(0)),
            name: name.to_owned(),
            incarnation: Incarnation::random(),
            access,
            create_time_ms: now_ms(),
            earliest: Sequence::new(1),
        };
        Ok(Core::new(record, Sequence::ZERO, limits.live_bytes))
    }

    /// The feed of this name. Errors: [`Error::NotFound`], which knows the nearest name.
    pub fn find_feed(&self, name: &str) -> Result<Feed, Error> {
        let feeds = self.shared.feeds.lock();
        let core = feeds.get(name).cloned().ok_or_else(|| Error::NotFound {
            name: name.chars().take(MAX_NAME_BYTES).collect(),
            nearest: pavane::nearest(name, feeds.keys().map(String::as_str)).map(str::to_owned),
        })?;
        Ok(Feed {
            core,
            shared: self.shared.clone(),
        })
    }

    /// Every feed, by name.
    pub fn feeds(&self) -> Vec<Feed> {
        let mut feeds: Vec<Feed> = self
            .shared
            .feeds
            .lock()
            .values()
            .map(|core| Feed {
                core: core.clone(),
                shared: self.shared.clone(),
            })
            .collect();
        feeds.sort_by(|a, b| a.name().cmp(b.name()));
        feeds
    }

    /// Opens a state, making it if there is none of that name. Names are as of feeds.
    pub fn state(&self, name: &str) -> Result<State, Error> {
        check_name(name)?;
        let id = self.shared.with_engine(|engine| engine.state(name))??;
        Ok(State {
            id,
            shared: self.shared.clone(),
        })
    }

    /// Waits for a place among those who may write. First come, first served.
    /// Errors: [`Error::Stopped`], [`Error::Closed`].
    pub async fn reserve(&self) -> Result<Permit, Error> {
        queue::reserve(&self.shared).await
    }

    /// A place among those who may write, if one is free now. Errors: [`Error::QueueFull`],
    /// [`Error::Stopped`], [`Error::Closed`].
    pub fn try_reserve(&self) -> Result<Permit, Error> {
        queue::try_reserve(&self.shared)
    }

    /// Runs `transaction` on the writer's thread, after all that were submitted before it, and
    /// resolves when what it wrote is durable. It sees all earlier writes, so transactions are
    /// serializable. If it returns an error or panics, nothing of it remains. It must be quick and
    /// must not block: everybody else waits.
    pub async fn transact<T, E, F>(&self, transaction: F) -> Result<T, TransactError<E>>
    where
        F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        self.reserve().await?.submit(transaction).await
    }

    /// Resolves with the error when the store stops after its first failed write or sync; never
    /// otherwise.
    pub fn failed(&self) -> impl Future<Output = Error> + Send + 'static {
        self.shared.failure.happened()
    }

    /// Lets all that was submitted finish, stops the writer and gives the folder free, whatever
    /// handles still exist. Subscriptions end with [`Error::Closed`].
    pub async fn close(&self) {
        let shared = self.shared.clone();
        let closing = tokio::task::spawn_blocking(move || shared.close());
        closing.await.expect("closing does not panic");
    }

    pub(crate) fn options(&self) -> &Options {
        &self.shared.options
    }

    pub(crate) fn request_ids(&self) -> Result<State, Error> {
        let id = self
            .shared
            .with_engine(|engine| engine.state(REQUEST_IDS))??;
        Ok(State {
            id,
            shared: self.shared.clone(),
        })
    }
}

/// The state behind idempotent publishing; its name is one that no service's state can have.
const REQUEST_IDS: &str = "#request-ids";

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Store")
            .field("data_dir", &self.shared.options.data_dir)
            .finish_non_exhaustive()
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let valid = (1..=MAX_NAME_BYTES).contains(&name.len())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'));
    if valid {
        return Ok(());
    }
    Err(Error::InvalidName {
        name: name.chars().take(MAX_NAME_BYTES).collect(),
    })
}

fn now_ms() -> u64 {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}
