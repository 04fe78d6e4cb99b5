//! Events that start executions: for each workflow that says so, a task that follows the feed from the
//! deploy on, and starts one execution for each event that matches.
//!
//! **Invariant:** the cursor is never durable before the starts that it covers. What is started again
//! after a crash has the same id, and is the same execution.

mod order;
mod task;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;
use pavane::workflow::v1::EventTrigger;
use pavane_feed::{State, Store, TransactError};
use pavane_flow::plan::{EventMatch, Plan};
use prost::Message;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

use super::Feeds;
use crate::Error;
use crate::engine::Engine;
use task::Task;

/// What is kept of them, by workflow. A cheap handle.
#[derive(Clone, Debug)]
pub(crate) struct Triggers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    /// Name of the workflow -> its trigger, with its cursor.
    kept: State,
    feeds: Feeds,
    /// As they are at the moment: what is kept, and how their feeds stand.
    seen: Mutex<BTreeMap<String, EventTrigger>>,
    changed: Notify,
    /// Longest causal chain of an execution that is started.
    depth: usize,
}

impl Triggers {
    pub(crate) fn open(store: &Store, feeds: Feeds, depth: usize) -> Result<Self, Error> {
        Ok(Self(Arc::new(Inner {
            store: store.clone(),
            kept: store.state("triggers")?,
            feeds,
            seen: Mutex::default(),
            changed: Notify::new(),
            depth,
        })))
    }

    /// The feeds that there are.
    pub(crate) fn feeds(&self) -> &Feeds {
        &self.0.feeds
    }

    /// To be asked before a plan is served: from now on its events count. If the plan before it was
    /// started by the same events, those that it has not seen count as well.
    ///
    /// Errors: those of the store.
    pub(crate) async fn prepare(&self, plan: &Plan) -> Result<(), Error> {
        let Some(start) = &plan.start else {
            return self.delete(&plan.name).await;
        };
        if let Some(known) = self.kept(&plan.name)?
            && is_of(&known, &start.events)
        {
            return Ok(());
        }
        let trigger = EventTrigger {
            feed: start.events.feed.to_string(),
            event_type: start.events.event_type.to_string(),
            cursor: self
                .0
                .feeds
                .head_cursor(&start.events.feed)
                .unwrap_or_default(),
            begin_time: Some(SystemTime::now().into()),
            ..EventTrigger::default()
        };
        self.keep(&plan.name, &trigger).await
    }

    /// Something else is served by now.
    pub(crate) fn look_again(&self) {
        self.0.changed.notify_one();
    }

    /// Its events start nothing any more. Errors: those of the store.
    pub(crate) async fn delete(&self, workflow: &str) -> Result<(), Error> {
        if self.kept(workflow)?.is_none() {
            return Ok(());
        }
        let (kept, key) = (self.0.kept.clone(), workflow.to_owned());
        let deleted = self.0.store.transact(move |tx| tx.delete(&kept, key)).await;
        self.0.seen.lock().remove(workflow);
        deleted.map_err(of_store)
    }

    /// How the trigger of a workflow stands, if it has one.
    pub(crate) fn look(&self, workflow: &str) -> Result<Option<EventTrigger>, Error> {
        let seen = self.0.seen.lock().get(workflow).cloned();
        seen.map_or_else(|| self.kept(workflow), |seen| Ok(Some(seen)))
    }

    fn kept(&self, workflow: &str) -> Result<Option<EventTrigger>, Error> {
        let Some(kept) = self.0.kept.get(workflow)? else {
            return Ok(None);
        };
        let corrupt = |error| Error::CorruptJournal(format!("a trigger: {error}"));
        Ok(Some(EventTrigger::decode(kept).map_err(corrupt)?))
    }

    async fn keep(&self, workflow: &str, trigger: &EventTrigger) -> Result<(), Error> {
        let (kept, key) = (self.0.kept.clone(), workflow.to_owned());
        let value = trigger.encode_to_vec();
        let written = self
            .0
            .store
            .transact(move |tx| tx.put(&kept, key, value))
            .await;
        written.map_err(of_store)?;
        self.show(workflow, trigger);
        Ok(())
    }

    fn show(&self, workflow: &str, trigger: &EventTrigger) {
        self.0
            .seen
            .lock()
            .insert(workflow.to_owned(), trigger.clone());
    }
}

/// Follows the feeds of all workflows that are served and started by events, for ever.
pub(crate) async fn run<T>(engine: &Engine) -> T {
    let triggers = &engine.triggers;
    let mut tasks = JoinSet::new();
    let mut running: HashMap<Arc<str>, (EventTrigger, AbortHandle)> = HashMap::new();
    loop {
        let served = engine.workflows.started_by_events();
        running.retain(|name, (trigger, task)| {
            let plan = served.iter().find(|plan| plan.name == *name);
            let start = plan.and_then(|plan| plan.start.as_ref());
            let is_served = start.is_some_and(|start| is_of(trigger, &start.events));
            if !is_served {
                task.abort();
            }
            is_served && !task.is_finished()
        });
        for plan in served {
            if running.contains_key(&plan.name) {
                continue;
            }
            match triggers.kept(&plan.name) {
                Ok(Some(trigger)) => {
                    let name = Arc::clone(&plan.name);
                    let task = Task::new(engine.clone(), &plan, trigger.clone());
                    running.insert(name, (trigger, tasks.spawn(task.follow())));
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(workflow = %plan.name, %error, "not started by events")
                }
            }
        }
        triggers.0.changed.notified().await;
    }
}

fn is_of(trigger: &EventTrigger, events: &EventMatch) -> bool {
    *trigger.feed == *events.feed && *trigger.event_type == *events.event_type
}

fn of_store(error: TransactError<pavane_feed::Error>) -> Error {
    match error {
        TransactError::Aborted(error) | TransactError::Store(error) => Error::Feed(error),
    }
}
