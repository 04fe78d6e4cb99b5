//! What a choreographed execution waits for: the steps whose turn it is by the rules of the fold, and
//! the event that each one's participant is to react to. Reads, and changes nothing.

use std::collections::HashMap;
use std::time::Duration;

use pavane::feed::v1::Event;
use pavane::workflow::v1::Wait;
use pavane::workflow::v1::get_participant_response::Peer;
use pavane_flow::Timestamp;
use pavane_flow::event::EventKey;
use pavane_flow::fold::{Begun, Cause, Progress, State};
use pavane_flow::plan::{Plan, Step, StepIndex, Unit, Work};

use super::Choreography;
use super::hosted::Hosted;
use super::running::decode;
use crate::Error;

/// How long it may take to say that a wait has begun or is over.
const WITHOUT_CALL: Duration = Duration::from_secs(10);

/// A step whose turn it is.
#[derive(Debug, PartialEq)]
struct Turn {
    step: StepIndex,
    /// Whether it is to be undone.
    compensation: bool,
    /// The events that made it so. Whichever happened last is the one to react to.
    causes: Vec<EventKey>,
    /// That it has begun, of a step that says so.
    begun: Option<Begun>,
}

impl Turn {
    /// When an incident is raised if nothing has been heard by then. `None`: it may take for ever.
    fn expected(&self, step: &Step, since: Timestamp) -> Option<Timestamp> {
        if let (true, Some(compensation)) = (self.compensation, &step.compensation) {
            return Some(since + compensation.timeout);
        }
        match &step.work {
            // Of a step over a list something is heard whenever an element is done.
            Work::Call(call) => Some(since + call.timeout),
            Work::Wait(_) | Work::Await(_) => match self.begun {
                None => Some(since + WITHOUT_CALL),
                // That it is over is said a little later than it is.
                Some(begun) => begun.until.map(|until| until.max(since) + WITHOUT_CALL),
            },
        }
    }
}

impl Choreography {
    /// What an execution waits for, by step. Empty: it has ended, or waits for an operator.
    ///
    /// Errors: the journal cannot be read.
    pub(crate) fn waits(&self, hosted: &Hosted) -> Result<Vec<Wait>, Error> {
        let looked = self.runtime().look(|member| {
            let turns = turns(&hosted.plan, member.driver(&hosted.id)?.state());
            (!turns.is_empty()).then(|| (turns, member.heard(&hosted.id).to_vec()))
        });
        let Some((turns, heard)) = looked else {
            return Ok(Vec::new());
        };
        let mut events = decode(&heard)?;
        events.extend(self.home().journal.events_of(&hosted.id)?);
        let known: HashMap<&str, &Event> = events.iter().map(|it| (&*it.id, it)).collect();
        let peers = self.runtime().describe().peers;
        let waits = turns.iter().map(|turn| {
            let causes = turn.causes.iter();
            let causes = causes.filter_map(|key| {
                let id = key.event_id(&hosted.id, &hosted.plan);
                known.get(&*id).copied()
            });
            let cause = causes.max_by_key(|cause| time_of(cause));
            self.wait(hosted, turn, cause, &peers)
        });
        Ok(waits.collect())
    }

    fn wait(&self, hosted: &Hosted, turn: &Turn, cause: Option<&Event>, peers: &[Peer]) -> Wait {
        let step = hosted.plan.step(turn.step);
        let participant = self.performer(&hosted.plan, turn.step);
        let peer = peers.iter().find(|peer| peer.name == participant);
        let cause = cause.cloned().unwrap_or_default();
        // What happened before this process could hear of it is no delay.
        let observed_since = time_of(&cause).max(hosted.taken_up);
        Wait {
            step: step.id.to_string(),
            compensation: turn.compensation,
            participant,
            cause_id: cause.id,
            cause_type: cause.r#type,
            cause_source: cause.source,
            cause_sequence: cause.sequence,
            since_time: cause.time,
            observed_since_time: Some(observed_since.into()),
            expected_time: turn.expected(step, observed_since).map(Into::into),
            target: peer.map(|peer| peer.target.clone()).unwrap_or_default(),
            reachable: peer.is_some_and(|peer| peer.reachable),
            unreachable_since_time: peer.and_then(|peer| peer.unreachable_since_time),
            unreachable_reason: peer
                .map(|peer| peer.unreachable_reason.clone())
                .unwrap_or_default(),
        }
    }

