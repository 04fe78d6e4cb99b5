//! What an operator can say: where to listen, where to keep data, which service is called where,
//! and the limits.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use pavane::workflow::v1::Descriptors;
use tonic::transport::Uri;

use crate::Error;

/// How an orchestrator is to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the front door and all services of the orchestrator are served.
    pub listen: SocketAddr,
    /// Where the journal and the deployed workflows are kept. Made if missing; one process at a
    /// time.
    pub data_dir: PathBuf,
    /// Which service is called where.
    pub targets: Targets,
    /// Workflows to deploy at the start, unless the same revision is deployed already.
    pub workflows: Vec<Definition>,
    /// Limits of the orchestrator's own.
    pub limits: Limits,
    /// Limits of the transport.
    pub server: pavane_server::Limits,
    /// How long calls in flight may take to end after a signal to stop.
    pub drain: Duration,
}

impl Options {
    /// Options with a default for everything but where to listen and where to keep data.
    pub fn new(listen: SocketAddr, data_dir: impl Into<PathBuf>) -> Self {
        Self {
            listen,
            data_dir: data_dir.into(),
            targets: Targets::default(),
            workflows: Vec::new(),
            limits: Limits::default(),
            server: pavane_server::Limits::default(),
            drain: Duration::from_secs(10),
        }
    }
}

/// A workflow to deploy at the start.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Name for messages, such as `place-order.yaml`.
    pub file_name: String,
    /// The definition: YAML or JSON.
    pub text: String,
    /// Where its message types come from.
    pub descriptors: Descriptors,
}

/// Limits of the orchestrator's own.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Executions that have not ended. More are refused with RESOURCE_EXHAUSTED.
    pub executions: usize,
    /// Largest encoded input of an execution, and largest request and response of a step, in bytes.
    pub message_bytes: usize,
    /// Deployed workflows.
    pub workflows: usize,
    /// Streams of WatchExecution and calls of WaitExecution at a time.
    pub watchers: usize,
    /// Calls in flight to one target; more wait for their turn, their timeout not yet running.
    pub calls_per_target: usize,
    /// How long to try to connect to a service, an attempt.
    pub connect_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            executions: 1_000_000,
            message_bytes: 1024 * 1024,
            workflows: 1_000,
            watchers: 10_000,
            calls_per_target: 1_000,
            connect_timeout: Duration::from_secs(5),
        }
    }
}

/// Where one service is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(Uri);

impl Target {
    /// Reads `http://host:port`, or `host:port` for short. Errors: [`Error::InvalidTarget`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let invalid = |problem: &str| Error::InvalidTarget {
            target: text.to_owned(),
            problem: problem.to_owned(),
        };
        let full = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let uri: Uri = full.parse().map_err(|_| invalid("it is not a URI"))?;
        if uri.scheme_str() != Some("http") {
            return Err(invalid("only `http://` targets can be called so far"));
        }
        if uri
            .authority()
            .is_none_or(|authority| authority.port().is_none())
        {
            return Err(invalid("it names no port"));
        }
        if uri.path() != "/" || uri.query().is_some() {
            return Err(invalid("it has a path, which gRPC services do not have"));
        }
        Ok(Self(uri))
    }

    /// As a URI with scheme and port.
    pub fn uri(&self) -> &Uri {
        &self.0
    }
}

impl std::fmt::Display for Target {
    /// `host:port`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(
            self.0
                .authority()
                .map_or("", |authority| authority.as_str()),
        )
    }
}

/// Which service is called where, by the service's full name.
#[derive(Clone, Debug, Default)]
pub struct Targets(BTreeMap<String, Target>);

impl Targets {
    /// Says where a service is called. The last word counts.
    pub fn set(&mut self, service: impl Into<String>, target: Target) {
        self.0.insert(service.into(), target);
    }

    /// Where a service is called, if anything is said about it.
    pub fn get(&self, service: &str) -> Option<&Target> {
        self.0.get(service)
    }

    /// All services and their targets, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Target)> {
        self.0
            .iter()
            .map(|(service, target)| (service.as_str(), target))
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn a_target_is_an_authority_with_a_port() {
        let read = |text| Target::parse(text).map(|target| target.to_string());
        assert_eq!(read("localhost:7401").expect("valid"), "localhost:7401");
        assert_eq!(read("http://[::1]:7401").expect("valid"), "[::1]:7401");
        for wrong in [
            "",
            "localhost",
            "https://localhost:1",
            "http://h:1/path",
            "ftp://h:1",
            "a b",
        ] {
            let error = read(wrong).expect_err(wrong).to_string();
            assert!(error.contains(&format!("`{wrong}`")), "{error}");
        }
    }
}
