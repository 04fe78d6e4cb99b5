//! Executions that carry out steps of others, behind a front door: whose child one is, which id it
//! has, and that it is stopped when its parent is failing. The parent is undone after its child has
//! ended, for its call is answered then.

use std::sync::Arc;
use std::time::Duration;

use pavane::metadata::{CAUSAL_CHAIN, IDEMPOTENCY_COMPENSATION, IDEMPOTENCY_KEY, STEP};
use pavane::workflow::v1::CancelExecutionRequest;
use pavane::workflow::v1::execution_service_client::ExecutionServiceClient;
use pavane_flow::driver::Driver;
use pavane_flow::fold::{Cause, State};
use pavane_flow::plan::{Plan, Unit};
use sha2::{Digest, Sha256};
use tonic::Code;
use tonic::metadata::MetadataMap;
use tracing::{debug, info};

use super::{Awaited, Engine, MAX_ID_BYTES};
use crate::Error;
use crate::executions::Live;

/// How long to wait before a front door is asked again to stop what may have reached it by then;
/// twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How often it is asked.
const MOST_REQUESTS: u32 = 8;
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest reason that is passed on: as long as CancelExecution takes.
const MAX_REASON_BYTES: usize = 1_024;

/// What a child's id ends with that undoes. A dot is not part of the name of a step.
const COMPENSATION: &str = ".compensation";

/// The step that a call of a front door carries out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    /// The execution whose step it is.
    pub(crate) parent: String,
    pub(crate) step: String,
    /// Whether it is to be undone.
    pub(crate) is_compensation: bool,
    /// The workflows that led to it by events, the first one first.
    pub(crate) causal_chain: Vec<String>,
}

/// What came of asking a front door.
enum Told {
    /// It is seen to, or there is nothing to be done.
    Yes,
    /// It may not have heard of the child yet.
    NotYet,
}

impl Task {
    /// The step of another execution that a call is made for, if its caller says that it is one.
    pub(crate) fn of_call(call: &MetadataMap) -> Option<Self> {
        if call.get(STEP)?.as_bytes() != b"true" {
            return None;
        }
        let key = call.get(IDEMPOTENCY_KEY)?.to_str().ok()?;
        let (parent, unit) = key.split_once('/')?;
        let step = unit.split('/').next().unwrap_or(unit);
        Some(Self {
            parent: parent.to_owned(),
            step: step.to_owned(),
            is_compensation: call.contains_key(IDEMPOTENCY_COMPENSATION),
            causal_chain: causal_chain(call),
        })
    }
}

