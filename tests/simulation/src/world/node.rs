//! One who takes part: what is on its disk, and the process that dies now and then. It only holds; what
//! happens to it is said elsewhere.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use pavane::feed::v1 as feed;
use pavane_flow::Timestamp;
use pavane_flow::choreography::member::{Checkpoint, Heard};

use super::core::{Call, Core};

/// Virtual time zero, so that a clock that is slow is still after the epoch.
const EPOCH_NANOS: i64 = 1_000_000_000_000;

/// A member, or the conductor.
pub(crate) struct Node {
    pub(crate) name: Arc<str>,
    /// Whether its service shares its commits.
    pub(crate) is_kit: bool,
    pub(crate) disk: Disk,
    /// Counts its processes.
    pub(crate) process: u32,
    pub(crate) is_up: bool,
    pub(crate) memory: Memory,
    /// How far its clock is from the truth, in nanoseconds.
    pub(crate) skew: i64,
    pub(crate) checkpoint_events: usize,
    pub(crate) checkpoint_interval: Duration,
}

/// What survives.
#[derive(Default)]
pub(crate) struct Disk {
    pub(crate) feed: Vec<Stored>,
    /// By execution, where its events are in the feed.
    subjects: HashMap<String, Vec<usize>>,
    pub(crate) cursors: BTreeMap<Arc<str>, String>,
    /// The newest starts that were heard, if the last process ended in good order.
    pub(crate) newest_starts: Vec<(Arc<str>, u64)>,
    pub(crate) heard: BTreeMap<Arc<str>, Vec<Heard>>,
    commits: u64,
}

/// An event of a feed.
pub(crate) struct Stored {
    pub(crate) event: feed::Event,
    pub(crate) commit: u64,
}

/// What does not.
pub(crate) struct Memory {
    pub(crate) core: Core,
    /// What waits for the writer, in order.
    pub(crate) line: VecDeque<Commit>,
    /// Commits that were put in line, and those that are durable.
    pub(crate) put: u64,
    pub(crate) durable: u64,
    pub(crate) is_syncing: bool,
    /// By execution, the last commit with an event of it.
    pub(crate) last_commit: HashMap<Arc<str>, u64>,
    /// Calls that wait for a commit.
    pub(crate) held: Vec<(u64, Call)>,
    pub(crate) heard: usize,
    /// Up to where this process, or what it began with, knows the home's feed.
    pub(crate) known_of_home: usize,
    pub(crate) is_checkpoint_due: bool,
    /// Executions that an operator is about to do something about.
    pub(crate) operated: Vec<usize>,
}

/// What is written at once.
pub(crate) enum Commit {
    Round {
        events: Vec<feed::Event>,
        checkpoint: Option<Checkpoint>,
    },
    /// A call of a service that is built on the kit.
    Transaction { flight: u64 },
}

impl Node {
    pub(crate) fn new(name: Arc<str>, is_kit: bool) -> Self {
        Self {
            name,
            is_kit,
            disk: Disk::default(),
            process: 0,
            is_up: false,
            memory: Memory::new(Core::Conductor(BTreeMap::new())),
            skew: 0,
            checkpoint_events: 1,
            checkpoint_interval: Duration::ZERO,
        }
    }

    /// What its clock shows.
    pub(crate) fn clock(&self, now: Duration) -> Timestamp {
        let nanos = i64::try_from(now.as_nanos()).expect("a run is short");
        Timestamp::from_nanos(EPOCH_NANOS + nanos + self.skew)
    }

    /// When its clock shows this.
    pub(crate) fn when(&self, at: Timestamp) -> Duration {
        let nanos = at.as_nanos() - EPOCH_NANOS - self.skew;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
    }
}

impl Disk {
    /// Appends a commit. The positions of its events.
    pub(crate) fn append(
        &mut self,
        source: &Arc<str>,
        events: Vec<feed::Event>,
    ) -> std::ops::Range<usize> {
        let first = self.feed.len();
        self.commits += 1;
        for mut event in events {
            event.sequence = self.feed.len() as u64 + 1;
            source.as_ref().clone_into(&mut event.source);
            event.cursor = event.sequence.to_string();
            let positions = self.subjects.entry(event.subject.clone()).or_default();
            positions.push(self.feed.len());
            let commit = self.commits;
            self.feed.push(Stored { event, commit });
        }
        first..self.feed.len()
    }

    /// The events of an execution, in order.
    pub(crate) fn subject(&self, execution: &str) -> Vec<feed::Event> {
        let positions = self.subjects.get(execution).into_iter().flatten();
        positions.map(|&at| self.feed[at].event.clone()).collect()
    }

    pub(crate) fn has_outcome(&self, execution: &str) -> bool {
        let positions = self.subjects.get(execution).into_iter().flatten();
        let mut types = positions.map(|&at| &*self.feed[at].event.r#type);
        types.any(is_outcome)
    }

    /// Executions that started here and have not ended, in order.
    pub(crate) fn live(&self) -> Vec<Arc<str>> {
        let starts = self
            .feed
            .iter()
            .filter(|stored| stored.event.r#type.ends_with(".ExecutionStarted"));
        let live = starts.filter(|start| !self.has_outcome(&start.event.subject));
        live.map(|start| start.event.subject.as_str().into())
            .collect()
    }
}

pub(crate) fn is_outcome(r#type: &str) -> bool {
    [
        ".ExecutionSucceeded",
        ".ExecutionFailed",
        ".ExecutionCanceled",
    ]
    .iter()
    .any(|outcome| r#type.ends_with(outcome))
}

impl Memory {
    pub(crate) fn new(core: Core) -> Self {
        Self {
            core,
            line: VecDeque::new(),
            put: 0,
            durable: 0,
            is_syncing: false,
            last_commit: HashMap::new(),
            held: Vec::new(),
            heard: 0,
            known_of_home: 0,
            is_checkpoint_due: false,
            operated: Vec::new(),
        }
    }
}
