//! What one event of an execution, or one step that waits, says in a timeline.

use pavane::feed::v1::Event;
use pavane::workflow::v1::{
    self as workflow, ElementStatus, Execution, Failure, Resolution, StepState, StepStatus, Wait,
};
use prost::Message;
use prost_types::Timestamp;

use super::super::table::one_line;
use super::{Paint, Steps, code_name, duration, service, since, timestamp, wait};

/// One line of a timeline, but for its time.
pub(crate) struct Entry {
    /// A step, or what happened to the execution as a whole.
    pub(crate) subject: String,
    /// What happened to the step.
    pub(crate) what: &'static str,
    /// The colour of that.
    pub(crate) style: fn(Paint, &str) -> String,
    /// Which service it happened in.
    pub(crate) place: String,
    /// A few words more.
    pub(crate) facts: String,
}

impl Entry {
    /// Of a step.
    fn step(step: &str, steps: &Steps<'_>, what: &'static str, facts: String) -> Self {
        Self::unit(step, None, steps, what, facts)
    }

    /// Of a step, or of one element of it.
    fn unit(
        step: &str,
        element: Option<u32>,
        steps: &Steps<'_>,
        what: &'static str,
        facts: String,
    ) -> Self {
        let style = style(what);
        Self {
            subject: unit_name(step, element),
            what,
            style,
            place: steps.place(step),
            facts,
        }
    }

    /// Of the execution as a whole.
    fn whole(subject: &str, what: &'static str, facts: impl Into<String>) -> Self {
        let style = style(what);
        let (subject, facts) = (one_line(subject), one_line(&facts.into()));
        Self {
            subject,
            what,
            style,
            place: String::new(),
            facts,
        }
    }
}

fn style(what: &str) -> fn(Paint, &str) -> String {
    match what {
        "completed" => Paint::good,
        "failed" | "not undone" => Paint::bad,
        "compensated" | "compensating" | "backing off" | "requested" | "passed" => Paint::caution,
        "completed by hand" | "skipped by hand" | "compensated by hand" => Paint::caution,
        "not known" => Paint::bad,
        "running" => Paint::accent,
        _ => Paint::faint,
    }
}

/// What an event says. One that cannot be read is shown by its type.
pub(crate) fn entry(event: &Event, steps: &Steps<'_>) -> Entry {
    decode(event, steps).unwrap_or_else(|| {
        let name = event.r#type.rsplit('.').next().unwrap_or_default();
        Entry::whole(name, "", "")
    })
}

