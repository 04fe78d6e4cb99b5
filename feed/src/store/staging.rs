//! The group that is being gathered: what its transactions have appended and written so far. Touches
//! memory only; a transaction that is discarded leaves no trace here.

use std::sync::Arc;

use super::overlay::Overlay;
use crate::engine::Group;
use crate::feed::Core;
use crate::record::{Chunk, ChunkBuilder};
use crate::{Error, Limits, Sequence};

/// A chunk that has this many bytes takes no further commit: larger ones make the reading of a
/// single event dearer, smaller ones the reading of many.
const CHUNK_BYTES: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Staging {
    pub(super) overlay: Overlay,
    /// Bytes of all that was written in this group.
    pub(super) bytes: usize,
    /// By [`FeedId`](crate::engine::FeedId).
    feeds: Vec<Option<FeedStage>>,
    /// Places in `feeds` that this group has appended to.
    touched: Vec<usize>,
    /// Places in `feeds` that the current transaction has appended to.
    current: Vec<usize>,
    limits: Limits,
}

/// What was appended to one feed.
#[derive(Debug)]
struct FeedStage {
    core: Arc<Core>,
    head: Sequence,
    chunk: ChunkBuilder,
    finished: Vec<Chunk>,
    in_group: bool,
    /// Where the current transaction began.
    mark: Option<Mark>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    head: Sequence,
    chunk: (usize, u32),
}

/// What a group has become: what to write, and what to show to live readers afterwards.
pub(super) struct Staged {
    pub(super) group: Group,
    pub(super) feeds: Vec<(Arc<Core>, Vec<Chunk>)>,
}

impl Staging {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            overlay: Overlay::default(),
            bytes: 0,
            feeds: Vec::new(),
            touched: Vec::new(),
            current: Vec::new(),
            limits,
        }
    }

    pub(super) fn head(&self, core: &Core) -> Sequence {
        let stage = self.feeds.get(core.id.0 as usize).and_then(Option::as_ref);
        stage.map_or_else(|| core.live.head(), |stage| stage.head)
    }

    /// Appends one event for the current transaction.
    pub(super) fn append(
        &mut self,
        core: &Arc<Core>,
        length: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Sequence, Error> {
        let place = core.id.0 as usize;
        if self.feeds.len() <= place {
            self.feeds.resize_with(place + 1, || None);
        }
        let stage = self.feeds[place].get_or_insert_with(|| FeedStage {
            core: core.clone(),
            head: core.live.head(),
            chunk: ChunkBuilder::default(),
            finished: Vec::new(),
            in_group: false,
            mark: None,
        });
        let mark = *stage.mark.get_or_insert_with(|| {
            self.current.push(place);
            Mark {
                head: stage.head,
                chunk: stage.chunk.mark(),
            }
        });
        let events = (stage.head.get() - mark.head.get()) as usize + 1;
        if events > self.limits.commit_events {
            return Err(Error::TooManyEvents {
                found: events,
                limit: self.limits.commit_events,
            });
        }
        let bytes = stage.chunk.len() - mark.chunk.0 + length;
        if bytes > self.limits.commit_bytes {
            return Err(Error::CommitTooLarge {
                found: bytes,
                limit: self.limits.commit_bytes,
            });
        }
        stage.chunk.push(length, write);
        stage.head = stage.head.next();
        self.bytes += length;
        Ok(stage.head)
    }

    /// Keeps what the current transaction wrote.
    pub(super) fn keep(&mut self) {
        self.overlay.keep();
        for place in self.current.drain(..) {
            let stage = self.feeds[place]
                .as_mut()
                .expect("the transaction has appended to it");
            let mark = stage.mark.take().expect("the transaction has set it");
            if stage.head == mark.head {
                continue;
            }
            stage.chunk.end_commit();
            if !stage.in_group {
                stage.in_group = true;
                self.touched.push(place);
            }
            if stage.chunk.len() >= CHUNK_BYTES {
                stage.finished.push(stage.chunk.finish(stage.head));
            }
        }
    }

    /// Forgets what the current transaction wrote.
    pub(super) fn discard(&mut self) {
        self.overlay.discard();
        for place in self.current.drain(..) {
            let stage = self.feeds[place]
                .as_mut()
                .expect("the transaction has appended to it");
            let mark = stage.mark.take().expect("the transaction has set it");
            stage.head = mark.head;
            stage.chunk.discard_after(mark.chunk);
        }
    }

    /// The group as gathered so far; the next one begins.
    pub(super) fn take(&mut self) -> Staged {
        self.bytes = 0;
        let mut group = Group {
            state: self.overlay.drain(),
            ..Group::default()
        };
        let mut feeds = Vec::with_capacity(self.touched.len());
        for place in self.touched.drain(..) {
            let stage = self.feeds[place]
                .as_mut()
                .expect("a transaction has appended to it");
            stage.in_group = false;
            let mut chunks = std::mem::take(&mut stage.finished);
            if !stage.chunk.is_empty() {
                chunks.push(stage.chunk.finish(stage.head));
            }
            group
                .appends
                .extend(chunks.iter().map(|chunk| (stage.core.id, chunk.clone())));
            feeds.push((stage.core.clone(), chunks));
        }
        Staged { group, feeds }
    }
}
