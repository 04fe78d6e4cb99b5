//! The true history of an execution: what all feeds together durably say, known to nobody within the
//! cluster. Kept without the fold, and checked as it grows.

use std::collections::HashSet;
use std::fmt;

use pavane_flow::event::{Event, EventKind};

use crate::model::{self, Outcome};
use crate::scenario::Graph;

/// What was said of a step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StepHistory {
    pub(crate) completed: bool,
    pub(crate) skipped: bool,
    pub(crate) abandoned: bool,
    /// Whether the failure is ambiguous.
    pub(crate) failed: Option<bool>,
    pub(crate) compensated: bool,
}

/// What was said of an execution.
pub(crate) struct History<'a> {
    graph: &'a Graph,
    runs: Vec<bool>,
    ids: HashSet<String>,
    pub(crate) is_started: bool,
    pub(crate) steps: Vec<StepHistory>,
    pub(crate) is_canceled: bool,
    pub(crate) is_late: bool,
    pub(crate) outcome: Option<Outcome>,
}

impl fmt::Display for StepHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = [
            (self.completed, "completed"),
            (self.skipped, "skipped"),
            (self.abandoned, "abandoned"),
            (self.failed == Some(false), "failed"),
            (self.failed == Some(true), "failed ambiguously"),
            (self.compensated, "compensated"),
        ];
        let said = said.iter().filter(|(is_said, _)| *is_said);
        let said: Vec<_> = said.map(|(_, what)| *what).collect();
        if said.is_empty() {
            f.write_str("pending")
        } else {
            f.write_str(&said.join(" and "))
        }
    }
}

impl StepHistory {
    fn has_gone_well(self) -> bool {
        self.completed || self.skipped
    }

    fn is_decided(self) -> bool {
        self.has_gone_well() || self.abandoned || self.failed.is_some()
    }

    /// Whether its effect stands, or may.
    fn may_stand(self) -> bool {
        !self.compensated && (self.completed || self.failed == Some(true))
    }
}

impl<'a> History<'a> {
    pub(crate) fn new(graph: &'a Graph) -> Self {
        Self {
            graph,
            runs: model::runs(graph),
            ids: HashSet::new(),
            is_started: false,
            steps: vec![StepHistory::default(); graph.steps.len()],
            is_canceled: false,
            is_late: false,
            outcome: None,
        }
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.is_canceled || self.is_late || self.steps.iter().any(|step| step.failed.is_some())
    }

    /// Whether nothing more happens to a step of a failing execution.
    pub(crate) fn is_settled(&self, step: usize) -> bool {
        let said = self.steps[step];
        let is_undone = self.graph.steps[step].compensation.is_none() || !said.may_stand();
        said.is_decided() && is_undone
    }

    /// How each step stands.
    pub(crate) fn summary(&self) -> String {
        let steps = self.steps.iter().enumerate();
        let steps: Vec<_> = steps.map(|(at, said)| format!("s{at} {said}")).collect();
        steps.join(", ")
    }

