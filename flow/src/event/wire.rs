//! Between an event and the message of the contract that stands for it, both ways.

use bytes::{Bytes, BytesMut};
use pavane::feed::v1 as feed;
use pavane::workflow::v1 as wire;
use prost::{Message, Name};

use super::fields::Fields;
use super::{DecodeError, EventKind, Origin, glance};
use crate::Timestamp;
use crate::plan::{Plan, StepIndex, Unit};

/// Writes the encoded message that stands for what happened. Those that every execution has are
/// written field by field.
pub(super) fn encode(kind: EventKind, plan: &Plan, participants: &[String], out: &mut BytesMut) {
    let name = |step: StepIndex| plan.step(step).id.to_string();
    let names = |steps: Vec<StepIndex>| steps.into_iter().map(name).collect();
    match kind {
        EventKind::ExecutionStarted {
            input,
            mode,
            deadline,
            origin,
        } => {
            let (parent_execution, parent_step) = origin.parent.unwrap_or_default();
            out.reserve(FIELDS_BYTES + input.len());
            let mut out = Fields(out);
            out.text(1, &plan.name);
            out.text(2, &plan.revision.0);
            out.bytes(3, &input);
            out.number(4, i32::from(mode).unsigned_abs().into());
            if let Some(deadline) = deadline {
                out.message(5, &prost_types::Timestamp::from(deadline));
            }
            out.texts(6, participants);
            out.text(7, &parent_execution);
            out.text(8, &parent_step);
            out.texts(9, &origin.causal_chain);
        }
        EventKind::StepBegun { unit, until, round } => wire::StepBegun {
            step: name(unit.step),
            element: unit.element,
            until_time: until.map(Into::into),
            round,
        }
        .write_to(out),
        EventKind::StepCompleted {
            unit,
            output,
            attempts,
        } => {
            out.reserve(FIELDS_BYTES + output.len());
            let mut out = Fields(out);
            out.text(1, &plan.step(unit.step).id);
            out.bytes(2, &output);
            out.number(3, attempts.into());
            out.optional_number(4, unit.element);
        }
        EventKind::StepFailed {
            unit,
            failure,
            ambiguous,
            attempts,
        } => wire::StepFailed {
            step: name(unit.step),
            failure: Some(failure),
            ambiguous,
            attempts,
            element: unit.element,
        }
        .write_to(out),
        EventKind::StepSuspended {
            unit,
            failure,
            round,
        } => wire::StepSuspended {
            step: name(unit.step),
            element: unit.element,
            failure: Some(failure),
            round,
        }
        .write_to(out),
        EventKind::StepResolved {
            unit,
            resolution,
            output,
            reason,
        } => wire::StepResolved {
            step: name(unit.step),
            element: unit.element,
            resolution: resolution.into(),
            output,
            reason,
        }
        .write_to(out),
        EventKind::StepSkipped { step } => wire::StepSkipped { step: name(step) }.write_to(out),
        EventKind::StepAbandoned { step } => wire::StepAbandoned { step: name(step) }.write_to(out),
        EventKind::StepCompensated { unit, attempts } => wire::StepCompensated {
            step: name(unit.step),
            attempts,
            element: unit.element,
        }
        .write_to(out),
        EventKind::CompensationFailed {
            unit,
            failure,
            attempts,
            round,
        } => wire::CompensationFailed {
            step: name(unit.step),
            failure: Some(failure),
            attempts,
            round,
            element: unit.element,
        }
        .write_to(out),
        EventKind::OutputFailed { failure } => wire::OutputFailed {
            failure: Some(failure),
        }
        .write_to(out),
        EventKind::CancelRequested { reason } => wire::CancelRequested { reason }.write_to(out),
        EventKind::DeadlineExceeded => wire::DeadlineExceeded {}.write_to(out),
        EventKind::ExecutionSucceeded { output } => {
            wire::ExecutionSucceeded { output }.write_to(out)
        }
        EventKind::ExecutionFailed {
            step,
            failure,
            compensated,
        } => wire::ExecutionFailed {
            step: step.map(name).unwrap_or_default(),
            failure: Some(failure),
            compensated: names(compensated),
        }
        .write_to(out),
        EventKind::ExecutionCanceled {
            reason,
            compensated,
        } => wire::ExecutionCanceled {
            reason,
            compensated: names(compensated),
        }
        .write_to(out),
        EventKind::ExecutionSuspended { round, steps } => wire::ExecutionSuspended {
            round,
            steps: names(steps),
        }
        .write_to(out),
        EventKind::ExecutionResumed { round } => wire::ExecutionResumed { round }.write_to(out),
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

/// Room for a message's fields beside the one that may be large.
const FIELDS_BYTES: usize = 256;

/// A message written whole.
trait WriteTo: Message {
    fn write_to(&self, out: &mut BytesMut)
    where
        Self: Sized,
    {
        out.reserve(self.encoded_len());
        self.encode_raw(out);
    }
}

impl<M: Message> WriteTo for M {}

/// What an event that was stored says of itself.
pub(crate) struct Stored<'a> {
    pub(crate) r#type: &'a str,
    pub(crate) type_url: &'a str,
    /// The encoded data.
    pub(crate) value: Bytes,
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
