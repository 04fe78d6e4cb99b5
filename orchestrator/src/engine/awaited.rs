//! What is shown of steps that await an event: of which feed, since when, and whether it can be read.

use bytes::Bytes;
use pavane::workflow::v1::{Incident, Wait};
use pavane_flow::fold::{Progress, State};
use pavane_flow::plan::{Plan, StepIndex, Work};

use super::{Engine, Living};
use crate::Error;
use crate::events::Seen;

/// A feed of which an event is awaited is another one than it was, or has lost what was not read.
const FEED_STARTED_OVER: &str = "FEED_STARTED_OVER";
/// A feed of which an event is awaited cannot be read.
const FEED_UNREACHABLE: &str = "FEED_UNREACHABLE";

impl Engine {
    /// Largest encoded input that an execution can have.
    pub(crate) fn input_bytes(&self) -> usize {
        self.input_bytes
    }

    /// Brings an event to a step that may await it, and says whether it still awaits one. Errors: those
    /// of the journal.
    pub(crate) async fn arrive(
        &self,
        execution: &str,
        step: StepIndex,
        event: Bytes,
        data: Bytes,
    ) -> Result<bool, Error> {
        match self.living(execution).await {
            Ok(Living::Conducted(live)) => self.executions.arrive(live, step, event, data).await,
            Ok(Living::Hosted(_)) => Ok(false),
            Err(Error::UnknownExecution { .. } | Error::ExecutionEnded { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Adds what an execution awaits that has not ended, and what is wrong with the feeds.
    pub(super) fn add_awaited(
        &self,
        plan: &Plan,
        state: &State,
        waits: &mut Vec<Wait>,
        incidents: &mut Vec<Incident>,
    ) {
        if state.outcome().is_some() {
            return;
        }
        for index in plan.step_indices() {
            let step = plan.step(index);
            let (Work::Await(wait), Some(begun)) = (&step.work, state.begun(index.into())) else {
                continue;
            };
            if state.progress(index) != Progress::Pending {
                continue;
            }
            let feed = &wait.events.feed;
            let seen = Seen::look(self.executions.awaiting(), &self.feeds, feed);
            let unreachable = seen.unreachable.clone();
            let (since, why) = unreachable.unzip();
            waits.push(Wait {
                step: step.id.to_string(),
                cause_type: wait.events.event_type.to_string(),
                cause_source: format!("/{feed}"),
                expected_time: begun.until.map(Into::into),
                target: seen.place.clone(),
                reachable: since.is_none(),
                unreachable_since_time: since.map(Into::into),
                unreachable_reason: why.unwrap_or_default(),
                ..Wait::default()
            });
            let started_over = seen.started_over.map(|said| (FEED_STARTED_OVER, said));
            let unreachable = seen.unreachable.map(|said| (FEED_UNREACHABLE, said));
            let found = started_over.into_iter().chain(unreachable);
            incidents.extend(found.map(|(reason, (time, text))| Incident {
                reason: reason.to_owned(),
                message: format!("feed `{feed}`, of which an event is awaited: {text}"),
                step: step.id.to_string(),
                raise_time: Some(time.into()),
                ..Incident::default()
            }));
        }
    }
}
