//! The runtime: one task around the core of a member, and the handle by which it is told and asked.

mod actor;
mod calls;
mod catch_up;
pub(crate) mod input;
mod line;
mod open;
mod prepare;
mod timers;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use pavane::workflow::v1::GetParticipantResponse;
use pavane_clock::Clock;
use pavane_flow::Timestamp;
use pavane_flow::choreography::member::{Action, Member};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::parts::{Parts, Prepared};
use crate::peers::{Follow, Peers};
use crate::{Error, Host, Options, view};
use input::{Input, Reply};

/// A member of choreographies at work. A cheap handle; the member stops when it is told to, not when
/// the last handle is gone.
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

struct Inner {
    host: Arc<dyn Host>,
    options: Options,
    shared: Arc<Shared>,
    parts: Parts,
    inputs: mpsc::Sender<Input>,
    follow: Follow,
    /// One preparation at a time.
    preparing: tokio::sync::Mutex<()>,
    stop: CancellationToken,
    cut: CancellationToken,
    ended: watch::Receiver<Option<Result<(), Error>>>,
}

/// What the task changes and others look at.
pub(crate) struct Shared {
    pub(crate) member: Mutex<Member>,
    pub(crate) peers: Mutex<Peers>,
    /// By revision.
    pub(crate) prepared: Mutex<HashMap<String, Prepared>>,
    pub(crate) clock: Clock,
}

impl Runtime {
    /// Tells the core something, in its turn, and returns what `tell` returns once all that followed
    /// from it is durable.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn tell<R, F>(&self, tell: F) -> Result<R, Error>
    where
        R: Send + 'static,
        F: FnOnce(&mut Member, Timestamp, &mut Vec<Action>) -> R + Send + 'static,
    {
        self.ask(|reply| {
            Input::Tell(Box::new(move |member, now, out| {
                let result = tell(member, now, out);
                reply_with(reply, result)
            }))
        })
        .await
    }

    async fn ask<R: Send + 'static>(
        &self,
        input: impl FnOnce(oneshot::Sender<R>) -> Input,
    ) -> Result<R, Error> {
        let (reply, replied) = oneshot::channel();
        let sent = self.0.inputs.send(input(reply)).await;
        sent.map_err(|_| Error::Stopped)?;
        replied.await.map_err(|_| Error::Stopped)
    }

    /// Looks at the core as it is now: ahead of what is durable by what is in line. Nothing goes on
    /// meanwhile, so it must be quick.
    pub fn look<R>(&self, look: impl FnOnce(&Member) -> R) -> R {
        look(&self.0.shared.member.lock())
    }

    /// What GetParticipant answers.
    pub fn describe(&self) -> GetParticipantResponse {
        view::describe(self.0.host.identity(), &self.0.shared)
    }

    /// Waits until it cannot go on; for ever, if it ends because it was told to.
    pub async fn failed(&self) -> Error {
        match self.ended().await {
            Ok(()) => std::future::pending().await,
            Err(error) => error,
        }
    }

    /// Which life of a peer's feed is followed. `None`: it was never prepared for it.
    pub fn incarnation_of(&self, peer: &str) -> Option<String> {
        let peers = self.0.shared.peers.lock();
        peers.0.get(peer).map(|peer| peer.place.incarnation.clone())
    }

    async fn ended(&self) -> Result<(), Error> {
        let mut ended = self.0.ended.clone();
        let outcome = ended.wait_for(Option::is_some).await;
        let outcome = outcome.map_err(|_| Error::Stopped)?;
        outcome.clone().expect("waited for")
    }

    /// Hears nothing any more and begins no further call, waits until those on their way are recorded,
    /// or until the bound, and remembers where it stands.
    pub async fn stop(&self, bound: Duration) {
        self.0.stop.cancel();
        if tokio::time::timeout(bound, self.ended()).await.is_err() {
            tracing::warn!(
                ?bound,
                "calls in flight did not end in time; they are made again"
            );
            self.0.cut.cancel();
            // What became of it was logged.
            let _ = self.ended().await;
        }
    }
}

/// Answers with this; whoever asked may have gone.
fn reply_with<R: Send + 'static>(reply: oneshot::Sender<R>, result: R) -> Reply {
    Box::new(move || drop(reply.send(result)))
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Runtime")
            .field("identity", self.0.host.identity())
            .finish_non_exhaustive()
    }
}
