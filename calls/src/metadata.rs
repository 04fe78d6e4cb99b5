//! Metadata that an operator has sent along with each call, such as an authorization header: where its
//! values come from, and what they are now. Values are never shown: not in logs, not in `Debug`.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::Mutex;
use pavane::metadata::is_reserved;
use tokio::time::Instant;

use crate::Error;

/// How often files are looked at again, at most.
const REREAD: Duration = Duration::from_secs(1);
/// Largest file of a value.
const MAX_VALUE_BYTES: usize = 16 << 10;

/// Names, and where their values come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    name: HeaderName,
    prefix: String,
    source: ValueSource,
}

/// Where a value comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum ValueSource {
    /// It stands in the configuration.
    Literal(String),
    /// A variable of the environment, read once.
    Variable(String),
    /// A file, read again when it changes; white space at its ends does not count.
    File(PathBuf),
}

impl fmt::Debug for ValueSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin())
    }
}

impl ValueSource {
    /// For people: where it comes from, and never what it is.
    fn origin(&self) -> String {
        match self {
            Self::Literal(_) => "from the configuration".to_owned(),
            Self::Variable(variable) => format!("from the variable {variable}"),
            Self::File(path) => format!("from {}", path.display()),
        }
    }
}

impl Metadata {
    /// Adds what is sent by this name; `prefix` goes before the value, such as `Bearer `.
    ///
    /// Errors: [`Error::InvalidMetadataName`].
    pub fn add(
        &mut self,
        name: &str,
        prefix: impl Into<String>,
        source: ValueSource,
    ) -> Result<(), Error> {
        let invalid = |problem| Error::InvalidMetadataName {
            name: name.to_owned(),
            problem,
        };
        if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(invalid("has upper-case letters, which gRPC does not send"));
        }
        if is_reserved(name) {
            return Err(invalid("is set by Pavane or by gRPC itself"));
        }
        let parsed = HeaderName::from_bytes(name.as_bytes());
        let name = parsed.map_err(|_| invalid("is no name that can be sent"))?;
        let prefix = prefix.into();
        self.0.push(Entry {
            name,
            prefix,
            source,
        });
        Ok(())
    }

    /// The names, and where each value comes from.
    pub fn origins(&self) -> impl Iterator<Item = (&str, String)> {
        self.0
            .iter()
            .map(|entry| (entry.name.as_str(), entry.source.origin()))
    }

    fn has_files(&self) -> bool {
        let is_file = |entry: &Entry| matches!(entry.source, ValueSource::File(_));
        self.0.iter().any(is_file)
    }
}

impl Entry {
    fn read(&self) -> Result<HeaderValue, Error> {
        let invalid = |problem| Error::InvalidMetadataValue {
            name: self.name.to_string(),
            origin: self.source.origin(),
            problem,
        };
        let read;
        let value = match &self.source {
            ValueSource::Literal(value) => value,
            ValueSource::Variable(variable) => {
                read = std::env::var(variable).map_err(|_| Error::UnsetVariable {
                    name: self.name.to_string(),
                    variable: variable.clone(),
                })?;
                &read
            }
            ValueSource::File(path) => {
                let bytes = std::fs::read(path).map_err(|error| Error::Unreadable {
                    what: "the value of metadata in",
                    path: path.clone(),
                    problem: error.to_string(),
                })?;
                read = String::from_utf8(bytes).map_err(|_| invalid("it is not UTF-8"))?;
                read.trim()
            }
        };
        match value.len() {
            0 => return Err(invalid("it is empty")),
            bytes if bytes > MAX_VALUE_BYTES => return Err(invalid("it has more than 16 KiB")),
            _ => {}
        }
        let value = format!("{}{value}", self.prefix);
        let value = HeaderValue::try_from(value);
        let mut value = value.map_err(|_| invalid("it has characters that no header can have"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// Names and the values that they have now.
type Values = Vec<(HeaderName, HeaderValue)>;

/// The metadata of one target, ready to be sent.
#[derive(Debug)]
pub(crate) struct Ready {
    metadata: Metadata,
    values: ArcSwap<Values>,
    /// When the files were last looked at, and whether they could be read. `None`: there are none.
    looked: Option<Mutex<Looked>>,
}

#[derive(Debug)]
struct Looked {
    when: Instant,
    problem: Option<Error>,
}

impl Ready {
    /// Reads all values. Errors: one cannot be read, or not be sent.
    pub(crate) fn new(metadata: Metadata) -> Result<Self, Error> {
        let values = read(&metadata)?;
        let looked = metadata.has_files().then(|| {
            Mutex::new(Looked {
                when: Instant::now(),
                problem: None,
            })
        });
        Ok(Self {
            metadata,
            values: ArcSwap::from_pointee(values),
            looked,
        })
    }

    /// Puts the values into a request's head, in place of others of these names.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap) {
        for (name, value) in self.values.load().iter() {
            headers.insert(name, value.clone());
        }
    }

    /// Reads files again, if it is time. What cannot be read stays as it was: a file that is being
    /// replaced may be away for a moment.
    pub(crate) async fn refresh(self: &Arc<Self>) {
        if !self.is_due() {
            return;
        }
        let this = Arc::clone(self);
        let reading = tokio::task::spawn_blocking(move || this.read_again());
        // It can only end early with the process.
        let _ = reading.await;
    }

    /// Whether somebody is to look, which is then whoever asked.
    fn is_due(&self) -> bool {
        let Some(looked) = &self.looked else {
            return false;
        };
        let mut looked = looked.lock();
        let is_due = looked.when.elapsed() >= REREAD;
        if is_due {
            looked.when = Instant::now();
        }
        is_due
    }

    fn read_again(&self) {
        let problem = match read(&self.metadata) {
            Ok(values) => {
                if **self.values.load() != values {
                    tracing::info!(names = ?self.names(), "metadata has changed");
                    self.values.store(Arc::new(values));
                }
                None
            }
            Err(error) => Some(error),
        };
        if let Some(looked) = &self.looked {
            let before = std::mem::replace(&mut looked.lock().problem, problem.clone());
            if let Some(error) = problem.filter(|error| before.as_ref() != Some(error)) {
                tracing::warn!(%error, "metadata stays as it was");
            }
        }
    }

    fn names(&self) -> Vec<&str> {
        self.metadata.origins().map(|(name, _)| name).collect()
    }
}

fn read(metadata: &Metadata) -> Result<Values, Error> {
    let entries = metadata.0.iter();
    let values = entries.map(|entry| Ok((entry.name.clone(), entry.read()?)));
    values.collect()
}

#[cfg(test)]
mod tests;
