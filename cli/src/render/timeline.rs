//! An execution as a timeline: what happened and when, then what it waits for.

use std::collections::HashMap;

use pavane::feed::v1::Event;
use pavane::workflow::v1::{Execution, ExecutionState, Incident, Mode, StepState, StepStatus};
use prost_types::Timestamp;

use super::{
    Cell, Paint, Table, code_name, duration, facts_about, one_line, since, struct_to_json,
    timestamp,
};

mod entry;
mod wait;

pub(crate) use entry::{Entry, entry, is_of_element, waiting, waiting_elements};
pub(crate) use wait::{cause, feed, incident, patience, phrase, reach, what_is_due};

/// A title, then a line for each event, then a line for each step that is not settled, and for each
/// incident. `now` is the clock that waiting is measured by; `title` leads the first line.
pub(crate) fn timeline(
    title: &str,
    execution: &Execution,
    now: &Timestamp,
    paint: Paint,
) -> String {
    let mut text = heading(title, execution, now, paint);
    let steps = Steps::new(execution);
    let mut table = Table::indented();
    let shows_elements = shows_elements(execution);
    for event in &execution.events {
        if !shows_elements && is_of_element(event) {
            continue;
        }
        let offset = since(execution.create_time.as_ref(), event.time.as_ref());
        table.row(row(Some(offset), &entry(event, &steps)));
    }
    for step in &execution.steps {
        if let Some(entry) = waiting(step, execution, now) {
            table.row(row(None, &entry));
        }
        for entry in waiting_elements(step, now) {
            table.row(row(None, &entry));
        }
    }
    text.push_str(&table.render(paint));
    for found in &execution.incidents {
        text.push_str(&incident_line(found, paint));
    }
    if execution.state() == ExecutionState::Suspended {
        text.push_str(&retry_hint(execution, paint));
    }
    text
}

/// Whether the elements of lists were asked for.
pub(crate) fn shows_elements(execution: &Execution) -> bool {
    execution.steps.iter().any(|step| !step.elements.is_empty())
}

/// What an operator can do for a suspended execution.
pub(crate) fn retry_hint(execution: &Execution, paint: Paint) -> String {
    let (hint, id) = (paint.accent("hint:"), &execution.id);
    let mut steps = execution.steps.iter();
    match steps.find(|step| step.state() == StepState::Suspended) {
        Some(step) => {
            let step = one_line(&step.id);
            format!(
                "{hint} find out what came of the call, then: pavane complete {id} {step}, or: \
                 pavane skip {id} {step}; or have it called again: pavane retry {id}\n"
            )
        }
        None => format!("{hint} mend the service, then: pavane retry {id}\n"),
    }
}

/// What keeps it from going on, on a line of its own.
pub(crate) fn incident_line(found: &Incident, paint: Paint) -> String {
    format!("  {} {}\n", paint.bad("STALLED"), incident(found))
}

/// Whether something keeps it from going on.
pub(crate) fn is_stalled(execution: &Execution) -> bool {
    !execution.incidents.is_empty() && execution.end_time.is_none()
}

/// One line, for those who print as it happens.
pub(crate) fn live_line(
    create_time: Option<&Timestamp>,
    event: &Event,
    steps: &Steps<'_>,
    paint: Paint,
) -> String {
    let entry = entry(event, steps);
    let offset = format!("+{}", duration(since(create_time, event.time.as_ref())));
    let width = steps.width();
    let line = format!(
        "  {offset:>10}   {:<width$}   {}{}   {:<9}   {}",
        entry.subject,
        (entry.style)(paint, entry.what),
        " ".repeat(11_usize.saturating_sub(entry.what.len())),
        entry.place,
        entry.facts,
    );
    line.trim_end().to_owned()
}

/// `order-0042   compensated   place-order @7b0c91e2   orchestrated   12.4 ms`
pub(crate) fn heading(title: &str, execution: &Execution, now: &Timestamp, paint: Paint) -> String {
    let (word, style) = state(execution);
    let end = execution.end_time.as_ref();
    let took = duration(since(execution.create_time.as_ref(), end.or(Some(now))));
    let took = if end.is_some() {
        took
    } else {
        format!("for {took}")
    };
    let revision: String = execution.revision.chars().take(8).collect();
    let mut parts = vec![paint.strong(title), style(paint, word)];
    if title != execution.id {
        parts.push(paint.faint(&execution.id));
    }
    parts.push(paint.faint(&format!("{} @{revision}", execution.workflow)));
    parts.push(paint.faint(mode(execution.mode())));
    parts.push(took);
    if is_stalled(execution) {
        parts.push(paint.bad("STALLED"));
    }
    format!("{}\n", parts.join("   "))
}

