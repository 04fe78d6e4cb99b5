//! What the types of a deploy change for those who use them as they are: callers of the method, other
//! workflows, and executions in flight.
//!
//! A service has one target, so what a new definition was checked against is how the service is spoken
//! from now on, whoever calls it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use pavane::workflow::v1::impact::Role;
use pavane::workflow::v1::type_change::Severity;
use pavane::workflow::v1::{DeployedWorkflow, Execution, Impact, TypeChange, Workflow};
use pavane_flow::event::decode_started;
use pavane_flow::evolution::{self, Finding, StepUse, Use, compare};
use pavane_flow::fold::{Progress, State};
use pavane_flow::plan::{Plan, StepIndex};
use prost_reflect::{DescriptorPool, MethodDescriptor};
use tracing::warn;

use super::Preparing;
use super::Workflows;
use super::compile::services_of;
use crate::{Error, executions, view};

/// Ids of executions that a report names.
const MOST_IDS: usize = 5;

/// Executions of one revision that have not ended.
pub(super) struct InFlight {
    plan: Arc<Plan>,
    executions: Vec<Flying>,
}

/// One of them.
enum Flying {
    Conducted(Arc<executions::Live>),
    Choreographed(Arc<str>),
    /// It rests, or is not taken up yet after a start.
    Recorded(String),
}

/// What has changed of one call that a definition makes.
type Changed = (StepUse, Vec<Finding>);

impl Workflows {
    /// What deploying this changes for others. Errors: what is kept cannot be read.
    pub(super) fn impacts(
        &self,
        plan: &Plan,
        workflow: &Workflow,
        pool: &DescriptorPool,
        preparing: Preparing,
    ) -> Result<Vec<Impact>, Error> {
        let services = services_of(workflow);
        let mut impacts: Vec<Impact> = self.for_callers(plan, pool).into_iter().collect();
        let mut in_flight = self.in_flight(preparing)?;
        for record in self.list_after("", usize::MAX) {
            if record.name == *plan.name {
                continue; // it is replaced
            }
            let served = self.plan(&record.name, &record.revision)?;
            let flying = in_flight.remove(&record.revision);
            let executions = flying.map(|flying| flying.executions).unwrap_or_default();
            let changed = changed(&record, &served, pool, &services);
            impacts.extend(self.for_revision(&record, &served, changed, true, executions));
        }
        in_flight.remove(&*plan.revision.0);
        let left: BTreeMap<String, InFlight> = in_flight.into_iter().collect();
        for (revision, flying) in left {
            let record = self.get(&flying.plan.name, &revision)?;
            let changed = changed(&record, &flying.plan, pool, &services);
            let executions = flying.executions;
            impacts.extend(self.for_revision(&record, &flying.plan, changed, false, executions));
        }
        Ok(impacts)
    }

    /// What changes for those who call the method that is implemented.
    fn for_callers(&self, plan: &Plan, pool: &DescriptorPool) -> Option<Impact> {
        let current = self.0.served.load().plan(&plan.name)?;
        if current.implements != plan.implements {
            return None; // another method is served, and this one no longer: that was asked for
        }
        let was = method(current.input.parent_pool(), &current.implements.to_string())?;
        let is = pool.get_service_by_name(&plan.implements.service)?;
        let changes = changes(compare(&was, &is, &Use::by_anyone()));
        (!changes.is_empty()).then(|| Impact {
            role: Role::Callers.into(),
            workflow: current.name.to_string(),
            revision: current.revision.to_string(),
            deployed: true,
            changes,
            ..Impact::default()
        })
    }

    /// What changes for a revision of a workflow that calls the same services.
    fn for_revision(
        &self,
        record: &DeployedWorkflow,
        plan: &Plan,
        changed: Vec<Changed>,
        deployed: bool,
        executions: Vec<Flying>,
    ) -> Option<Impact> {
        if changed.is_empty() {
            return None;
        }
        let mut needed = vec![deployed; changed.len()];
        let mut ids = Vec::new();
        for flying in executions {
            let Some(calls) = self.calls_left(&flying, plan, &changed) else {
                continue; // it has ended meanwhile
            };
            if calls.contains(&true) {
                ids.push(flying.id().to_owned());
            }
            for (needed, left) in needed.iter_mut().zip(calls) {
                *needed |= left;
            }
        }
        if !needed.contains(&true) {
            return None;
        }
        let found = changed.into_iter().zip(needed);
        let found = found.filter(|(_, needed)| *needed);
        let findings: Vec<Finding> = found.flat_map(|((_, findings), _)| findings).collect();
        ids.sort();
        Some(Impact {
            role: Role::CallingWorkflow.into(),
            workflow: record.name.clone(),
            revision: record.revision.clone(),
            deployed,
            executions: ids.len().try_into().unwrap_or(i32::MAX),
            execution_ids: ids.into_iter().take(MOST_IDS).collect(),
            changes: changes(findings),
        })
    }

