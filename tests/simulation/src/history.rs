//! The true history of an execution: what all feeds together durably say, known to nobody within the
//! cluster. Kept without the fold, and checked as it grows.

mod calls;

use std::collections::HashSet;
use std::fmt;

use pavane_flow::Timestamp;
use pavane_flow::event::{Event, EventKind};

pub(crate) use calls::{ANSWER_BY_HAND, response};

use crate::model::{self, ByHand, Outcome};
use crate::scenario::Graph;
use calls::{CallHistory, all_answers};

/// What was said of a step, or of an element of one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StepHistory {
    pub(crate) completed: bool,
    pub(crate) skipped: bool,
    pub(crate) abandoned: bool,
    /// Whether the failure is ambiguous.
    pub(crate) failed: Option<bool>,
    pub(crate) compensated: bool,
    /// Whether undoing it has once failed for good.
    undoing_failed: bool,
}

/// What was said of an execution.
pub(crate) struct History<'a> {
    id: &'a str,
    graph: &'a Graph,
    runs: Vec<bool>,
    ids: HashSet<String>,
    pub(crate) is_started: bool,
    pub(crate) steps: Vec<StepHistory>,
    /// By step, of those over lists.
    pub(crate) elements: Vec<Vec<StepHistory>>,
    /// By step, of those that wait and have begun to: until when.
    pub(crate) until: Vec<Option<Timestamp>>,
    /// By step and call.
    calls: Vec<Vec<CallHistory>>,
    /// By step and call, what was settled by hand.
    by_hand: Vec<Vec<Option<ByHand>>>,
    /// How often an operator has had it go on.
    resumed: u32,
    was_unknown: bool,
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
    pub(crate) fn is_pending(self) -> bool {
        !self.is_decided()
    }

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
    pub(crate) fn new(id: &'a str, graph: &'a Graph) -> Self {
        let elements = graph.steps.iter().map(|step| {
            let elements = if step.is_list() { step.calls() } else { 0 };
            vec![StepHistory::default(); elements]
        });
        let calls = graph
            .steps
            .iter()
            .map(|step| vec![CallHistory::default(); step.calls()]);
        let by_hand = graph.by_nobody();
        Self {
            id,
            elements: elements.collect(),
            calls: calls.collect(),
            resumed: 0,
            was_unknown: false,
            until: vec![None; graph.steps.len()],
            graph,
            runs: model::runs(graph, &by_hand),
            by_hand,
            ids: HashSet::new(),
            is_started: false,
            steps: vec![StepHistory::default(); graph.steps.len()],
            is_canceled: false,
            is_late: false,
            outcome: None,
        }
    }

    pub(crate) fn is_failing(&self) -> bool {
        let mut all = self.steps.iter().chain(self.elements.iter().flatten());
        self.is_canceled || self.is_late || all.any(|said| said.failed.is_some())
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
        if let Some(unit) = event.kind.key().unit() {
            if self.add_of_call(unit, &event.kind, &must)? {
                return Ok(());
            }
            match unit.element {
                None => self.add_of_step(unit.step.at(), event, &must)?,
                Some(element) => self.add_of_element(unit, element as usize, &event.kind, &must)?,
            }
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
            EventKind::ExecutionSuspended { .. } => {
                must(is_failing || self.was_unknown, "though nothing had failed")?;
            }
            EventKind::ExecutionResumed { round } => self.resumed = self.resumed.max(*round),
            EventKind::OutputFailed { .. } => must(false, "though the output is a constant")?,
            EventKind::StepBegun { .. }
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
        event: &Event,
        must: &dyn Fn(bool, &str) -> Result<(), String>,
    ) -> Result<(), String> {
        let (step, kind) = (&self.graph.steps[at], &event.kind);
        let (said, elements) = (self.steps[at], &self.elements[at]);
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
            EventKind::StepBegun { until, .. } => {
                let is_first = self.until[at].is_none();
                must(
                    step.is_wait() && is_first,
                    "though it is no wait that begins",
                )?;
                must(is_ready, "before its dependencies were")?;
                must(until.is_some(), "without an end")?;
                self.until[at] = *until;
            }
            EventKind::StepCompleted { output, .. } => {
                must(self.runs[at], "though the step was to be skipped")?;
                must(is_ready, "before its dependencies were")?;
                let are_done = elements.iter().all(|element| element.completed);
                must(are_done, "before its elements were")?;
                if step.is_list() {
                    let is_answer = *output == all_answers(&self.calls[at]);
                    must(is_answer, "with other responses than its elements")?;
                }
                if step.is_wait() {
                    let is_over = self.until[at].is_some_and(|until| until <= event.time);
                    must(is_over, "before its time had come")?;
                }
                self.steps[at].completed = true;
            }
            EventKind::StepSkipped { .. } => {
                must(!self.runs[at], "though the step was to run")?;
                must(is_ready, "before its dependencies were")?;
                self.steps[at].skipped = true;
            }
            EventKind::StepFailed { ambiguous, .. } => {
                must(is_ready, "before its dependencies were")?;
                must(!step.is_wait(), "though it only waits")?;
                if step.is_list() {
                    must(self.is_failing(), "though no element had failed")?;
                    let may_stand = elements.iter().any(|element| element.may_stand());
                    must(*ambiguous == may_stand, "unlike its elements")?;
                }
                self.steps[at].failed = Some(*ambiguous);
            }
            EventKind::StepAbandoned { .. } => {
                must(self.is_failing(), "though nothing had failed")?;
                let was_called = elements.iter().any(|element| element.is_decided());
                must(!was_called, "though elements of it were called")?;
                self.steps[at].abandoned = true;
            }
            EventKind::StepCompensated { .. } => {
                let stands = elements.iter().any(|element| element.may_stand());
                must(!stands, "before its elements were")?;
                self.steps[at].compensated = true;
            }
            _ => {}
        }
        Ok(())
    }

    fn check_call_of_step(&self, step: usize, is_undoing: bool) -> Result<(), String> {
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
