//! The events of one execution as the fold sees them: steps by index, times as values. The other
//! form, the one that is stored and sent, is `pavane.workflow.v1`; this file is the only place
//! that translates between the two.

use std::fmt;

use bytes::Bytes;
use pavane::feed::v1 as feed;
use pavane::workflow::v1 as wire;
use prost::{Message, Name};

use crate::Timestamp;
use crate::plan::{Plan, StepIndex};

pub use wire::{Failure, Mode};

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
        let (r#type, data) = encode_kind(self.kind, plan);
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
            kind: decode_kind(event, plan)?,
        })
    }
}

/// Reads the first event of an execution, which says what plan the others are to be read with.
/// Errors: the event is another one, or malformed.
pub fn decode_started(event: &feed::Event) -> Result<wire::ExecutionStarted, DecodeError> {
    read(event)
}

fn encode_kind(kind: EventKind, plan: &Plan) -> (String, prost_types::Any) {
    let name = |step: StepIndex| plan.step(step).id.to_string();
    let names = |steps: Vec<StepIndex>| steps.into_iter().map(name).collect();
    match kind {
        EventKind::ExecutionStarted {
            input,
            mode,
            deadline,
        } => pack(&wire::ExecutionStarted {
            workflow: plan.name.to_string(),
            revision: plan.revision.to_string(),
            input,
            mode: mode.into(),
            deadline: deadline.map(Into::into),
        }),
        EventKind::StepCompleted {
            step,
            output,
            attempts,
        } => pack(&wire::StepCompleted {
            step: name(step),
            output,
            attempts,
        }),
        EventKind::StepFailed {
            step,
            failure,
            ambiguous,
            attempts,
        } => pack(&wire::StepFailed {
            step: name(step),
            failure: Some(failure),
            ambiguous,
            attempts,
        }),
        EventKind::StepSkipped { step } => pack(&wire::StepSkipped { step: name(step) }),
        EventKind::StepAbandoned { step } => pack(&wire::StepAbandoned { step: name(step) }),
        EventKind::StepCompensated { step, attempts } => pack(&wire::StepCompensated {
            step: name(step),
            attempts,
        }),
        EventKind::CompensationFailed {
            step,
            failure,
            attempts,
            round,
        } => pack(&wire::CompensationFailed {
            step: name(step),
            failure: Some(failure),
            attempts,
            round,
        }),
        EventKind::OutputFailed { failure } => pack(&wire::OutputFailed {
            failure: Some(failure),
        }),
        EventKind::CancelRequested { reason } => pack(&wire::CancelRequested { reason }),
        EventKind::DeadlineExceeded => pack(&wire::DeadlineExceeded {}),
        EventKind::ExecutionSucceeded { output } => pack(&wire::ExecutionSucceeded { output }),
        EventKind::ExecutionFailed {
            step,
            failure,
            compensated,
        } => pack(&wire::ExecutionFailed {
            step: step.map(name).unwrap_or_default(),
            failure: Some(failure),
            compensated: names(compensated),
        }),
        EventKind::ExecutionCanceled {
            reason,
            compensated,
        } => pack(&wire::ExecutionCanceled {
            reason,
            compensated: names(compensated),
        }),
        EventKind::ExecutionSuspended { round, steps } => pack(&wire::ExecutionSuspended {
            round,
            steps: names(steps),
        }),
        EventKind::ExecutionResumed { round } => pack(&wire::ExecutionResumed { round }),
    }
}

