//! Calls that are performed by the host, so many at a time. Those that become due together share a
//! task: what the writer acknowledges together wakes one task, not many.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::{BoxFuture, ready};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use pavane_flow::choreography::member::StepCall;
use pavane_flow::driver::{CallFailure, Direction};
use pavane_flow::event::Failure;
use pavane_flow::plan::Unit;
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
    let mut answers = Vec::with_capacity(calls.len());
    let mut on_their_way = FuturesUnordered::new();
    for call in calls {
        let mut performing = Performing::begin(&host, call);
        // Many a handler answers at once: that needs no place among those that are waited for.
        match (&mut performing).now_or_never() {
            Some(answered) => answers.push(answered),
            None => on_their_way.push(performing),
        }
    }
    loop {
        while let Some(Some(more)) = on_their_way.next().now_or_never() {
            answers.push(more);
        }
        if !answers.is_empty() {
            // Nobody is left to be told: the runtime was cut off.
            let answers = std::mem::take(&mut answers);
            let _ = outcomes.send(Outcome::Answers(answers)).await;
        }
        match on_their_way.next().await {
            Some(first) => answers.push(first),
            None => return,
        }
    }
}

/// One call on its way; a panic of the host's is an answer.
struct Performing {
    execution: Arc<str>,
    unit: Unit,
    direction: Direction,
    call: BoxFuture<'static, Answer>,
}

impl Performing {
    fn begin(host: &Arc<dyn Host>, call: StepCall) -> Self {
        let (execution, unit, direction) =
            (Arc::clone(call.execution()), call.unit(), call.direction());
        let call = catch_unwind(AssertUnwindSafe(|| host.perform(call)));
        let panicked = |_| ready(Answer::Answered(Err(panicked()))).boxed();
        Self {
            execution,
            unit,
            direction,
            call: call.unwrap_or_else(panicked),
        }
    }
}

impl Future for Performing {
    type Output = Answered;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answered> {
        let this = &mut *self;
        let polled = catch_unwind(AssertUnwindSafe(|| this.call.as_mut().poll(context)));
        let answer = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(answer)) => answer,
            Err(_) => Answer::Answered(Err(panicked())),
        };
        Poll::Ready(Answered {
            execution: Arc::clone(&this.execution),
            unit: this.unit,
            direction: this.direction,
            answer,
        })
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
