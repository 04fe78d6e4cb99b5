//! A drawing: boxes, the frames around them and the arrows between them, before it is written down
//! for one program or another.

use pavane_flow::choreography::projection::{Part, Projection};
use pavane_flow::plan::StepIndex;

use super::hearing;
use super::view::{View, short, work};

/// Boxes in frames, and arrows.
pub(super) struct Drawing {
    pub(super) title: String,
    /// The box of the home, if there is one.
    pub(super) home: Option<String>,
    pub(super) frames: Vec<Frame>,
    pub(super) arrows: Vec<Arrow>,
}

/// The boxes of one participant; without a name, all there are.
pub(super) struct Frame {
    pub(super) name: Option<String>,
    pub(super) boxes: Vec<StepBox>,
}

/// A step.
pub(super) struct StepBox {
    pub(super) step: StepIndex,
    /// Its id, and what there is to say of it.
    pub(super) lines: Vec<String>,
    /// Whether it has a condition.
    pub(super) is_conditional: bool,
}

/// From one end to the other.
pub(super) struct Arrow {
    pub(super) from: End,
    pub(super) to: End,
    /// May be empty.
    pub(super) label: String,
    pub(super) is_dashed: bool,
}

/// Where an arrow begins or ends.
#[derive(Clone, Copy)]
pub(super) enum End {
    Home,
    Step(StepIndex),
    /// A whole frame, by its position.
    Frame(usize),
}

/// Draws a workflow: as it is, or as it is divided.
pub(super) fn of(view: &View<'_>) -> Drawing {
    let boxes = |steps: &[StepIndex]| steps.iter().map(|step| step_box(view, *step)).collect();
    let title = view.plan.name.to_string();
    match view.projection {
        None => {
            let steps: Vec<StepIndex> = view.plan.step_indices().collect();
            let boxes = boxes(&steps);
            Drawing {
                title,
                home: None,
                frames: vec![Frame { name: None, boxes }],
                arrows: dependencies(view),
            }
        }
        Some(projection) => {
            let frames = projection.participants().map(|part| Frame {
                name: Some(part.name.to_string()),
                boxes: boxes(&part.steps),
            });
            Drawing {
                title,
                home: Some(projection.home().name.to_string()),
                frames: frames.collect(),
                arrows: events(view, projection),
            }
        }
    }
}

fn step_box(view: &View<'_>, step: StepIndex) -> StepBox {
    let planned = view.plan.step(step);
    let mut lines = vec![planned.id.to_string(), work(planned)];
    let condition = view.condition(step);
    if !condition.is_empty() {
        lines.push(format!("when {condition}"));
    }
    if let Some(compensation) = &planned.compensation {
        lines.push(format!("undone by {}", short(&compensation.method)));
    }
    StepBox {
        step,
        lines,
        is_conditional: planned.when.is_some(),
    }
}

/// An arrow for each step that another waits for; dashed, if it needs nothing of it.
fn dependencies(view: &View<'_>) -> Vec<Arrow> {
    let mut arrows = Vec::new();
    for step in view.plan.step_indices() {
        let only_after = view.only_after(step);
        for &on in &view.plan.step(step).dependencies {
            let is_dashed = only_after.contains(&on);
            arrows.push(Arrow {
                from: End::Step(on),
                to: End::Step(step),
                label: if is_dashed { "after" } else { "" }.to_owned(),
                is_dashed,
            });
        }
    }
    arrows
}

/// An arrow for each event that is heard, and for each step that another of the same participant
/// waits for. Dashed is what is of use only once something has failed.
fn events(view: &View<'_>, projection: &Projection) -> Vec<Arrow> {
    let mut arrows = Vec::new();
    for step in view.plan.step_indices() {
        if view.plan.step(step).dependencies.is_empty() {
            arrows.push(arrow(End::Home, End::Step(step), "started", false));
        }
    }
    for (position, part) in projection.participants().enumerate() {
        for step in view.plan.step_indices() {
            if part.steps.contains(&step) {
                for later in hearing::begins(view.plan, part, step) {
                    arrows.push(arrow(End::Step(step), End::Step(later), "", false));
                }
            } else {
                heard_of(view, part, position, step, &mut arrows);
            }
        }
    }
    arrows
}

/// The arrows from a step to the participant at a position, which hears of it.
fn heard_of(
    view: &View<'_>,
    part: &Part,
    position: usize,
    step: StepIndex,
    arrows: &mut Vec<Arrow>,
) {
    let (plan, from) = (view.plan, End::Step(step));
    let before = arrows.len();
    let completed = match view.may_be_skipped(step) {
        true => "completed or skipped",
        false => "completed",
    };
    let begins = hearing::begins(plan, part, step);
    arrows.extend(begins.map(|own| arrow(from, End::Step(own), completed, false)));
    let needs = hearing::needs(plan, part, step).filter(|own| {
        let dependencies = &plan.step(*own).dependencies;
        !dependencies.contains(&step)
    });
    arrows.extend(needs.map(|own| arrow(from, End::Step(own), "response", true)));
    let undoes = hearing::undoes(plan, part, step);
    arrows.extend(undoes.map(|own| arrow(from, End::Step(own), "settled", true)));
    if arrows.len() == before {
        arrows.push(arrow(from, End::Frame(position), "failed", true));
    }
}

fn arrow(from: End, to: End, label: &str, is_dashed: bool) -> Arrow {
    let label = label.to_owned();
    Arrow {
        from,
        to,
        label,
        is_dashed,
    }
}
