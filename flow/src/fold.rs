//! The fold: what the events seen so far say of an execution.
//!
//! The state is a union of facts, each of which only ever grows: a flag that was set, a count that
//! rose, the earliest or the greatest of what was said. Applying an event is therefore a join:
//! any order and any repetition of the same events gives the same state. What follows from the
//! facts (what is ready, what is to be undone, how it ended) is in `rules.rs`.

mod rules;
#[cfg(test)]
mod tests;

pub use rules::Cause;

use bytes::Bytes;

use crate::Timestamp;
use crate::event::{Event, EventKind, Failure, Mode};
use crate::plan::{Plan, StepIndex};

/// What is known of one execution.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The start; `None` until it has been heard of.
    pub started: Option<Started>,
    steps: Box<[Facts]>,
    outputs: Box<[Option<Bytes>]>,
    cancel: Option<(Timestamp, String)>,
    deadline_exceeded: Option<Timestamp>,
    output_failed: Option<Box<(Timestamp, Failure)>>,
    suspended_round: u32,
    resumed_round: u32,
    outcome: Option<Box<Outcome>>,
}

/// What the start says.
#[derive(Clone, Debug, PartialEq)]
pub struct Started {
    /// When.
    pub time: Timestamp,
    /// The encoded input.
    pub input: Bytes,
    /// How it is run.
    pub mode: Mode,
    /// When it fails by itself.
    pub deadline: Option<Timestamp>,
}

/// How an execution ended, from the weakest to the strongest.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the messages of the contract say it")]
pub enum Outcome {
    Canceled {
        time: Timestamp,
        reason: String,
    },
    Failed {
        time: Timestamp,
        step: Option<StepIndex>,
        failure: Failure,
    },
    Succeeded {
        time: Timestamp,
        output: Bytes,
    },
}

impl Outcome {
    /// When it ended.
    pub fn time(&self) -> Timestamp {
        match self {
            Self::Canceled { time, .. }
            | Self::Failed { time, .. }
            | Self::Succeeded { time, .. } => *time,
        }
    }

    fn strength(&self) -> u8 {
        match self {
            Self::Canceled { .. } => 0,
            Self::Failed { .. } => 1,
            Self::Succeeded { .. } => 2,
        }
    }
}

/// What was said of one step. A response is kept beside it, in `State::outputs`.
#[derive(Clone, Debug, Default, PartialEq)]
struct Facts {
    skipped: bool,
    abandoned: bool,
    compensated: bool,
    failed: Option<Box<StepFailure>>,
    compensation_failed: Option<Box<(u32, Failure)>>,
}

/// How a step failed.
#[derive(Clone, Debug, PartialEq)]
pub struct StepFailure {
    /// When it was said first.
    pub time: Timestamp,
    /// The status that was said first.
    pub failure: Failure,
    /// Whether the effect may have happened all the same.
    pub ambiguous: bool,
}

/// Where a step stands: the strongest of what was said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// Nothing was said.
    Pending,
    /// It does not run.
    Skipped,
    /// It will not run.
    Abandoned,
    /// It failed; `ambiguous` says whether its effect may have happened.
    Failed {
        /// Whether the effect may have happened all the same.
        ambiguous: bool,
    },
    /// It is done.
    Completed,
    /// It is undone.
    Compensated,
}

impl State {
    /// Nothing known yet of an execution of this plan.
    pub fn new(plan: &Plan) -> Self {
        Self {
            started: None,
            steps: plan.steps.iter().map(|_| Facts::default()).collect(),
            outputs: plan.steps.iter().map(|_| None).collect(),
            cancel: None,
            deadline_exceeded: None,
            output_failed: None,
            suspended_round: 0,
            resumed_round: 0,
            outcome: None,
        }
    }

