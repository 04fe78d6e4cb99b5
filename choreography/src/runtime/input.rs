//! What the runtime's task is told.

use std::sync::Arc;

use pavane::feed::v1 as feed;
use pavane_flow::Timestamp;
use pavane_flow::choreography::member::{self, Action, Member};
use pavane_flow::driver::Direction;
use pavane_flow::plan::Unit;

use crate::Answer;
use crate::parts::Preparation;

/// From outside: peers, and whoever holds the runtime.
pub(crate) enum Input {
    /// A peer's feed has said something.
    Heard(Heard),
    /// A part, and where those stand who must be heard for it.
    Prepare(Box<Preparation>, Reply),
    /// What was said of executions before the member listened; the reply is given once that is
    /// remembered.
    CatchUp(Vec<CaughtUp>, Reply),
    /// Whatever else is to be told to the core.
    Tell(Tell),
}

/// What others have said of an execution.
pub(crate) struct CaughtUp {
    pub(crate) execution: Arc<str>,
    pub(crate) events: Vec<member::Heard>,
}

/// What a subscription has brought.
pub(crate) struct Heard {
    pub(crate) peer: Arc<str>,
    /// Which of the subscriptions to this peer; that of an earlier one counts no more.
    pub(crate) round: u64,
    /// In order; empty if there is only a position.
    pub(crate) events: Vec<member::Heard>,
    /// Where the subscription stands.
    pub(crate) cursor: String,
    /// History is done.
    pub(crate) is_caught_up: bool,
}

/// Tells the core something; the reply is given once all that followed is durable.
pub(crate) type Tell = Box<dyn FnOnce(&mut Member, Timestamp, &mut Vec<Action>) -> Reply + Send>;

/// Answers whoever waits.
pub(crate) type Reply = Box<dyn FnOnce() + Send>;

/// From what the runtime itself has set going.
pub(crate) enum Outcome {
    /// Calls came back.
    Answers(Vec<Answered>),
    /// The own feed was read.
    Recalled(Result<Vec<Recalled>, pavane_feed::Error>),
}

/// A call that came back.
pub(crate) struct Answered {
    pub(crate) execution: Arc<str>,
    pub(crate) unit: Unit,
    pub(crate) direction: Direction,
    pub(crate) answer: Answer,
}

/// What the own feed has of an execution.
pub(crate) struct Recalled {
    pub(crate) execution: Arc<str>,
    pub(crate) own: Vec<feed::Event>,
}
