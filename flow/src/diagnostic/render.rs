//! Diagnostics as text for people, in the manner of a compiler. Prints nothing itself.

use std::fmt::Write;

use super::{Diagnostic, Severity};

/// What is written before and after the parts of a diagnostic, such as terminal colours.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Before `error`, and the marks below the place.
    pub error: &'static str,
    /// Before `warning`, and the marks below the place.
    pub warning: &'static str,
    /// Before the message.
    pub message: &'static str,
    /// Before line numbers and the frame.
    pub frame: &'static str,
    /// After each of these.
    pub reset: &'static str,
}

impl Style {
    /// Text alone.
    pub const PLAIN: Self = Self {
        error: "",
        warning: "",
        message: "",
        frame: "",
        reset: "",
    };

    /// Colours of ANSI terminals.
    pub const ANSI: Self = Self {
        error: "\u{1b}[1;31m",
        warning: "\u{1b}[1;33m",
        message: "\u{1b}[1m",
        frame: "\u{1b}[1;34m",
        reset: "\u{1b}[0m",
    };
}

/// Longest line of a source that is shown; longer ones are cut around the place.
const MAX_LINE: usize = 120;

/// Shows diagnostics about one source.
#[derive(Clone, Copy, Debug)]
pub struct Renderer<'a> {
    /// Name of the source, such as `place-order.yaml`.
    pub file_name: &'a str,
    /// Its text, if it is at hand.
    pub source: Option<&'a str>,
    /// How to set off the parts.
    pub style: Style,
}

impl Renderer<'_> {
    /// All diagnostics, an empty line after each, and how many there are: `2 errors, 1 warning`.
    /// Empty if there are none.
    pub fn render(&self, diagnostics: &[Diagnostic]) -> String {
        let mut text = String::new();
        // Found once: there may be as many mistakes as lines.
        let lines = self.lines();
        for found in diagnostics {
            text.push_str(&self.render_in(&lines, found));
            text.push('\n');
        }
        text.push_str(&summary(diagnostics));
        text
    }

    /// One diagnostic, several lines, each ended.
    pub fn render_one(&self, found: &Diagnostic) -> String {
        self.render_in(&self.lines(), found)
    }

    fn lines(&self) -> Vec<&str> {
        self.source
            .map_or_else(Vec::new, |source| source.lines().collect())
    }

    fn render_in(&self, lines: &[&str], found: &Diagnostic) -> String {
        let mut text = String::new();
        self.write(lines, found, &mut text)
            .expect("writing to a string does not fail");
        text
    }

    fn write(&self, lines: &[&str], found: &Diagnostic, out: &mut String) -> std::fmt::Result {
        let style = &self.style;
        let reset = style.reset;
        let mark = match found.severity {
            Severity::Error => style.error,
            Severity::Warning => style.warning,
        };
        let (severity, message) = (found.severity, printable(&found.message));
        writeln!(
            out,
            "{mark}{severity}{reset}: {}{message}{reset}",
            style.message
        )?;

        let frame = style.frame;
        let line = found.span.and_then(|span| {
            let line = lines.get(span.line as usize - 1)?;
            Some((span, *line))
        });
        let width = found.span.map_or(1, |span| span.line.to_string().len());
        let file = if self.file_name.is_empty() {
            "definition"
        } else {
            self.file_name
        };
        match found.span {
            Some(span) => {
                let (row, column) = (span.line, span.column);
                writeln!(out, "{:width$}{frame}-->{reset} {file}:{row}:{column}", "")?;
            }
            None if !found.path.is_empty() => {
                let path = printable(&found.path);
                writeln!(out, "{:width$}{frame}-->{reset} {file}: {path}", "")?;
            }
            None => writeln!(out, "{:width$}{frame}-->{reset} {file}", "")?,
        }
        if let Some((span, line)) = line {
            let (shown, column) = excerpt(line, span.column as usize - 1);
            let row = span.line;
            let room = shown.chars().count().saturating_sub(column).max(1);
            let marks = "^".repeat((span.length as usize).clamp(1, room));
            let label = printable(&found.label);
            writeln!(out, "{:width$} {frame}|{reset}", "")?;
            writeln!(out, "{frame}{row} |{reset} {shown}")?;
            let below = format!("{:column$}{mark}{marks} {label}", "");
            let below = below.trim_end();
            writeln!(out, "{:width$} {frame}|{reset} {below}{reset}", "")?;
        }
        if !found.help.is_empty() {
            if line.is_some() {
                writeln!(out, "{:width$} {frame}|{reset}", "")?;
            }
            let help = printable(&found.help);
            writeln!(out, "{:width$} {frame}={reset} help: {help}", "")?;
        }
        Ok(())
    }
}

/// `2 errors, 1 warning` and a line end; empty if there are none.
fn summary(diagnostics: &[Diagnostic]) -> String {
    let count = |severity| {
        let found = diagnostics.iter().filter(|one| one.severity == severity);
        match found.count() {
            0 => None,
            1 => Some(format!("1 {severity}")),
            many => Some(format!("{many} {severity}s")),
        }
    };
    let parts = [count(Severity::Error), count(Severity::Warning)];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        String::new()
    } else {
        parts.join(", ") + "\n"
    }
}

/// The part of a line around a column that is shown, and where the column is in it.
fn excerpt(line: &str, column: usize) -> (String, usize) {
    let characters: Vec<char> = line
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if characters.len() <= MAX_LINE {
        return (characters.into_iter().collect(), column);
    }
    let start = column
        .saturating_sub(MAX_LINE / 2)
        .min(characters.len() - MAX_LINE);
    let shown = &characters[start..start + MAX_LINE];
    (shown.iter().collect(), column - start)
}

/// Text of others without what would move a terminal's cursor.
fn printable(text: &str) -> String {
    let visible = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(visible).collect()
}
