//! The events of one execution as the fold sees them: steps by index, times as values. The other
//! form, the one that is stored and sent, is `pavane.workflow.v1`; `wire.rs` is the only place that
//! translates between the two.

mod event_type;
mod fields;
mod glance;
mod stored;
mod wire;

use std::borrow::Cow;

use bytes::Bytes;
use pavane::EventView;
use pavane::feed::v1 as feed;
use pavane::workflow::v1::ExecutionStarted;

use crate::Timestamp;
use crate::plan::{Plan, StepIndex, Unit};

pub use event_type::EventType;
pub use pavane::workflow::v1::{Failure, Mode, Resolution};
pub use stored::Context;
pub(crate) use wire::Stored;

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
        origin: Origin,
    },
    StepBegun {
        unit: Unit,
        until: Option<Timestamp>,
        round: u32,
    },
    StepCompleted {
        unit: Unit,
        output: Bytes,
        attempts: u32,
    },
    StepFailed {
        unit: Unit,
        failure: Failure,
        ambiguous: bool,
        attempts: u32,
    },
    StepSuspended {
        unit: Unit,
        failure: Failure,
        round: u32,
    },
    StepResolved {
        unit: Unit,
        resolution: Resolution,
        output: Bytes,
        reason: String,
    },
    StepSkipped {
        step: StepIndex,
    },
    StepAbandoned {
        step: StepIndex,
    },
    StepCompensated {
        unit: Unit,
        attempts: u32,
    },
    CompensationFailed {
        unit: Unit,
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

/// What an execution comes from, if not simply from somebody's call.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The execution whose step this one carries out, and the id of the step.
    pub parent: Option<(String, String)>,
    /// Names of the workflows that led to it by way of events, the first one first.
    pub causal_chain: Vec<String>,
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "one for each kind of event")]
pub enum EventKey {
    #[default]
    Started,
    Begun(Unit, u32),
    Completed(Unit),
    Failed(Unit),
    StepSuspended(Unit, u32),
    Resolved(Unit, Resolution),
    Skipped(StepIndex),
    Abandoned(StepIndex),
    Compensated(Unit),
    CompensationFailed(Unit, u32),
    OutputFailed,
    CancelRequested,
    DeadlineExceeded,
    Outcome,
    Suspended(u32),
    Resumed(u32),
}

impl EventKey {
    /// What the event is about, if it is about a step or an element of one.
    pub fn unit(self) -> Option<Unit> {
        match self {
            Self::Begun(unit, _)
            | Self::Completed(unit)
            | Self::Failed(unit)
            | Self::StepSuspended(unit, _)
            | Self::Resolved(unit, _)
            | Self::Compensated(unit)
            | Self::CompensationFailed(unit, _) => Some(unit),
            Self::Skipped(step) | Self::Abandoned(step) => Some(step.into()),
            Self::Started
            | Self::OutputFailed
            | Self::CancelRequested
            | Self::DeadlineExceeded
            | Self::Outcome
            | Self::Suspended(_)
            | Self::Resumed(_) => None,
        }
    }

    /// The step that the event is about, if it is about one.
    pub fn step(self) -> Option<StepIndex> {
        self.unit().map(|unit| unit.step)
    }

    /// The event's id: `<execution>/started`, `<execution>/reserve/completed`,
    /// `<execution>/look_up/3/completed`.
    pub fn event_id(self, execution: &str, plan: &Plan) -> String {
        let mut digits = Digits::default();
        self.id_parts(execution, plan, &mut digits).concat()
    }

