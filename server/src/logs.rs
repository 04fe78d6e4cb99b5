//! Logs of a process: on stderr, for people or for machines, so that stdout stays free for results.

use std::io::{self, IsTerminal, Write, stderr};
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
        .with_writer(|| OneLine(stderr()))
        .with_ansi(stderr().is_terminal());
    match options.format {
        Format::Text => builder.try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    }
    .map_err(|_| Error::LogsInstalled)
}

/// Keeps what is written at once in one line, so that nobody whose words are logged can write lines
/// of their own, or do more to a terminal than to colour it.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    /// Takes a whole record: it is written by one call of `write_all`.
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let mut rest = record.strip_suffix(b"\n").unwrap_or(record);
        let end = &record[rest.len()..];
        let mut line = Vec::with_capacity(record.len());
        while let Some((first, others)) = rest.split_first() {
            let colour = colour(rest);
            if colour > 0 {
                line.extend(&rest[..colour]);
                rest = &rest[colour..];
                continue;
            }
            if first.is_ascii_control() {
                line.extend(first.escape_ascii());
            } else {
                line.push(*first);
            }
            rest = others;
        }
        line.extend(end);
        self.0.write_all(&line)?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Length of the sequence for a colour that `text` begins with, or 0: `ESC [ 1 ; 31 m`.
fn colour(text: &[u8]) -> usize {
    let Some(parameters) = text.strip_prefix(b"\x1b[") else {
        return 0;
    };
    let is_parameter = |byte: &u8| byte.is_ascii_digit() || *byte == b';';
    let length = parameters
        .iter()
        .take_while(|byte| is_parameter(byte))
        .count();
    match parameters.get(length) {
        Some(b'm') => b"\x1b[m".len() + length,
        _ => 0,
    }
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
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    #[test]
    fn wrong_options_say_what_was_expected() {
        insta::assert_snapshot!(parse("info,pavane=loud").unwrap_err(), @r#"cannot read log filter `info,pavane=loud`: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5 (one that works: `info,h2=warn`)"#);
        insta::assert_snapshot!("xml".parse::<Format>().unwrap_err(), @"unknown log format `xml`, expected `text` or `json`");
    }

    /// What the text format makes of a message and a value.
    fn logged(message: &str) -> String {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || OneLine(Shared(writer.clone())))
            .with_ansi(false)
            .without_time()
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(value = %message, "{message}");
        });
        String::from_utf8(lines.lock().clone()).unwrap()
    }

    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn whatever_is_logged_stays_in_its_line() {
        insta::assert_snapshot!(logged("out of stock, größer"), @" INFO pavane_server::logs::tests: out of stock, größer value=out of stock, größer");
        insta::assert_snapshot!(logged("a\nERROR b\r\tc\0\u{1b}[2J\n"), @r" INFO pavane_server::logs::tests: a\nERROR b\r\tc\x00\x1b[2J\n value=a\nERROR b\r\tc\x00\x1b[2J\n");
        insta::assert_debug_snapshot!(colour(b"\x1b[1;31mred"), @"7");
    }

    #[test]
    fn a_format_is_written_as_it_is_read() {
        for format in [Format::Text, Format::Json] {
            assert_eq!(format.to_string().parse::<Format>().unwrap(), format);
        }
    }
}
