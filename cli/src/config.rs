//! `pavane.toml`, and what wins: flags, then the environment, then the file, then the default.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pavane_server::Origin;
use pavane_server::logs::{self, LogOptions};
use serde::Deserialize;

use crate::args::{Global, LogFormat};
use crate::error::Error;

mod limits;
mod mistake;
mod origins;
mod period;
mod retention;
mod targets;

pub(crate) use limits::Limits;
pub(crate) use retention::Retention;
pub(crate) use targets::{TargetEntry, TlsEntry};

/// Read when no file is named and there is one in the current directory.
const DEFAULT_FILE: &str = "pavane.toml";
/// Where the orchestrator listens unless told otherwise.
pub(crate) const DEFAULT_LISTEN: &str = "127.0.0.1:7400";

/// The file as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// Server that client commands talk to.
    pub(crate) server: Option<String>,
    /// Where `serve` or `participant` listens.
    pub(crate) listen: Option<String>,
    /// Where `serve` or `participant` keeps its data; relative to the file.
    pub(crate) data_dir: Option<PathBuf>,
    /// How servers write their log.
    pub(crate) log_format: Option<LogFormat>,
    /// What servers log.
    pub(crate) log_filter: Option<String>,
    /// Full names of gRPC services to where and how they are called.
    #[serde(default)]
    pub(crate) targets: BTreeMap<String, TargetEntry>,
    /// Where `serve` reads feeds that are not its own, by name.
    #[serde(default)]
    pub(crate) feeds: BTreeMap<String, String>,
    /// Where `serve` finds who takes part in choreographies, besides the targets.
    #[serde(default)]
    pub(crate) participants: Vec<String>,
    /// Where those who take part reach `serve`.
    pub(crate) advertise: Option<String>,
    /// How `serve` and `participant` reach those at `https://` addresses that no target has.
    #[serde(default)]
    pub(crate) peer_tls: TlsEntry,
    /// Whose pages in browsers may call `serve` or `participant`.
    #[serde(default, deserialize_with = "origins::read")]
    pub(crate) allow_origins: Vec<Origin>,
    /// Workflows that `serve` deploys when it starts.
    #[serde(default)]
    pub(crate) workflows: Vec<WorkflowEntry>,
    /// What `participant` takes part as.
    pub(crate) participant: Option<ParticipantEntry>,
    /// Limits of servers that differ from the defaults.
    #[serde(default)]
    pub(crate) limits: Limits,
    /// How long `serve` remembers executions that have ended.
    #[serde(default)]
    pub(crate) retention: Retention,
}

/// A service that takes part in choreographies by `pavane participant`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ParticipantEntry {
    /// Its name, and that of its feed.
    pub(crate) name: Option<String>,
    /// Where and how the service is called.
    pub(crate) target: Option<TargetEntry>,
    /// Full names of the services there.
    #[serde(default)]
    pub(crate) services: Vec<String>,
    /// Where others who take part are reached, whatever a home says.
    #[serde(default)]
    pub(crate) peers: BTreeMap<String, String>,
}

/// A workflow that `serve` deploys when it starts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkflowEntry {
    /// The definition; relative to the configuration file.
    pub(crate) file: PathBuf,
    /// Folders of .proto files, relative to the configuration file. Empty: server reflection.
    #[serde(default)]
    pub(crate) proto: Vec<PathBuf>,
}

/// Flags, environment and file put together.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Server that client commands talk to.
    pub(crate) server: String,
    /// How servers write their log.
    pub(crate) log_format: LogFormat,
    /// What servers log.
    pub(crate) log_filter: Option<String>,
    /// The rest of the file, its paths made relative to the current directory.
    pub(crate) file: File,
}

