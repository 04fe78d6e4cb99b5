//! Does a server keep what `pavane.feed.v1` promises of Subscribe? Ordered, unique, without gap,
//! never half a commit, resumable, bookmarkable: etcd promises the same of a watch.
//!
//! The suite makes feeds of its own, `conformance-<random>`, by Publish; or reads one that only its
//! owner writes. It never changes a feed that it has not made.

mod checks;
mod events;
mod expected;
mod filter;
mod half_open;
mod history;
mod peer;
mod reader;
mod stop;
mod suite;

use std::fmt;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;

use self::stop::Stop;
use self::suite::Suite;
use crate::{CheckResult, Error, Outcome, Report};

/// Lets retention take the events of a feed up to a sequence.
pub type Trim = Box<dyn FnMut(String, u64) -> BoxFuture<'static, ()> + Send>;
/// Does something to the server, after which it is back at the same address.
pub type Restart = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// What to check, and how hard.
#[derive(Debug)]
pub struct Options {
    /// The server: `HOST:PORT` or a URL.
    pub target: String,
    /// Only read this feed. Default: none; the suite makes its own.
    pub feed: Option<String>,
    /// Only checks whose name contains this. Default: all.
    pub only: Option<String>,
    /// Events of a history. Default: 2,000.
    pub events: usize,
    /// Subscribers at a time, where there are to be many. Default: 1,000.
    pub subscribers: usize,
    /// What is random follows from it. Default: random.
    pub seed: u64,
    /// How long to wait for what must come; no more is made of time. Default: 30 s.
    pub patience: Duration,
    /// What whoever runs the server lends to the suite. Default: nothing.
    pub powers: Powers,
}

impl Options {
    /// The defaults, for this server.
    pub fn new(target: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            feed: None,
            only: None,
            events: 2_000,
            subscribers: 1_000,
            seed: rand::random(),
            patience: Duration::from_secs(30),
            powers: Powers::default(),
        }
    }
}

/// What only whoever runs a server can do; checks that need what is not given are skipped.
#[derive(Default)]
pub struct Powers {
    /// Trims a feed; returns when it has.
    pub trim: Option<Trim>,
    /// Shuts the server down as an operator would, and starts it again with the same data.
    pub restart: Option<Restart>,
    /// Starts the server again without the data it had.
    pub wipe: Option<Restart>,
}

impl fmt::Debug for Powers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Powers")
            .field("trim", &self.trim.is_some())
            .field("restart", &self.restart.is_some())
            .field("wipe", &self.wipe.is_some())
            .finish()
    }
}

/// The names of all checks, in the order in which they run.
pub fn check_names() -> impl Iterator<Item = &'static str> {
    checks::ALL.iter().map(|check| check.name)
}

/// Runs the suite; `on_result` hears of each check when it is done. Errors: the target is no
/// address, or nobody answers there.
pub async fn run(
    options: Options,
    mut on_result: impl FnMut(&CheckResult),
) -> Result<Report, Error> {
    let seed = options.seed;
    let mut suite = Suite::start(options).await?;
    let mut results = Vec::new();
    let only = suite.options.only.clone().unwrap_or_default();
    for check in checks::ALL.iter().filter(|it| it.name.contains(&only)) {
        let begun = Instant::now();
        suite.begin(check.name);
        let outcome = if check.writes && suite.reads_only() {
            Err(Stop::skipped(
                "it appends events, and the feed is only read",
            ))
        } else {
            (check.run)(&mut suite).await
        };
        let result = CheckResult {
            name: check.name,
            outcome: match outcome {
                Ok(()) => Outcome::Passed,
                Err(Stop::Failed { found, expected }) => Outcome::Failed { found, expected },
                Err(Stop::Skipped { reason }) => Outcome::Skipped { reason },
            },
            duration: begun.elapsed(),
        };
        on_result(&result);
        results.push(result);
    }
    Ok(Report { seed, results })
}
