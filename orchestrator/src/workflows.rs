//! The deployed workflows: checked, kept, and served.
//!
//! A revision is kept for ever: executions of it may still run, or be looked at. What is served by
//! name is the revision deployed last.

mod anew;
mod check;
mod compile;
mod deploy;
mod impacts;
mod served;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use parking_lot::RwLock;
use pavane::workflow::v1::{
    DeployedWorkflow, EventTrigger, Source, Workflow, check_workflow_request,
    deploy_workflow_request,
};
use pavane_calls::Calls;
use pavane_feed::{KeyRange, State, Store, TransactError};
use pavane_flow::plan::{Plan, Revision};
use prost::Message;
use prost_reflect::DescriptorPool;
use tokio::sync::Mutex;
use tracing::{error, info};

use crate::Error;
use crate::choreography::{Choreography, Unprepared};
use crate::events::Triggers;
use crate::executions::Executions;
pub(crate) use check::AgainstDeployed;
pub(crate) use deploy::{Order, Preparing};
use served::Served;
/// The deployed workflows. A cheap handle.
#[derive(Clone, Debug)]
pub(crate) struct Workflows(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    /// Name -> the workflow as it is served.
    names: State,
    /// Revision -> the workflow as it was deployed.
    revisions: State,
    /// Revision -> the descriptors that it was checked against.
    descriptors: State,
    served: ArcSwap<Served>,
    /// Plans by revision, of what is served and of what has been looked at.
    plans: RwLock<HashMap<String, Arc<Plan>>>,
    /// One deploy at a time.
    deploying: Mutex<()>,
    /// The last attempt to prepare a deployed revision that failed: when, which, why.
    unprepared: parking_lot::Mutex<Option<(Instant, Revision, Unprepared)>>,
    known: pavane_server::Descriptors,
    health: pavane_server::Health,
    calls: Arc<Calls>,
    executions: Executions,
    choreography: Choreography,
    triggers: Triggers,
    limit: usize,
}

/// A definition as a request brings it.
#[derive(Debug)]
pub(crate) enum Given {
    /// As a message.
    Message(Box<Workflow>),
    /// As text.
    Text(Source),
}

impl Workflows {
    /// Opens what was deployed, and serves it again.
    pub(crate) fn open(
        store: &Store,
        known: pavane_server::Descriptors,
        health: pavane_server::Health,
        triggers: Triggers,
        executions: Executions,
        choreography: Choreography,
        limit: usize,
    ) -> Result<Self, Error> {
        let workflows = Self(Arc::new(Inner {
            store: store.clone(),
            names: store.state("workflows")?,
            revisions: store.state("revisions")?,
            descriptors: store.state("descriptors")?,
            served: ArcSwap::default(),
            plans: RwLock::default(),
            deploying: Mutex::default(),
            unprepared: parking_lot::Mutex::default(),
            known,
            health,
            calls: triggers.feeds().calls(),
            executions,
            choreography,
            triggers,
            limit,
        }));
        let records = workflows.0.names.range(KeyRange::all());
        let mut records: Vec<DeployedWorkflow> = records
            .map(|entry| decode(&entry?.1))
            .collect::<Result<_, Error>>()?;
        // In the order of their deploys: of types that contradict, the newest are shown.
        records.sort_by_key(|record| {
            let time = record.create_time.unwrap_or_default();
            (time.seconds, time.nanos)
        });
        for record in records {
            let (plan, pool) = match workflows.compile_revision(&record.name, &record.revision) {
                Ok(compiled) => compiled,
                Err(error @ Error::InvalidDefinition { .. }) => {
                    // One workflow must not keep the others from being served.
                    error!(workflow = record.name, %error, "not served: it no longer compiles");
                    continue;
                }
                Err(error) => return Err(error),
            };
            workflows.describe(&plan, &pool)?;
            workflows.serve(record, plan);
        }
        Ok(workflows)
    }

    /// The workflow that implements the method with this path.
    pub(crate) fn implementing(&self, path: &str) -> Option<Arc<Plan>> {
        self.0.served.load().implementing(path)
    }

    /// The workflow of this name as it is served. Errors: [`Error::UnknownWorkflow`].
    pub(crate) fn served(&self, name: &str) -> Result<Arc<Plan>, Error> {
        let served = self.0.served.load();
        served.plan(name).ok_or_else(|| unknown(&served, name))
    }

    /// The workflows as they are served that events start.
    pub(crate) fn started_by_events(&self) -> Vec<Arc<Plan>> {
        let served = self.0.served.load();
        let plans = served.names().filter_map(|name| served.plan(name));
        plans.filter(|plan| plan.start.is_some()).collect()
    }

    /// How events start executions of a workflow, if they do. Errors: it cannot be read.
    pub(crate) fn trigger(&self, name: &str) -> Result<Option<EventTrigger>, Error> {
        self.0.triggers.look(name)
    }

