//! Logs of a process: on stderr, for people or for machines, so that stdout stays free for results.

use std::io::{IsTerminal, stderr};
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

use crate::Error;

/// What is logged when nobody says otherwise. The storage engine reports its housekeeping as news.
const DEFAULT_FILTER: &str = "info,fjall=warn,lsm_tree=warn";

/// How logs are written.
#[derive(Clone, Debug, Default)]
pub struct LogOptions {
    /// For people or for machines.
    pub format: Format,
    /// What to log, as in `info,pavane_feed=debug`. `None`: what the environment variable
    /// `RUST_LOG` says, or else `info`, and less of the storage engine.
    pub filter: Option<String>,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A line for people; in colours if stderr is a terminal.
    #[default]
    Text,
    /// A JSON object in a line.
    Json,
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(Error::LogFormat {
                found: text.to_owned(),
            }),
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// Sets up the logs of this process.
///
/// # Errors
///
/// [`Error::LogFilter`]; [`Error::LogsInstalled`] the second time.
pub fn init(options: &LogOptions) -> Result<(), Error> {
    let from_environment = || std::env::var(EnvFilter::DEFAULT_ENV).ok();
    let filter = options
        .filter
        .clone()
        .or_else(from_environment)
        .filter(|filter| !filter.trim().is_empty())
        .unwrap_or_else(|| DEFAULT_FILTER.to_owned());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(parse(&filter)?)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal());
    match options.format {
        Format::Text => builder.try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    }
    .map_err(|_| Error::LogsInstalled)
}

fn parse(filter: &str) -> Result<EnvFilter, Error> {
    EnvFilter::builder()
        .parse(filter)
        .map_err(|error| Error::LogFilter {
            filter: filter.to_owned(),
            detail: error.to_string(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_options_say_what_was_expected() {
        insta::assert_snapshot!(parse("info,pavane=loud").unwrap_err(), @r#"cannot read log filter `info,pavane=loud`: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5 (one that works: `info,h2=warn`)"#);
        insta::assert_snapshot!("xml".parse::<Format>().unwrap_err(), @"unknown log format `xml`, expected `text` or `json`");
    }

    #[test]
    fn a_format_is_written_as_it_is_read() {
        for format in [Format::Text, Format::Json] {
            assert_eq!(format.to_string().parse::<Format>().unwrap(), format);
        }
    }
}