    /// The parts of the event's id. `digits` is where its numbers are written down.
    fn id_parts<'a>(
        self,
        execution: &'a str,
        plan: &'a Plan,
        digits: &'a mut Digits,
    ) -> [&'a str; 8] {
        let (word, number) = match self {
            Self::Started => ("started", None),
            Self::Begun(_, round) => ("begun-", Some(round)),
            Self::Completed(_) => ("completed", None),
            Self::Failed(_) => ("failed", None),
            Self::StepSuspended(_, round) => ("suspended-", Some(round)),
            Self::Resolved(_, Resolution::Unspecified) => ("resolved", None),
            Self::Resolved(_, Resolution::Skipped) => ("resolved-skipped", None),
            Self::Resolved(_, Resolution::Completed) => ("resolved-completed", None),
            Self::Resolved(_, Resolution::Compensated) => ("resolved-compensated", None),
            Self::Skipped(_) => ("skipped", None),
            Self::Abandoned(_) => ("abandoned", None),
            Self::Compensated(_) => ("compensated", None),
            Self::CompensationFailed(_, round) => ("compensation-failed-", Some(round)),
            Self::OutputFailed => ("output-failed", None),
            Self::CancelRequested => ("cancel-requested", None),
            Self::DeadlineExceeded => ("deadline-exceeded", None),
            Self::Outcome => ("outcome", None),
            Self::Suspended(round) => ("suspended-", Some(round)),
            Self::Resumed(round) => ("resumed-", Some(round)),
        };
        let unit = self.unit();
        let step = unit.map_or("", |unit| &*plan.step(unit.step).id);
        let element = unit.and_then(|unit| unit.element);
        let slash = |is_there: bool| if is_there { "/" } else { "" };
        let [of_element, of_number] = &mut digits.0;
        let of_element = element.map_or("", |element| decimal(element, of_element));
        let of_number = number.map_or("", |number| decimal(number, of_number));
        let (after_step, after_element) = (slash(unit.is_some()), slash(element.is_some()));
        [
            execution,
            "/",
            step,
            after_step,
            of_element,
            after_element,
            word,
            of_number,
        ]
    }
}

/// Room for the two numbers of an id.
#[derive(Default)]
struct Digits([[u8; 10]; 2]);

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
            Self::StepBegun { unit, round, .. } => EventKey::Begun(*unit, *round),
            Self::StepCompleted { unit, .. } => EventKey::Completed(*unit),
            Self::StepFailed { unit, .. } => EventKey::Failed(*unit),
            Self::StepSuspended { unit, round, .. } => EventKey::StepSuspended(*unit, *round),
            Self::StepResolved {
                unit, resolution, ..
            } => EventKey::Resolved(*unit, *resolution),
            Self::StepSkipped { step } => EventKey::Skipped(*step),
            Self::StepAbandoned { step } => EventKey::Abandoned(*step),
            Self::StepCompensated { unit, .. } => EventKey::Compensated(*unit),
            Self::CompensationFailed { unit, round, .. } => {
                EventKey::CompensationFailed(*unit, *round)
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
        self.key().step()
    }

    /// The step that it happened to, if whoever performs the step says it. `None`: the home does.
    pub fn performed_step(&self) -> Option<StepIndex> {
        match self {
            Self::StepResolved { .. } => None,
            _ => self.step(),
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
        Self::decode_stored(time, &stored(encoded, &view)?, plan)
    }

    /// As [`Event::decode_encoded`], of one that was looked at already.
    pub(crate) fn decode_stored(
        time: Timestamp,
        stored: &Stored<'_>,
        plan: &Plan,
    ) -> Result<Self, DecodeError> {
        let kind = wire::decode(stored, plan)?;
        Ok(Self { time, kind })
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

/// What the first event of an execution says of whose business it is.
pub(crate) struct Start(glance::Start);

impl Start {
    /// Errors: as of [`decode_started`].
    pub(crate) fn read(stored: &Stored<'_>) -> Result<Self, DecodeError> {
        Ok(Self(wire::read_as::<ExecutionStarted, _>(stored)?))
    }

    pub(crate) fn revision(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0.revision)
    }

    /// Whether the one of this name performs steps.
    pub(crate) fn has_part(&self, name: &str) -> bool {
        let mut participants = self.0.participants.iter();
        participants.any(|participant| participant == name.as_bytes())
    }
}

fn stored<'a>(encoded: &Bytes, view: &EventView<'a>) -> Result<Stored<'a>, DecodeError> {
    let (type_url, value) = view.data().map_err(|_| DecodeError::NoEvent)?;
    Ok(Stored {
        r#type: view.r#type,
        type_url,
        value: if value.is_empty() {
            Bytes::new()
        } else {
            encoded.slice_ref(value)
        },
    })
}
