//! A graph for programs.

use pavane_flow::choreography::projection::Part;
use pavane_flow::plan::StepIndex;
use serde_json::{Value, json};

use super::view::View;

/// The steps and, of a projection, the parts. Every field is always there, but `participant`,
/// `participants` and `home`, which only a projection has.
pub(super) fn show(view: &View<'_>) -> Value {
    let steps = view.plan.step_indices().map(|step| step_of(view, step));
    let mut graph = json!({
        "workflow": *view.plan.name,
        "revision": view.plan.revision.to_string(),
        "implements": view.plan.implements.to_string(),
        "steps": steps.collect::<Vec<_>>(),
    });
    if let Some(projection) = view.projection {
        let parts = projection.participants().map(|part| part_of(view, part));
        graph["participants"] = parts.collect();
        graph["home"] = part_of(view, projection.home());
    }
    graph
}

fn step_of(view: &View<'_>, step: StepIndex) -> Value {
    let planned = view.plan.step(step);
    let compensation = planned.compensation.as_ref().map(|compensation| {
        json!({
            "call": compensation.method.to_string(),
            "uses": view.ids(&planned.compensation_references),
        })
    });
    let mut shown = json!({
        "id": *planned.id,
        "call": planned.summary(),
        "uses": view.ids(&planned.data_dependencies),
        "after": view.ids(&view.only_after(step)),
        "when": view.condition(step),
        "compensation": compensation,
    });
    if let Some(performer) = view.performer(step) {
        shown["participant"] = json!(*performer.name);
    }
    shown
}

fn part_of(view: &View<'_>, part: &Part) -> Value {
    let hears = part.hears.iter().map(|hears| {
        let events = hears.events.iter().map(|(event, step)| {
            let step = step.map(|step| view.id(step));
            json!({ "type": event.full_name(), "step": step })
        });
        json!({ "peer": *hears.peer, "events": events.collect::<Vec<_>>() })
    });
    json!({
        "name": *part.name,
        "steps": view.ids(&part.steps),
        "hears": hears.collect::<Vec<_>>(),
    })
}
