//! The events of one execution as the fold sees them: steps by index, times as values. The other
//! form, the one that is stored and sent, is `pavane.workflow.v1`; `wire.rs` is the only place that
//! translates between the two.

mod wire;

use std::fmt;

use bytes::Bytes;
use pavane::EventView;
use pavane::feed::v1 as feed;
use pavane::workflow::v1::ExecutionStarted;

use crate::Timestamp;
use crate::plan::{Plan, StepIndex};

pub use pavane::workflow::v1::{Failure, Mode};

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
        struct Suffix<'a>(EventKey, &'a Plan);
        impl fmt::Display for Suffix<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let id = |step: StepIndex| &self.1.step(step).id;
                match self.0 {
                    EventKey::Started => f.write_str("started"),
                    EventKey::Completed(step) => write!(f, "{}/completed", id(step)),
                    EventKey::Failed(step) => write!(f, "{}/failed", id(step)),
                    EventKey::Skipped(step) => write!(f, "{}/skipped", id(step)),
                    EventKey::Abandoned(step) => write!(f, "{}/abandoned", id(step)),
                    EventKey::Compensated(step) => write!(f, "{}/compensated", id(step)),
                    EventKey::CompensationFailed(step, round) => {
                        write!(f, "{}/compensation-failed-{round}", id(step))
                    }
                    EventKey::OutputFailed => f.write_str("output-failed"),
                    EventKey::CancelRequested => f.write_str("cancel-requested"),
                    EventKey::DeadlineExceeded => f.write_str("deadline-exceeded"),
                    EventKey::Outcome => f.write_str("outcome"),
                    EventKey::Suspended(round) => write!(f, "suspended-{round}"),
                    EventKey::Resumed(round) => write!(f, "resumed-{round}"),
                }
            }
        }
        format!("{execution}/{}", Suffix(self, plan))
    }
}

impl EventKind {
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
    /// The event as a feed stores it, without sequence and cursor. `cause` is the event that this
    /// one follows from.
    pub fn encode(self, execution: &str, plan: &Plan, cause: Option<EventKey>) -> feed::Event {
        let id = self.kind.key().event_id(execution, plan);
        let (r#type, data) = wire::encode(self.kind, plan);
        feed::Event {
            id,
            source: String::new(),
            r#type,
            subject: execution.to_owned(),
            time: Some(self.time.into()),
            data: Some(data),
            sequence: 0,
            cursor: String::new(),
            correlation_id: execution.to_owned(),
            causation_id: cause
                .map(|key| key.event_id(execution, plan))
                .unwrap_or_default(),
            traceparent: String::new(),
            tracestate: String::new(),
            attributes: Default::default(),
        }
    }

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
