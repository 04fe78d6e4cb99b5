//! The events of one execution as the fold sees them: steps by index, times as values. The other
//! form, the one that is stored and sent, is `pavane.workflow.v1`; `wire.rs` is the only place that
//! translates between the two.

mod event_type;
mod stored;
mod wire;

use bytes::Bytes;
use pavane::EventView;
use pavane::feed::v1 as feed;
use pavane::workflow::v1::ExecutionStarted;

use crate::Timestamp;
use crate::plan::{Plan, StepIndex};

pub use event_type::EventType;
pub use pavane::workflow::v1::{Failure, Mode};
pub use stored::Context;

/// Something that happened to an execution, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it happened, as its producer saw it.
    pub time: Timestamp,
    /// What happened.
    pub kind: EventKind,
}

/// What happened. Meaning: the messages of the same names in `pavane.workflow.v1`.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the messages of the contract say it")]
pub enum EventKind {
    ExecutionStarted {
        input: Bytes,
        mode: Mode,
        deadline: Option<Timestamp>,
        participants: Vec<String>,
    },
    StepCompleted {
        step: StepIndex,
        output: Bytes,
        attempts: u32,
    },
    StepFailed {
        step: StepIndex,
        failure: Failure,
        ambiguous: bool,
        attempts: u32,
    },
    StepSkipped {
        step: StepIndex,
    },
    StepAbandoned {
        step: StepIndex,
    },
    StepCompensated {
        step: StepIndex,
        attempts: u32,
    },
    CompensationFailed {
        step: StepIndex,
        failure: Failure,
        attempts: u32,
        round: u32,
    },
    OutputFailed {
        failure: Failure,
    },
    CancelRequested {
        reason: String,
    },
    DeadlineExceeded,
    ExecutionSucceeded {
        output: Bytes,
    },
    ExecutionFailed {
        step: Option<StepIndex>,
        failure: Failure,
        compensated: Vec<StepIndex>,
    },
    ExecutionCanceled {
        reason: String,
        compensated: Vec<StepIndex>,
    },
    ExecutionSuspended {
        round: u32,
        steps: Vec<StepIndex>,
    },
    ExecutionResumed {
        round: u32,
    },
}

/// Why an event of a feed could not be read as one of an execution.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are not those of an event.
    #[error("the bytes are not those of an event")]
    NoEvent,
    /// Not one of the types of `pavane.workflow.v1`.
    #[error("event type `{0}` is not one of an execution's")]
    UnknownType(String),
    /// No data, or data of another type than the event says.
    #[error("event of type `{0}` does not carry its data")]
    NoData(String),
    /// The data cannot be decoded.
    #[error("event of type `{0}` carries malformed data: {1}")]
    Malformed(String, prost::DecodeError),
    /// The step is not in the plan.
    #[error("event of type `{0}` speaks of step `{1}`, which the plan does not have")]
    UnknownStep(String, String),
}

/// Names an event within its execution: what makes its id, and what another event names as its
/// cause. The same happening always has the same key, so a repetition is recognised as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "one for each kind of event")]
pub enum EventKey {
    Started,
    Completed(StepIndex),
    Failed(StepIndex),
    Skipped(StepIndex),
    Abandoned(StepIndex),
    Compensated(StepIndex),
    CompensationFailed(StepIndex, u32),
    OutputFailed,
    CancelRequested,
    DeadlineExceeded,
    Outcome,
    Suspended(u32),
    Resumed(u32),
}

impl EventKey {
    /// The step that the event is about, if it is about one.
    pub fn step(self) -> Option<StepIndex> {
        match self {
            Self::Completed(step)
            | Self::Failed(step)
            | Self::Skipped(step)
            | Self::Abandoned(step)
            | Self::Compensated(step)
            | Self::CompensationFailed(step, _) => Some(step),
            Self::Started
            | Self::OutputFailed
            | Self::CancelRequested
            | Self::DeadlineExceeded
            | Self::Outcome
            | Self::Suspended(_)
            | Self::Resumed(_) => None,
        }
    }

    /// The event's id: `<execution>/started`, `<execution>/reserve/completed`.
    pub fn event_id(self, execution: &str, plan: &Plan) -> String {
        self.id_parts(execution, plan, &mut [0; 10]).concat()
    }

    /// The parts of the event's id. `digits` is where a number is written down.
    fn id_parts<'a>(
        self,
        execution: &'a str,
        plan: &'a Plan,
        digits: &'a mut [u8; 10],
    ) -> [&'a str; 6] {
        let id = |step: StepIndex| &*plan.step(step).id;
        let (step, word, number) = match self {
            Self::Started => ("", "started", None),
            Self::Completed(step) => (id(step), "completed", None),
            Self::Failed(step) => (id(step), "failed", None),
            Self::Skipped(step) => (id(step), "skipped", None),
            Self::Abandoned(step) => (id(step), "abandoned", None),
            Self::Compensated(step) => (id(step), "compensated", None),
            Self::CompensationFailed(step, round) => {
                (id(step), "compensation-failed-", Some(round))
            }
            Self::OutputFailed => ("", "output-failed", None),
            Self::CancelRequested => ("", "cancel-requested", None),
            Self::DeadlineExceeded => ("", "deadline-exceeded", None),
            Self::Outcome => ("", "outcome", None),
            Self::Suspended(round) => ("", "suspended-", Some(round)),
            Self::Resumed(round) => ("", "resumed-", Some(round)),
        };
        let slash = if step.is_empty() { "" } else { "/" };
        let number = number.map_or("", |number| decimal(number, digits));
        [execution, "/", step, slash, word, number]
    }
}

