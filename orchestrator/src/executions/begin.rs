//! How an execution comes to live: it is started, or taken up from what was recorded.

use std::sync::Arc;

use bytes::Bytes;
use pavane::trace::Trace;
use pavane_flow::driver::{Driver, Performers};
use pavane_flow::event::{Event, Origin};
use pavane_flow::plan::Plan;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{Executions, Live, Waiter, report};
use crate::journal::Start;
use crate::{Error, GoesOn, clock};

/// What an execution is started with.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) id: Arc<str>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) input: Bytes,
    pub(crate) trace: Trace,
}

/// What an execution is taken up from.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) id: Arc<str>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) trace: Trace,
    pub(crate) start: Start,
    pub(crate) events: Vec<Event>,
}

impl Executions {
    /// Starts an execution, and answers when its start is durable. `waiter` is told the outcome.
    /// If an execution of this id lives already, nothing is started, and that one is returned.
    ///
    /// Errors: [`Error::LimitExceeded`], those of the journal.
    pub(crate) async fn start(
        &self,
        beginning: Beginning,
        waiter: Waiter,
    ) -> Result<Option<Arc<Live>>, Error> {
        let place = self.place()?;
        let Beginning {
            id,
            plan,
            input,
            trace,
        } = beginning;
        let permit = self.0.journal.reserve().await?;
        let mut actions = Vec::new();
        let conductor = Driver::start(
            plan,
            Performers::Conductor,
            Arc::clone(&id),
            input,
            Origin::default(),
            clock::now(),
            &mut actions,
        );
        let live = Live::new(
            conductor,
            trace,
            Start::default(),
            Some(waiter),
            Some(place),
        );
        let live = Arc::new(live);
        let taken_in = {
            // Nobody finds the execution before its start is in line.
            let mut shard = self.shard(&id).write();
            if let Some(other) = shard.get(&id) {
                return Ok(Some(Arc::clone(other)));
            }
            let taken_in = self.put_in_line(permit, &live, &live.lock(), actions)?;
            shard.insert(Arc::clone(&id), Arc::clone(&live));
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

    /// Takes up an execution from what was recorded, and lets it go on. It lives whatever the limit
    /// is now.
    pub(crate) async fn restore(&self, record: Record) -> Result<(), Error> {
        let Record {
            id,
            plan,
            trace,
            start,
            events,
        } = record;
        let permit = self.0.journal.reserve().await?;
        let mut actions = Vec::new();
        let conductor = Driver::restore(plan, Arc::clone(&id), events, clock::now(), &mut actions);
        let live = Arc::new(Live::new(conductor, trace, start, None, self.place().ok()));
        let taken_in = self.put_in_line(permit, &live, &live.lock(), actions)?;
        self.shard(&id).write().insert(id, Arc::clone(&live));
        let this = self.clone();
        self.0.tasks.spawn(async move {
            match this.settle(&live, taken_in).await {
                Ok(calls) => this.carry_on(live, calls).await,
                Err(error) => report(&live, &error),
            }
        });
        Ok(())
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
