//! Where results go: text for people or JSON for programs on stdout, notes and errors on stderr.
//! The only room that writes to either.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use crate::args::{Color, Format};
use crate::error::Error;
use crate::render::Paint;

/// Knows what was asked for: text or JSON, and colours or none.
#[derive(Debug)]
pub(crate) struct Output {
    format: Format,
    paint: Paint,
    paint_stderr: Paint,
}

impl Output {
    /// Looks at the terminal and at NO_COLOR where colours are left to us.
    pub(crate) fn from_terminal(format: Format, color: Color) -> Self {
        let plain_terminal = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let paint = |is_terminal: bool| match color {
            Color::Always => Paint::COLORS,
            Color::Auto if is_terminal && !plain_terminal => Paint::COLORS,
            Color::Auto | Color::Never => Paint::PLAIN,
        };
        Self {
            format,
            paint: paint(io::stdout().is_terminal()),
            paint_stderr: paint(io::stderr().is_terminal()),
        }
    }

    /// Whether stdout is for programs.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Colours for text on stdout.
    pub(crate) fn paint(&self) -> Paint {
        self.paint
    }

    /// Prints one result, in the form that was asked for; only that form is made.
    pub(crate) fn show(
        &self,
        text: impl FnOnce(Paint) -> String,
        json: impl FnOnce() -> Value,
    ) -> Result<(), Error> {
        match self.format {
            Format::Text => self.text(&text(self.paint)),
            Format::Json => self.json(&json()),
        }
    }

    /// Prints text, which ends its last line or has it ended here.
    pub(crate) fn text(&self, text: &str) -> Result<(), Error> {
        let mut stdout = io::stdout().lock();
        let end = if text.is_empty() || text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        write!(stdout, "{text}{end}")
            .and_then(|()| stdout.flush())
            .map_err(Error::Output)
    }

    /// Prints a JSON document.
    pub(crate) fn json(&self, value: &Value) -> Result<(), Error> {
        self.text(&format!("{value:#}"))
    }

    /// Prints one of many JSON documents, on a line of its own.
    pub(crate) fn json_line(&self, value: &Value) -> Result<(), Error> {
        self.text(&value.to_string())
    }

    /// Says something to the person, beside the result. Programs are told nothing.
    pub(crate) fn note(&self, text: &str) {
        if self.format == Format::Text {
            let note = self.paint_stderr.faint(text.trim_end());
            // Nothing can be said if stderr is gone.
            let _ = writeln!(io::stderr(), "{note}");
        }
    }

    /// Says why the command failed, unless the result has said it.
    pub(crate) fn error(&self, error: &Error) {
        let text = match self.format {
            Format::Text => error.to_text(self.paint_stderr),
            Format::Json => error.to_json().map(|json| format!("{json:#}\n")),
        };
        if let Some(text) = text {
            // Nothing can be said if stderr is gone.
            let _ = io::stderr().write_all(text.as_bytes());
        }
    }
}
