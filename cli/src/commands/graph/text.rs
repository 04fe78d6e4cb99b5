//! A graph for people, in a terminal.

use pavane_flow::choreography::projection::{Part, Projection};
use pavane_flow::plan::StepIndex;

use super::hearing::{self, by_step, word};
use super::view::{View, short, work};
use crate::render::{Cell, Paint, Table};

/// The way that an execution takes, the steps, and, of a projection, who hears whom.
pub(super) fn show(view: &View<'_>, paint: Paint) -> String {
    let mut text = title(view, paint);
    text.push('\n');
    match view.projection {
        None => text += &steps(view, paint),
        Some(projection) => text += &parts(view, projection, paint),
    }
    text
}

/// `place-order   reserve -> charge -> ship   (3 steps, 3 compensations)`
fn title(view: &View<'_>, paint: Paint) -> String {
    let plan = view.plan;
    let compensations = plan.steps.iter().filter(|step| step.compensation.is_some());
    let mut counts = vec![
        count(plan.steps.len(), "step"),
        count(compensations.count(), "compensation"),
    ];
    if let Some(projection) = view.projection {
        counts.push(count(projection.participants().len(), "participant"));
    }
    let name = paint.strong(&plan.name);
    format!("{name}   {}   ({})\n", way(view), counts.join(", "))
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// The steps by how many must come before them: `reserve -> charge | pack -> ship`.
fn way(view: &View<'_>) -> String {
    let mut stages: Vec<Vec<&str>> = Vec::new();
    for (step, stage) in view.plan.step_indices().zip(view.stages()) {
        stages.resize_with(stages.len().max(stage + 1), Vec::new);
        stages[stage].push(view.id(step));
    }
    let stages: Vec<String> = stages.iter().map(|ids| ids.join(" | ")).collect();
    stages.join(" -> ")
}

fn steps(view: &View<'_>, paint: Paint) -> String {
    let has_conditions = view.plan.steps.iter().any(|step| step.when.is_some());
    let when = if has_conditions { "when" } else { "" };
    let mut table = Table::with_header(["step", "calls", "undone by", "uses", "after", when]);
    for step in view.plan.step_indices() {
        let planned = view.plan.step(step);
        let undo = planned.compensation.as_ref();
        table.row([
            Cell::new(&*planned.id).style(Paint::strong),
            Cell::new(work(planned)),
            Cell::new(undo.map_or_else(String::new, |undo| short(&undo.method))),
            Cell::new(view.ids(&planned.data_dependencies).join(", ")),
            Cell::new(view.ids(&view.only_after(step)).join(", ")),
            Cell::new(view.condition(step)).style(Paint::caution),
        ]);
    }
    table.render(paint)
}

fn parts(view: &View<'_>, projection: &Projection, paint: Paint) -> String {
    let mut text = String::new();
    let home = &projection.home().name;
    for part in projection.participants() {
        let name = paint.strong(&part.name);
        let steps = view.ids(&part.steps).join(", ");
        text += &format!("{name}   performs {steps}\n");
        text += &part_of(view, part, home, paint);
        text.push('\n');
    }
    let name = paint.strong(home);
    let ways = "starts executions, declares their outcome";
    text + &format!("{name}   {ways}\n  hears all of every step\n")
}

/// Whom a participant hears, of what, and what for.
fn part_of(view: &View<'_>, part: &Part, home: &str, paint: Paint) -> String {
    let mut table = Table::indented();
    // The home first: with it, everything begins and ends.
    let (of_home, of_others): (Vec<_>, Vec<_>) =
        part.hears.iter().partition(|hears| &*hears.peer == home);
    for hears in of_home.into_iter().chain(of_others) {
        for (position, heard) in by_step(hears).iter().enumerate() {
            let peer = if position == 0 { &*hears.peer } else { "" };
            let (events, purpose) = match heard.step {
                None => (
                    "start, end, and what ends it early".to_owned(),
                    String::new(),
                ),
                Some(step) => {
                    let words: Vec<&str> = heard.events.iter().map(|event| word(*event)).collect();
                    let events = format!("{} {}", view.id(step), words.join(", "));
                    (events, purpose(view, part, step))
                }
            };
            table.row([
                Cell::new(peer).style(Paint::accent),
                Cell::new(events),
                Cell::new(purpose).style(Paint::faint),
            ]);
        }
    }
    table.render(paint)
}

/// What a participant hears of a step for: `before charge begins`.
fn purpose(view: &View<'_>, part: &Part, step: StepIndex) -> String {
    let plan = view.plan;
    let ids = |steps: Vec<StepIndex>| view.ids(&steps).join(", ");
    let begins: Vec<_> = hearing::begins(plan, part, step).collect();
    let needs: Vec<_> = hearing::needs(plan, part, step).collect();
    let undoes: Vec<_> = hearing::undoes(plan, part, step).collect();
    let mut purposes = Vec::new();
    if !begins.is_empty() {
        purposes.push(format!("before {} begins", ids(begins)));
    }
    if !needs.is_empty() {
        purposes.push(format!("for the compensation of {}", ids(needs)));
    }
    if !undoes.is_empty() {
        purposes.push(format!("before {} is undone", ids(undoes)));
    }
    if purposes.is_empty() {
        purposes.push("to stop if it fails".to_owned());
    }
    purposes.join("; ")
}