    /// Which of these calls an execution may still make; `None`: it has ended.
    fn calls_left(&self, flying: &Flying, plan: &Plan, changed: &[Changed]) -> Option<Vec<bool>> {
        let left = |state: &State| {
            let calls = changed.iter().map(|(used, _)| may_be_called(used, state));
            state.outcome().is_none().then(|| calls.collect())
        };
        match flying {
            Flying::Conducted(live) => left(live.lock().state()),
            Flying::Choreographed(id) => self.0.choreography.look(id, left).flatten(),
            Flying::Recorded(id) => {
                let events = self.0.executions.journal().events_of(id);
                let state = events.and_then(|events| view::fold(plan, &events));
                match state {
                    Ok(state) => left(&state),
                    Err(error) => {
                        warn!(execution = id, %error, "cannot be read; it may still call everything");
                        Some(vec![true; changed.len()])
                    }
                }
            }
        }
    }

    /// The executions that have not ended, by revision.
    fn in_flight(&self, preparing: Preparing) -> Result<HashMap<String, InFlight>, Error> {
        let mut in_flight = HashMap::new();
        for live in self.0.executions.living() {
            let plan = Arc::clone(live.plan());
            add(&mut in_flight, plan, Flying::Conducted(live));
        }
        for (id, start) in self.0.executions.resting() {
            let summary = self.0.executions.journal().summary(start)?;
            let Some(Execution {
                workflow, revision, ..
            }) = summary
            else {
                continue; // it has ended meanwhile
            };
            match self.plan(&workflow, &revision) {
                Ok(plan) => add(&mut in_flight, plan, Flying::Recorded(id.to_string())),
                // It cannot go on by it anyway.
                Err(Error::InvalidDefinition { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        for hosted in self.0.choreography.living() {
            let id = Arc::clone(hosted.id());
            let plan = Arc::clone(hosted.plan());
            add(&mut in_flight, plan, Flying::Choreographed(id));
        }
        // What is deployed at the start is deployed before anything is taken up.
        if preparing == Preparing::Later {
            for (id, _) in self.0.executions.journal().live()? {
                if let Some(plan) = self.plan_of(&id)? {
                    add(&mut in_flight, plan, Flying::Recorded(id.to_string()));
                }
            }
        }
        Ok(in_flight)
    }

    /// The plan of an execution; `None` if it cannot go on by it anyway.
    fn plan_of(&self, id: &str) -> Result<Option<Arc<Plan>>, Error> {
        let events = self.0.executions.journal().events_of(id)?;
        let started = events.first().map(decode_started);
        let Some(Ok(started)) = started else {
            return Ok(None);
        };
        match self.plan(&started.workflow, &started.revision) {
            Ok(plan) => Ok(Some(plan)),
            Err(Error::InvalidDefinition { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn add(in_flight: &mut HashMap<String, InFlight>, plan: Arc<Plan>, execution: Flying) {
    let revision = plan.revision.to_string();
    let entry = in_flight.entry(revision).or_insert_with(|| InFlight {
        plan,
        executions: Vec::new(),
    });
    entry.executions.push(execution);
}

impl Flying {
    fn id(&self) -> &str {
        match self {
            Self::Conducted(live) => live.id(),
            Self::Choreographed(id) => id,
            Self::Recorded(id) => id,
        }
    }
}

/// The calls of a revision whose method has changed.
fn changed(
    record: &DeployedWorkflow,
    plan: &Plan,
    pool: &DescriptorPool,
    services: &BTreeSet<String>,
) -> Vec<Changed> {
    let Some(workflow) = &record.workflow else {
        return Vec::new();
    };
    let uses = evolution::uses(workflow).into_iter();
    let changed = uses.filter_map(|used| {
        let (service, _) = used.method.rsplit_once('/')?;
        let is = pool.get_service_by_name(services.get(service)?)?;
        let was = method(plan.input.parent_pool(), &used.method)?;
        let found = compare(&was, &is, &used.used);
        (!found.is_empty()).then_some((used, found))
    });
    changed.collect()
}

/// Whether an execution that stands so may still make a call.
fn may_be_called(used: &StepUse, state: &State) -> bool {
    let Ok(step) = u16::try_from(used.step) else {
        return true;
    };
    match state.progress(StepIndex(step)) {
        Progress::Pending => true,
        Progress::Completed | Progress::Failed { ambiguous: true } => used.is_compensation,
        Progress::Skipped
        | Progress::Abandoned
        | Progress::Failed { ambiguous: false }
        | Progress::Compensated => false,
    }
}

/// A method by the name that definitions give it.
fn method(pool: &DescriptorPool, name: &str) -> Option<MethodDescriptor> {
    let (service, method) = name.rsplit_once('/')?;
    let service = pool.get_service_by_name(service)?;
    service.methods().find(|found| found.name() == method)
}

/// As a report has them: each once, those that break something first.
fn changes(mut findings: Vec<Finding>) -> Vec<TypeChange> {
    findings.sort_by_key(|found| found.severity);
    let mut changes: Vec<TypeChange> = Vec::new();
    for found in findings {
        let severity = match found.severity {
            evolution::Severity::Breaking => Severity::Breaking,
            evolution::Severity::Compatible => Severity::Compatible,
        };
        let change = TypeChange {
            method: found.method,
            path: found.path,
            was: found.was,
            is: found.is,
            consequence: found.why,
            severity: severity.into(),
        };
        if !changes.contains(&change) {
            changes.push(change);
        }
    }
    changes
}
