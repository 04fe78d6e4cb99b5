//! What all handles of a store share: the engine for reading, the way to the writer, and whether the
//! store still runs.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::directory::Directory;
use super::queue::{Control, Message};
use super::writer::Writer;
use crate::engine::Engine;
use crate::feed::Core;
use crate::{Access, Error, Options, Sequence};

/// Room in the queue beyond the places of transactions, for control messages.
const CONTROL_ROOM: usize = 64;

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(super) feeds: Mutex<HashMap<String, Arc<Core>>>,
    pub(super) places: Arc<Semaphore>,
    pub(super) failure: Failure,
    /// Cancelled when the store is closed.
    pub(crate) closed: CancellationToken,
    inbox: SyncSender<Message>,
    /// `None` once closed. Readers hold the lock while they read, so that closing waits for them.
    opened: RwLock<Option<Opened>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// Dropped in this order: the folder is free only when the engine has let go of it.
struct Opened {
    engine: Arc<dyn Engine>,
    directory: Option<Directory>,
}

impl Shared {
    pub(super) fn start(
        options: Options,
        engine: Arc<dyn Engine>,
        directory: Option<Directory>,
        feeds: HashMap<String, Arc<Core>>,
    ) -> Result<Self, Error> {
        let (inbox, receiver) = sync_channel(options.limits.waiting_transactions + CONTROL_ROOM);
        let places = Arc::new(Semaphore::new(options.limits.waiting_transactions));
        let failure = Failure::default();
        let cores = feeds.values().cloned().collect();
        let writer = Writer::new(
            &options,
            engine.clone(),
            receiver,
            places.clone(),
            failure.clone(),
            cores,
        );
        let thread = thread::Builder::new()
            .name("feed-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| Error::io("start the writer's thread", error))?;
        Ok(Self {
            options,
            feeds: Mutex::new(feeds),
            places,
            failure,
            closed: CancellationToken::new(),
            inbox,
            opened: RwLock::new(Some(Opened { engine, directory })),
            writer: Mutex::new(Some(thread)),
        })
    }

    /// Reads from the engine. Errors: [`Error::Closed`].
    pub(crate) fn with_engine<T>(&self, read: impl FnOnce(&dyn Engine) -> T) -> Result<T, Error> {
        let opened = self.opened.read();
        let engine = &opened.as_ref().ok_or(Error::Closed)?.engine;
        Ok(read(engine.as_ref()))
    }

    /// Writes down beside the database which feeds there are. Errors: [`Error::Closed`],
    /// [`Error::Io`].
    pub(super) fn record(&self, feeds: &HashMap<String, Arc<Core>>) -> Result<(), Error> {
        let opened = self.opened.read();
        let opened = opened.as_ref().ok_or(Error::Closed)?;
        let directory = opened.directory.as_ref();
        directory.map_or(Ok(()), |directory| directory.record(feeds))
    }

    /// Never blocks for a message that holds a place. If the writer has gone, the message is
    /// dropped, and whoever waits for its answer learns it by that.
    pub(super) fn send(&self, message: Message) {
        let _ = self.inbox.send(message);
    }

    /// Why nothing can be written.
    pub(super) fn refusal(&self) -> Error {
        self.failure.refusal()
    }

    /// Has the writer remember a feed and who may publish to it; waits for it.
    pub(super) fn define(&self, core: Arc<Core>, access: Access) -> Result<(), Error> {
        let (reply, answer) = sync_channel(1);
        self.send(Message::Control(Box::new(Control::Define {
            core,
            access,
            reply,
        })));
        answer.recv().unwrap_or_else(|_| Err(self.refusal()))
    }

    pub(crate) async fn trim(&self, core: Arc<Core>, through: Sequence) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Control(Box::new(Control::Trim {
            core,
            through,
            reply,
        })));
        answer.await.unwrap_or_else(|_| Err(self.refusal()))
    }

    /// Stops the writer after what was submitted, and lets go of the folder.
    pub(super) fn close(&self) {
        self.places.close();
        self.closed.cancel();
        self.stop_writer();
        self.let_go();
    }

    /// Writes down how far each feed has come, and gives the folder free.
    fn let_go(&self) {
        // Not while holding the lock: whoever opens a feed takes the two the other way round.
        let opened = self.opened.write().take();
        let Some(directory) = opened.as_ref().and_then(|it| it.directory.as_ref()) else {
            return;
        };
        // A lower bound from before does no harm, so nobody need fail for it.
        if let Err(error) = directory.record(&self.feeds.lock()) {
            tracing::warn!(%error, "how far the feeds have come was not written down");
        }
    }

    fn stop_writer(&self) {
        let Some(writer) = self.writer.lock().take() else {
            return;
        };
        self.send(Message::Control(Box::new(Control::Close)));
        // The last handle may be dropped by a transaction, on the writer's own thread.
        if writer.thread().id() != thread::current().id() {
            writer.join().expect("the writer catches its panics");
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.stop_writer();
        self.let_go();
    }
}

/// The first failed write, and all who want to know of it. Set once.
#[derive(Debug, Clone)]
pub(super) struct Failure(Arc<watch::Sender<Option<Error>>>);

impl Default for Failure {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Failure {
    /// From now on nothing is written. Returns what everybody is told.
    pub(super) fn set(&self, reason: &str) -> Error {
        let stopped = Error::Stopped {
            reason: reason.into(),
        };
        self.0.send_if_modified(|failure| {
            let first = failure.is_none();
            failure.get_or_insert_with(|| stopped.clone());
            first
        });
        self.get().unwrap_or(stopped)
    }

    pub(super) fn get(&self) -> Option<Error> {
        self.0.borrow().clone()
    }

    /// Why nothing can be written: the failure, or else that the store is closed.
    pub(super) fn refusal(&self) -> Error {
        self.get().unwrap_or(Error::Closed)
    }

    pub(super) fn happened(&self) -> impl Future<Output = Error> + Send + 'static {
        let mut failure = self.0.subscribe();
        async move {
            loop {
                if let Some(error) = failure.borrow_and_update().clone() {
                    return error;
                }
                if failure.changed().await.is_err() {
                    // The store went without having failed.
                    return std::future::pending().await;
                }
            }
        }
    }
}
