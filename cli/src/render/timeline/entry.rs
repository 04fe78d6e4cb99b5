//! What one event of an execution, or one step that waits, says in a timeline.

use pavane::feed::v1::Event;
use pavane::workflow::v1::{self as workflow, Execution, Failure, StepState, StepStatus, Wait};
use prost::Message;
use prost_types::Timestamp;

use super::super::table::one_line;
use super::{Paint, Steps, code_name, duration, service, since, wait};

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
        let style = style(what);
        Self {
            subject: one_line(step),
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
        "StepCompleted" => {
            let said = workflow::StepCompleted::decode(data).ok()?;
            let facts = with_attempts(steps.facts(&said.step), said.attempts);
            Entry::step(&said.step, steps, "completed", facts)
        }
        "StepFailed" => {
            let said = workflow::StepFailed::decode(data).ok()?;
            let mut facts = with_attempts(failure(said.failure.as_ref()), said.attempts);
            if said.ambiguous {
                facts.push_str(" (its effect may have happened)");
            }
            Entry::step(&said.step, steps, "failed", facts)
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
            let facts = with_attempts(String::new(), said.attempts);
            Entry::step(&said.step, steps, "compensated", facts)
        }
        "CompensationFailed" => {
            let said = workflow::CompensationFailed::decode(data).ok()?;
            let facts = with_attempts(failure(said.failure.as_ref()), said.attempts);
            Entry::step(&said.step, steps, "not undone", facts)
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
        StepState::Running => ("running", attempt(step)),
        StepState::BackingOff => ("backing off", retry(step, now)),
        StepState::Compensating => ("compensating", retry(step, now)),
        StepState::Waiting => ("waiting", String::new()),
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

fn unsettled(step: &StepStatus, all: &[StepStatus]) -> String {
    let waits = |id: &&String| {
        all.iter().any(|other| {
            other.id == **id
                && matches!(
                    other.state(),
                    StepState::Pending | StepState::Running | StepState::BackingOff
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