impl Settings {
    /// Reads the file that is named, or `pavane.toml` if there is one here.
    pub(crate) fn load(global: &Global) -> Result<Self, Error> {
        let file = match &global.config {
            Some(path) => File::read(path)?,
            None if Path::new(DEFAULT_FILE).is_file() => File::read(Path::new(DEFAULT_FILE))?,
            None => File::default(),
        };
        let server = global.server.clone().or_else(|| file.server.clone());
        Ok(Self {
            server: server.unwrap_or_else(|| DEFAULT_LISTEN.to_owned()),
            log_format: global
                .log_format
                .or(file.log_format)
                .unwrap_or(LogFormat::Text),
            log_filter: global
                .log_filter
                .clone()
                .or_else(|| file.log_filter.clone()),
            file,
        })
    }

    /// What servers log, with this filter.
    pub(crate) fn log_options(&self, filter: Option<String>) -> LogOptions {
        let format = match self.log_format {
            LogFormat::Text => logs::Format::Text,
            LogFormat::Json => logs::Format::Json,
        };
        LogOptions { format, filter }
    }
}

impl File {
    /// The origins of the flags and the environment, or else those of the file.
    pub(crate) fn origins_or(&self, given: Vec<Origin>) -> Vec<Origin> {
        match given.is_empty() {
            true => self.allow_origins.clone(),
            false => given,
        }
    }

    fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::usage(format!("cannot read {}: {error}", path.display())))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder)
            .map_err(|error| Error::usage(format!("{}: {}", path.display(), error.trim_end())))
    }

    fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        let mut file: Self = toml::from_str(text).map_err(|error| mistake::explain(&error))?;
        let participant = file.participant.as_mut();
        let its_target = participant.and_then(|entry| entry.target.as_mut());
        for target in file.targets.values_mut().chain(its_target) {
            target.relative_to(folder);
        }
        file.peer_tls.relative_to(folder);
        file.data_dir = file.data_dir.map(|path| folder.join(path));
        for workflow in &mut file.workflows {
            workflow.file = folder.join(&workflow.file);
            for proto in &mut workflow.proto {
                *proto = folder.join(&*proto);
            }
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_file() {
        let text = "data_dir = 'data'\n[[workflows]]\nfile = 'a.yaml'\nproto = ['/p', 'q']\n\
                    [peer_tls]\nca = 'ca.pem'\nclient_certificate = '/c'\nclient_key = 'k'";
        let file = File::parse(text, Path::new("/etc/pavane")).expect("is sound");
        assert_eq!(
            file.data_dir.as_deref(),
            Some(Path::new("/etc/pavane/data"))
        );
        assert_eq!(file.workflows[0].file, Path::new("/etc/pavane/a.yaml"));
        assert_eq!(file.workflows[0].proto[0], Path::new("/p"));
        assert_eq!(file.workflows[0].proto[1], Path::new("/etc/pavane/q"));
        let tls = file.peer_tls.tls();
        assert_eq!(tls.ca.as_deref(), Some(Path::new("/etc/pavane/ca.pem")));
        let identity = tls.identity.expect("is named");
        assert_eq!(identity.certificate, Path::new("/c"));
        assert_eq!(identity.key, Path::new("/etc/pavane/k"));
    }

    #[test]
    fn half_an_identity_for_peers_is_a_mistake() {
        let mistake = File::parse("peer_tls = { client_key = 'k' }", Path::new(""));
        let mistake = mistake.expect_err("there is no certificate");
        let expected = "`client_key` is given without `client_certificate`";
        assert!(mistake.contains(expected), "{mistake}");
    }

    #[test]
    fn a_mistake_is_shown_with_its_place() {
        let mistake = File::parse("listen = '1:2'\nlisten_on = 3", Path::new(""));
        insta::assert_snapshot!(mistake.expect_err("the key is unknown"), @r"
        TOML parse error at line 2, column 1
          |
        2 | listen_on = 3
          | ^^^^^^^^^
        unknown field `listen_on`, expected one of `server`, `listen`, `data_dir`, `log_format`, `log_filter`, `targets`, `feeds`, `participants`, `advertise`, `peer_tls`, `allow_origins`, `workflows`, `participant`, `limits`, `retention`
        did you mean `listen`?
        ");
    }
}