    /// A revision's plan, compiled again if need be.
    pub(crate) fn plan(&self, name: &str, revision: &str) -> Result<Arc<Plan>, Error> {
        if let Some(plan) = self.0.plans.read().get(revision) {
            return Ok(Arc::clone(plan));
        }
        Ok(self.compile_revision(name, revision)?.0)
    }

    /// Describes a workflow; `revision` may be empty, or at least 8 digits of one.
    pub(crate) fn get(&self, name: &str, revision: &str) -> Result<DeployedWorkflow, Error> {
        if revision.is_empty() {
            let served = self.0.served.load();
            return served
                .record(name)
                .cloned()
                .ok_or_else(|| unknown(&served, name));
        }
        for entry in self.0.revisions.range(KeyRange::prefix(revision)) {
            let record = decode(&entry?.1)?;
            if record.name == name {
                return Ok(record);
            }
        }
        Err(Error::UnknownRevision {
            name: name.to_owned(),
            revision: revision.to_owned(),
        })
    }

    /// The workflows that are served, by name, after the one named.
    pub(crate) fn list_after(&self, name: &str, most: usize) -> Vec<DeployedWorkflow> {
        self.0
            .served
            .load()
            .records_after(name)
            .take(most)
            .cloned()
            .collect()
    }

    /// Stops serving a workflow. Errors: [`Error::UnknownWorkflow`].
    pub(crate) async fn delete(&self, name: &str) -> Result<(), Error> {
        let _guard = self.0.deploying.lock().await;
        let plan = self.served(name)?;
        let (names, key) = (self.0.names.clone(), name.to_owned());
        self.transact(move |tx| tx.delete(&names, key)).await?;
        self.show(self.0.served.load().without(name), Some(&plan));
        self.0.triggers.delete(name).await?;
        self.0.known.remove(&descriptors_key(name));
        info!(workflow = name, "deleted");
        Ok(())
    }

    /// Tells reflection and JSON of a workflow's method: it is spoken with the types of this revision,
    /// whatever types of these names others have.
    fn describe(&self, plan: &Plan, pool: &DescriptorPool) -> Result<(), Error> {
        let method = plan.implements.to_string();
        let key = descriptors_key(&plan.name);
        self.0.known.set_methods(&key, pool, [method])?;
        Ok(())
    }

    fn serve(&self, record: DeployedWorkflow, plan: Arc<Plan>) {
        self.0.health.serving(&plan.implements.service);
        self.0
            .plans
            .write()
            .insert(plan.revision.to_string(), Arc::clone(&plan));
        let served = self.0.served.load();
        let before = served.plan(&plan.name);
        self.show(served.with(record, plan), before.as_deref());
    }

    /// From now on this is served. `gone` is a plan that may no longer be.
    fn show(&self, served: Served, gone: Option<&Plan>) {
        if let Some(gone) = gone.filter(|gone| !served.has_service(&gone.implements.service)) {
            self.0.health.remove(&gone.implements.service);
        }
        self.0.served.store(Arc::new(served));
        self.0.triggers.look_again();
    }

    async fn transact(
        &self,
        change: impl FnOnce(&mut pavane_feed::Transaction<'_>) -> Result<(), pavane_feed::Error>
        + Send
        + 'static,
    ) -> Result<(), Error> {
        self.0
            .store
            .transact(change)
            .await
            .map_err(|error| match error {
                TransactError::Aborted(error) | TransactError::Store(error) => Error::Feed(error),
            })
    }
}

impl From<deploy_workflow_request::Definition> for Given {
    fn from(definition: deploy_workflow_request::Definition) -> Self {
        match definition {
            deploy_workflow_request::Definition::Workflow(workflow) => {
                Self::Message(Box::new(workflow))
            }
            deploy_workflow_request::Definition::Source(source) => Self::Text(source),
        }
    }
}

impl From<check_workflow_request::Definition> for Given {
    fn from(definition: check_workflow_request::Definition) -> Self {
        match definition {
            check_workflow_request::Definition::Workflow(workflow) => {
                Self::Message(Box::new(workflow))
            }
            check_workflow_request::Definition::Source(source) => Self::Text(source),
        }
    }
}

fn unknown(served: &Served, name: &str) -> Error {
    let nearest = pavane::nearest(name, served.names()).map(str::to_owned);
    Error::UnknownWorkflow {
        name: name.to_owned(),
        nearest,
    }
}

fn decode(record: &[u8]) -> Result<DeployedWorkflow, Error> {
    DeployedWorkflow::decode(record)
        .map_err(|error| Error::CorruptJournal(format!("a deployed workflow: {error}")))
}

fn file_name_of(given: Option<&Given>) -> String {
    match given {
        Some(Given::Text(source)) if !source.file_name.is_empty() => source.file_name.clone(),
        Some(Given::Message(workflow)) if !workflow.name.is_empty() => {
            format!("`{}`", workflow.name)
        }
        Some(_) | None => "the workflow".to_owned(),
    }
}

fn descriptors_key(workflow: &str) -> String {
    format!("workflow/{workflow}")
}
