//! The orchestrator as the host of its part in choreographies: it performs nothing, and records what
//! the core says in the journal, with the indices, as it does for executions that it conducts.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use pavane::EventView;
use pavane::workflow::v1::{Execution, ExecutionState, Failure, Member};
use pavane_calls::Calls;
use pavane_choreography::{Ack, Answer, Appended, Ended, Host, Round};
use pavane_feed::{Feed, Store};
use pavane_flow::choreography::member::{Heard, StepCall};
use pavane_flow::choreography::projection::EventType;
use pavane_flow::driver::CallFailure;
use pavane_flow::event::decode_started_encoded;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

use super::hosted::{End, Hosted, Table};
use super::observer::Line;
use crate::failing::Failing;
use crate::journal::{self, Commit, Journal};
use crate::view;

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
            let r#type = type_of(&appended.event);
            r#type != EventType::ExecutionStarted.full_name() && !view::is_outcome_type(r#type)
        });
        events
            .filter_map(|appended| {
                let hosted = self.table.get(&appended.execution)?;
                Some((hosted, makes_fail(type_of(&appended.event))))
            })
            .collect()
    }

    /// Divides a round into commits. What one execution says at a time stays together.
    fn commits(&self, round: Round) -> Vec<Commit> {
        let mut commits = Vec::new();
        let (mut commit, mut bytes) = (Commit::default(), 0);
        let mut before: Option<Arc<str>> = None;
        let mut ended = VecDeque::from(round.ended);
        for Appended { execution, event } in round.events {
            let size = event.len();
            if bytes + size > COMMIT_BYTES && before.is_some_and(|before| before != execution) {
                commits.push(mem::take(&mut commit));
                bytes = 0;
            }
            bytes += size;
            if let Some(hosted) = self.table.get(&execution) {
                self.note(&hosted, &event, &mut ended, &mut commit);
            }
            commit.events.push(event);
            before = Some(execution);
        }
        commit.checkpoint = round.checkpoint;
        commits.push(commit);
        commits
    }

    /// What an event means for the indices.
    fn note(
        &self,
        hosted: &Arc<Hosted>,
        event: &Bytes,
        ended: &mut VecDeque<Ended>,
        commit: &mut Commit,
    ) {
        let r#type = type_of(event);
        if r#type == EventType::ExecutionStarted.full_name() {
            commit.started.push(journal::Started {
                position: commit.events.len(),
                summary: summary_of_start(hosted, event),
                start: Arc::clone(&hosted.start),
            });
        }
        if !view::is_outcome_type(r#type) {
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
            start: Arc::clone(&hosted.start),
            heard,
        });
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

/// There is something new about an execution.
fn notice(line: &Line, hosted: &Arc<Hosted>) {
    if hosted.is_observed() {
        hosted.tell_news();
        line.add(hosted);
    }
}

/// Whether an execution is failing of which an event of this type was said.
fn makes_fail(r#type: &str) -> bool {
    let causes = [
        EventType::StepFailed,
        EventType::CancelRequested,
        EventType::DeadlineExceeded,
    ];
    causes.iter().any(|cause| r#type == cause.full_name())
}

fn type_of(event: &Bytes) -> &str {
    EventView::parse(event).map_or("", |view| view.r#type)
}

/// As lists show an execution that has just been started.
fn summary_of_start(hosted: &Hosted, event: &Bytes) -> Execution {
    let started = decode_started_encoded(event).unwrap_or_default();
    let time = EventView::parse(event).and_then(|view| view.time());
    let time = time.map(|(seconds, nanos)| prost_types::Timestamp { seconds, nanos });
    Execution {
        id: hosted.id.to_string(),
        workflow: started.workflow,
        revision: started.revision,
        mode: started.mode,
        state: ExecutionState::Running.into(),
        create_time: time.ok(),
        deadline: started.deadline,
        parent_execution_id: started.parent_execution_id,
        parent_step: started.parent_step,
        ..Execution::default()
    }
}
