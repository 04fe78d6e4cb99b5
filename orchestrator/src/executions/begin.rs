//! How an execution comes to live: it is started.

use std::sync::Arc;

use bytes::Bytes;
use pavane::trace::Trace;
use pavane_flow::driver::{Driver, Performers};
use pavane_flow::event::{Event, Origin};
use pavane_flow::fold::Outcome;
use pavane_flow::plan::Plan;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::resting::Entry;
use super::{Executions, Live, Waiter};
use crate::journal::{Resting, Start};
use crate::{Error, GoesOn};

/// What an execution is started with.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) id: Arc<str>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) input: Bytes,
    pub(crate) origin: Origin,
    pub(crate) trace: Trace,
}

/// What an execution is taken up from.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) id: Arc<str>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) trace: Trace,
    pub(crate) start: Start,
    /// How the journal says that it rests.
    pub(crate) resting: Option<Resting>,
    pub(crate) events: Vec<Event>,
}

impl Executions {
    /// Starts an execution, and answers when its start is durable. `waiter` is told the outcome.
    /// If an execution of this id lives already, nothing is started; that one's outcome is returned.
    ///
    /// Errors: [`Error::LimitExceeded`], those of the journal.
    pub(crate) async fn start(
        &self,
        beginning: Beginning,
        waiter: Waiter,
    ) -> Result<Option<oneshot::Receiver<Outcome>>, Error> {
        let place = self.place()?;
        let Beginning {
            id,
            plan,
            input,
            origin,
            trace,
        } = beginning;
        let permit = self.0.journal.reserve().await?;
        let mut actions = Vec::new();
        let conductor = Driver::start(
            plan,
            Performers::Conductor,
            Arc::clone(&id),
            input,
            origin,
            self.now(),
            &mut actions,
        );
        let live = Arc::new(Live::new(conductor, trace, Start::default(), None));
        live.seat(vec![waiter], Some(place));
        let taken_in = {
            // Nobody finds the execution before its start is in line.
            let mut shard = self.shard(&id).write();
            if let Some(other) = shard.get_mut(&id) {
                return Ok(Some(other.wait()));
            }
            let taken_in = self.put_in_line(permit, &live, &live.lock(), actions)?;
            shard.insert(Arc::clone(&id), Entry::Live(Arc::clone(&live)));
            taken_in
        };
        // In a task of its own: whoever asked may go away, the execution goes on.
        let (begun, started) = oneshot::channel();
        let this = self.clone();
        self.0.tasks.spawn(async move {
            match this.settle(&live, taken_in).await {
                Ok(calls) => {
                    let _ = begun.send(Ok(None));
                    this.carry_on(live, calls).await;
                }
                Err(error) => {
                    this.forget(&live);
                    let _ = begun.send(Err(error));
                }
            }
        });
        let ended = || Error::GoesOn {
            execution: id.to_string(),
            why: GoesOn::ShuttingDown,
        };
        started.await.unwrap_or_else(|_| Err(ended()))
    }

    /// A place among the executions that may live. Errors: [`Error::LimitExceeded`].
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, Error> {
        let place = Arc::clone(&self.0.places).try_acquire_owned();
        place.map_err(|_| Error::LimitExceeded {
            what: "the number of executions that have not ended",
            limit: self.0.limit,
            found: self.0.limit + 1,
        })
    }
}
