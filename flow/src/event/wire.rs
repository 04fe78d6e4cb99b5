//! Between an event and the message of the contract that stands for it, both ways.

use bytes::Bytes;
use pavane::feed::v1 as feed;
use pavane::workflow::v1 as wire;
use prost::{Message, Name};

use super::{DecodeError, EventKind, Origin, glance};
use crate::Timestamp;
use crate::plan::{Plan, StepIndex, Unit};

/// The encoded message that stands for what happened.
pub(super) fn encode(kind: EventKind, plan: &Plan) -> Vec<u8> {
    let name = |step: StepIndex| plan.step(step).id.to_string();
    let names = |steps: Vec<StepIndex>| steps.into_iter().map(name).collect();
    match kind {
        EventKind::ExecutionStarted {
            input,
            mode,
            deadline,
            participants,
            origin,
        } => {
            let (parent_execution_id, parent_step) = origin.parent.unwrap_or_default();
            encoded(&wire::ExecutionStarted {
                workflow: plan.name.to_string(),
                revision: plan.revision.to_string(),
                input,
                mode: mode.into(),
                deadline: deadline.map(Into::into),
                participants,
                parent_execution_id,
                parent_step,
                causal_chain: origin.causal_chain,
            })
        }
        EventKind::StepBegun { unit, until, round } => encoded(&wire::StepBegun {
            step: name(unit.step),
            element: unit.element,
            until_time: until.map(Into::into),
            round,
        }),
        EventKind::StepCompleted {
            unit,
            output,
            attempts,
        } => encoded(&wire::StepCompleted {
            step: name(unit.step),
            output,
            attempts,
            element: unit.element,
        }),
        EventKind::StepFailed {
            unit,
            failure,
            ambiguous,
            attempts,
        } => encoded(&wire::StepFailed {
            step: name(unit.step),
            failure: Some(failure),
            ambiguous,
            attempts,
            element: unit.element,
        }),
        EventKind::StepSuspended {
            unit,
            failure,
            round,
        } => encoded(&wire::StepSuspended {
            step: name(unit.step),
            element: unit.element,
            failure: Some(failure),
            round,
        }),
        EventKind::StepResolved {
            unit,
            resolution,
            output,
            reason,
        } => encoded(&wire::StepResolved {
            step: name(unit.step),
            element: unit.element,
            resolution: resolution.into(),
            output,
            reason,
        }),
        EventKind::StepSkipped { step } => encoded(&wire::StepSkipped { step: name(step) }),
        EventKind::StepAbandoned { step } => encoded(&wire::StepAbandoned { step: name(step) }),
        EventKind::StepCompensated { unit, attempts } => encoded(&wire::StepCompensated {
            step: name(unit.step),
            attempts,
            element: unit.element,
        }),
        EventKind::CompensationFailed {
            unit,
            failure,
            attempts,
            round,
        } => encoded(&wire::CompensationFailed {
            step: name(unit.step),
            failure: Some(failure),
            attempts,
            round,
            element: unit.element,
        }),
        EventKind::OutputFailed { failure } => encoded(&wire::OutputFailed {
            failure: Some(failure),
        }),
        EventKind::CancelRequested { reason } => encoded(&wire::CancelRequested { reason }),
        EventKind::DeadlineExceeded => encoded(&wire::DeadlineExceeded {}),
        EventKind::ExecutionSucceeded { output } => encoded(&wire::ExecutionSucceeded { output }),
        EventKind::ExecutionFailed {
            step,
            failure,
            compensated,
        } => encoded(&wire::ExecutionFailed {
            step: step.map(name).unwrap_or_default(),
            failure: Some(failure),
            compensated: names(compensated),
        }),
        EventKind::ExecutionCanceled {
            reason,
            compensated,
        } => encoded(&wire::ExecutionCanceled {
            reason,
            compensated: names(compensated),
        }),
        EventKind::ExecutionSuspended { round, steps } => encoded(&wire::ExecutionSuspended {
            round,
            steps: names(steps),
        }),
        EventKind::ExecutionResumed { round } => encoded(&wire::ExecutionResumed { round }),
    }
}

