//! Noticing that an execution does not go on: each is looked at when its first step may be overdue,
//! and from then on whenever something is heard of it and when the next step may be.
//!
//! Nobody looks at an execution that ends in good time. Nothing of this is recorded: it follows from
//! the events and the clock, and is found again after a restart.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pavane::workflow::v1::{Incident, Wait};
use pavane_clock::Clock;
use pavane_flow::Timestamp;
use pavane_flow::plan::Plan;
use tokio::sync::Notify;
use tracing::{info, warn};

use super::hosted::{Hosted, Table};
use super::{Choreography, Said, discovery};
use crate::timers::Timers;

/// How long a participant may take to say what it is prepared for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long its answer counts: many executions may wait for the same one.
const VALID: Duration = Duration::from_secs(5);

/// How long an execution with an incident is left alone.
const SOONEST: Duration = Duration::from_secs(1);
const SELDOMEST: Duration = Duration::from_secs(60);

/// The executions that are to be looked at: now, and later.
#[derive(Debug)]
pub(super) struct Line {
    later: Timers<Arc<str>>,
    /// Bounded by the executions: each is in line once.
    now: Mutex<Vec<Arc<Hosted>>>,
    more: Notify,
}

impl Line {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            later: Timers::new(clock),
            now: Mutex::default(),
            more: Notify::new(),
        }
    }

    /// Has it looked at.
    pub(super) fn add(&self, hosted: &Arc<Hosted>) {
        let was_in_line = std::mem::replace(&mut hosted.attention.lock().is_in_line, true);
        if !was_in_line {
            self.now.lock().push(Arc::clone(hosted));
            self.more.notify_one();
        }
    }

    /// Has it looked at at this time, and not before.
    pub(super) fn add_later(&self, hosted: &Arc<Hosted>, due: Option<Timestamp>) {
        let before = std::mem::replace(&mut hosted.attention.lock().due, due);
        if before == due {
            return;
        }
        if let Some(before) = before {
            self.later.forget(before, &hosted.id);
        }
        if let Some(due) = due {
            self.later.wake_at(due, Arc::clone(&hosted.id));
        }
    }

    /// It has ended: nothing is kept for it.
    pub(super) fn forget(&self, hosted: &Arc<Hosted>) {
        self.add_later(hosted, None);
    }

    /// Those of the table that are to be looked at by now. Cancel safe.
    async fn next(&self, table: &Table) -> Vec<Arc<Hosted>> {
        loop {
            let now = std::mem::take(&mut *self.now.lock());
            if !now.is_empty() {
                return now;
            }
            tokio::select! {
                () = self.more.notified() => {}
                id = self.later.next() => if let Some(hosted) = table.get(&id) {
                    hosted.attention.lock().due = None;
                    return vec![hosted];
                }
            }
        }
    }
}

impl Choreography {
    /// Looks at executions when there is a reason to, for ever.
    pub(crate) async fn observe<T>(&self) -> T {
        loop {
            for hosted in self.home().line.next(&self.home().table).await {
                hosted.attention.lock().is_in_line = false;
                hosted.observe();
                self.look_at(&hosted).await;
            }
        }
    }

    /// Whether an execution goes on as it should.
    pub(crate) async fn look_at(&self, hosted: &Arc<Hosted>) {
        if hosted.end().is_some() {
            return;
        }
        let now = self.home().journal.now();
        let waits = match self.waits(hosted) {
            Ok(waits) => waits,
            Err(error) => {
                warn!(execution = %hosted.id, %error, "cannot be looked at");
                return;
            }
        };
        let is_late = |wait: &Wait| expected(wait).is_some_and(|expected| expected <= now);
        let (late, in_time): (Vec<_>, Vec<_>) = waits.into_iter().partition(is_late);
        let in_time = in_time.iter().filter_map(expected);
        // What is late already is looked at again, the longer it lasts the seldomer: its participant
        // may be reachable by now, or no longer.
        let late_since = late.iter().filter_map(expected).min();
        let again = late_since.map(|since| now + now.since(since).clamp(SOONEST, SELDOMEST));
        self.home()
            .line
            .add_later(hosted, in_time.chain(again).min());
        let mut incidents = Vec::new();
        for wait in late {
            incidents.push(self.incident(hosted, &wait, now).await);
        }
        if note(hosted, incidents) {
            hosted.tell_news();
        }
    }

    /// What is wrong with a step that is overdue.
    async fn incident(&self, hosted: &Hosted, wait: &Wait, now: Timestamp) -> Incident {
        let (reason, message) = match self.problem_with(&wait.participant) {
            Some(problem) => (
                "PARTICIPANT_NOT_FOLLOWED",
                format!(
                    "the feed of {} is not followed any more: {problem}",
                    wait.participant
                ),
            ),
            None if !wait.reachable => (
                "PARTICIPANT_UNREACHABLE",
                format!(
                    "{} at {} cannot be reached: {}",
                    wait.participant, wait.target, wait.unreachable_reason
                ),
            ),
            None if self
                .lacks(&wait.participant, &wait.target, &hosted.plan)
                .await =>
            {
                (
                    "PARTICIPANT_NOT_PREPARED",
                    format!(
                        "{} is not prepared for revision {} of {}; deploy it again",
                        wait.participant, hosted.plan.revision, hosted.plan.name
                    ),
                )
            }
            None => (
                "PARTICIPANT_SILENT",
                format!(
                    "{} was to react to {} (#{} of {}), and has said nothing about `{}` since",
                    wait.participant,
                    wait.cause_id,
                    wait.cause_sequence,
                    wait.cause_source,
                    wait.step
                ),
            ),
        };
        Incident {
            reason: reason.to_owned(),
            message,
            step: wait.step.clone(),
            participant: wait.participant.clone(),
            raise_time: Some(now.into()),
        }
    }

    /// Whether a participant says that it has no part in a revision. One that does not answer says
    /// nothing.
    async fn lacks(&self, participant: &str, target: &str, plan: &Plan) -> bool {
        let lacks = |said: &Said| {
            let revisions = said.revisions.as_ref();
            revisions.is_some_and(|known| !known.contains(&*plan.revision.0))
        };
        if let Some(said) = self.0.asked.lock().get(participant)
            && said.when.elapsed() < VALID
        {
            return lacks(said);
        }
        let said = Said {
            revisions: discovery::parts_of(self.calls(), target, PATIENCE).await,
            when: Instant::now(),
        };
        let lacking = lacks(&said);
        let mut asked = self.0.asked.lock();
        asked.insert(participant.to_owned(), said);
        lacking
    }
}

/// `None`: it may take for ever.
fn expected(wait: &Wait) -> Option<Timestamp> {
    wait.expected_time.as_ref().map(Timestamp::from)
}

/// Takes note of what is wrong with an execution. An incident that goes on is the one that was
/// raised before. Answers whether there is a new one.
fn note(hosted: &Hosted, mut incidents: Vec<Incident>) -> bool {
    let mut attention = hosted.attention.lock();
    let mut is_new = false;
    for incident in &mut incidents {
        let before = attention
            .incidents
            .iter()
            .find(|before| (&before.reason, &before.step) == (&incident.reason, &incident.step));
        match before {
            Some(before) => incident.raise_time = before.raise_time,
            None => {
                is_new = true;
                warn!(
                    execution = %hosted.id,
                    reason = incident.reason,
                    "does not go on: {}", incident.message
                );
            }
        }
    }
    if incidents.is_empty() && !attention.incidents.is_empty() {
        info!(execution = %hosted.id, "goes on again");
    }
    attention.incidents = incidents;
    is_new
}
