//! Deploying: a definition is compiled, those who take part are prepared, and it is kept and served.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use pavane::workflow::v1::{
    DeployWorkflowResponse, DeployedWorkflow, Descriptors, Mode, Workflow, WorkflowPart,
};
use pavane_flow::language::Compiled;
use pavane_flow::plan::Plan;
use prost::Message;
use prost_reflect::DescriptorPool;
use tracing::{info, warn};

use super::compile::Checked;
use super::{Given, Workflows, decode};
use crate::Error;
use crate::choreography::{Unprepared, Whom};
use crate::error::breaks;

/// Where the services are that every orchestrator serves itself.
const RESERVED_PACKAGES: [&str; 3] = ["grpc.", "pavane.feed.", "pavane.workflow."];

/// What is said of a workflow for which nobody has been asked to take part yet.
const NOT_ASKED: &str = "those who take part have not been asked yet";

/// When those are prepared who perform the steps of a choreographed execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preparing {
    /// Before the deploy is over.
    Now,
    /// When the orchestrator is served: they look for its feed there.
    Later,
}

/// What is to be deployed, and how.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) definition: Option<Given>,
    pub(crate) descriptors: Option<Descriptors>,
    pub(crate) preparing: Preparing,
    /// Whether it is deployed although it breaks somebody.
    pub(crate) allow_breaking: bool,
}

impl Workflows {
    /// Checks a definition and serves it. Errors: see DeployWorkflow.
    ///
    /// `None` only if preparing is for later, and the workflow is not to be served before that.
    pub(crate) async fn deploy(
        &self,
        order: Order,
    ) -> Result<Option<DeployWorkflowResponse>, Error> {
        let Order {
            definition,
            descriptors,
            preparing,
            allow_breaking,
        } = order;
        let _guard = self.0.deploying.lock().await;
        let file_name = super::file_name_of(definition.as_ref());
        let Checked { compiled, pool, .. } = self.compile(definition, descriptors).await?;
        let Compiled {
            plan: Some(plan),
            diagnostics,
            workflow,
        } = compiled
        else {
            return Err(Error::InvalidDefinition {
                file_name,
                diagnostics: compiled.diagnostics,
            });
        };
        let plan = Arc::new(plan);
        let diagnostics = diagnostics.iter().map(Into::into).collect();
        if let Some(same) = self.same_revision(&plan) {
            let (same, problem) = match preparing {
                Preparing::Now => self.prepare_deployed(&plan, same, &pool).await?,
                Preparing::Later => (same, None),
            };
            return Ok(Some(DeployWorkflowResponse {
                workflow: Some(same),
                diagnostics,
                unchanged: true,
                preparation_problem: problem.map(|why| why.to_string()).unwrap_or_default(),
                ..DeployWorkflowResponse::default()
            }));
        }
        self.check_place(&plan)?;
        let impacts = self.impacts(&plan, &workflow, &pool, preparing)?;
        if !allow_breaking && impacts.iter().any(breaks) {
            let workflow = plan.name.to_string();
            return Err(Error::BreakingChange { workflow, impacts });
        }
        self.0.triggers.feeds().check_all(&plan)?;
        let mut record = DeployedWorkflow {
            name: plan.name.to_string(),
            revision: plan.revision.to_string(),
            workflow: Some(workflow),
            create_time: Some(self.0.executions.now().into()),
            choreography_problem: NOT_ASKED.to_owned(),
            ..DeployedWorkflow::default()
        };
        match preparing {
            Preparing::Now => self.prepare(&plan, &mut record, &pool).await?,
            Preparing::Later if plan.mode == Mode::Choreographed => return Ok(None),
            Preparing::Later => {}
        }
        // Recorded before it is served: no execution may need a revision that is not kept.
        self.describe(&plan, &pool)?;
        self.record(&record, Some(pool.encode_to_vec())).await?;
        self.0.choreography.set_prepared(&record);
        self.0.triggers.prepare(&plan).await?;
        self.serve(record.clone(), Arc::clone(&plan));
        info!(workflow = %plan.name, revision = %plan.revision, "deployed");
        Ok(Some(DeployWorkflowResponse {
            workflow: Some(record),
            diagnostics,
            impacts,
            ..DeployWorkflowResponse::default()
        }))
    }

