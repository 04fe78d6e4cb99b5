//! The true history of an execution: what all feeds together durably say, known to nobody within the
//! cluster. Kept without the fold, and checked as it grows.

use std::collections::HashSet;
use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use pavane_flow::Timestamp;
use pavane_flow::event::{Event, EventKind};
use pavane_flow::plan::Unit;

use crate::model::{self, Outcome};
use crate::scenario::{Graph, Kind, Step};

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
        Self {
            id,
            elements: elements.collect(),
            until: vec![None; graph.steps.len()],
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
                let is_answer = *output == response_of_step(self.id, at, step);
                must(is_answer, "with another response than its service's")?;
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

    fn add_of_element(
        &mut self,
        unit: Unit,
        element: usize,
        kind: &EventKind,
        must: &dyn Fn(bool, &str) -> Result<(), String>,
    ) -> Result<(), String> {
        let at = unit.step.at();
        let step = &self.graph.steps[at];
        must(
            element < self.elements[at].len(),
            "though there is no such element",
        )?;
        let (whole, said) = (self.steps[at], self.elements[at][element]);
        let mut before = step.dependencies.iter();
        let is_ready = before.all(|&on| self.steps[on].has_gone_well());
        let can_have_begun = self.can_have_begun(at, element);
        let id = self.id;
        let said_now = &mut self.elements[at][element];
        match kind {
            EventKind::StepCompleted { .. } | EventKind::StepFailed { .. } => {
                // Of one that is to be skipped it is not known, after a restart, that nobody called it.
                let may_be_said = self.runs[at] || matches!(kind, EventKind::StepFailed { .. });
                must(may_be_said, "though the step was to be skipped")?;
                must(whole.is_pending(), "after the step was decided")?;
                must(said.is_pending(), "after the element was decided")?;
                must(is_ready, "before the dependencies of the step were")?;
                must(can_have_begun, "though it cannot have begun")?;
            }
            EventKind::StepCompensated { .. } | EventKind::CompensationFailed { .. } => {
                must(step.compensation.is_some(), "without a compensation")?;
                must(whole.may_stand(), "though the step does not stand")?;
                must(said.may_stand(), "though there was nothing to undo")?;
            }
            _ => must(false, "of an element")?,
        }
        match kind {
            EventKind::StepCompleted { output, .. } => {
                let is_answer = *output == response(id, at, element);
                must(is_answer, "with another response than its service's")?;
                said_now.completed = true;
            }
            EventKind::StepFailed { ambiguous, .. } => said_now.failed = Some(*ambiguous),
            EventKind::StepCompensated { .. } => said_now.compensated = true,
            EventKind::CompensationFailed { .. } => said_now.undoing_failed = true,
            _ => {}
        }
        Ok(())
    }

    /// Whether an element may have been called: of those before it, so few are not completed that they
    /// are under way beside it.
    fn can_have_begun(&self, step: usize, element: usize) -> bool {
        let before = self.elements[step][..element].iter();
        let beside = before.filter(|said| !said.completed);
        beside.count() < self.graph.steps[step].at_once()
    }

    /// Whether a call may be made now. Errors: why not.
    pub(crate) fn check_call(&self, unit: Unit, is_undoing: bool) -> Result<(), String> {
        self.check_call_of_step(unit.step.at(), is_undoing)?;
        let Some(element) = unit.element.map(|element| element as usize) else {
            return Ok(());
        };
        let step = unit.step.at();
        let (elements, name) = (&self.elements[step], format!("s{step}/{element}"));
        let said = elements[element];
        if !is_undoing {
            return match () {
                () if said.is_decided() => {
                    Err(format!("{name} is called though it is recorded as {said}"))
                }
                () if !self.can_have_begun(step, element) => {
                    Err(format!("{name} is called beside too many others"))
                }
                () => Ok(()),
            };
        }
        if !said.may_stand() {
            return Err(format!("{name} is undone though it is recorded as {said}"));
        }
        let after = elements[element + 1..].iter();
        let beside = after.filter(|said| said.may_stand() && !said.undoing_failed);
        if beside.count() < self.graph.steps[step].at_once() {
            Ok(())
        } else {
            Err(format!("{name} is undone before those that came after it"))
        }
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

/// What a service answers to a call.
pub(crate) fn response(execution: &str, step: usize, call: usize) -> Bytes {
    Bytes::from(format!("{execution}/s{step}/{call}"))
}

/// What a step as a whole is answered with: of one over a list, the responses to all calls, in order, as
/// field 1 of a message.
fn response_of_step(execution: &str, at: usize, step: &Step) -> Bytes {
    match step.kind {
        Kind::Wait(_) => Bytes::new(),
        Kind::Call => response(execution, at, 0),
        Kind::List { elements, .. } => {
            let mut all = BytesMut::new();
            for element in 0..elements {
                let response = response(execution, at, element);
                all.put_u8(1 << 3 | 2);
                all.put_u8(u8::try_from(response.len()).expect("it is short"));
                all.put(response);
            }
            all.freeze()
        }
    }
}
