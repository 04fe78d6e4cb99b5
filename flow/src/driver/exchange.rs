//! What goes between the core and its shell: what it is told, and what it wants.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{CallFailure, Direction};
use crate::Timestamp;
use crate::event::{Event, EventKey, Resolution};
use crate::plan::{StepIndex, Unit};

/// What the shell tells the core.
#[derive(Debug)]
pub enum Input {
    /// A call came back. `jitter`, from 0 to 1, spreads the next attempt.
    Answered {
        /// The step, or the element of it.
        unit: Unit,
        /// Which of its calls.
        direction: Direction,
        /// The encoded response, or how it failed.
        result: Result<Bytes, CallFailure>,
        /// From 0 to 1.
        jitter: f64,
    },
    /// A step's call was answered with OK, and its event is durable already: it was appended in the
    /// commit of the call's own effect.
    Recorded {
        /// `StepCompleted` or `StepCompensated`, of a step whose call is on its way.
        event: Event,
    },
    /// An event of another feed, or once more one of its own.
    Heard {
        /// What happened.
        event: Event,
    },
    /// Somebody asks the home for the execution to be canceled.
    Cancel {
        /// Why.
        reason: String,
    },
    /// An operator has the home retry a suspended execution.
    Resume,
    /// An operator settles a step by hand, with the home. What [`super::Driver::refusal`] has a reason
    /// against changes nothing.
    Resolve {
        /// The step, or the element of it.
        unit: Unit,
        /// How.
        resolution: Resolution,
        /// What it counts as having been answered with, encoded; empty unless it is completed.
        output: Bytes,
        /// Why.
        reason: String,
    },
    /// An event of the feed, type and subject of an [`Action::Await`]. Whether it is the one is decided
    /// here; if it is not, nothing changes.
    Arrived {
        /// The step that awaits it.
        step: StepIndex,
        /// The encoded `pavane.feed.v1.Event`.
        event: Bytes,
        /// The encoded data in it.
        data: Bytes,
    },
    /// It is the time of an [`Action::Wake`].
    Wake,
}

/// What the shell is to do, in this order.
#[derive(Debug)]
pub enum Action {
    /// Append this event, in one commit with the other events of the same input.
    Append {
        /// What happened.
        event: Event,
        /// The event that it follows from.
        cause: Option<EventKey>,
    },
    /// Perform this call, after the events are durable.
    Call(CallRequest),
    /// Give [`Input::Wake`] at this time, or later.
    Wake(Timestamp),
    /// Give [`Input::Arrived`] for each event of the feed and the type that the step awaits, and of this
    /// subject if there is one: for those since the execution was started, and for those to come,
    /// until the step is no longer pending.
    Await {
        /// The step.
        step: StepIndex,
        /// The subject that the event must have.
        subject: Option<String>,
    },
}

/// A call to perform.
#[derive(Clone, Debug)]
pub struct CallRequest {
    /// The step, or the element of it.
    pub unit: Unit,
    /// Which of its calls.
    pub direction: Direction,
    /// The encoded request.
    pub request: Bytes,
    /// What it is sent with besides: names in lower case, and texts.
    pub metadata: Vec<(Arc<str>, String)>,
    /// How long the attempt may take.
    pub timeout: Duration,
    /// Whether nobody has said how long, and the configuration of the target may, so long as it is
    /// not longer than `budget`.
    pub has_default_timeout: bool,
    /// How long is left before the deadline of the execution, where that binds the call.
    pub budget: Option<Duration>,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// The event that made the call due.
    pub cause: EventKey,
}

/// How long an execution rests: see [`super::Driver::rests`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// When it is to be woken. `None`: time alone does not wake it.
    pub until: Option<Timestamp>,
}