fn decode(event: &Event, steps: &Steps<'_>) -> Option<Entry> {
    let data = &*event.data.as_ref()?.value;
    let name = event.r#type.strip_prefix("pavane.workflow.v1.")?;
    Some(match name {
        "ExecutionStarted" => Entry::whole("started", "", ""),
        "StepBegun" => {
            let said = workflow::StepBegun::decode(data).ok()?;
            let (what, facts) = if steps.calls(&said.step) {
                ("called", "at most once".to_owned())
            } else {
                let until = said.until_time.as_ref();
                ("waiting", steps.awaits(&said.step, until))
            };
            Entry::unit(&said.step, said.element, steps, what, facts)
        }
        "StepCompleted" => {
            let said = workflow::StepCompleted::decode(data).ok()?;
            let facts = match (said.element, steps.tally(&said.step)) {
                // Its attempts are those of its elements, each of which says how many it took.
                (None, Some(tally)) => tally,
                (None, None) => with_attempts(steps.facts(&said.step), said.attempts),
                (Some(_), _) => with_attempts(String::new(), said.attempts),
            };
            Entry::unit(&said.step, said.element, steps, "completed", facts)
        }
        "StepSuspended" => {
            let said = workflow::StepSuspended::decode(data).ok()?;
            let facts = failure(said.failure.as_ref());
            Entry::unit(&said.step, said.element, steps, "not known", facts)
        }
        "StepResolved" => {
            let said = workflow::StepResolved::decode(data).ok()?;
            let what = by_hand(said.resolution());
            Entry::unit(&said.step, said.element, steps, what, said.reason)
        }
        "StepFailed" => {
            let said = workflow::StepFailed::decode(data).ok()?;
            let mut facts = with_attempts(failure(said.failure.as_ref()), said.attempts);
            if said.ambiguous {
                facts.push_str(" (its effect may have happened)");
            }
            if let (None, Some(tally)) = (said.element, steps.tally(&said.step)) {
                facts.push_str(&format!("; completed {tally}"));
            }
            Entry::unit(&said.step, said.element, steps, "failed", facts)
        }
        "StepSkipped" => {
            let said = workflow::StepSkipped::decode(data).ok()?;
            Entry::step(&said.step, steps, "skipped", String::new())
        }
        "StepAbandoned" => {
            let said = workflow::StepAbandoned::decode(data).ok()?;
            Entry::step(&said.step, steps, "not called", String::new())
        }
        "StepCompensated" => {
            let said = workflow::StepCompensated::decode(data).ok()?;
            let undone = steps.undone(&said.step).filter(|_| said.element.is_none());
            let facts = with_attempts(undone.unwrap_or_default(), said.attempts);
            Entry::unit(&said.step, said.element, steps, "compensated", facts)
        }
        "CompensationFailed" => {
            let said = workflow::CompensationFailed::decode(data).ok()?;
            let facts = with_attempts(failure(said.failure.as_ref()), said.attempts);
            Entry::unit(&said.step, said.element, steps, "not undone", facts)
        }
        "OutputFailed" => {
            let said = workflow::OutputFailed::decode(data).ok()?;
            Entry::whole("output", "failed", failure(said.failure.as_ref()))
        }
        "CancelRequested" => {
            let said = workflow::CancelRequested::decode(data).ok()?;
            Entry::whole("cancel", "requested", said.reason)
        }
        "DeadlineExceeded" => Entry::whole("deadline", "passed", ""),
        "ExecutionSucceeded" => Entry {
            style: Paint::good,
            ..Entry::whole("succeeded", "", steps.output_facts())
        },
        "ExecutionFailed" => {
            let said = workflow::ExecutionFailed::decode(data).ok()?;
            Entry::whole("failed", "", failure(said.failure.as_ref()))
        }
        "ExecutionCanceled" => {
            let said = workflow::ExecutionCanceled::decode(data).ok()?;
            Entry::whole("canceled", "", said.reason)
        }
        "ExecutionSuspended" => {
            let said = workflow::ExecutionSuspended::decode(data).ok()?;
            let facts = format!("an operator is needed for {}", said.steps.join(", "));
            Entry::whole("suspended", "", facts)
        }
        "ExecutionResumed" => Entry::whole("resumed", "", ""),
        _ => return None,
    })
}

/// What a step waits for; nothing if it is settled.
pub(crate) fn waiting(step: &StepStatus, execution: &Execution, now: &Timestamp) -> Option<Entry> {
    if let Some(wait) = execution.waits.iter().find(|wait| wait.step == step.id) {
        return Some(reaction(step, wait, execution, now));
    }
    let (what, facts) = match step.state() {
        StepState::Pending => ("waiting", unsettled(step, &execution.steps)),
        StepState::Running => ("running", progress(step, attempt(step))),
        StepState::BackingOff => ("backing off", progress(step, retry(step, now))),
        StepState::Compensating => ("compensating", retry(step, now)),
        StepState::Waiting => ("waiting", awaited(step, Some(now))),
        StepState::Unspecified
        | StepState::Completed
        | StepState::Failed
        | StepState::Skipped
        | StepState::Abandoned
        | StepState::Compensated
        | StepState::CompensationFailed
        | StepState::Suspended => return None,
    };
    let subject = one_line(&step.id);
    Some(Entry {
        subject,
        what,
        style: style(what),
        place: service(&step.call),
        facts,
    })
}

/// Somebody is to react, and this one does not see them at work.
fn reaction(step: &StepStatus, wait: &Wait, execution: &Execution, now: &Timestamp) -> Entry {
    let what = if wait.compensation {
        "compensating"
    } else {
        "waiting"
    };
    let cause = wait::cause(wait, execution);
    let (patience, reach) = (wait::patience(wait, now), wait::reach(wait, now));
    Entry {
        subject: one_line(&step.id),
        what,
        style: style(what),
        place: one_line(&wait.participant),
        facts: format!("to react to {cause}, {patience}; {reach}"),
    }
}

/// Elements of a step over a list that are not settled, if they are known one by one.
pub(crate) fn waiting_elements(step: &StepStatus, now: &Timestamp) -> Vec<Entry> {
    let of_element = |element: &ElementStatus| {
        let attempts = StepStatus {
            attempts: element.attempts,
            last_failure: element.last_failure.clone(),
            next_attempt_time: element.next_attempt_time,
            ..StepStatus::default()
        };
        let (what, facts) = match element.state() {
            StepState::Pending => ("waiting", String::new()),
            StepState::Running => ("running", attempt(&attempts)),
            StepState::BackingOff => ("backing off", retry(&attempts, now)),
            StepState::Compensating => ("compensating", retry(&attempts, now)),
            _ => return None,
        };
        Some(Entry {
            subject: unit_name(&step.id, Some(element.element)),
            what,
            style: style(what),
            place: service(&step.call),
            facts,
        })
    };
    step.elements.iter().filter_map(of_element).collect()
}

