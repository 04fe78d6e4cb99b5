//! The orchestrator as the host of its part in choreographies: it performs nothing, and records what
//! the core says in the journal, with the indices, as it does for executions that it conducts.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use pavane::workflow::v1::{Execution, Failure, Member};
use pavane_calls::Calls;
use pavane_choreography::{Ack, Answer, Appended, Ended, Host, Round};
use pavane_feed::{Feed, Store};
use pavane_flow::choreography::member::{Heard, StepCall};
use pavane_flow::driver::CallFailure;
use pavane_flow::event::{Event, EventType};
use pavane_flow::fold::State;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

use super::hosted::{End, Hosted, Table};
use super::observer::Line;
use crate::failing::Failing;
use crate::journal::{self, Commit, Journal};
use crate::view::{self, OUTCOMES};

/// Events of several executions share a commit up to here: a commit is delivered whole.
const COMMIT_BYTES: usize = 512 * 1024;

/// What the runtime of the home stands on.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) identity: Member,
    pub(super) journal: Journal,
    /// Knows how targets are reached.
    calls: Arc<Calls>,
    pub(super) table: Table,
    /// Those that are to be looked at.
    pub(super) line: Arc<Line>,
    /// Those of which something was said that makes executions fail.
    pub(super) failing: Arc<Failing<Hosted>>,
}

impl Home {
    pub(super) fn new(identity: Member, journal: Journal, calls: Arc<Calls>) -> Self {
        Self {
            identity,
            line: Arc::new(Line::new(journal.clock().clone())),
            journal,
            calls,
            table: Table::new(),
            failing: Arc::default(),
        }
    }

    /// Forgets an execution that did not start after all.
    pub(super) fn give_up(&self, hosted: &Arc<Hosted>) {
        self.table.remove(&hosted.id);
        self.line.forget(hosted);
        hosted.conclude();
    }

    /// The executions of which a round says something between start and outcome, and whether that makes
    /// them fail: that is seldom.
    fn noted(&self, round: &Round) -> Vec<(Arc<Hosted>, bool)> {
        let events = round.events.iter().filter(|appended| {
            let event_type = appended.event_type;
            event_type != EventType::ExecutionStarted && !OUTCOMES.contains(&event_type)
        });
        events
            .filter_map(|appended| {
                let hosted = self.table.get(&appended.execution)?;
                Some((hosted, CAUSES.contains(&appended.event_type)))
            })
            .collect()
    }

    /// Divides a round into commits. What one execution says at a time stays together.
    fn commits(&self, round: Round) -> Vec<Commit> {
        let mut commits = Vec::new();
        let (mut commit, mut bytes) = (Commit::default(), 0);
        let mut before: Option<Arc<str>> = None;
        let mut ended = VecDeque::from(round.ended);
        for appended in round.events {
            let size = appended.event.len();
            let of_another = || before.as_ref() != Some(&appended.execution);
            if bytes + size > COMMIT_BYTES && before.is_some() && of_another() {
                commits.push(mem::take(&mut commit));
                bytes = 0;
            }
            bytes += size;
            note(&self.table, &appended, &mut ended, &mut commit);
            commit.events.push(appended.event);
            before = Some(appended.execution);
        }
        commit.checkpoint = round.checkpoint;
        commits.push(commit);
        commits
    }
}

impl Host for Home {
    fn identity(&self) -> &Member {
        &self.identity
    }

    fn store(&self) -> &Store {
        self.journal.store()
    }

    fn feed(&self) -> &Feed {
        self.journal.feed()
    }

    fn dial(&self, address: &str, endpoint: Endpoint) -> Result<Channel, String> {
        self.calls.dial(address, endpoint)
    }

    fn put_in_line(&self, round: Round) -> BoxFuture<'_, Result<Ack, pavane_feed::Error>> {
        let noted = self.noted(&round);
        let commits = self.commits(round);
        Box::pin(async move {
            let ack = self.journal.record_round(commits).await?;
            if noted.is_empty() {
                return Ok(ack);
            }
            let (line, failing) = (Arc::clone(&self.line), Arc::clone(&self.failing));
            Ok(Box::pin(async move {
                ack.await?;
                for (hosted, fails) in noted {
                    notice(&line, &hosted);
                    if fails && hosted.begins_to_fail() {
                        failing.add(&hosted);
                    }
                }
                Ok(())
            }) as Ack)
        })
    }

    fn perform(&self, call: StepCall) -> BoxFuture<'static, Answer> {
        // The core of a home has no steps. Should it ask all the same, nothing has left.
        let failure = CallFailure {
            failure: Failure {
                code: Code::Internal.into(),
                message: format!("the home was asked to call {}", call.method()),
                details: Vec::new(),
            },
            retry_after: None,
            sent: false,
            settled: false,
            held_back: false,
        };
        Box::pin(async { Answer::Answered(Err(failure)) })
    }

    fn heard(&self, _: &Arc<str>, events: &[Heard]) {
        for event in events {
            if let Some(hosted) = self.table.get(event.subject()) {
                notice(&self.line, &hosted);
                // Whoever looks sees it with this event: the core is not to be looked at meanwhile.
                if makes_fail(event.event_type()) && hosted.begins_to_fail() {
                    self.failing.add(&hosted);
                }
            }
        }
    }

    fn ended(&self, executions: &[Arc<str>]) {
        for execution in executions {
            if let Some(hosted) = self.table.remove(execution) {
                self.line.forget(&hosted);
                hosted.conclude();
            }
        }
    }
}

/// What an event means for the indices.
fn note(table: &Table, appended: &Appended, ended: &mut VecDeque<Ended>, commit: &mut Commit) {
    let is_start = appended.event_type == EventType::ExecutionStarted;
    if !is_start && !OUTCOMES.contains(&appended.event_type) {
        return;
    }
    let Some(hosted) = table.get(&appended.execution) else {
        return;
    };
    let start = Arc::clone(&hosted.start);
    if is_start {
        commit.started.push(journal::Started {
            position: commit.events.len(),
            summary: summary_of_start(&hosted, &appended.event),
            start,
        });
        return;
    }
    // They ended in the order of their outcomes.
    let ended = ended
        .iter()
        .position(|ended| *ended.driver.execution() == hosted.id)
        .and_then(|position| ended.remove(position));
    let Some(Ended { driver, heard }) = ended else {
        return;
    };
    let state = driver.state();
    if let Some(outcome) = state.outcome() {
        hosted.set_end(End {
            outcome: outcome.clone(),
            heard: heard.clone(),
        });
    }
    commit.ended.push(journal::Ended {
        summary: view::summary(&hosted.id, &hosted.plan, state),
        start,
        heard,
    });
}

/// There is something new about an execution.
fn notice(line: &Line, hosted: &Arc<Hosted>) {
    if hosted.is_observed() {
        hosted.tell_news();
        line.add(hosted);
    }
}

/// What was said of executions that are failing.
const CAUSES: [EventType; 3] = [
    EventType::StepFailed,
    EventType::CancelRequested,
    EventType::DeadlineExceeded,
];

fn makes_fail(event_type: &str) -> bool {
    CAUSES.iter().any(|cause| event_type == cause.full_name())
}

/// As lists show an execution that has just been started.
fn summary_of_start(hosted: &Hosted, event: &Bytes) -> Execution {
    let mut state = State::new(&hosted.plan);
    if let Ok(started) = Event::decode_encoded(event, &hosted.plan) {
        state.apply(&started);
    }
    view::summary(&hosted.id, &hosted.plan, &state)
}