    /// Why a participant's feed is not followed any more, if it is not.
    pub(super) fn problem_with(&self, participant: &str) -> Option<String> {
        let mut peers = self.runtime().describe().peers.into_iter();
        let peer = peers.find(|peer| peer.name == participant)?;
        Some(peer.problem).filter(|problem| !problem.is_empty())
    }
}

/// The least time after which a step of this plan may be overdue.
pub(super) fn shortest_timeout(plan: &Plan) -> Duration {
    let calls = plan.steps.iter().flat_map(|step| step.calls());
    let timeouts = calls.map(|call| call.timeout);
    timeouts.chain([WITHOUT_CALL]).min().unwrap_or(WITHOUT_CALL)
}

fn time_of(event: &Event) -> Timestamp {
    event.time.as_ref().map(Timestamp::from).unwrap_or_default()
}

/// The steps whose turn it is, in the order of the definition.
fn turns(plan: &Plan, state: &State) -> Vec<Turn> {
    if state.outcome().is_some() || state.is_suspended() {
        return Vec::new();
    }
    let failing = failing_since(plan, state);
    let steps = plan.step_indices();
    let turns = steps.filter_map(|step| {
        let before = &plan.step(step).dependencies;
        let forward = |causes: Option<EventKey>| Turn {
            step,
            compensation: false,
            causes: settled(state, before)
                .chain([EventKey::Started])
                .chain(causes)
                .chain(under_way(state, step))
                .collect(),
            begun: state.begun(step.into()),
        };
        if state.is_ready(plan, step) {
            return Some(forward(None));
        }
        // Whoever would have performed it says that it will not be, or how its call has ended.
        if failing.is_some() && state.progress(step) == Progress::Pending {
            return Some(forward(failing));
        }
        if !state.is_compensation_ready(plan, step) {
            return None;
        }
        let later = &plan.step(step).descendants;
        let resumed = state.round().checked_sub(1).map(EventKey::Resumed);
        Some(Turn {
            step,
            compensation: true,
            causes: settled(state, later)
                .chain(settled(state, &[step]))
                .chain(failing)
                .chain(resumed)
                .chain(under_way(state, step))
                .collect(),
            begun: None,
        })
    });
    turns.collect()
}

/// The event that made the execution failing.
fn failing_since(plan: &Plan, state: &State) -> Option<EventKey> {
    Some(match state.cause(plan)? {
        Cause::Step(step, _) => EventKey::Failed(step.into()),
        Cause::Output(_) => EventKey::OutputFailed,
        Cause::Deadline => EventKey::DeadlineExceeded,
        Cause::Cancel(_) => EventKey::CancelRequested,
    })
}

/// What was said of a step that is not settled yet: that it has begun, and what came of its elements.
fn under_way(state: &State, step: StepIndex) -> impl Iterator<Item = EventKey> {
    let begun = |unit: Unit| {
        let begun = state.begun(unit)?;
        Some(EventKey::Begun(unit, begun.round))
    };
    let elements = state.elements(step);
    let elements = elements.flat_map(move |(unit, progress)| {
        let done = match progress {
            Progress::Completed => Some(EventKey::Completed(unit)),
            Progress::Failed { .. } => Some(EventKey::Failed(unit)),
            Progress::Compensated => Some(EventKey::Compensated(unit)),
            Progress::Pending | Progress::Skipped | Progress::Abandoned => None,
        };
        done.into_iter().chain(begun(unit))
    });
    elements.chain(begun(step.into()))
}

/// The last event of each of these steps that has one.
fn settled(state: &State, steps: &[StepIndex]) -> impl Iterator<Item = EventKey> {
    steps.iter().filter_map(|&step| match state.progress(step) {
        Progress::Pending => None,
        Progress::Completed => Some(EventKey::Completed(step.into())),
        Progress::Failed { .. } => Some(EventKey::Failed(step.into())),
        Progress::Skipped => Some(EventKey::Skipped(step)),
        Progress::Abandoned => Some(EventKey::Abandoned(step)),
        Progress::Compensated => Some(EventKey::Compensated(step.into())),
    })
}