    /// Prepares all workflows that are served and that nobody is prepared for yet. One that cannot be
    /// choreographed is served all the same, and says why.
    ///
    /// Errors: what is kept cannot be read or written.
    pub(crate) async fn prepare_served(&self) -> Result<(), Error> {
        for record in self.list_after("", usize::MAX) {
            if !record.parts.is_empty() {
                continue;
            }
            let plan = self.plan(&record.name, &record.revision)?;
            match self.prepare_again(&plan).await {
                Ok(()) => {}
                Err(Error::NotChoreographed { workflow, why }) => {
                    info!(workflow, problem = %why, "cannot be choreographed");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Prepares those who take part in a deployed revision, if they are not.
    ///
    /// Errors: [`Error::NotChoreographed`].
    pub(crate) async fn prepare_again(&self, plan: &Plan) -> Result<(), Error> {
        let asked = Instant::now();
        let _guard = self.0.deploying.lock().await;
        if self.0.choreography.is_prepared(&plan.revision.0) {
            return Ok(()); // meanwhile
        }
        let workflow = plan.name.to_string();
        // Of many who ask at a time, one tries, and all are told what came of it.
        if let Some((tried, revision, why)) = &*self.0.unprepared.lock()
            && *tried >= asked
            && *revision == plan.revision
        {
            let why = why.clone();
            return Err(Error::NotChoreographed { workflow, why });
        }
        let record = self.get(&plan.name, &plan.revision.0)?;
        let (_, pool) = self.compile_revision(&plan.name, &plan.revision.0)?;
        let prepared = self
            .parts(plan, record.workflow.as_ref(), &pool, Whom::Anyone)
            .await;
        self.note(plan, record, &prepared).await?;
        prepared.map(drop).map_err(|why| {
            let failure = (Instant::now(), plan.revision.clone(), why.clone());
            *self.0.unprepared.lock() = Some(failure);
            Error::NotChoreographed { workflow, why }
        })
    }

    /// Prepares those who take part in what is served already: they may be elsewhere by now. Says why
    /// that did not go well if all were prepared before, which stays so.
    async fn prepare_deployed(
        &self,
        plan: &Plan,
        record: DeployedWorkflow,
        pool: &DescriptorPool,
    ) -> Result<(DeployedWorkflow, Option<Unprepared>), Error> {
        let prepared = self
            .parts(plan, record.workflow.as_ref(), pool, Whom::Anyone)
            .await;
        let record = self.note(plan, record, &prepared).await?;
        match prepared {
            Err(why) if plan.mode == Mode::Choreographed => Err(Error::NotChoreographed {
                workflow: record.name,
                why,
            }),
            Ok(_) => Ok((record, None)),
            // Otherwise the record says so itself.
            Err(why) => {
                let was_prepared = !record.parts.is_empty();
                Ok((record, was_prepared.then_some(why)))
            }
        }
    }

    /// Prepares those who take part in a workflow that is about to be deployed.
    async fn prepare(
        &self,
        plan: &Plan,
        record: &mut DeployedWorkflow,
        pool: &DescriptorPool,
    ) -> Result<(), Error> {
        match self
            .parts(plan, record.workflow.as_ref(), pool, Whom::Anyone)
            .await
        {
            Err(why) if plan.mode == Mode::Choreographed => {
                let workflow = record.name.clone();
                return Err(Error::NotChoreographed { workflow, why });
            }
            prepared => set(record, &prepared),
        }
        Ok(())
    }

    pub(super) async fn parts(
        &self,
        plan: &Plan,
        workflow: Option<&Workflow>,
        pool: &DescriptorPool,
        whom: Whom,
    ) -> Result<Vec<WorkflowPart>, Unprepared> {
        let workflow = workflow.cloned().unwrap_or_default();
        let preparing = self.0.choreography.prepare(plan, &workflow, pool, whom);
        preparing.await
    }

    /// Keeps what came of preparing a deployed revision. What was prepared once stays so: executions
    /// of it wait for whoever is away.
    pub(super) async fn note(
        &self,
        plan: &Plan,
        mut record: DeployedWorkflow,
        prepared: &Result<Vec<WorkflowPart>, Unprepared>,
    ) -> Result<DeployedWorkflow, Error> {
        if let (Err(problem), false) = (prepared, record.parts.is_empty()) {
            warn!(workflow = %plan.name, %problem, "prepared before, and not again");
            return Ok(record);
        }
        let before = record.clone();
        set(&mut record, prepared);
        if record != before {
            self.record(&record, None).await?;
            if let Some(served) = self.same_revision(plan) {
                let plan = self.plan(&served.name, &served.revision)?;
                self.serve(record.clone(), plan);
            }
        }
        self.0.choreography.set_prepared(&record);
        Ok(record)
    }

    /// What is served, if it is this very revision.
    pub(super) fn same_revision(&self, plan: &Plan) -> Option<DeployedWorkflow> {
        let served = self.0.served.load();
        served
            .record(&plan.name)
            .filter(|record| *record.revision == *plan.revision.0)
            .cloned()
    }

    /// Errors: [`Error::MethodReserved`], [`Error::MethodTaken`], [`Error::NoTarget`],
    /// [`Error::LimitExceeded`].
    pub(super) fn check_place(&self, plan: &Plan) -> Result<(), Error> {
        let mut reserved = RESERVED_PACKAGES.iter();
        if reserved.any(|package| plan.implements.service.starts_with(package)) {
            let method = plan.implements.to_string();
            return Err(Error::MethodReserved { method });
        }
        let served = self.0.served.load();
        if let Some(other) = served.implementing(&plan.implements.path)
            && other.name != plan.name
        {
            let (method, workflow) = (plan.implements.to_string(), other.name.to_string());
            return Err(Error::MethodTaken { method, workflow });
        }
        // Where nobody conducts, the participants know where their services are.
        if plan.mode != Mode::Choreographed {
            self.check_targets(plan)?;
        }
        let found = served.len() + usize::from(served.plan(&plan.name).is_none());
        if found > self.0.limit {
            let what = "the number of deployed workflows";
            return Err(Error::LimitExceeded {
                what,
                limit: self.0.limit,
                found,
            });
        }
        Ok(())
    }

    /// Whether it is known where the services are that a conductor calls. Errors:
    /// [`Error::NoTarget`].
    pub(crate) fn check_targets(&self, plan: &Plan) -> Result<(), Error> {
        let services: BTreeSet<&str> = plan
            .steps
            .iter()
            .flat_map(|step| step.calls())
            .map(|call| &*call.method.service)
            .filter(|service| self.0.calls.targets().get(service).is_none())
            .collect();
        if services.is_empty() {
            return Ok(());
        }
        let services = services.into_iter().map(str::to_owned).collect();
        Err(Error::NoTarget { services })
    }

    /// Keeps a record, and the descriptors of a new one.
    async fn record(&self, record: &DeployedWorkflow, files: Option<Vec<u8>>) -> Result<(), Error> {
        let (name, revision) = (record.name.clone(), record.revision.clone());
        let bytes = record.encode_to_vec();
        let (names, revisions, descriptors) = (
            self.0.names.clone(),
            self.0.revisions.clone(),
            self.0.descriptors.clone(),
        );
        self.transact(move |tx| {
            let served = tx.get(&names, name.as_bytes())?;
            // An older revision is prepared, or looked at, while a newer one is served.
            let is_served = served
                .and_then(|served| decode(&served).ok())
                .is_some_and(|served| served.revision == revision);
            if files.is_some() || is_served {
                tx.put(&names, name, bytes.clone())?;
            }
            tx.put(&revisions, revision.clone(), bytes)?;
            files.map_or(Ok(()), |files| tx.put(&descriptors, revision, files))
        })
        .await
    }
}

fn set(record: &mut DeployedWorkflow, prepared: &Result<Vec<WorkflowPart>, Unprepared>) {
    match prepared {
        Ok(parts) => {
            record.parts.clone_from(parts);
            record.choreography_problem.clear();
        }
        Err(problem) => record.choreography_problem = problem.to_string(),
    }
}
