//! What is wrong with a definition, and where: found by the compiler, shown by whoever asked.
//!
//! A diagnostic never depends on how it is shown; [`Renderer`] turns it into text.

use std::borrow::Cow;
use std::fmt;

use pavane::workflow::v1::Diagnostic as Message;
use pavane::workflow::v1::diagnostic::Severity as MessageSeverity;

mod render;

pub use render::{Renderer, Style};

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The definition is refused.
    Error,
    /// The definition is accepted, but probably not what was meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// A place in a source text. Lines and columns count from 1, columns and lengths in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Line.
    pub line: u32,
    /// Column of the first character.
    pub column: u32,
    /// How many characters are meant, all on that line; at least 1.
    pub length: u32,
}

/// One mistake in a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// UPPER_SNAKE_CASE, such as `UNKNOWN_FIELD`.
    pub reason: Cow<'static, str>,
    /// What was found and what was expected, in one sentence.
    pub message: String,
    /// Where in the message: `steps[1].request.amount`. Empty: the whole of it.
    pub path: String,
    /// Where in the source, if there is one.
    pub span: Option<Span>,
    /// A few words to put beside the place; may be empty.
    pub label: String,
    /// What to do about it; may be empty.
    pub help: String,
}

impl Diagnostic {
    /// An error without place, label or help.
    pub fn error(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            reason: Cow::Borrowed(reason),
            message: message.into(),
            path: String::new(),
            span: None,
            label: String::new(),
            help: String::new(),
        }
    }

    /// A warning without place, label or help.
    pub fn warning(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(reason, message)
        }
    }

    /// Says in a few words what is at the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Proposes the nearest of the names that exist, if one is near.
    #[must_use]
    pub fn nearest<'a>(
        self,
        name: &str,
        what: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        match pavane::nearest(name, candidates) {
            Some(found) => self.help(format!("{what} with a similar name exists: `{found}`")),
            None => self,
        }
    }

    /// Says where it is.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>, span: Option<Span>) -> Self {
        self.path = path.into();
        self.span = span;
        self
    }

    /// Whether the definition is refused for it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Puts diagnostics in the order of the source, errors first where places are equal.
    pub fn sort(diagnostics: &mut [Self]) {
        // What has no place in the source comes after what has, in the order it was found.
        diagnostics.sort_by_key(|found| {
            let place = found.span.map(|span| (span.line, span.column));
            (place.is_none(), place, found.severity)
        });
    }
}

impl From<&Diagnostic> for Message {
    fn from(found: &Diagnostic) -> Self {
        let severity = match found.severity {
            Severity::Error => MessageSeverity::Error,
            Severity::Warning => MessageSeverity::Warning,
        };
        Self {
            reason: found.reason.to_string(),
            message: found.message.clone(),
            path: found.path.clone(),
            line: found.span.map_or(0, |span| span.line),
            column: found.span.map_or(0, |span| span.column),
            length: found.span.map_or(0, |span| span.length),
            label: found.label.clone(),
            help: found.help.clone(),
            severity: severity.into(),
        }
    }
}

impl From<Message> for Diagnostic {
    /// A severity that is not known counts as an error.
    fn from(message: Message) -> Self {
        let severity = match message.severity() {
            MessageSeverity::Warning => Severity::Warning,
            MessageSeverity::Error | MessageSeverity::Unspecified => Severity::Error,
        };
        Self {
            severity,
            reason: Cow::Owned(message.reason),
            message: message.message,
            path: message.path,
            span: (message.line > 0).then_some(Span {
                line: message.line,
                column: message.column.max(1),
                length: message.length.max(1),
            }),
            label: message.label,
            help: message.help,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_survives_the_wire() {
        let span = Span {
            line: 3,
            column: 7,
            length: 5,
        };
        let found = Diagnostic::warning("MAYBE", "this may be wrong")
            .at("steps[0].id", Some(span))
            .label("here")
            .help("look again");
        assert_eq!(Diagnostic::from(Message::from(&found)), found);
    }
}
