//! Rounds that were put in line and are not durable yet, and what is to follow once they are.
//!
//! An execution waits only for its own events: a call that follows from none of those in line leaves
//! at once, whatever else is in line.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use pavane_flow::choreography::member::StepCall;

use super::input::Reply;
use crate::{Ack, Error};

/// Rounds in the order of the writer.
#[derive(Default)]
pub(super) struct Line {
    acks: FuturesOrdered<Ack>,
    /// One for each of `acks`, and one more while a round is being gathered.
    rounds: VecDeque<Waiting>,
    /// How many rounds are durable: the number of the first in `rounds`.
    durable: u64,
    /// The last round with an event of the execution. None: all its events are durable.
    tickets: HashMap<Arc<str>, u64>,
}

/// What waits for a round.
#[derive(Default)]
struct Waiting {
    /// Those with an event in it.
    executions: Vec<Arc<str>>,
    then: Then,
}

/// What follows once a round is durable.
#[derive(Default)]
pub(super) struct Then {
    pub(super) calls: Vec<StepCall>,
    pub(super) replies: Vec<Reply>,
    pub(super) ended: Vec<Arc<str>>,
}

impl Line {
    /// How many rounds are not durable.
    pub(super) fn len(&self) -> usize {
        self.acks.len()
    }

    /// Begins to gather a round.
    pub(super) fn open(&mut self) {
        debug_assert_eq!(self.rounds.len(), self.acks.len(), "one round at a time");
        self.rounds.push_back(Waiting::default());
    }

    /// The round that is being gathered has an event of this execution.
    pub(super) fn note(&mut self, execution: &Arc<str>) {
        let number = self.durable + self.acks.len() as u64;
        if self.tickets.insert(Arc::clone(execution), number) != Some(number) {
            let gathered = self.rounds.back_mut().expect("a round is being gathered");
            gathered.executions.push(Arc::clone(execution));
        }
    }

    /// Has a call wait for the events of its execution. Returns it if there is nothing to wait for.
    pub(super) fn hold(&mut self, call: StepCall) -> Option<StepCall> {
        let Some(number) = self.tickets.get(call.execution()) else {
            return Some(call);
        };
        let place = usize::try_from(number - self.durable).expect("few rounds are in line");
        self.rounds[place].then.calls.push(call);
        None
    }

    /// What is to follow the round that is being gathered.
    pub(super) fn then(&mut self) -> &mut Then {
        let gathered = self.rounds.back_mut().expect("a round is being gathered");
        &mut gathered.then
    }

    /// The round that was gathered is in line.
    pub(super) fn close(&mut self, ack: Ack) {
        self.acks.push_back(ack);
    }

    /// There is nothing to write: what was to follow follows the rounds before it. Returned if there
    /// are none.
    pub(super) fn close_empty(&mut self) -> Then {
        let gathered = self.rounds.pop_back().expect("a round is being gathered");
        debug_assert!(gathered.executions.is_empty(), "an event makes a round");
        let Some(last) = self.rounds.back_mut() else {
            return gathered.then;
        };
        last.then.calls.extend(gathered.then.calls);
        last.then.replies.extend(gathered.then.replies);
        last.then.ended.extend(gathered.then.ended);
        Then::default()
    }

    /// Waits until the first round is durable; for ever, if there is none. Cancel safe.
    pub(super) async fn next(&mut self) -> Result<Then, Error> {
        let Some(written) = self.acks.next().await else {
            return std::future::pending().await;
        };
        written?;
        let number = self.durable;
        self.durable += 1;
        let first = self.rounds.pop_front().expect("one for each ack");
        for execution in &first.executions {
            if self.tickets.get(execution) == Some(&number) {
                self.tickets.remove(execution);
            }
        }
        Ok(first.then)
    }
}