    /// Takes in one event, in whatever order and however often it arrives.
    pub fn apply(&mut self, event: &Event) {
        let time = event.time;
        match &event.kind {
            EventKind::ExecutionStarted {
                input,
                mode,
                deadline,
                participants: _,
            } => {
                let started = Started {
                    time,
                    input: input.clone(),
                    mode: *mode,
                    deadline: *deadline,
                };
                // There is one start; were two ever said, all readers take the same.
                if self
                    .started
                    .as_ref()
                    .is_none_or(|known| key_of(&started) < key_of(known))
                {
                    self.started = Some(started);
                }
            }
            EventKind::StepCompleted { step, output, .. } => {
                let known = &mut self.outputs[step.at()];
                if known.as_ref().is_none_or(|known| output > known) {
                    *known = Some(output.clone());
                }
            }
            EventKind::StepFailed {
                step,
                failure,
                ambiguous,
                ..
            } => {
                let facts = &mut self.steps[step.at()];
                let ambiguous =
                    *ambiguous || facts.failed.as_ref().is_some_and(|known| known.ambiguous);
                match &mut facts.failed {
                    Some(known) if !is_earlier((time, failure), (known.time, &known.failure)) => {
                        known.ambiguous = ambiguous;
                    }
                    known => {
                        let failure = failure.clone();
                        *known = Some(Box::new(StepFailure {
                            time,
                            failure,
                            ambiguous,
                        }));
                    }
                }
            }
            EventKind::StepSkipped { step } => self.steps[step.at()].skipped = true,
            EventKind::StepAbandoned { step } => self.steps[step.at()].abandoned = true,
            EventKind::StepCompensated { step, .. } => self.steps[step.at()].compensated = true,
            EventKind::CompensationFailed {
                step,
                failure,
                round,
                ..
            } => {
                let known = &mut self.steps[step.at()].compensation_failed;
                let newer = known.as_ref().is_none_or(|known| {
                    (*round, failure_key(failure)) > (known.0, failure_key(&known.1))
                });
                if newer {
                    *known = Some(Box::new((*round, failure.clone())));
                }
            }
            EventKind::OutputFailed { failure } => {
                let known = &mut self.output_failed;
                if known
                    .as_ref()
                    .is_none_or(|known| is_earlier((time, failure), (known.0, &known.1)))
                {
                    *known = Some(Box::new((time, failure.clone())));
                }
            }
            EventKind::CancelRequested { reason } => {
                let said = (time, reason.clone());
                if self.cancel.as_ref().is_none_or(|known| said < *known) {
                    self.cancel = Some(said);
                }
            }
            EventKind::DeadlineExceeded => {
                let known = self.deadline_exceeded.unwrap_or(time);
                self.deadline_exceeded = Some(known.min(time));
            }
            EventKind::ExecutionSucceeded { output } => {
                self.conclude(Outcome::Succeeded {
                    time,
                    output: output.clone(),
                });
            }
            EventKind::ExecutionFailed { step, failure, .. } => {
                self.conclude(Outcome::Failed {
                    time,
                    step: *step,
                    failure: failure.clone(),
                });
            }
            EventKind::ExecutionCanceled { reason, .. } => {
                self.conclude(Outcome::Canceled {
                    time,
                    reason: reason.clone(),
                });
            }
            EventKind::ExecutionSuspended { round, .. } => {
                self.suspended_round = self.suspended_round.max(*round);
            }
            EventKind::ExecutionResumed { round } => {
                self.resumed_round = self.resumed_round.max(*round);
            }
        }
    }

    // Only the home declares an outcome, and only one; were two ever said, the stronger stands,
    // and of two of the same strength the earlier.
    fn conclude(&mut self, said: Outcome) {
        let wins = self.outcome.as_ref().is_none_or(|known| {
            let ours = (said.strength(), std::cmp::Reverse(said.time()));
            let theirs = (known.strength(), std::cmp::Reverse(known.time()));
            ours > theirs || (ours == theirs && format!("{said:?}") > format!("{known:?}"))
        });
        if wins {
            self.outcome = Some(Box::new(said));
        }
    }
}

fn key_of(started: &Started) -> (Timestamp, &Bytes, i32, Option<Timestamp>) {
    (
        started.time,
        &started.input,
        started.mode.into(),
        started.deadline,
    )
}

type FailureKey<'a> = (i32, &'a str, Vec<(&'a str, &'a [u8])>);

fn failure_key(failure: &Failure) -> FailureKey<'_> {
    let details = failure
        .details
        .iter()
        .map(|any| (any.type_url.as_str(), any.value.as_slice()));
    (failure.code, &failure.message, details.collect())
}

fn is_earlier(said: (Timestamp, &Failure), known: (Timestamp, &Failure)) -> bool {
    (said.0, failure_key(said.1)) < (known.0, failure_key(known.1))
}
