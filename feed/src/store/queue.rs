//! The way to the writer: a place in a bounded queue, a transaction put there, and the answer.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::task::{Context, Poll, ready};

use tokio::sync::{TryAcquireError, oneshot};

use super::shared::{Failure, Shared};
use super::transaction::Transaction;
use crate::feed::Core;
use crate::{Access, Error, Sequence};

/// Why a transaction left no trace, or may have left one.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TransactError<E> {
    /// The transaction returned this error; what it wrote was discarded.
    #[error(transparent)]
    Aborted(E),
    /// The store could not run it, or could not make it durable. After [`Error::Stopped`] it is
    /// unknown whether a reopened store will have it.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<TransactError<Error>> for Error {
    fn from(error: TransactError<Error>) -> Self {
        match error {
            TransactError::Aborted(error) | TransactError::Store(error) => error,
        }
    }
}

/// What the writer is told.
pub(super) enum Message {
    /// Run a transaction as part of a group. Holds a place in the queue.
    Run(Box<dyn Job>),
    /// Do something else, between groups.
    Control(Box<Control>),
}

pub(super) enum Control {
    /// Remember a feed and who may publish to it.
    Define {
        core: Arc<Core>,
        access: Access,
        reply: SyncSender<Result<(), Error>>,
    },
    /// Forget the commits up to a position.
    Trim {
        core: Arc<Core>,
        through: Sequence,
        reply: oneshot::Sender<Result<(), Error>>,
    },
    /// Stop.
    Close,
}

/// A transaction whose types are hidden from the writer.
pub(super) trait Job: Send {
    /// Runs it; whether what it wrote is to be kept.
    fn run(&mut self, transaction: &mut Transaction<'_>) -> bool;

    /// Tells whoever waits that the group is durable, or why it is not.
    fn settle(self: Box<Self>, written: Result<(), Error>);
}

struct Task<F, T, E> {
    transaction: Option<F>,
    outcome: Option<Result<T, TransactError<E>>>,
    reply: oneshot::Sender<Result<T, TransactError<E>>>,
}

impl<F, T, E> Job for Task<F, T, E>
where
    F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send,
    T: Send,
    E: Send,
{
    fn run(&mut self, transaction: &mut Transaction<'_>) -> bool {
        let run = self.transaction.take().expect("the writer runs a job once");
        // What a panic leaves behind is discarded: nothing is seen in a broken state.
        let outcome = match catch_unwind(AssertUnwindSafe(|| run(transaction))) {
            Ok(outcome) => outcome.map_err(TransactError::Aborted),
            Err(panic) => Err(Error::Panicked {
                message: panic_message(panic.as_ref()),
            }
            .into()),
        };
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn settle(self: Box<Self>, written: Result<(), Error>) {
        let outcome = match written {
            Ok(()) => self
                .outcome
                .expect("the writer settles a job after it has run"),
            // Even a transaction that was given up may have been so for what is now lost.
            Err(error) => Err(error.into()),
        };
        // Whoever asked may have gone.
        let _ = self.reply.send(outcome);
    }
}

pub(super) fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

pub(super) async fn reserve(shared: &Arc<Shared>) -> Result<Permit, Error> {
    let place = shared
        .places
        .acquire()
        .await
        .map_err(|_| shared.refusal())?;
    place.forget();
    Ok(Permit {
        shared: Some(shared.clone()),
    })
}

pub(super) fn try_reserve(shared: &Arc<Shared>) -> Result<Permit, Error> {
    let place = shared.places.try_acquire().map_err(|error| match error {
        TryAcquireError::NoPermits => Error::QueueFull {
            limit: shared.options.limits.waiting_transactions,
        },
        TryAcquireError::Closed => shared.refusal(),
    })?;
    place.forget();
    Ok(Permit {
        shared: Some(shared.clone()),
    })
}

/// A place among those who may write. Dropping it gives the place to the next.
#[must_use = "a place that is not used should be given back at once"]
pub struct Permit {
    /// `None`: the place was used; the writer gives it back.
    shared: Option<Arc<Shared>>,
}

impl Permit {
    /// Submits a transaction: see [`Store::transact`](crate::Store::transact). Never blocks; the
    /// order of submissions is the order of transactions.
    pub fn submit<T, E, F>(mut self, transaction: F) -> Ack<T, E>
    where
        F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let shared = self.shared.take().expect("a permit is used once");
        let (reply, receiver) = oneshot::channel();
        let task = Task {
            transaction: Some(transaction),
            outcome: None,
            reply,
        };
        shared.send(Message::Run(Box::new(task)));
        Ack {
            receiver,
            failure: shared.failure.clone(),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            shared.places.add_permits(1);
        }
    }
}

impl std::fmt::Debug for Permit {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Permit").finish_non_exhaustive()
    }
}

/// Resolves when a submitted transaction is durable or was given up. Dropping it takes nothing back.
#[must_use = "what was submitted is durable only when this resolves"]
#[derive(Debug)]
pub struct Ack<T, E> {
    receiver: oneshot::Receiver<Result<T, TransactError<E>>>,
    failure: Failure,
}

impl<T, E> Future for Ack<T, E> {
    type Output = Result<T, TransactError<E>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = ready!(Pin::new(&mut self.receiver).poll(context));
        // Without an answer, the writer has gone.
        Poll::Ready(outcome.unwrap_or_else(|_| Err(self.failure.refusal().into())))
    }
}
