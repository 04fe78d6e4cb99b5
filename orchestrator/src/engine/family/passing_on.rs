//! When an execution begins to fail, whoever carries out its steps behind a front door is asked to stop:
//! here, or at the server that has the call.

use std::sync::Arc;
use std::time::Duration;

use pavane::workflow::v1::CancelExecutionRequest;
use pavane::workflow::v1::execution_service_client::ExecutionServiceClient;
use pavane_flow::fold::{Progress, State};
use pavane_flow::plan::{Plan, StepIndex, Unit};
use tonic::Code;
use tracing::debug;

use super::super::Engine;
use super::{child_id, reason};
use crate::choreography::Hosted;
use crate::executions::Live;

/// How long to wait before a front door is asked again to stop what may have reached it by then;
/// twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How often it is asked.
const MOST_REQUESTS: u32 = 8;
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// An execution that is failing, whose steps may be carried out by others.
enum Parent {
    Conducted(Arc<Live>),
    Choreographed(Arc<Hosted>),
}

impl Parent {
    fn id(&self) -> &str {
        match self {
            Self::Conducted(live) => live.id(),
            Self::Choreographed(hosted) => hosted.id(),
        }
    }

    fn plan(&self) -> &Plan {
        match self {
            Self::Conducted(live) => live.plan(),
            Self::Choreographed(hosted) => hosted.plan(),
        }
    }
}

/// What came of asking a front door.
enum Told {
    /// It is seen to, or there is nothing to be done.
    Yes,
    /// It may not have heard of the child yet.
    NotYet,
}

impl Engine {
    /// Stops the children of executions that begin to fail, for ever.
    pub(crate) async fn pass_failures_on<T>(&self) -> T {
        loop {
            let parent = tokio::select! {
                live = self.executions.next_failing() => Parent::Conducted(live),
                hosted = self.choreography.next_failing() => Parent::Choreographed(hosted),
            };
            let Some((calls, reason)) = self.open_calls(&parent) else {
                continue;
            };
            let parent = Arc::new(parent);
            for unit in calls {
                let (this, parent, reason) = (self.clone(), Arc::clone(&parent), reason.clone());
                tokio::spawn(async move { this.stop_child(&parent, unit, reason).await });
            }
        }
    }

    /// The calls of a failing execution that may be under way, and why it fails. `None`: it has ended.
    fn open_calls(&self, parent: &Parent) -> Option<(Vec<Unit>, String)> {
        match parent {
            Parent::Conducted(live) => {
                let core = live.lock();
                Some((
                    core.open_calls(),
                    reason(core.execution(), core.plan(), core.state()),
                ))
            }
            Parent::Choreographed(hosted) => {
                let (id, plan) = (hosted.id(), hosted.plan());
                let look = |state: &State| {
                    let is_failing = state.is_failing();
                    is_failing.then(|| (open_steps(plan, state), reason(id, plan, state)))
                };
                let (steps, reason) = self.choreography.look(id, look)??;
                let units = steps
                    .into_iter()
                    .flat_map(|step| self.begun_units(id, plan, step));
                Some((units.collect(), reason))
            }
        }
    }

    /// Of a step that others perform: the step, or those of its elements that are here. A home does not
    /// know how many elements there are; their calls begin in order.
    fn begun_units(&self, execution: &str, plan: &Plan, step: StepIndex) -> Vec<Unit> {
        if plan.step(step).for_each.is_none() {
            return vec![step.into()];
        }
        let is_here = |unit: &Unit| {
            let id = child_id(&plan.idempotency_key(execution, *unit).to_string(), false);
            self.lives(&id) || self.is_recorded(&id).unwrap_or_default()
        };
        let elements = (0..).map(|element| Unit::element(step, element));
        elements.take_while(is_here).collect()
    }

    /// Stops what carries out a call, here or behind the front door that was called, which may not
    /// have heard of it yet.
    async fn stop_child(&self, parent: &Parent, unit: Unit, reason: String) {
        let plan = parent.plan();
        let id = child_id(&plan.idempotency_key(parent.id(), unit).to_string(), false);
        let service = plan.step(unit.step).call().map(|call| &call.method.service);
        let service = service.expect("only a step that calls has calls under way");
        let mut pause = FIRST_PAUSE;
        for _ in 0..MOST_REQUESTS {
            let told = match self.stop_here(&id, reason.clone()).await {
                Ok(true) => return,
                Ok(false) => self.stop_there(service, &id, &reason).await,
                Err(error) => {
                    debug!(execution = id, %error, "not stopped");
                    return;
                }
            };
            if matches!(told, Told::Yes) {
                return;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            let open = self.open_calls(parent);
            if open.is_none_or(|(open, _)| !open.contains(&unit)) {
                return;
            }
        }
    }

    /// Asks the server that has the call. One that is no front door does not know the method, and is
    /// not asked again for a while.
    async fn stop_there(&self, service: &str, id: &str, reason: &str) -> Told {
        let calls = self.choreography.calls();
        let Some(target) = calls.targets().get(service) else {
            return Told::Yes;
        };
        if self.plain.is_known(service) {
            return Told::Yes;
        }
        let request = CancelExecutionRequest {
            execution_id: id.to_owned(),
            reason: reason.to_owned(),
            ..CancelExecutionRequest::default()
        };
        let Ok(way) = calls.way(target).await else {
            return Told::NotYet;
        };
        let mut client = ExecutionServiceClient::new(way);
        let answer = tokio::time::timeout(PATIENCE, client.cancel_execution(request)).await;
        let code = match answer {
            Ok(answer) => answer.map_or_else(|status| status.code(), |_| Code::Ok),
            Err(_) => Code::DeadlineExceeded,
        };
        debug!(execution = id, service, ?code, "passed on: asked to cancel");
        match code {
            Code::Unimplemented => {
                self.plain.add(service);
                Told::Yes
            }
            Code::NotFound | Code::Unavailable | Code::DeadlineExceeded => Told::NotYet,
            // Canceled, ended, or not ours to cancel.
            _ => Told::Yes,
        }
    }
}

/// The steps of a failing execution whose calls others may have under way.
fn open_steps(plan: &Plan, state: &State) -> Vec<StepIndex> {
    let is_open = |step: &StepIndex| {
        plan.step(*step).call().is_some()
            && state.progress(*step) == Progress::Pending
            && state.dependencies_allow(plan, *step)
    };
    plan.step_indices().filter(is_open).collect()
}
