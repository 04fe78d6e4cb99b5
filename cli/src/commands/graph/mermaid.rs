//! A drawing as a Mermaid flowchart.

use std::fmt::{self, Display, Formatter};

use super::drawing::{Arrow, Drawing, End, Frame, StepBox};

/// The flowchart, ready to stand in a `mermaid` block of a Markdown file.
pub(super) fn draw(drawing: &Drawing) -> String {
    let mut text = format!("%% {}\nflowchart LR\n", drawing.title);
    if let Some(home) = &drawing.home {
        text += &format!("  home([\"{}\"])\n", Escaped(home));
    }
    for (position, frame) in drawing.frames.iter().enumerate() {
        text += &framed(position, frame);
    }
    for arrow in &drawing.arrows {
        text += &format!("  {}\n", line(arrow));
    }
    text
}

fn framed(position: usize, frame: &Frame) -> String {
    let boxes = |indent: &str| -> String {
        let boxes = frame.boxes.iter().map(step_box);
        boxes.map(|step| format!("{indent}{step}\n")).collect()
    };
    match &frame.name {
        None => boxes("  "),
        Some(name) => {
            let boxes = boxes("    ");
            format!(
                "  subgraph p{position} [\"{}\"]\n{boxes}  end\n",
                Escaped(name)
            )
        }
    }
}

fn step_box(step: &StepBox) -> String {
    let lines: Vec<String> = step
        .lines
        .iter()
        .map(|line| Escaped(line).to_string())
        .collect();
    // A condition makes it a hexagon.
    let (open, close) = match step.is_conditional {
        true => ("{{", "}}"),
        false => ("[", "]"),
    };
    format!("s{}{open}\"{}\"{close}", step.step.0, lines.join("<br/>"))
}

fn line(arrow: &Arrow) -> String {
    let shaft = if arrow.is_dashed { "-.->" } else { "-->" };
    let label = match arrow.label.as_str() {
        "" => String::new(),
        label => format!("|\"{}\"|", Escaped(label)),
    };
    format!("{} {shaft}{label} {}", Id(arrow.from), Id(arrow.to))
}

/// An end of an arrow, by its id. Ids are our own: names may be words of Mermaid's, such as `end`.
struct Id(End);

impl Display for Id {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            End::Home => f.write_str("home"),
            End::Step(step) => write!(f, "s{}", step.0),
            End::Frame(position) => write!(f, "p{position}"),
        }
    }
}

/// Text inside quotes, in Mermaid's own escapes.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("#quot;")?,
                '<' => f.write_str("#lt;")?,
                '>' => f.write_str("#gt;")?,
                '&' => f.write_str("#amp;")?,
                '#' => f.write_str("#35;")?,
                '`' => f.write_str("#96;")?,
                c if c.is_control() => f.write_str(" ")?,
                c => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}
