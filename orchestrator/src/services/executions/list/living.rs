//! Executions that have not ended, without looking at all those that have.

use std::collections::BinaryHeap;
use std::sync::atomic::Ordering;

use pavane::workflow::v1::{Execution, ListExecutionsResponse};
use pavane_feed::Sequence;

use super::filter::Wanted;
use crate::engine::Engine;
use crate::view;

/// Where an execution starts in the journal, and what lists show of it. The greatest of a heap is the
/// one that started first: that is the one that a full page does without.
struct Found(u64, Execution);

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Found {}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Found {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.0.cmp(&self.0)
    }
}

/// A page of those that started before `before`, the newest first.
pub(super) fn list(
    engine: &Engine,
    wanted: &Wanted,
    size: usize,
    before: Sequence,
) -> ListExecutionsResponse {
    let mut newest = BinaryHeap::with_capacity(size + 2);
    let mut take = |start: u64, summary: Execution| {
        if wanted.has(&summary) {
            newest.push(Found(start, summary));
            if newest.len() > size + 1 {
                newest.pop();
            }
        }
    };
    // One that is not recorded yet has no place in the journal.
    let is_due = |start: u64| start > 0 && start < before.get();
    for live in engine.executions.living() {
        let start = live.start().load(Ordering::Acquire);
        if is_due(start) {
            let conductor = live.lock();
            if conductor.state().outcome().is_none() {
                take(
                    start,
                    view::summary(live.id(), live.plan(), conductor.state()),
                );
            }
        }
    }
    for (id, start) in engine.executions.resting() {
        // As it stood when it was put to rest.
        if is_due(start.get())
            && let Ok(Some(summary)) = engine.executions.journal().summary(start)
            && engine.executions.lives(&id)
        {
            take(start.get(), summary);
        }
    }
    for hosted in engine.choreography.living() {
        let start = hosted.start_position();
        if is_due(start)
            && let Some(summary) = engine.choreography.summary(&hosted)
        {
            take(start, summary);
        }
    }
    let mut found = newest.into_sorted_vec();
    let is_more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| is_more);
    ListExecutionsResponse {
        next_page_token: last.map(|found| found.0.to_string()).unwrap_or_default(),
        executions: found.into_iter().map(|found| found.1).collect(),
    }
}