    /// Takes in what has become durable. Errors: it must not have been said.
    pub(crate) fn add(&mut self, id: &str, event: &Event) -> Result<(), String> {
        let must = |holds: bool, what: &str| {
            let problem = || format!("{id} was recorded {what}");
            if holds { Ok(()) } else { Err(problem()) }
        };
        must(self.ids.insert(id.to_owned()), "a second time")?;
        must(self.outcome.is_none(), "after the outcome")?;
        let is_failing = self.is_failing();
        if let Some(step) = event.kind.step() {
            self.add_of_step(step.at(), &event.kind, &must)?;
        }
        let all = || self.graph.all();
        match &event.kind {
            EventKind::ExecutionStarted { .. } => self.is_started = true,
            EventKind::CancelRequested { .. } => self.is_canceled = true,
            EventKind::DeadlineExceeded => {
                must(self.graph.deadline.is_some(), "without a deadline")?;
                self.is_late = true;
            }
            EventKind::ExecutionSucceeded { .. } => {
                must(!is_failing, "of a failing execution")?;
                let are_done = all().all(|step| self.steps[step].has_gone_well());
                must(are_done, "before all steps were done")?;
                self.outcome = Some(Outcome::Succeeded);
            }
            EventKind::ExecutionFailed { step, .. } => {
                must(is_failing, "though nothing had failed")?;
                must(all().all(|step| self.is_settled(step)), "too early")?;
                self.outcome = Some(Outcome::Failed(step.map(|step| step.at())));
            }
            EventKind::ExecutionCanceled { .. } => {
                must(self.is_canceled, "though nobody had asked for it")?;
                must(all().all(|step| self.is_settled(step)), "too early")?;
                self.outcome = Some(Outcome::Canceled);
            }
            EventKind::ExecutionSuspended { .. } => must(is_failing, "though nothing had failed")?,
            EventKind::OutputFailed { .. } => must(false, "though the output is a constant")?,
            EventKind::ExecutionResumed { .. }
            | EventKind::StepBegun { .. }
            | EventKind::StepSuspended { .. }
            | EventKind::StepResolved { .. }
            | EventKind::StepCompleted { .. }
            | EventKind::StepFailed { .. }
            | EventKind::StepSkipped { .. }
            | EventKind::StepAbandoned { .. }
            | EventKind::StepCompensated { .. }
            | EventKind::CompensationFailed { .. } => {}
        }
        Ok(())
    }

    fn add_of_step(
        &mut self,
        at: usize,
        kind: &EventKind,
        must: &dyn Fn(bool, &str) -> Result<(), String>,
    ) -> Result<(), String> {
        let step = &self.graph.steps[at];
        let said = self.steps[at];
        match kind {
            EventKind::StepCompensated { .. } | EventKind::CompensationFailed { .. } => {
                must(said.may_stand(), "though there was nothing to undo")?;
                must(step.compensation.is_some(), "without a compensation")?;
            }
            _ => must(!said.is_decided(), "after the step was decided")?,
        }
        let mut before = step.dependencies.iter();
        let is_ready = before.all(|&on| self.steps[on].has_gone_well());
        match kind {
            EventKind::StepCompleted { .. } => {
                must(self.runs[at], "though the step was to be skipped")?;
                must(is_ready, "before its dependencies were")?;
                self.steps[at].completed = true;
            }
            EventKind::StepSkipped { .. } => {
                must(!self.runs[at], "though the step was to run")?;
                must(is_ready, "before its dependencies were")?;
                self.steps[at].skipped = true;
            }
            EventKind::StepFailed { ambiguous, .. } => {
                must(is_ready, "before its dependencies were")?;
                self.steps[at].failed = Some(*ambiguous);
            }
            EventKind::StepAbandoned { .. } => {
                must(self.is_failing(), "though nothing had failed")?;
                self.steps[at].abandoned = true;
            }
            EventKind::StepCompensated { .. } => self.steps[at].compensated = true,
            _ => {}
        }
        Ok(())
    }

    /// Whether a step may be called now. Errors: why not.
    pub(crate) fn check_call(&self, step: usize, is_undoing: bool) -> Result<(), String> {
        let said = self.steps[step];
        let name = |at: usize| format!("s{at}");
        if self.outcome.is_some() {
            return Err(format!("{} is called after the outcome", name(step)));
        }
        if !is_undoing {
            if said.is_decided() {
                return Err(format!(
                    "{} is called though it is recorded as {said}",
                    name(step)
                ));
            }
            let mut on = self.graph.steps[step].dependencies.iter();
            return match on.find(|&&on| !self.steps[on].has_gone_well()) {
                Some(&on) => Err(format!(
                    "{} is called before {} is done",
                    name(step),
                    name(on)
                )),
                None => Ok(()),
            };
        }
        if !self.is_failing() || !said.may_stand() {
            return Err(format!(
                "{} is undone though it is recorded as {said}",
                name(step)
            ));
        }
        match self
            .graph
            .descendants(step)
            .find(|&later| !self.is_settled(later))
        {
            Some(later) => Err(format!(
                "{} is undone before {} is settled, {}",
                name(step),
                name(later),
                self.steps[later]
            )),
            None => Ok(()),
        }
    }
}
