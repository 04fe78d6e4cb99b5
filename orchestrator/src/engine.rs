//! What the front door and the services ask for: start an execution once, and find one, whether it
//! lives or has ended.

mod awaited;
mod family;
mod operating;
mod order;
mod plain;

use std::sync::Arc;

use bytes::Bytes;
use pavane::feed::v1::Event;
use pavane::workflow::v1::{Execution, Mode};
use pavane_feed::Sequence;
use pavane_flow::event::decode_started;
use pavane_flow::fold::{Outcome, State};
use pavane_flow::plan::Plan;
use tokio::sync::{Mutex, oneshot};
use uuid::Uuid;

pub(crate) use family::{Task, child_id};
pub(crate) use operating::{Doing, Settling};
pub(crate) use order::{MAX_ID_BYTES, StartOrder, trace_of};
use order::{check_id, is_same};
use plain::Plain;

use crate::choreography::{Choreography, Hosted, in_order};
use crate::events::{Feeds, Triggers};
use crate::executions::{Beginning, Executions, Live, part_of};
use crate::task::join;
use crate::view::{Detail, Known};
use crate::workflows::Workflows;
use crate::{Error, view};

/// Names that an unknown id is compared with, of those that live and of the newest.
const MOST_COMPARED: usize = 200;

/// Locks over ids that callers choose; two ids may share one.
const STRIPES: usize = 64;

/// The executions and the workflows they run. A cheap handle.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    pub(crate) executions: Executions,
    pub(crate) choreography: Choreography,
    pub(crate) workflows: Workflows,
    pub(crate) feeds: Feeds,
    pub(crate) triggers: Triggers,
    starting: Arc<[Mutex<()>]>,
    /// Services that are no front doors.
    plain: Arc<Plain>,
    /// Largest encoded input.
    input_bytes: usize,
}

/// An execution that was started, now or before.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) id: Arc<str>,
    pub(crate) existing: bool,
    pub(crate) outcome: Awaited,
}

/// An execution that has not ended.
enum Living {
    Conducted(Arc<Live>),
    Hosted(Arc<Hosted>),
}

/// An outcome, or the promise of one.
#[derive(Debug)]
pub(crate) enum Awaited {
    /// It has ended.
    Known(Box<Outcome>),
    /// It has not.
    Promised(oneshot::Receiver<Outcome>),
}

/// An execution as recorded.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) plan: Arc<Plan>,
    pub(crate) state: State,
    pub(crate) events: Vec<Event>,
}

impl Engine {
    pub(crate) fn new(
        executions: Executions,
        choreography: Choreography,
        workflows: Workflows,
        feeds: Feeds,
        triggers: Triggers,
        input_bytes: usize,
    ) -> Self {
        let starting = (0..STRIPES).map(|_| Mutex::default()).collect();
        Self {
            executions,
            choreography,
            workflows,
            feeds,
            triggers,
            starting,
            plain: Arc::default(),
            input_bytes,
        }
    }

    /// Starts an execution, durably, or finds the one that the same order started before.
    ///
    /// Errors: [`Error::ExecutionExists`] if the id is taken by another order;
    /// [`Error::InvalidArgument`] for a malformed id; [`Error::LimitExceeded`].
    pub(crate) async fn start(&self, order: StartOrder) -> Result<Begun, Error> {
        let StartOrder {
            plan,
            mode: asked,
            id,
            input,
            origin,
            trace,
        } = order;
        if input.len() > self.input_bytes {
            let what = "the size of an input, in bytes,";
            let (limit, found) = (self.input_bytes, input.len());
            return Err(Error::LimitExceeded { what, limit, found });
        }
        let mode = match (asked, plan.mode) {
            (Mode::Unspecified, mode) | (mode, _) => mode,
        };
        let Some(id) = id else {
            let beginning = Beginning {
                id: Uuid::now_v7().to_string().into(),
                plan,
                input,
                origin,
                trace,
            };
            return self.start_new(mode, beginning).await;
        };
        check_id(&id)?;
        // In a task of its own: whoever asked may go away, and asks again before the start is
        // durable.
        let this = self.clone();
        let starting = tokio::spawn(async move {
            // Whoever starts this id holds the lock until the start is durable: nobody else can
            // have begun it between the look and the start.
            let _guard = this.starting[part_of(&id, STRIPES)].lock().await;
            if this.lives(&id) || this.is_recorded(&id)? {
                return this.begun_before(&id, &plan, asked, &input).await;
            }
            let beginning = Beginning {
                id: id.into(),
                plan,
                input,
                origin,
                trace,
            };
            this.start_new(mode, beginning).await
        });
        join(starting).await
    }

