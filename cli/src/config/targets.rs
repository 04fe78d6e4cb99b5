//! The targets of `pavane.toml`: an address, or a table of an address and how to call it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use pavane_calls::{BreakerOptions, Identity, Target, Tls, ValueSource};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::period::Period;

/// Where a service is called, and how, as written. It is sound, but for the files that it names.
#[derive(Clone, Debug)]
pub(crate) struct TargetEntry {
    table: Table,
    /// What the paths are relative to.
    folder: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    address: String,
    tls: Option<TlsTable>,
    timeout: Option<Period>,
    calls: Option<usize>,
    queue: Option<usize>,
    breaker: Option<BreakerTable>,
    #[serde(default)]
    metadata: BTreeMap<String, ValueEntry>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsTable {
    ca: Option<PathBuf>,
    client_certificate: Option<PathBuf>,
    client_key: Option<PathBuf>,
    domain: Option<String>,
}

/// How connections are secured whatever their address, as written. It is sound, but for the files that
/// it names.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsEntry(Tls);

/// When nothing is sent for a while, as written: what is not named keeps its default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BreakerTable {
    failures: Option<u32>,
    pause: Option<Period>,
    max_pause: Option<Period>,
}

/// The value of metadata: a text, or where it is found.
#[derive(Clone, Debug)]
struct ValueEntry {
    prefix: String,
    source: ValueSource,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueTable {
    file: Option<PathBuf>,
    env: Option<String>,
    #[serde(default)]
    prefix: String,
}

impl TargetEntry {
    /// Takes the paths in it as relative to this folder.
    pub(super) fn relative_to(&mut self, folder: &Path) {
        folder.clone_into(&mut self.folder);
    }

    /// What it says.
    pub(crate) fn target(&self) -> Target {
        self.table
            .target(&self.folder)
            .expect("it was checked when it was read")
    }
}

impl TlsEntry {
    /// Takes the paths in it as relative to this folder.
    pub(super) fn relative_to(&mut self, folder: &Path) {
        let (ca, identity) = (&mut self.0.ca, &mut self.0.identity);
        let identity = identity.iter_mut();
        let identity = identity.flat_map(|identity| [&mut identity.certificate, &mut identity.key]);
        for path in ca.iter_mut().chain(identity) {
            *path = folder.join(&*path);
        }
    }

    /// What it says.
    pub(crate) fn tls(&self) -> Tls {
        self.0.clone()
    }
}

impl Table {
    fn target(&self, folder: &Path) -> Result<Target, String> {
        let mut target = Target::parse(&self.address).map_err(|error| error.to_string())?;
        if let Some(tls) = &self.tls {
            if self.address.starts_with("http://") {
                let address = &self.address;
                return Err(format!(
                    "`tls` is given for {address}, which is called in the clear; write https://"
                ));
            }
            target = target.with_tls(tls.tls(folder)?);
        }
        if self.calls == Some(0) {
            return Err("`calls` is 0: nothing could be called; expected 1 or more".to_owned());
        }
        if let Some(timeout) = &self.timeout {
            if timeout.0.is_zero() {
                return Err("`timeout` is 0; expected more".to_owned());
            }
            target.timeout = Some(timeout.0);
        }
        (target.calls, target.queue) = (self.calls, self.queue);
        target.breaker = self.breaker.as_ref().map(BreakerTable::options);
        for (name, value) in &self.metadata {
            let source = match &value.source {
                ValueSource::File(path) => ValueSource::File(folder.join(path)),
                other => other.clone(),
            };
            let added = target.metadata.add(name, value.prefix.clone(), source);
            added.map_err(|error| error.to_string())?;
        }
        Ok(target)
    }
}

impl TlsTable {
    fn tls(&self, folder: &Path) -> Result<Tls, String> {
        let identity = match (&self.client_certificate, &self.client_key) {
            (Some(certificate), Some(key)) => Some(Identity {
                certificate: folder.join(certificate),
                key: folder.join(key),
            }),
            (None, None) => None,
            (Some(_), None) => {
                return Err("`client_certificate` is given without `client_key`".to_owned());
            }
            (None, Some(_)) => {
                return Err("`client_key` is given without `client_certificate`".to_owned());
            }
        };
        Ok(Tls {
            ca: self.ca.as_ref().map(|path| folder.join(path)),
            identity,
            domain: self.domain.clone(),
        })
    }
}

impl BreakerTable {
    pub(super) fn options(&self) -> BreakerOptions {
        let default = BreakerOptions::default();
        let pause = self.pause.as_ref().map_or(default.pause, |pause| pause.0);
        let max_pause = self.max_pause.as_ref();
        BreakerOptions {
            failures: self.failures.unwrap_or(default.failures),
            pause,
            max_pause: max_pause
                .map_or(default.max_pause, |pause| pause.0)
                .max(pause),
        }
    }
}

impl<'de> Deserialize<'de> for TargetEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl<'de> Visitor<'de> for Written {
            type Value = Table;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address, or a table with an `address`")
            }

            fn visit_str<E>(self, address: &str) -> Result<Table, E> {
                Ok(Table {
                    address: address.to_owned(),
                    tls: None,
                    timeout: None,
                    calls: None,
                    queue: None,
                    breaker: None,
                    metadata: BTreeMap::new(),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Table, A::Error> {
                Table::deserialize(MapAccessDeserializer::new(map))
            }
        }

        let table = deserializer.deserialize_any(Written)?;
        table.target(Path::new("")).map_err(D::Error::custom)?;
        Ok(Self {
            table,
            folder: PathBuf::new(),
        })
    }
}

impl<'de> Deserialize<'de> for TlsEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = TlsTable::deserialize(deserializer)?;
        let tls = table.tls(Path::new("")).map_err(D::Error::custom)?;
        Ok(Self(tls))
    }
}

impl<'de> Deserialize<'de> for ValueEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl<'de> Visitor<'de> for Written {
            type Value = ValueEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a table with `file` or `env`")
            }

            fn visit_str<E>(self, text: &str) -> Result<ValueEntry, E> {
                Ok(ValueEntry {
                    prefix: String::new(),
                    source: ValueSource::Literal(text.to_owned()),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ValueEntry, A::Error> {
                let table = ValueTable::deserialize(MapAccessDeserializer::new(map))?;
                let source = match (table.file, table.env) {
                    (Some(file), None) => ValueSource::File(file),
                    (None, Some(variable)) => ValueSource::Variable(variable),
                    (Some(_), Some(_)) | (None, None) => {
                        let problem = "expected either `file` or `env`";
                        return Err(A::Error::custom(problem));
                    }
                };
                Ok(ValueEntry {
                    prefix: table.prefix,
                    source,
                })
            }
        }

        deserializer.deserialize_any(Written)
    }
}

#[cfg(test)]
mod tests;