fn causal_chain(call: &MetadataMap) -> Vec<String> {
    let chain = call.get(CAUSAL_CHAIN).and_then(|chain| chain.to_str().ok());
    let names = chain.unwrap_or_default().split(',');
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The id of the execution that an idempotency key stands for. What undoes is another execution than
/// what does.
pub(crate) fn child_id(key: &str, is_compensation: bool) -> String {
    // `<execution>/<step>`: a slash cannot be part of an id.
    let mut id = key.replace('/', ":");
    if is_compensation {
        id.push_str(COMPENSATION);
    }
    // Each workflow that calls another adds a step's name; what no longer fits is hashed.
    if id.len() > MAX_ID_BYTES {
        id = Sha256::digest(&id)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
    }
    id
}

impl Engine {
    /// Stops the children of executions that begin to fail, for ever.
    pub(crate) async fn pass_failures_on<T>(&self) -> T {
        loop {
            let parent = self.executions.next_failing().await;
            let (calls, reason) = {
                let core = parent.lock();
                (core.open_calls(), reason(&core))
            };
            for unit in calls {
                let (this, parent, reason) = (self.clone(), Arc::clone(&parent), reason.clone());
                tokio::spawn(async move { this.stop_child(&parent, unit, reason).await });
            }
        }
    }

    /// To be asked once the child is there. If its parent began to fail before, it was not found, and
    /// is stopped now.
    pub(crate) async fn stop_if_orphan(&self, child: &str, task: &Task) -> Result<(), Error> {
        let parent = &task.parent;
        let failing = match self.conducted(parent).await? {
            Some(live) => {
                let core = live.lock();
                core.state().is_failing().then(|| reason(&core))
            }
            None => match self.choreography.look(parent, State::is_failing) {
                Some(is_failing) => is_failing.then(|| format!("execution `{parent}` is failing")),
                // Not known here at all: then another orchestrator has it, and says so itself.
                None if !self.is_recorded(parent)? => None,
                None => Some(format!("execution `{parent}` has ended")),
            },
        };
        match failing {
            Some(reason) => self.stop_here(child, reason).await.map(drop),
            None => Ok(()),
        }
    }

    /// Waits until what is to be undone has ended, if it is under way here: a call may come to undo
    /// it whose caller no longer waits for it.
    pub(crate) async fn end_before_compensation(&self, key: &str) -> Result<(), Error> {
        let id = child_id(key, false);
        if !self.stop_here(&id, "it is to be undone".to_owned()).await? {
            return Ok(());
        }
        if let Awaited::Promised(outcome) = self.outcome(&id).await? {
            // If it cannot end, this process is about to.
            let _ = outcome.await;
        }
        Ok(())
    }

    /// Whether a step was undone, by an execution here, before it is done.
    pub(crate) fn is_compensated(&self, key: &str) -> Result<bool, Error> {
        let id = child_id(key, true);
        Ok(self.lives(&id) || self.is_recorded(&id)?)
    }

    /// The execution here that carries out a step, if one does.
    pub(super) fn child_of(
        &self,
        execution: &str,
        plan: &Plan,
        unit: Unit,
    ) -> Result<Option<String>, Error> {
        let Some(call) = plan.step(unit.step).call() else {
            return Ok(None);
        };
        if self.workflows.implementing(&call.method.path).is_none() {
            return Ok(None);
        }
        let id = child_id(&plan.idempotency_key(execution, unit), false);
        let is_there = self.lives(&id) || self.is_recorded(&id)?;
        Ok(is_there.then_some(id))
    }

    /// Stops what carries out a call, here or behind the front door that was called, which may not
    /// have heard of it yet.
    async fn stop_child(&self, parent: &Live, unit: Unit, reason: String) {
        let plan = parent.plan();
        let id = child_id(&plan.idempotency_key(parent.id(), unit), false);
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
            if !parent.lock().open_calls().contains(&unit) {
                return;
            }
        }
    }

    /// Whether it lives here; then it is stopped.
    async fn stop_here(&self, id: &str, reason: String) -> Result<bool, Error> {
        if !self.lives(id) {
            return Ok(false);
        }
        info!(
            execution = id,
            reason, "passed on: the execution is canceled"
        );
        match self.cancel(id, reason).await {
            // It may have ended meanwhile.
            Ok(()) | Err(Error::ExecutionEnded { .. }) => Ok(true),
            Err(error) => Err(error),
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

/// Why a child is canceled.
fn reason(core: &Driver) -> String {
    let (id, plan) = (core.execution(), core.plan());
    let mut reason = match core.state().cause(plan) {
        Some(Cause::Cancel(reason)) => format!("execution `{id}` is canceled: {reason}"),
        Some(Cause::Deadline) => format!("execution `{id}` has passed its deadline"),
        Some(Cause::Step(step, _)) => {
            format!(
                "execution `{id}` is failing at step `{}`",
                plan.step(step).id
            )
        }
        Some(Cause::Output(_)) | None => format!("execution `{id}` is failing"),
    };
    let mut end = reason.len().min(MAX_REASON_BYTES);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason.truncate(end);
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(pairs: &[(&'static str, &str)]) -> MetadataMap {
        let mut call = MetadataMap::new();
        for (name, value) in pairs {
            call.insert(*name, value.parse().unwrap());
        }
        call
    }

    #[test]
    fn only_the_call_of_a_step_has_a_parent() {
        let key = ("idempotency-key", "order-7/ship/2");
        assert_eq!(Task::of_call(&call(&[key])), None);
        assert_eq!(Task::of_call(&call(&[("pavane-step", "true")])), None);
        let task = Task::of_call(&call(&[("pavane-step", "true"), key])).unwrap();
        assert_eq!((&*task.parent, &*task.step), ("order-7", "ship"));
        assert!(!task.is_compensation);
    }

    #[test]
    fn a_child_has_its_id_by_the_key_and_what_undoes_has_another() {
        assert_eq!(child_id("o-7/ship", false), "o-7:ship");
        assert_eq!(child_id("o-7/ship", true), "o-7:ship.compensation");
        let long = format!("{}/ship", "deep-".repeat(40));
        assert_eq!(child_id(&long, false).len(), 64);
        assert_ne!(child_id(&long, false), child_id(&long, true));
    }
}