    /// Finds an execution. Errors: [`Error::UnknownExecution`], with the nearest id that lives.
    pub(crate) async fn recorded(&self, id: &str) -> Result<Recorded, Error> {
        let mut events = self.executions.journal().events_of(id)?;
        let Some(first) = events.first() else {
            return Err(self.unknown(id));
        };
        let start = Sequence::new(first.sequence);
        if self.executions.journal().summary(start)?.is_none() {
            return Err(Error::ExecutionForgotten { id: id.to_owned() });
        }
        let started =
            decode_started(first).map_err(|error| Error::CorruptJournal(error.to_string()))?;
        let plan = self.workflows.plan(&started.workflow, &started.revision)?;
        if started.mode() == Mode::Choreographed {
            events.extend(self.choreography.heard_of(id).await?);
            events = in_order(events);
        }
        let state = view::fold(&plan, &events)?;
        Ok(Recorded {
            plan,
            state,
            events,
        })
    }

    /// The outcome of an execution, when it has one. Errors: [`Error::UnknownExecution`].
    pub(crate) async fn outcome(&self, id: &str) -> Result<Awaited, Error> {
        if let Some(outcome) = self.executions.wait(id) {
            return Ok(Awaited::Promised(outcome));
        }
        if let Some(hosted) = self.choreography.get(id) {
            return Ok(Awaited::Promised(hosted.wait()));
        }
        let recorded = self.recorded(id).await?;
        match recorded.state.outcome() {
            Some(outcome) => Ok(Awaited::Known(Box::new(outcome.clone()))),
            None => Err(Error::CorruptJournal(format!(
                "`{id}` has no outcome and does not live"
            ))),
        }
    }

    /// An execution for GetExecution: what is durable, and what only this process knows.
    pub(crate) async fn describe(&self, id: &str) -> Result<Execution, Error> {
        self.describe_with(id, Detail::Steps).await
    }

    /// The same, in so much detail.
    pub(crate) async fn describe_with(&self, id: &str, detail: Detail) -> Result<Execution, Error> {
        let hosted = self.choreography.get(id);
        let Recorded {
            plan,
            state,
            events,
        } = self.recorded(id).await?;
        let mut waits = match &hosted {
            Some(hosted) if state.outcome().is_none() => {
                if !hosted.incidents().is_empty() {
                    self.choreography.look_at(hosted).await;
                }
                self.choreography.waits(hosted)?
            }
            Some(_) | None => Vec::new(),
        };
        // Not held for longer: nobody puts to rest what others have in hand.
        let live = self.executions.get(id);
        let mut incidents = hosted.map(|hosted| hosted.incidents()).unwrap_or_default();
        let core = live.as_ref().map(|live| live.lock());
        let known = Known {
            live: core.as_deref(),
            waits: &waits,
            detail,
        };
        let mut execution = view::execution(id, &plan, &state, events, &known);
        drop(core);
        for (step, status) in plan.step_indices().zip(&mut execution.steps) {
            let child = self.child_of(id, &plan, step.into())?;
            status.child_execution_id = child.unwrap_or_default();
        }
        self.add_awaited(&plan, &state, &mut waits, &mut incidents);
        Ok(Execution {
            waits,
            incidents,
            ..execution
        })
    }

