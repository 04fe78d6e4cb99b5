//! Reading the past for those who have begun to wait: from the earliest start of their executions up to
//! now. What comes live meanwhile and may be for them is held back until they have seen what came before.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use pavane::feed::v1::{Event, Filter};
use pavane_client::Start;
use pavane_flow::Timestamp;

use super::feeds::Feeds;
use super::index::{Index, Waiter, Wanted};
use super::reader::{Problem, Reader};

/// As many subjects are asked for by name; of more, all events of the types are looked at.
const MOST_SUBJECTS: usize = 64;

/// Most events that are held back; then what is live waits for the past.
const MOST_HELD: usize = 10_000;

/// Those who have begun to wait, and from when on events count for them. `None`: from the oldest on.
pub(super) type Beginner = (Wanted, Option<Timestamp>);

/// Each once.
pub(super) type Beginners = HashMap<Waiter, Beginner>;

/// One reading of the past.
#[derive(Debug)]
pub(super) struct Pass {
    pub(super) reader: Reader,
    index: Index,
    since: HashMap<Waiter, Option<Timestamp>>,
    held: VecDeque<Arc<Event>>,
}

impl Pass {
    /// Begins to read. The live reader must stand somewhere by now: what it reads from there on is to
    /// be brought here.
    pub(super) fn begin(feeds: &Feeds, feed: &str, beginners: &Beginners) -> Result<Self, Problem> {
        let mut index = Index::default();
        let mut since = HashMap::new();
        for (waiter, (wanted, from)) in beginners {
            index.insert(waiter.clone(), wanted.clone());
            since.insert(waiter.clone(), *from);
        }
        // `None` is the least of all.
        let start = match since.values().min().copied().flatten() {
            Some(earliest) => Start::At(earliest.into()),
            None => Start::Earliest,
        };
        let subjects = index.subjects(MOST_SUBJECTS).into_iter().flatten();
        let filter = Filter {
            types: index.types().map(ToString::to_string).collect(),
            subjects: subjects.map(|subject| subject.to_string()).collect(),
            ..Filter::default()
        };
        Ok(Self {
            reader: feeds.open(feed, start, filter)?,
            index,
            since,
            held: VecDeque::new(),
        })
    }

    /// Whether what is live has to wait.
    pub(super) fn is_full(&self) -> bool {
        self.held.len() >= MOST_HELD
    }

    /// Keeps an event that came live, if it may be for one of those who wait for the past.
    pub(super) fn hold(&mut self, event: &Arc<Event>) {
        let candidates = self.index.candidates(&event.r#type, &event.subject);
        if !candidates.is_empty() {
            self.held.push_back(Arc::clone(event));
        }
    }

    /// For whom an event of the past may be the one.
    pub(super) fn candidates(&self, event: &Event) -> Vec<Waiter> {
        let time = event.time.as_ref().map(Timestamp::from);
        let mut candidates = self.index.candidates(&event.r#type, &event.subject);
        candidates.retain(|waiter| time >= self.since.get(waiter).copied().flatten());
        candidates
    }

    pub(super) fn remove(&mut self, waiter: &Waiter) {
        self.index.remove(waiter);
    }

    pub(super) fn forget(&mut self, execution: &Arc<str>) {
        self.index.forget(execution);
    }

    pub(super) fn wants(&self, waiter: &Waiter) -> Option<&Wanted> {
        self.index.wants(waiter)
    }

    /// All as they were before.
    pub(super) fn into_beginners(mut self) -> impl Iterator<Item = (Waiter, Beginner)> {
        let since = self.since;
        self.index.drain().map(move |(waiter, wanted)| {
            let from = since.get(&waiter).copied().flatten();
            (waiter, (wanted, from))
        })
    }

    /// The past is read: what was held back, and those who still wait.
    pub(super) fn end(self) -> (VecDeque<Arc<Event>>, Index) {
        (self.held, self.index)
    }
}
