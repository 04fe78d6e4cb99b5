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

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::Timestamp;
use crate::event::{Event, EventKind, Failure, Mode, Origin, Resolution};
use crate::plan::{PerStep, Plan, StepIndex, Unit};

/// What is known of one execution.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The start; `None` until it has been heard of.
    pub started: Option<Started>,
    steps: PerStep<Facts>,
    outputs: PerStep<Option<Bytes>>,
    /// Of steps over lists: what was said of single elements, and their responses.
    elements: BTreeMap<Unit, (Facts, Option<Bytes>)>,
    has_failed_element: bool,
    cancel: Option<(Timestamp, String)>,
    deadline_exceeded: Option<Timestamp>,
    output_failed: Option<Box<(Timestamp, Failure)>>,
    suspended_round: u32,
    resumed_round: u32,
    outcome: Option<Outcome>,
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
    /// What it comes from.
    pub origin: Origin,
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

/// What was said of one step, or of one element. A response is kept beside it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Facts {
    begun: Option<Begun>,
    skipped: bool,
    abandoned: bool,
    compensated: bool,
    failed: Option<Box<StepFailure>>,
    /// Most steps need no operator.
    by_hand: Option<Box<ByHand>>,
}

/// What was said of a step that an operator had to look at.
#[derive(Clone, Debug, Default, PartialEq)]
struct ByHand {
    /// What the operator wants it to count as.
    resolved: Option<(Resolution, Bytes)>,
    suspended: Option<(u32, Failure)>,
    compensation_failed: Option<(u32, Failure)>,
}

/// That a step has begun which has to remember it. Of several, that of the latest round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Begun {
    /// Counts the suspensions of the execution, from 1.
    pub round: u32,
    /// When it is over.
    pub until: Option<Timestamp>,
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
            elements: BTreeMap::new(),
            has_failed_element: false,
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
                origin,
            } => {
                let started = Started {
                    time,
                    input: input.clone(),
                    mode: *mode,
                    deadline: *deadline,
                    origin: origin.clone(),
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
            EventKind::StepBegun { unit, until, round } => {
                let begun = Begun {
                    round: *round,
                    until: *until,
                };
                let known = &mut self.facts_mut(*unit).begun;
                *known = (*known).max(Some(begun));
            }
            EventKind::StepCompleted { unit, output, .. } => self.complete(*unit, output),
            EventKind::StepFailed {
                unit,
                failure,
                ambiguous,
                ..
            } => {
                self.has_failed_element |= unit.element.is_some();
                let facts = self.facts_mut(*unit);
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
            EventKind::StepSuspended {
                unit,
                failure,
                round,
            } => keep_latest(&mut self.by_hand_mut(*unit).suspended, *round, failure),
            EventKind::StepResolved {
                unit,
                resolution,
                output,
                ..
            } => {
                let said = (*resolution, output.clone());
                let known = &mut self.by_hand_mut(*unit).resolved;
                *known = known.take().max(Some(said));
            }
            EventKind::StepSkipped { step } => self.steps[step.at()].skipped = true,
            EventKind::StepAbandoned { step } => self.steps[step.at()].abandoned = true,
            EventKind::StepCompensated { unit, .. } => self.facts_mut(*unit).compensated = true,
            EventKind::CompensationFailed {
                unit,
                failure,
                round,
                ..
            } => keep_latest(
                &mut self.by_hand_mut(*unit).compensation_failed,
                *round,
                failure,
            ),
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

    fn facts_mut(&mut self, unit: Unit) -> &mut Facts {
        match unit.element {
            None => &mut self.steps[unit.step.at()],
            Some(_) => &mut self.elements.entry(unit).or_default().0,
        }
    }

    fn by_hand_mut(&mut self, unit: Unit) -> &mut ByHand {
        self.facts_mut(unit).by_hand.get_or_insert_default()
    }

    /// Takes a response in. Once all of a step over a list are there as one, they are not kept singly.
    fn complete(&mut self, unit: Unit, output: &Bytes) {
        let whole = &mut self.outputs[unit.step.at()];
        if unit.element.is_none() {
            *whole = whole.take().max(Some(output.clone()));
            for (_, output) in elements_mut(&mut self.elements, unit.step) {
                *output = output.take().map(|_| Bytes::new());
            }
        } else {
            let is_kept = whole.is_none();
            let known = &mut self.elements.entry(unit).or_default().1;
            let output = if is_kept {
                output.clone()
            } else {
                Bytes::new()
            };
            *known = known.take().max(Some(output));
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
            self.outcome = Some(said);
        }
    }
}

/// Of what an operator has to look at, the latest is kept.
fn keep_latest(known: &mut Option<(u32, Failure)>, round: u32, failure: &Failure) {
    let newer = known
        .as_ref()
        .is_none_or(|known| (round, failure_key(failure)) > (known.0, failure_key(&known.1)));
    if newer {
        *known = Some((round, failure.clone()));
    }
}

fn elements_mut(
    elements: &mut BTreeMap<Unit, (Facts, Option<Bytes>)>,
    step: StepIndex,
) -> impl Iterator<Item = &mut (Facts, Option<Bytes>)> {
    let range = Unit::element(step, 0)..=Unit::element(step, u32::MAX);
    elements.range_mut(range).map(|(_, element)| element)
}

type StartedKey<'a> = (Timestamp, &'a Bytes, i32, Option<Timestamp>, &'a Origin);

fn key_of(started: &Started) -> StartedKey<'_> {
    (
        started.time,
        &started.input,
        started.mode.into(),
        started.deadline,
        &started.origin,
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