/// Errors: not an execution's event, or not of this plan.
pub(super) fn decode(event: &Stored<'_>, plan: &Plan) -> Result<EventKind, DecodeError> {
    let step = |id: &str| {
        plan.step_index(id)
            .ok_or_else(|| DecodeError::UnknownStep(event.r#type.to_owned(), id.to_owned()))
    };
    let unit = |id: &str, element| {
        let step = step(id)?;
        Ok::<_, DecodeError>(Unit { step, element })
    };
    let steps = |ids: &[String]| ids.iter().map(|id| step(id)).collect::<Result<Vec<_>, _>>();
    let name = event
        .r#type
        .strip_prefix("pavane.workflow.v1.")
        .unwrap_or_default();
    Ok(match name {
        wire::ExecutionStarted::NAME => {
            let data: glance::Started = read_as::<wire::ExecutionStarted, _>(event)?;
            EventKind::ExecutionStarted {
                mode: data.mode(),
                deadline: data.deadline.as_ref().map(Timestamp::from),
                input: data.input,
                participants: data.participants,
                origin: Origin {
                    parent: (!data.parent_execution_id.is_empty())
                        .then_some((data.parent_execution_id, data.parent_step)),
                    causal_chain: data.causal_chain,
                },
            }
        }
        wire::StepBegun::NAME => {
            let data: wire::StepBegun = read(event)?;
            EventKind::StepBegun {
                unit: unit(&data.step, data.element)?,
                until: data.until_time.as_ref().map(Timestamp::from),
                round: data.round,
            }
        }
        wire::StepSuspended::NAME => {
            let data: wire::StepSuspended = read(event)?;
            EventKind::StepSuspended {
                unit: unit(&data.step, data.element)?,
                failure: data.failure.unwrap_or_default(),
                round: data.round,
            }
        }
        wire::StepResolved::NAME => {
            let data: wire::StepResolved = read(event)?;
            EventKind::StepResolved {
                unit: unit(&data.step, data.element)?,
                resolution: data.resolution(),
                output: data.output,
                reason: data.reason,
            }
        }
        wire::StepCompleted::NAME => {
            let data: glance::Completed = read_as::<wire::StepCompleted, _>(event)?;
            EventKind::StepCompleted {
                unit: unit(&String::from_utf8_lossy(&data.step), data.element)?,
                output: data.output,
                attempts: data.attempts,
            }
        }
        wire::StepFailed::NAME => {
            let data: wire::StepFailed = read(event)?;
            EventKind::StepFailed {
                unit: unit(&data.step, data.element)?,
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
                unit: unit(&data.step, data.element)?,
                attempts: data.attempts,
            }
        }
        wire::CompensationFailed::NAME => {
            let data: wire::CompensationFailed = read(event)?;
            EventKind::CompensationFailed {
                unit: unit(&data.step, data.element)?,
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
        _ => return Err(DecodeError::UnknownType(event.r#type.to_owned())),
    })
}

fn encoded(message: &impl Message) -> Vec<u8> {
    message.encode_to_vec()
}

/// What an event that was stored says of itself.
pub(super) struct Stored<'a> {
    pub(super) r#type: &'a str,
    pub(super) type_url: &'a str,
    /// The encoded data.
    pub(super) value: Bytes,
}

impl<'a> From<&'a feed::Event> for Stored<'a> {
    fn from(event: &'a feed::Event) -> Self {
        let data = event.data.as_ref();
        Self {
            r#type: &event.r#type,
            type_url: data.map_or("", |data| &data.type_url),
            value: data
                .map(|data| Bytes::copy_from_slice(&data.value))
                .unwrap_or_default(),
        }
    }
}

/// The data of an event, of this type.
pub(super) fn read<M: Message + Name + Default>(event: &Stored<'_>) -> Result<M, DecodeError> {
    read_as::<M, M>(event)
}

/// The data of an event, of the type `N`, as a message that has some of its fields.
pub(super) fn read_as<N: Name, M: Message + Default>(event: &Stored<'_>) -> Result<M, DecodeError> {
    let found = event.type_url.rsplit('/').next().unwrap_or_default();
    let name = found.strip_prefix(N::PACKAGE);
    if name.and_then(|name| name.strip_prefix('.')) != Some(N::NAME) {
        return Err(DecodeError::NoData(event.r#type.to_owned()));
    }
    M::decode(event.value.clone())
        .map_err(|error| DecodeError::Malformed(event.r#type.to_owned(), error))
}