    /// Finds an execution that has not ended. Errors: [`Error::UnknownExecution`],
    /// [`Error::ExecutionEnded`].
    async fn living(&self, id: &str) -> Result<Living, Error> {
        if let Some(live) = self.conducted(id).await? {
            return Ok(Living::Conducted(live));
        }
        if let Some(hosted) = self.choreography.get(id) {
            return Ok(Living::Hosted(hosted));
        }
        let recorded = self.recorded(id).await?;
        let outcome = view::outcome_phrase(&recorded.state);
        Err(Error::ExecutionEnded {
            id: id.to_owned(),
            outcome,
        })
    }

    async fn start_new(&self, mode: Mode, beginning: Beginning) -> Result<Begun, Error> {
        let id = Arc::clone(&beginning.id);
        let (waiter, outcome) = oneshot::channel();
        let other = match mode {
            Mode::Choreographed => {
                let plan = &beginning.plan;
                if !self.choreography.is_prepared(&plan.revision.0) {
                    self.workflows.prepare_again(plan).await?;
                }
                let place = self.executions.place()?;
                let other = self.choreography.start(beginning, waiter, place).await?;
                other.map(|other| other.wait())
            }
            Mode::Unspecified | Mode::Orchestrated => {
                if beginning.plan.mode == Mode::Choreographed {
                    self.workflows.check_targets(&beginning.plan)?;
                }
                self.executions.start(beginning, waiter).await?
            }
        };
        Ok(Begun {
            id,
            existing: other.is_some(),
            outcome: Awaited::Promised(other.unwrap_or(outcome)),
        })
    }

    fn lives(&self, id: &str) -> bool {
        self.executions.lives(id) || self.choreography.get(id).is_some()
    }

    fn is_recorded(&self, id: &str) -> Result<bool, Error> {
        Ok(!self.executions.journal().events_of(id)?.is_empty())
    }

    async fn begun_before(
        &self,
        id: &str,
        plan: &Plan,
        asked: Mode,
        input: &Bytes,
    ) -> Result<Begun, Error> {
        let recorded = match self.recorded(id).await {
            Err(Error::ExecutionForgotten { id }) => {
                let difference = "and ended so long ago that it has been forgotten";
                return Err(Error::ExecutionExists { id, difference });
            }
            recorded => recorded?,
        };
        let same_input = recorded
            .state
            .started
            .as_ref()
            .is_some_and(|was| is_same(&recorded.plan.input, &was.input, input));
        // Whoever leaves the mode to the workflow means whatever it was then.
        let same_mode = asked == Mode::Unspecified
            || recorded
                .state
                .started
                .as_ref()
                .is_some_and(|was| was.mode == asked);
        let difference = if recorded.plan.name != plan.name {
            Some("of another workflow")
        } else if !same_input {
            Some("with another input")
        } else if !same_mode {
            Some(match recorded.state.started.as_ref().map(|was| was.mode) {
                Some(Mode::Choreographed) => "in another mode: it is choreographed",
                Some(Mode::Orchestrated | Mode::Unspecified) | None => {
                    "in another mode: it is orchestrated"
                }
            })
        } else {
            None
        };
        if let Some(difference) = difference {
            return Err(Error::ExecutionExists {
                id: id.to_owned(),
                difference,
            });
        }
        Ok(Begun {
            id: id.into(),
            existing: true,
            outcome: self.outcome(id).await?,
        })
    }

    fn unknown(&self, id: &str) -> Error {
        let mut known: Vec<String> = self
            .executions
            .some_ids(MOST_COMPARED)
            .iter()
            .map(ToString::to_string)
            .collect();
        let newest = self
            .executions
            .journal()
            .summaries(pavane_feed::Sequence::new(u64::MAX));
        known.extend(
            newest
                .take(MOST_COMPARED)
                .flatten()
                .map(|(_, summary)| summary.id),
        );
        let nearest = pavane::nearest(id, known.iter().map(String::as_str)).map(str::to_owned);
        Error::UnknownExecution {
            id: id.to_owned(),
            nearest,
        }
    }
}