/// A number as text, written down in `digits`.
fn decimal(mut number: u32, digits: &mut [u8; 10]) -> &str {
    let mut begin = digits.len();
    loop {
        begin -= 1;
        digits[begin] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return std::str::from_utf8(&digits[begin..]).expect("digits");
        }
    }
}

impl EventKind {
    /// The type of the event.
    pub fn event_type(&self) -> EventType {
        EventType::of(self)
    }

    /// The key of this event within its execution.
    pub fn key(&self) -> EventKey {
        match self {
            Self::ExecutionStarted { .. } => EventKey::Started,
            Self::StepCompleted { step, .. } => EventKey::Completed(*step),
            Self::StepFailed { step, .. } => EventKey::Failed(*step),
            Self::StepSkipped { step } => EventKey::Skipped(*step),
            Self::StepAbandoned { step } => EventKey::Abandoned(*step),
            Self::StepCompensated { step, .. } => EventKey::Compensated(*step),
            Self::CompensationFailed { step, round, .. } => {
                EventKey::CompensationFailed(*step, *round)
            }
            Self::OutputFailed { .. } => EventKey::OutputFailed,
            Self::CancelRequested { .. } => EventKey::CancelRequested,
            Self::DeadlineExceeded => EventKey::DeadlineExceeded,
            Self::ExecutionSucceeded { .. }
            | Self::ExecutionFailed { .. }
            | Self::ExecutionCanceled { .. } => EventKey::Outcome,
            Self::ExecutionSuspended { round, .. } => EventKey::Suspended(*round),
            Self::ExecutionResumed { round } => EventKey::Resumed(*round),
        }
    }

    /// The step that it happened to. `None`: it happened to the execution itself.
    pub fn step(&self) -> Option<StepIndex> {
        match self.key() {
            EventKey::Completed(step)
            | EventKey::Failed(step)
            | EventKey::Skipped(step)
            | EventKey::Abandoned(step)
            | EventKey::Compensated(step)
            | EventKey::CompensationFailed(step, _) => Some(step),
            EventKey::Started
            | EventKey::OutputFailed
            | EventKey::CancelRequested
            | EventKey::DeadlineExceeded
            | EventKey::Outcome
            | EventKey::Suspended(_)
            | EventKey::Resumed(_) => None,
        }
    }

    /// Whether the execution has ended with this event.
    pub fn is_outcome(&self) -> bool {
        self.key() == EventKey::Outcome
    }
}

impl Event {
    /// Reads an event that a feed stored. Errors: it is not an execution's, or not of this plan.
    pub fn decode(event: &feed::Event, plan: &Plan) -> Result<Self, DecodeError> {
        let time = event.time.as_ref().map(Timestamp::from).unwrap_or_default();
        Ok(Self {
            time,
            kind: wire::decode(&event.into(), plan)?,
        })
    }

    /// Reads an event as it was sent: without copying, what it carries stays part of `encoded`. Errors:
    /// as of [`Event::decode`].
    pub fn decode_encoded(encoded: &Bytes, plan: &Plan) -> Result<Self, DecodeError> {
        let view = EventView::parse(encoded).map_err(|_| DecodeError::NoEvent)?;
        let (seconds, nanos) = view.time().map_err(|_| DecodeError::NoEvent)?;
        let time = Timestamp::from(&prost_types::Timestamp { seconds, nanos });
        Ok(Self {
            time,
            kind: wire::decode(&stored(encoded, &view)?, plan)?,
        })
    }
}

/// Reads the first event of an execution, which says what plan the others are to be read with.
/// Errors: the event is another one, or malformed.
pub fn decode_started(event: &feed::Event) -> Result<ExecutionStarted, DecodeError> {
    wire::read(&event.into())
}

/// As [`decode_started`], of an event as it was sent.
pub fn decode_started_encoded(encoded: &Bytes) -> Result<ExecutionStarted, DecodeError> {
    let view = EventView::parse(encoded).map_err(|_| DecodeError::NoEvent)?;
    wire::read(&stored(encoded, &view)?)
}

fn stored<'a>(encoded: &Bytes, view: &EventView<'a>) -> Result<wire::Stored<'a>, DecodeError> {
    let (type_url, value) = view.data().map_err(|_| DecodeError::NoEvent)?;
    Ok(wire::Stored {
        r#type: view.r#type,
        type_url,
        value: if value.is_empty() {
            Bytes::new()
        } else {
            encoded.slice_ref(value)
        },
    })
}
