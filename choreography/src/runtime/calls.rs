//! Calls that are performed by the host, so many at a time. Those that become due together share a
//! task: what the writer acknowledges together wakes one task, not many.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use pavane_flow::choreography::member::StepCall;
use pavane_flow::driver::CallFailure;
use pavane_flow::event::Failure;
use tokio::sync::mpsc;
use tonic::Code;

use super::input::{Answered, Outcome};
use crate::{Answer, Host};

/// Most calls that share a task: few enough that several cores have something to do.
const MOST_TOGETHER: usize = 16;

/// Calls on their way, and calls that wait for a place.
pub(super) struct Calls {
    host: Arc<dyn Host>,
    outcomes: mpsc::Sender<Outcome>,
    limit: usize,
    waiting: VecDeque<StepCall>,
    in_flight: usize,
}

impl Calls {
    pub(super) fn new(host: Arc<dyn Host>, limit: usize, outcomes: mpsc::Sender<Outcome>) -> Self {
        Self {
            host,
            outcomes,
            limit: limit.max(1),
            waiting: VecDeque::new(),
            in_flight: 0,
        }
    }

    /// How many are on their way.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Whether none has to wait.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.is_empty()
    }

    /// So many have come back.
    pub(super) fn came_back(&mut self, calls: usize) {
        self.in_flight -= calls;
    }

    /// Begins none any more.
    pub(super) fn close(&mut self) {
        self.limit = 0;
        self.waiting.clear();
    }

    /// Adds a call that may leave.
    pub(super) fn add(&mut self, call: StepCall) {
        if self.limit > 0 {
            self.waiting.push_back(call);
        }
    }

    /// Begins as many as there are places for.
    pub(super) fn begin(&mut self) {
        while !self.waiting.is_empty() && self.in_flight < self.limit {
            let places = (self.limit - self.in_flight).min(MOST_TOGETHER);
            let together: Vec<_> = self
                .waiting
                .drain(..places.min(self.waiting.len()))
                .collect();
            self.in_flight += together.len();
            let (host, outcomes) = (Arc::clone(&self.host), self.outcomes.clone());
            tokio::spawn(perform(host, together, outcomes));
        }
    }
}

async fn perform(host: Arc<dyn Host>, calls: Vec<StepCall>, outcomes: mpsc::Sender<Outcome>) {
    let mut calls: FuturesUnordered<_> = calls
        .into_iter()
        .map(|call| perform_one(&host, call))
        .collect();
    while let Some(first) = calls.next().await {
        let mut answers = vec![first];
        while let Some(Some(more)) = calls.next().now_or_never() {
            answers.push(more);
        }
        // Nobody is left to be told: the runtime was cut off.
        let _ = outcomes.send(Outcome::Answers(answers)).await;
    }
}

async fn perform_one(host: &Arc<dyn Host>, call: StepCall) -> Answered {
    let (execution, unit, direction) =
        (Arc::clone(call.execution()), call.unit(), call.direction());
    let performing = async { host.perform(call).await };
    let answer = AssertUnwindSafe(performing).catch_unwind().await;
    Answered {
        execution,
        unit,
        direction,
        answer: answer.unwrap_or_else(|_| Answer::Answered(Err(panicked()))),
    }
}

fn panicked() -> CallFailure {
    CallFailure {
        failure: Failure {
            code: Code::Unknown.into(),
            message: "the handler of the call panicked".to_owned(),
            details: Vec::new(),
        },
        retry_after: None,
        sent: true,
        settled: false,
        held_back: false,
    }
}
