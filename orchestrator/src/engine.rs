//! What the front door and the services ask for: start an execution once, and find one, whether it
//! lives or has ended.

use std::sync::Arc;

use bytes::Bytes;
use pavane::feed::v1::Event;
use pavane::trace::Trace;
use pavane_flow::event::decode_started;
use pavane_flow::fold::{Outcome, State};
use pavane_flow::plan::Plan;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use tokio::sync::{Mutex, oneshot};
use tonic::metadata::MetadataMap;
use uuid::Uuid;

use crate::executions::{Beginning, Executions, Live, part_of};
use crate::task::join;
use crate::workflows::Workflows;
use crate::{Error, view};

/// Longest id of an execution.
pub(crate) const MAX_ID_BYTES: usize = 128;

/// Names that an unknown id is compared with, of those that live and of the newest.
const MOST_COMPARED: usize = 200;

/// Locks over ids that callers choose; two ids may share one.
const STRIPES: usize = 64;

/// The executions and the workflows they run. A cheap handle.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    pub(crate) executions: Executions,
    pub(crate) workflows: Workflows,
    starting: Arc<[Mutex<()>]>,
    /// Largest encoded input.
    input_bytes: usize,
}

/// What to start.
#[derive(Debug)]
pub(crate) struct StartOrder {
    pub(crate) plan: Arc<Plan>,
    /// Chosen by the caller; without one the execution is new for certain.
    pub(crate) id: Option<String>,
    pub(crate) input: Bytes,
    pub(crate) trace: Trace,
}

/// An execution that was started, now or before.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) id: Arc<str>,
    pub(crate) existing: bool,
    pub(crate) outcome: Awaited,
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
    pub(crate) fn new(executions: Executions, workflows: Workflows, input_bytes: usize) -> Self {
        let starting = (0..STRIPES).map(|_| Mutex::default()).collect();
        Self {
            executions,
            workflows,
            starting,
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
            id,
            input,
            trace,
        } = order;
        if input.len() > self.input_bytes {
            let what = "the size of an input, in bytes,";
            let (limit, found) = (self.input_bytes, input.len());
            return Err(Error::LimitExceeded { what, limit, found });
        }
        let Some(id) = id else {
            let id = Uuid::now_v7().to_string().into();
            return self
                .start_new(Beginning {
                    id,
                    plan,
                    input,
                    trace,
                })
                .await;
        };
        check_id(&id)?;
        // In a task of its own: whoever asked may go away, and asks again before the start is
        // durable.
        let this = self.clone();
        let starting = tokio::spawn(async move {
            // Whoever starts this id holds the lock until the start is durable: nobody else can
            // have begun it between the look and the start.
            let _guard = this.starting[part_of(&id, STRIPES)].lock().await;
            if this.executions.get(&id).is_some() || this.is_recorded(&id)? {
                return this.begun_before(&id, &plan, &input);
            }
            let id = id.into();
            this.start_new(Beginning {
                id,
                plan,
                input,
                trace,
            })
            .await
        });
        join(starting).await
    }

    /// Finds an execution. Errors: [`Error::UnknownExecution`], with the nearest id that lives.
    pub(crate) fn recorded(&self, id: &str) -> Result<Recorded, Error> {
        check_id(id)?;
        let events = self.executions.journal().events_of(id)?;
        let Some(first) = events.first() else {
            return Err(self.unknown(id));
        };
        let started =
            decode_started(first).map_err(|error| Error::CorruptJournal(error.to_string()))?;
        let plan = self.workflows.plan(&started.workflow, &started.revision)?;
        let state = view::fold(&plan, &events)?;
        Ok(Recorded {
            plan,
            state,
            events,
        })
    }

    /// Finds an execution that has not ended. Errors: [`Error::UnknownExecution`],
    /// [`Error::ExecutionEnded`].
    pub(crate) fn live(&self, id: &str) -> Result<Arc<Live>, Error> {
        check_id(id)?;
        if let Some(live) = self.executions.get(id) {
            return Ok(live);
        }
        let recorded = self.recorded(id)?;
        let outcome = view::state_word(view::state_of(&recorded.state));
        Err(Error::ExecutionEnded {
            id: id.to_owned(),
            outcome,
        })
    }

    /// The outcome of an execution, when it has one. Errors: [`Error::UnknownExecution`].
    pub(crate) fn outcome(&self, id: &str) -> Result<Awaited, Error> {
        if let Some(live) = self.executions.get(id) {
            return Ok(Awaited::Promised(live.wait()));
        }
        let recorded = self.recorded(id)?;
        match recorded.state.outcome() {
            Some(outcome) => Ok(Awaited::Known(Box::new(outcome.clone()))),
            None => Err(Error::CorruptJournal(format!(
                "`{id}` has no outcome and does not live"
            ))),
        }
    }

    /// An execution for GetExecution: what is durable, and what only this process knows.
    pub(crate) fn describe(&self, id: &str) -> Result<pavane::workflow::v1::Execution, Error> {
        let live = self.executions.get(id);
        let Recorded {
            plan,
            state,
            events,
        } = self.recorded(id)?;
        let core = live.as_ref().map(|live| live.lock());
        Ok(view::execution(id, &plan, &state, events, core.as_deref()))
    }

    async fn start_new(&self, beginning: Beginning) -> Result<Begun, Error> {
        let id = Arc::clone(&beginning.id);
        let (waiter, outcome) = oneshot::channel();
        let other = self.executions.start(beginning, waiter).await?;
        let existing = other.is_some();
        let outcome = other.map_or(outcome, |other| other.wait());
        Ok(Begun {
            id,
            existing,
            outcome: Awaited::Promised(outcome),
        })
    }

    fn is_recorded(&self, id: &str) -> Result<bool, Error> {
        Ok(!self.executions.journal().events_of(id)?.is_empty())
    }

    fn begun_before(&self, id: &str, plan: &Plan, input: &Bytes) -> Result<Begun, Error> {
        let recorded = self.recorded(id)?;
        let same_input = recorded
            .state
            .started
            .as_ref()
            .is_some_and(|was| is_same(&recorded.plan.input, &was.input, input));
        let difference = match (recorded.plan.name == plan.name, same_input) {
            (true, true) => None,
            (true, false) => Some("with another input"),
            (false, _) => Some("of another workflow"),
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
            outcome: self.outcome(id)?,
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

/// Whether two encodings are of the same message: a client may write the entries of a map in any
/// order.
fn is_same(descriptor: &MessageDescriptor, one: &Bytes, other: &Bytes) -> bool {
    let decode = |bytes: &Bytes| DynamicMessage::decode(descriptor.clone(), bytes.clone());
    one == other || matches!((decode(one), decode(other)), (Ok(one), Ok(other)) if one == other)
}

/// The caller's trace, or a new one that is not sampled.
pub(crate) fn trace_of(call: &MetadataMap) -> Trace {
    Trace::of_call(call).unwrap_or_else(|| Trace::new(rand::random()))
}

/// Errors: [`Error::InvalidArgument`].
fn check_id(id: &str) -> Result<(), Error> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    let problem = if id.is_empty() {
        "is empty; expected the id of an execution".to_owned()
    } else if id.len() > MAX_ID_BYTES {
        format!("has {} bytes; expected at most {MAX_ID_BYTES}", id.len())
    } else if let Some(wrong) = id.chars().find(|&c| !c.is_ascii() || !is_allowed(c as u8)) {
        format!("`{id}` contains {wrong:?}; expected letters, digits, `-`, `_`, `.` and `:`")
    } else {
        return Ok(());
    };
    Err(Error::InvalidArgument {
        field: "execution_id",
        problem,
    })
}
