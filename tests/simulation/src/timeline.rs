//! What happened, line by line, for a person who replays a seed.

use std::time::Duration;

/// Takes lines if somebody wants to read them.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    is_wanted: bool,
    lines: Vec<String>,
}

impl Timeline {
    pub(crate) fn new(is_wanted: bool) -> Self {
        Self {
            is_wanted,
            lines: Vec::new(),
        }
    }

    /// Adds a line, which is made only if it is wanted.
    pub(crate) fn say(&mut self, now: Duration, who: &str, what: impl FnOnce() -> String) {
        if self.is_wanted {
            let line = format!("{:>11.6} s  {who:<10} {}", now.as_secs_f64(), what());
            self.lines.push(line);
        }
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines
    }
}
