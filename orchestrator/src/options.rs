//! What an operator can say: where to listen, where to keep data, which service is called where,
//! and the limits.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use pavane::workflow::v1::Descriptors;
use pavane_calls::{BreakerOptions, Target, Targets};
use pavane_clock::Clock;

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
    /// Where feeds are that are not the orchestrator's own, by name. Unset: all are its own.
    pub feeds: BTreeMap<String, Target>,
    /// Where participants of choreographies are, besides the targets: each is asked what it performs.
    pub participants: Vec<Target>,
    /// Where participants reach the orchestrator: `host:port`. Unset: where it listens.
    pub advertise: Option<Target>,
    /// Workflows to deploy at the start, unless the same revision is deployed already.
    pub workflows: Vec<Definition>,
    /// How long executions that have ended are remembered.
    pub retention: Retention,
    /// Limits of the orchestrator's own.
    pub limits: Limits,
    /// Limits of the transport.
    pub server: pavane_server::Limits,
    /// Whose pages in browsers may call. Default: nobody's.
    pub allow_origins: Vec<pavane_server::Origin>,
    /// How long calls in flight may take to end after a signal to stop.
    pub drain: Duration,
    /// The clock by which timers run, and which says when things happen. Unset: that of the data
    /// directory.
    pub clock: Option<Clock>,
}

impl Options {
    /// Options with a default for everything but where to listen and where to keep data.
    pub fn new(listen: SocketAddr, data_dir: impl Into<PathBuf>) -> Self {
        Self {
            listen,
            data_dir: data_dir.into(),
            targets: Targets::default(),
            feeds: BTreeMap::new(),
            participants: Vec::new(),
            advertise: None,
            workflows: Vec::new(),
            retention: Retention::default(),
            limits: Limits::default(),
            server: pavane_server::Limits::default(),
            allow_origins: Vec::new(),
            drain: Duration::from_secs(10),
            clock: None,
        }
    }
}

/// How long executions that have ended are remembered; by default for ever. Enforced within a minute or
/// so. Their events in the journal stay, and their ids are not used again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// For so long after their end.
    pub finished_for: Option<Duration>,
    /// At most so many: those that were started last.
    pub finished_count: Option<usize>,
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
    /// Calls that wait for their turn at one target; more are held back, and come again later.
    pub queue_per_target: usize,
    /// When nothing is sent to a target for a while.
    pub breaker: BreakerOptions,
    /// How many executions may start each other by way of events; see `CAUSAL_LOOP`. At most 100.
    pub causal_depth: usize,
    /// How long to try to connect to a service, an attempt.
    pub connect_timeout: Duration,
}

impl Limits {
    pub(crate) fn of_calls(&self) -> pavane_calls::Limits {
        pavane_calls::Limits {
            message_bytes: self.message_bytes,
            calls_per_target: self.calls_per_target,
            queue_per_target: self.queue_per_target,
            breaker: self.breaker.clone(),
            connect_timeout: self.connect_timeout,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            executions: 1_000_000,
            message_bytes: 1024 * 1024,
            workflows: 1_000,
            watchers: 10_000,
            calls_per_target: 1_000,
            queue_per_target: 10_000,
            breaker: BreakerOptions::default(),
            causal_depth: 16,
            connect_timeout: Duration::from_secs(5),
        }
    }
}
