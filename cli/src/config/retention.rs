//! The `[retention]` of `pavane.toml`: what is not named is kept for ever.

use serde::Deserialize;

use crate::error::Error;
use crate::input::parse_duration;

/// As written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retention {
    /// How long executions that have ended are remembered, such as `30d`.
    finished_for: Option<String>,
    /// How many of them.
    finished_count: Option<usize>,
}

impl Retention {
    /// Errors: `finished_for` is no duration.
    pub(crate) fn to_options(&self) -> Result<pavane_orchestrator::Retention, Error> {
        let finished_for = self.finished_for.as_deref().map(parse_duration).transpose();
        Ok(pavane_orchestrator::Retention {
            finished_for: finished_for
                .map_err(|problem| Error::usage(format!("retention.finished_for: {problem}")))?,
            finished_count: self.finished_count,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn read(text: &str) -> Result<pavane_orchestrator::Retention, String> {
        let written: Retention = toml::from_str(text).map_err(|error| error.to_string())?;
        written.to_options().map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_named_is_kept_for_ever() {
        assert_eq!(read(""), Ok(pavane_orchestrator::Retention::default()));
        let both = read("finished_for = '30d'\nfinished_count = 1000");
        let expected = pavane_orchestrator::Retention {
            finished_for: Some(Duration::from_secs(30 * 86_400)),
            finished_count: Some(1000),
        };
        assert_eq!(both, Ok(expected));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        let refused = read("finished_for = 'a while'");
        let expected = "retention.finished_for: `a while` is no duration; expected one such as \
                        30d or 12h";
        assert_eq!(refused, Err(expected.to_owned()));
    }
}
