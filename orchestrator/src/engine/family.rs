//! Executions that carry out steps of others, behind a front door: whose child one is, which id it
//! has, and that it is stopped when its parent is failing. The parent is undone after its child has
//! ended, for its call is answered then.

mod passing_on;

use pavane::metadata::{CAUSAL_CHAIN, IDEMPOTENCY_COMPENSATION, IDEMPOTENCY_KEY, STEP};
use pavane_flow::fold::{Cause, State};
use pavane_flow::plan::{Plan, Unit};
use sha2::{Digest, Sha256};
use tonic::metadata::MetadataMap;
use tracing::info;

use super::{Awaited, Engine, MAX_ID_BYTES};
use crate::Error;

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
    /// To be asked once the child is there. If its parent began to fail before, it was not found, and
    /// is stopped now.
    pub(crate) async fn stop_if_orphan(&self, child: &str, task: &Task) -> Result<(), Error> {
        let parent = &task.parent;
        let failing = match self.conducted(parent).await? {
            Some(live) => {
                let core = live.lock();
                let reason = || reason(core.execution(), core.plan(), core.state());
                core.state().is_failing().then(reason)
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
        let id = child_id(&plan.idempotency_key(execution, unit).to_string(), false);
        let is_there = self.lives(&id) || self.is_recorded(&id)?;
        Ok(is_there.then_some(id))
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
}

/// Why a child is canceled.
fn reason(id: &str, plan: &Plan, state: &State) -> String {
    let mut reason = match state.cause(plan) {
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