/// How it is run, in a word.
pub(crate) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Unspecified | Mode::Orchestrated => "orchestrated",
        Mode::Choreographed => "choreographed",
    }
}

/// Where it stands, in a word, and the colour of that.
pub(crate) fn state(execution: &Execution) -> (&'static str, fn(Paint, &str) -> String) {
    match execution.state() {
        ExecutionState::Unspecified => ("unknown", Paint::faint),
        ExecutionState::Running => ("running", Paint::accent),
        ExecutionState::Failing => ("failing", Paint::caution),
        ExecutionState::Suspended => ("suspended", Paint::bad),
        ExecutionState::Succeeded => ("succeeded", Paint::good),
        ExecutionState::Failed if compensated(execution) => ("compensated", Paint::caution),
        ExecutionState::Failed => ("failed", Paint::bad),
        ExecutionState::Canceled => ("canceled", Paint::caution),
    }
}

/// Whether anything had to be undone.
pub(crate) fn compensated(execution: &Execution) -> bool {
    execution
        .steps
        .iter()
        .any(|step| step.state() == StepState::Compensated)
}

/// What the steps of an execution call and answered, by their names.
pub(crate) struct Steps<'a> {
    by_id: HashMap<&'a str, &'a StepStatus>,
    output: Option<&'a prost_types::Struct>,
    id: &'a str,
}

impl<'a> Steps<'a> {
    pub(crate) fn new(execution: &'a Execution) -> Self {
        let by_id = execution
            .steps
            .iter()
            .map(|step| (step.id.as_str(), step))
            .collect();
        Self {
            by_id,
            output: execution.output.as_ref(),
            id: &execution.id,
        }
    }

    /// `payment` for `shop.payment.v1.PaymentService/ChargeCard`.
    fn place(&self, step: &str) -> String {
        self.by_id
            .get(step)
            .map(|step| service(&step.call))
            .unwrap_or_default()
    }

    /// Whether it calls something.
    fn calls(&self, step: &str) -> bool {
        let step = self.by_id.get(step);
        step.is_none_or(|step| !step.call.is_empty())
    }

    /// What it waits for, and until when.
    fn awaits(&self, step: &str, until: Option<&Timestamp>) -> String {
        let known = self.by_id.get(step).map(|step| StepStatus {
            until_time: until.copied(),
            ..(*step).clone()
        });
        known.map_or_else(String::new, |step| entry::awaited(&step, None))
    }

    /// `7 of 7`: the elements of a step over a list that were completed.
    fn tally(&self, step: &str) -> Option<String> {
        let counts = self.by_id.get(step)?.element_counts.as_ref()?;
        // What has been undone since had been completed.
        let completed = counts.completed + counts.compensated;
        Some(format!(
            "{} of {}",
            completed.min(counts.total),
            counts.total
        ))
    }

    /// `3 of 7`: the elements that were undone.
    fn undone(&self, step: &str) -> Option<String> {
        let counts = self.by_id.get(step)?.element_counts.as_ref()?;
        Some(format!("{} of {}", counts.compensated, counts.total))
    }

    fn facts(&self, step: &str) -> String {
        let output = self.by_id.get(step).and_then(|step| step.output.as_ref());
        output
            .map(|output| facts_about(&struct_to_json(output), self.id))
            .unwrap_or_default()
    }

    fn output_facts(&self) -> String {
        let output = self
            .output
            .map(|output| facts_about(&struct_to_json(output), self.id));
        output.unwrap_or_default()
    }

    /// Of the longest name of a step, and of what stands in its place.
    fn width(&self) -> usize {
        self.by_id
            .keys()
            .map(|id| id.len())
            .chain(["succeeded".len()])
            .max()
            .unwrap_or(0)
    }
}

/// `payment` for `shop.payment.v1.PaymentService/ChargeCard`.
fn service(call: &str) -> String {
    let service = call.split('/').next().unwrap_or_default();
    let name = service.rsplit('.').next().unwrap_or_default();
    name.strip_suffix("Service")
        .filter(|name| !name.is_empty())
        .unwrap_or(name)
        .to_lowercase()
}

fn row(offset: Option<std::time::Duration>, entry: &Entry) -> [Cell; 5] {
    let offset = offset
        .map(|offset| format!("+{}", duration(offset)))
        .unwrap_or_default();
    [
        Cell::right(offset).style(Paint::faint),
        Cell::new(&entry.subject),
        Cell::new(entry.what).style(entry.style),
        Cell::new(&entry.place),
        Cell::new(&entry.facts),
    ]
}

#[cfg(test)]
mod tests;
