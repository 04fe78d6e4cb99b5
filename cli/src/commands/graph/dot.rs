//! A drawing in the language of Graphviz.

use std::fmt::{self, Display, Formatter};

use super::drawing::{Arrow, Drawing, End, Frame};

/// The graph.
pub(super) fn draw(drawing: &Drawing) -> String {
    let mut text = format!("digraph {} {{\n", Quoted(&drawing.title));
    text += "  rankdir=LR\n  compound=true\n  node [shape=box]\n";
    if let Some(home) = &drawing.home {
        text += &format!("  home [label={}, shape=ellipse]\n", Quoted(home));
    }
    for (position, frame) in drawing.frames.iter().enumerate() {
        text += &framed(position, frame);
    }
    for arrow in &drawing.arrows {
        text += &format!("  {}\n", line(arrow, &drawing.frames));
    }
    text + "}\n"
}

fn framed(position: usize, frame: &Frame) -> String {
    let boxes = |indent: &str| -> String {
        let boxes = frame.boxes.iter().map(|step| {
            let shape = match step.is_conditional {
                true => ", shape=hexagon",
                false => "",
            };
            let label = step.lines.join("\n");
            format!(
                "{indent}s{} [label={}{shape}]\n",
                step.step.0,
                Quoted(&label)
            )
        });
        boxes.collect()
    };
    match &frame.name {
        None => boxes("  "),
        Some(name) => {
            let label = Quoted(name);
            let boxes = boxes("    ");
            format!("  subgraph cluster_{position} {{\n    label={label}\n{boxes}  }}\n")
        }
    }
}

fn line(arrow: &Arrow, frames: &[Frame]) -> String {
    let mut attributes = Vec::new();
    if !arrow.label.is_empty() {
        attributes.push(format!("label={}", Quoted(&arrow.label)));
    }
    if arrow.is_dashed {
        attributes.push("style=dashed".to_owned());
    }
    // An arrow to a frame is one to a box inside that ends at the frame.
    if let End::Frame(position) = arrow.to {
        attributes.push(format!("lhead=cluster_{position}"));
    }
    let attributes = match attributes.as_slice() {
        [] => String::new(),
        attributes => format!(" [{}]", attributes.join(", ")),
    };
    let (from, to) = (node(arrow.from, frames), node(arrow.to, frames));
    format!("{from} -> {to}{attributes}")
}

/// The id of the box where an arrow begins or ends.
fn node(end: End, frames: &[Frame]) -> String {
    match end {
        End::Home => "home".to_owned(),
        End::Step(step) => format!("s{}", step.0),
        End::Frame(position) => {
            let first = frames[position].boxes.first();
            let first = first.expect("a participant performs a step");
            format!("s{}", first.step.0)
        }
    }
}

/// A string in quotes, in which Graphviz reads `&` as the beginning of a name; lines are centred.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '&' => f.write_str("&amp;")?,
                '\n' => f.write_str("\\n")?,
                c if c.is_control() => f.write_str(" ")?,
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}
