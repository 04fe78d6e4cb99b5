//! Fail stop: what a store does when its engine fails to write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use pavane::feed::v1::Event;

use super::{Store, TransactError};
use crate::engine::{
    Engine, Entry, FeedId, FeedRecord, FjallEngine, FjallOptions, Group, StateId, SubjectRun,
};
use crate::record::Chunk;
use crate::{Access, Error, KeyRange, Options, Sequence};

/// Fails every write once told to, and counts the attempts.
struct Failing {
    inner: FjallEngine,
    broken: AtomicBool,
    attempts: AtomicUsize,
}

impl Engine for Failing {
    fn feeds(&self) -> Result<Vec<FeedRecord>, Error> {
        self.inner.feeds()
    }

    fn head(&self, feed: FeedId) -> Result<Sequence, Error> {
        self.inner.head(feed)
    }

    fn read(&self, feed: FeedId, after: Sequence, max_bytes: usize) -> Result<Vec<Chunk>, Error> {
        self.inner.read(feed, after, max_bytes)
    }

    fn subject(
        &self,
        feed: FeedId,
        subject: &str,
        from: Sequence,
        limit: usize,
    ) -> Result<Vec<SubjectRun>, Error> {
        self.inner.subject(feed, subject, from, limit)
    }

    fn state(&self, name: &str) -> Result<StateId, Error> {
        self.inner.state(name)
    }

    fn get(&self, state: StateId, key: &[u8]) -> Result<Option<Bytes>, Error> {
        self.inner.get(state, key)
    }

    fn range(&self, state: StateId, range: &KeyRange, limit: usize) -> Result<Vec<Entry>, Error> {
        self.inner.range(state, range, limit)
    }

    fn write(&self, group: &Group) -> Result<(), Error> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        if self.broken.load(Ordering::SeqCst) {
            return Err(Error::Engine {
                action: "write",
                reason: "the disk is gone".into(),
            });
        }
        self.inner.write(group)
    }
}

fn event() -> Event {
    Event {
        r#type: "t".to_owned(),
        ..Event::default()
    }
}

#[tokio::test]
async fn after_a_failed_write_nothing_is_written_and_everybody_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let options = FjallOptions {
        cache_bytes: 1 << 20,
        write_buffer_bytes: 1 << 20,
    };
    let engine = Arc::new(Failing {
        inner: FjallEngine::open(folder.path(), &options).unwrap(),
        broken: AtomicBool::new(false),
        attempts: AtomicUsize::new(0),
    });
    let store = Store::start(Options::new(folder.path()), engine.clone(), None).unwrap();
    let feed = store.feed("orders", Access::Owner).unwrap();
    let state = store.state("s").unwrap();
    let append = |id: &str| {
        let (feed, state, id) = (feed.clone(), state.clone(), id.to_owned());
        store.transact(move |transaction| {
            transaction.put(&state, "last", id)?;
            transaction.append(&feed, event())
        })
    };
    append("good").await.unwrap();
    let failed = store.failed();
    engine.broken.store(true, Ordering::SeqCst);
    let before = engine.attempts.load(Ordering::SeqCst);

    let waiting = store.reserve().await.unwrap();
    let lost = append("lost").await.unwrap_err();
    assert!(
        matches!(&lost, TransactError::Store(Error::Stopped { .. })),
        "{lost}"
    );
    let expected = "the store has stopped after a failed write: the storage engine failed to \
                    write: the disk is gone";
    assert_eq!(lost.to_string(), expected);
    assert_eq!(failed.await.to_string(), expected);

    // Even once the disk is back, nothing is tried again.
    engine.broken.store(false, Ordering::SeqCst);
    let late = waiting.submit(|_| Ok::<_, Error>(())).await.unwrap_err();
    assert!(
        matches!(late, TransactError::Store(Error::Stopped { .. })),
        "{late}"
    );
    assert!(matches!(store.reserve().await, Err(Error::Stopped { .. })));
    assert!(matches!(
        store.feed("new", Access::Owner),
        Err(Error::Stopped { .. })
    ));
    assert!(matches!(
        feed.trim(Sequence::new(1)).await,
        Err(Error::Stopped { .. })
    ));
    assert_eq!(engine.attempts.load(Ordering::SeqCst), before + 1);

    // What was durable can still be read; what was lost was never seen.
    assert_eq!(feed.head(), Sequence::new(1));
    assert_eq!(feed.read(Sequence::ZERO, 9, 1 << 20).unwrap().len(), 1);
    assert_eq!(state.get("last").unwrap().unwrap(), "good");
    store.close().await;
}
