//! The types of the events of an execution, as filters name them.

use super::EventKind;

/// A type of event: the message of the same name in `pavane.workflow.v1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the messages of the contract say it")]
pub enum EventType {
    ExecutionStarted,
    StepBegun,
    StepCompleted,
    StepFailed,
    StepSuspended,
    StepResolved,
    StepSkipped,
    StepAbandoned,
    StepCompensated,
    CompensationFailed,
    OutputFailed,
    CancelRequested,
    DeadlineExceeded,
    ExecutionSucceeded,
    ExecutionFailed,
    ExecutionCanceled,
    ExecutionSuspended,
    ExecutionResumed,
}

impl EventType {
    /// The type of an event.
    pub fn of(kind: &EventKind) -> Self {
        match kind {
            EventKind::ExecutionStarted { .. } => Self::ExecutionStarted,
            EventKind::StepBegun { .. } => Self::StepBegun,
            EventKind::StepCompleted { .. } => Self::StepCompleted,
            EventKind::StepFailed { .. } => Self::StepFailed,
            EventKind::StepSuspended { .. } => Self::StepSuspended,
            EventKind::StepResolved { .. } => Self::StepResolved,
            EventKind::StepSkipped { .. } => Self::StepSkipped,
            EventKind::StepAbandoned { .. } => Self::StepAbandoned,
            EventKind::StepCompensated { .. } => Self::StepCompensated,
            EventKind::CompensationFailed { .. } => Self::CompensationFailed,
            EventKind::OutputFailed { .. } => Self::OutputFailed,
            EventKind::CancelRequested { .. } => Self::CancelRequested,
            EventKind::DeadlineExceeded => Self::DeadlineExceeded,
            EventKind::ExecutionSucceeded { .. } => Self::ExecutionSucceeded,
            EventKind::ExecutionFailed { .. } => Self::ExecutionFailed,
            EventKind::ExecutionCanceled { .. } => Self::ExecutionCanceled,
            EventKind::ExecutionSuspended { .. } => Self::ExecutionSuspended,
            EventKind::ExecutionResumed { .. } => Self::ExecutionResumed,
        }
    }

    /// The full name of the message: the `type` of an event.
    pub fn full_name(self) -> &'static str {
        match self {
            Self::ExecutionStarted => "pavane.workflow.v1.ExecutionStarted",
            Self::StepBegun => "pavane.workflow.v1.StepBegun",
            Self::StepCompleted => "pavane.workflow.v1.StepCompleted",
            Self::StepFailed => "pavane.workflow.v1.StepFailed",
            Self::StepSuspended => "pavane.workflow.v1.StepSuspended",
            Self::StepResolved => "pavane.workflow.v1.StepResolved",
            Self::StepSkipped => "pavane.workflow.v1.StepSkipped",
            Self::StepAbandoned => "pavane.workflow.v1.StepAbandoned",
            Self::StepCompensated => "pavane.workflow.v1.StepCompensated",
            Self::CompensationFailed => "pavane.workflow.v1.CompensationFailed",
            Self::OutputFailed => "pavane.workflow.v1.OutputFailed",
            Self::CancelRequested => "pavane.workflow.v1.CancelRequested",
            Self::DeadlineExceeded => "pavane.workflow.v1.DeadlineExceeded",
            Self::ExecutionSucceeded => "pavane.workflow.v1.ExecutionSucceeded",
            Self::ExecutionFailed => "pavane.workflow.v1.ExecutionFailed",
            Self::ExecutionCanceled => "pavane.workflow.v1.ExecutionCanceled",
            Self::ExecutionSuspended => "pavane.workflow.v1.ExecutionSuspended",
            Self::ExecutionResumed => "pavane.workflow.v1.ExecutionResumed",
        }
    }

    /// The name without its package: `StepCompleted`.
    pub fn name(self) -> &'static str {
        let full = self.full_name();
        full.rsplit('.').next().unwrap_or(full)
    }
}
