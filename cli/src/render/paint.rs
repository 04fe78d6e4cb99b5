//! Colours by what they mean, or none.

use anstyle::{AnsiColor, Style};

/// Puts colours around text, or leaves it as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paint {
    colors: bool,
}

const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();

impl Paint {
    /// No colours.
    pub(crate) const PLAIN: Self = Self { colors: false };
    /// Colours.
    pub(crate) const COLORS: Self = Self { colors: true };

    /// What went well.
    pub(crate) fn good(self, text: &str) -> String {
        self.with(GREEN, text)
    }

    /// What was undone, or waits.
    pub(crate) fn caution(self, text: &str) -> String {
        self.with(YELLOW, text)
    }

    /// What went wrong.
    pub(crate) fn bad(self, text: &str) -> String {
        self.with(RED, text)
    }

    /// The word `error`.
    pub(crate) fn error(self, text: &str) -> String {
        self.with(RED.bold(), text)
    }

    /// Titles.
    pub(crate) fn strong(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    /// What leads the eye but is not the matter: arrows, names of columns, hints.
    pub(crate) fn accent(self, text: &str) -> String {
        self.with(CYAN, text)
    }

    /// What may be overlooked.
    pub(crate) fn faint(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    fn with(self, style: Style, text: &str) -> String {
        if self.colors && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}