/// Whether an event only says that one of the elements of a list got on: there may be thousands.
pub(crate) fn is_of_element(event: &Event) -> bool {
    let data = event.data.as_ref().map(|data| &*data.value);
    let data = data.unwrap_or_default();
    let element = match event.r#type.strip_prefix("pavane.workflow.v1.") {
        Some("StepBegun") => workflow::StepBegun::decode(data).map(|it| it.element),
        Some("StepCompleted") => workflow::StepCompleted::decode(data).map(|it| it.element),
        Some("StepCompensated") => workflow::StepCompensated::decode(data).map(|it| it.element),
        _ => return false,
    };
    element.is_ok_and(|element| element.is_some())
}

/// `look_up`, or `look_up[3]`.
fn unit_name(step: &str, element: Option<u32>) -> String {
    match element {
        None => one_line(step),
        Some(element) => format!("{}[{element}]", one_line(step)),
    }
}

fn by_hand(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Skipped => "skipped by hand",
        Resolution::Completed => "completed by hand",
        Resolution::Compensated => "compensated by hand",
        Resolution::Unspecified => "settled by hand",
    }
}

/// `3 of 7` in front of what else there is to say.
fn progress(step: &StepStatus, facts: String) -> String {
    match (&step.element_counts, facts.is_empty()) {
        (None, _) => facts,
        (Some(counts), true) => format!("{} of {}", counts.completed, counts.total),
        (Some(counts), false) => format!("{} of {}; {facts}", counts.completed, counts.total),
    }
}

/// What it waits for, and until when; and how long that is from now.
pub(super) fn awaited(step: &StepStatus, now: Option<&Timestamp>) -> String {
    let mut parts = Vec::new();
    if let Some(event) = &step.awaited_event {
        let mut of = format!(
            "for {} of {}",
            one_line(&event.r#type),
            one_line(&event.feed)
        );
        if !event.subject.is_empty() {
            of.push_str(&format!(" about {}", one_line(&event.subject)));
        }
        parts.push(of);
    }
    if let Some(until) = &step.until_time {
        let mut end = format!("until {}", timestamp(Some(until)));
        if let Some(now) = now {
            end.push_str(&format!(
                " (in {})",
                duration(since(Some(now), Some(until)))
            ));
        }
        parts.push(end);
    }
    parts.join(", ")
}

fn unsettled(step: &StepStatus, all: &[StepStatus]) -> String {
    let waits = |id: &&String| {
        all.iter().any(|other| {
            other.id == **id
                && matches!(
                    other.state(),
                    StepState::Pending
                        | StepState::Running
                        | StepState::BackingOff
                        | StepState::Waiting
                        | StepState::Suspended
                )
        })
    };
    let names: Vec<&str> = step
        .depends_on
        .iter()
        .filter(waits)
        .map(String::as_str)
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("for {}", names.join(", "))
    }
}

fn attempt(step: &StepStatus) -> String {
    match &step.last_failure {
        Some(last) => format!("attempt {}; before: {}", step.attempts, failure(Some(last))),
        None if step.attempts > 1 => format!("attempt {}", step.attempts),
        None => String::new(),
    }
}

fn retry(step: &StepStatus, now: &Timestamp) -> String {
    let Some(last) = &step.last_failure else {
        return attempt(step);
    };
    let failed = format!("attempt {} failed: {}", step.attempts, failure(Some(last)));
    match &step.next_attempt_time {
        Some(next) => {
            let wait = duration(since(Some(now), Some(next)));
            format!("{failed}; next in {wait}")
        }
        None => failed,
    }
}

fn failure(failure: Option<&Failure>) -> String {
    failure
        .map(super::super::failure)
        .unwrap_or_else(|| code_name(2).to_owned())
}

fn with_attempts(facts: String, attempts: u32) -> String {
    match (facts.is_empty(), attempts) {
        (_, 0 | 1) => facts,
        (true, attempts) => format!("after {attempts} attempts"),
        (false, attempts) => format!("{facts} (after {attempts} attempts)"),
    }
}