fn decode_kind(event: &feed::Event, plan: &Plan) -> Result<EventKind, DecodeError> {
    let step = |id: &str| {
        plan.step_index(id)
            .ok_or_else(|| DecodeError::UnknownStep(event.r#type.clone(), id.to_owned()))
    };
    let steps = |ids: &[String]| ids.iter().map(|id| step(id)).collect::<Result<Vec<_>, _>>();
    let name = event
        .r#type
        .strip_prefix("pavane.workflow.v1.")
        .unwrap_or_default();
    Ok(match name {
        wire::ExecutionStarted::NAME => {
            let data = decode_started(event)?;
            EventKind::ExecutionStarted {
                mode: data.mode(),
                deadline: data.deadline.as_ref().map(Timestamp::from),
                input: data.input,
            }
        }
        wire::StepCompleted::NAME => {
            let data: wire::StepCompleted = read(event)?;
            EventKind::StepCompleted {
                step: step(&data.step)?,
                output: data.output,
                attempts: data.attempts,
            }
        }
        wire::StepFailed::NAME => {
            let data: wire::StepFailed = read(event)?;
            EventKind::StepFailed {
                step: step(&data.step)?,
                failure: data.failure.unwrap_or_default(),
                ambiguous: data.ambiguous,
                attempts: data.attempts,
            }
        }
        wire::StepSkipped::NAME => EventKind::StepSkipped {
            step: step(&read::<wire::StepSkipped>(event)?.step)?,
        },
        wire::StepAbandoned::NAME => EventKind::StepAbandoned {
            step: step(&read::<wire::StepAbandoned>(event)?.step)?,
        },
        wire::StepCompensated::NAME => {
            let data: wire::StepCompensated = read(event)?;
            EventKind::StepCompensated {
                step: step(&data.step)?,
                attempts: data.attempts,
            }
        }
        wire::CompensationFailed::NAME => {
            let data: wire::CompensationFailed = read(event)?;
            EventKind::CompensationFailed {
                step: step(&data.step)?,
                failure: data.failure.unwrap_or_default(),
                attempts: data.attempts,
                round: data.round,
            }
        }
        wire::OutputFailed::NAME => EventKind::OutputFailed {
            failure: read::<wire::OutputFailed>(event)?
                .failure
                .unwrap_or_default(),
        },
        wire::CancelRequested::NAME => EventKind::CancelRequested {
            reason: read::<wire::CancelRequested>(event)?.reason,
        },
        wire::DeadlineExceeded::NAME => EventKind::DeadlineExceeded,
        wire::ExecutionSucceeded::NAME => EventKind::ExecutionSucceeded {
            output: read::<wire::ExecutionSucceeded>(event)?.output,
        },
        wire::ExecutionFailed::NAME => {
            let data: wire::ExecutionFailed = read(event)?;
            let failed = (!data.step.is_empty())
                .then(|| step(&data.step))
                .transpose()?;
            EventKind::ExecutionFailed {
                step: failed,
                failure: data.failure.unwrap_or_default(),
                compensated: steps(&data.compensated)?,
            }
        }
        wire::ExecutionCanceled::NAME => {
            let data: wire::ExecutionCanceled = read(event)?;
            EventKind::ExecutionCanceled {
                reason: data.reason,
                compensated: steps(&data.compensated)?,
            }
        }
        wire::ExecutionSuspended::NAME => {
            let data: wire::ExecutionSuspended = read(event)?;
            EventKind::ExecutionSuspended {
                round: data.round,
                steps: steps(&data.steps)?,
            }
        }
        wire::ExecutionResumed::NAME => EventKind::ExecutionResumed {
            round: read::<wire::ExecutionResumed>(event)?.round,
        },
        _ => return Err(DecodeError::UnknownType(event.r#type.clone())),
    })
}

fn pack<M: Message + Name>(message: &M) -> (String, prost_types::Any) {
    let any = prost_types::Any {
        type_url: M::type_url(),
        value: message.encode_to_vec(),
    };
    (M::full_name(), any)
}

fn read<M: Message + Name + Default>(event: &feed::Event) -> Result<M, DecodeError> {
    let data = event
        .data
        .as_ref()
        .filter(|data| data.type_url.rsplit('/').next() == Some(M::full_name().as_str()));
    let data = data.ok_or_else(|| DecodeError::NoData(event.r#type.clone()))?;
    M::decode(data.value.as_slice())
        .map_err(|error| DecodeError::Malformed(event.r#type.clone(), error))
}
