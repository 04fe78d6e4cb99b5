//! Decides which commits at the beginning of a feed are no longer kept. Decides only: the writer
//! deletes.

use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::engine::Engine;
use crate::feed::Core;
use crate::record::{Chunk, EventView};
use crate::{Error, Retention, Sequence};

/// Bytes looked at in one step, so that appends do not wait for long.
const STEP_BYTES: usize = 1 << 20;

/// What is to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Commits that reach beyond this.
    After(Sequence),
    /// The newest events, at most so many.
    Events(u64),
    /// The newest events, at most so many bytes.
    Bytes(u64),
    /// Events of this time (seconds and nanoseconds since 1970) and later.
    Since((i64, i32)),
}

/// What one step of trimming forgets.
#[derive(Debug)]
pub(super) struct Step {
    /// The oldest event that stays.
    pub earliest: Sequence,
    /// Chunks that lie wholly before it.
    pub dead: Vec<Chunk>,
    /// Encoded bytes of the events forgotten.
    pub bytes: u64,
}

/// The bounds that a feed has passed. To count and size a sixteenth is added.
pub(super) fn exceeded(core: &Core, retention: &Retention, ages_due: bool) -> Vec<Keep> {
    let with_slack = |limit: u64| limit.saturating_add(limit / 16);
    let events = core.live.head().get() + 1 - core.earliest().get();
    let bytes = core.retained_bytes.load(Ordering::Relaxed);
    let mut exceeded = Vec::new();
    if let Some(limit) = retention
        .max_events
        .filter(|limit| events > with_slack(*limit))
    {
        exceeded.push(Keep::Events(limit));
    }
    if let Some(limit) = retention
        .max_bytes
        .filter(|limit| bytes > with_slack(*limit))
    {
        exceeded.push(Keep::Bytes(limit));
    }
    if let Some(max_age) = retention.max_age.filter(|_| ages_due) {
        let since = SystemTime::now().checked_sub(max_age);
        let since = since.and_then(|since| since.duration_since(UNIX_EPOCH).ok());
        if let Some(since) = since {
            let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
            exceeded.push(Keep::Since((seconds, since.subsec_nanos().cast_signed())));
        }
    }
    exceeded
}

/// The next step of trimming; `None` when nothing more is to be forgotten.
pub(super) fn plan(core: &Core, keep: &Keep, engine: &dyn Engine) -> Result<Option<Step>, Error> {
    let earliest = core.earliest();
    let head = core.live.head();
    let mut retained_bytes = core.retained_bytes.load(Ordering::Relaxed);
    let mut step = Step {
        earliest,
        dead: Vec::new(),
        bytes: 0,
    };
    let mut commit_bytes = 0;
    'chunks: for chunk in engine.read(core.id, earliest.previous(), STEP_BYTES)? {
        for record in chunk.records() {
            let record = record?;
            if record.sequence < step.earliest {
                continue;
            }
            commit_bytes += record.event.len() as u64;
            if !record.ends_commit {
                continue;
            }
            let kept = match *keep {
                Keep::After(through) => record.sequence > through,
                Keep::Events(limit) => head.get() + 1 - step.earliest.get() <= limit,
                Keep::Bytes(limit) => retained_bytes <= limit,
                Keep::Since(since) => EventView::parse(&record.event)?.time()? >= since,
            };
            if kept {
                break 'chunks;
            }
            retained_bytes = retained_bytes.saturating_sub(commit_bytes);
            step.bytes += commit_bytes;
            commit_bytes = 0;
            step.earliest = record.sequence.next();
        }
        step.dead.push(chunk);
    }
    Ok((step.earliest > earliest).then_some(step))
}

/// Counts what was appended, where retention asks for it.
pub(super) fn count_appended(core: &Core, retention: &Retention, chunks: &[Chunk]) {
    if retention.max_bytes.is_some() {
        let bytes = chunks
            .iter()
            .map(|chunk| encoded_bytes(chunk, chunk.first))
            .sum();
        core.retained_bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

pub(super) fn count_trimmed(core: &Core, bytes: u64) {
    let retained = core.retained_bytes.load(Ordering::Relaxed);
    core.retained_bytes
        .store(retained.saturating_sub(bytes), Ordering::Relaxed);
}

/// Counts what is retained, by reading it.
pub(super) fn count_bytes(core: &Core, engine: &dyn Engine) -> Result<(), Error> {
    let mut position = core.earliest().previous();
    let mut bytes = 0;
    loop {
        let chunks = engine.read(core.id, position, STEP_BYTES)?;
        let Some(last) = chunks.last() else { break };
        position = last.last;
        bytes += chunks
            .iter()
            .map(|chunk| encoded_bytes(chunk, core.earliest()))
            .sum::<u64>();
    }
    core.retained_bytes.store(bytes, Ordering::Relaxed);
    Ok(())
}

fn encoded_bytes(chunk: &Chunk, from: Sequence) -> u64 {
    let records = chunk
        .records()
        .flatten()
        .filter(|record| record.sequence >= from);
    records.map(|record| record.event.len() as u64).sum()
}
