//! An execution across feeds: what happened in which, and because of what; then what is waited for,
//! and from whom.

use std::collections::HashMap;
use std::time::Duration;

use pavane::feed::v1::Event;
use pavane::workflow::v1::{Execution, Mode, Wait};
use prost_types::Timestamp;
use serde_json::{Value, json};

use super::table::one_line;
use super::timeline::{self, Steps, entry, feed, phrase};
use super::{Cell, Json, Paint, Table, duration, since};

/// For people: a title, a line for each event, and for each thing that is waited for.
pub(crate) fn text(execution: &Execution, now: &Timestamp, paint: Paint) -> String {
    let mut text = timeline::heading(&execution.id, execution, now, paint);
    let steps = Steps::new(execution);
    let phrases = phrases(execution, &steps);
    let mut table = Table::indented();
    let shows_elements = timeline::shows_elements(execution);
    for event in in_order(&execution.events) {
        if !shows_elements && timeline::is_of_element(event) {
            continue;
        }
        let offset = duration(since(execution.create_time.as_ref(), event.time.as_ref()));
        let entry = entry(event, &steps);
        let because = because(event, &phrases).map(|cause| format!("because of {cause}"));
        table.row([
            Cell::new(feed(&event.source)),
            Cell::right(format!("+{offset}")).style(Paint::faint),
            Cell::new(phrase(event, &steps)).style(entry.style),
            Cell::new(because.unwrap_or_default()).style(Paint::faint),
            Cell::new(&entry.facts),
        ]);
    }
    for wait in &execution.waits {
        waited_for(wait, execution, now, &mut table);
    }
    if execution.waits.is_empty() {
        under_way(execution, now, &mut table);
    }
    text.push_str(&table.render(paint));
    for found in &execution.incidents {
        text.push_str(&timeline::incident_line(found, paint));
    }
    text
}

/// For programs: the same.
pub(crate) fn json(execution: &Execution) -> Value {
    let json = Json::new();
    let steps = Steps::new(execution);
    let of_event = |event: &Event| {
        let after = since(execution.create_time.as_ref(), event.time.as_ref());
        json!({
            "id": event.id,
            "feed": feed(&event.source),
            "sequence": event.sequence,
            "type": event.r#type,
            "offset_ms": millis(after),
            "what": phrase(event, &steps),
            "facts": entry(event, &steps).facts,
            "because_of": Some(&event.causation_id).filter(|id| !id.is_empty()),
        })
    };
    let waits = execution.waits.iter();
    let waits = waits.map(|wait| json.message("pavane.workflow.v1.Wait", wait));
    let incidents = execution.incidents.iter();
    let incidents = incidents.map(|found| json.message("pavane.workflow.v1.Incident", found));
    json!({
        "id": execution.id,
        "workflow": execution.workflow,
        "revision": execution.revision,
        "mode": timeline::mode(execution.mode()),
        "state": timeline::state(execution).0,
        "stalled": timeline::is_stalled(execution),
        "events": in_order(&execution.events).into_iter().map(of_event).collect::<Value>(),
        "waits": waits.collect::<Value>(),
        "incidents": incidents.collect::<Value>(),
    })
}

/// By time, but nothing before what it was caused by, whatever the clocks of those who wrote it said.
fn in_order(events: &[Event]) -> Vec<&Event> {
    let by_id: HashMap<&str, &Event> = events.iter().map(|e| (e.id.as_str(), e)).collect();
    let time = |event: &Event| event.time.map_or((0, 0), |time| (time.seconds, time.nanos));
    // The latest time along the chain of causes, and how long that is; it ends, even if it is a ring.
    let key = |event: &Event| {
        let (mut latest, mut length, mut at) = (time(event), 0, event);
        while let Some(cause) = by_id.get(at.causation_id.as_str())
            && length < events.len()
        {
            latest = latest.max(time(cause));
            length += 1;
            at = cause;
        }
        (latest, length)
    };
    let mut sorted: Vec<&Event> = events.iter().collect();
    sorted.sort_by_cached_key(|event| key(event));
    sorted
}

/// What each event says, by its id.
fn phrases<'a>(execution: &'a Execution, steps: &Steps<'_>) -> HashMap<&'a str, String> {
    let events = execution.events.iter();
    events
        .map(|event| (event.id.as_str(), phrase(event, steps)))
        .collect()
}

/// What caused an event; the bare id of a cause that is not part of the execution.
fn because(event: &Event, phrases: &HashMap<&str, String>) -> Option<String> {
    let id = event.causation_id.as_str();
    let known = phrases.get(id).cloned();
    (!id.is_empty()).then(|| known.unwrap_or_else(|| one_line(id)))
}

fn waited_for(wait: &Wait, execution: &Execution, now: &Timestamp, table: &mut Table) {
    let due = format!("waiting: {}", timeline::what_is_due(wait));
    table.row([
        Cell::new(one_line(&wait.participant)),
        Cell::new(""),
        Cell::new(due).style(Paint::accent),
        Cell::new(timeline::patience(wait, now)).style(Paint::faint),
    ]);
    let reaction = format!("is to react to {}", timeline::cause(wait, execution));
    let reach = Cell::sentence(timeline::reach(wait, now));
    let reach = if wait.reachable {
        reach
    } else {
        reach.style(Paint::bad)
    };
    for sentence in [Cell::sentence(reaction), reach] {
        table.row([Cell::new(""), Cell::new(""), sentence]);
    }
}

/// Where one conducts, it knows what it is doing.
fn under_way(execution: &Execution, now: &Timestamp, table: &mut Table) {
    let conducts = execution.mode() != Mode::Choreographed;
    let conductor = execution.events.first().filter(|_| conducts);
    let conductor = conductor.map_or_else(String::new, |event| feed(&event.source));
    for step in &execution.steps {
        if let Some(entry) = timeline::waiting(step, execution, now) {
            table.row([
                Cell::new(&conductor),
                Cell::new(""),
                Cell::new(format!("{} {}", entry.subject, entry.what)).style(entry.style),
                Cell::new(&entry.place),
                Cell::new(&entry.facts),
            ]);
        }
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e3
}

#[cfg(test)]
mod tests;
