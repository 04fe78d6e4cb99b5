//! The newest commits of a feed, in memory: what live readers read, so that following a feed costs
//! no disk. The writer adds, readers look; neither waits for the other for longer than a lookup.

use std::collections::VecDeque;

use parking_lot::RwLock;
use tokio::sync::watch;

use crate::Sequence;
use crate::record::Chunk;

#[derive(Debug)]
pub(crate) struct Live {
    head: watch::Sender<Sequence>,
    ring: RwLock<Ring>,
    limit_bytes: usize,
}

#[derive(Debug)]
struct Ring {
    /// Everything after this is in `chunks`.
    floor: Sequence,
    chunks: VecDeque<Chunk>,
    bytes: usize,
}

impl Live {
    /// Nothing in memory yet, of a feed with this head.
    pub(crate) fn new(head: Sequence, limit_bytes: usize) -> Self {
        let ring = Ring {
            floor: head,
            chunks: VecDeque::new(),
            bytes: 0,
        };
        Self {
            head: watch::Sender::new(head),
            ring: RwLock::new(ring),
            limit_bytes,
        }
    }

    /// The newest durable event.
    pub(crate) fn head(&self) -> Sequence {
        *self.head.borrow()
    }

    /// Follows the head.
    pub(crate) fn watch(&self) -> watch::Receiver<Sequence> {
        self.head.subscribe()
    }

    /// How many follow the head.
    pub(crate) fn watchers(&self) -> usize {
        self.head.receiver_count()
    }

    /// Adds what has just become durable, and wakes those who wait for it.
    pub(crate) fn publish(&self, chunks: impl IntoIterator<Item = Chunk>) {
        let mut ring = self.ring.write();
        let mut head = None;
        for chunk in chunks {
            head = Some(chunk.last);
            ring.bytes += chunk.data.len();
            ring.chunks.push_back(chunk);
        }
        while ring.bytes > self.limit_bytes {
            let Some(oldest) = ring.chunks.pop_front() else {
                break;
            };
            ring.bytes -= oldest.data.len();
            ring.floor = oldest.last;
        }
        drop(ring);
        if let Some(head) = head {
            self.head.send_replace(head);
        }
    }

    /// Chunks in order, from the one that holds the event after `after`, until `max_bytes` are
    /// reached. `None`: older than what is in memory.
    pub(crate) fn read(&self, after: Sequence, max_bytes: usize) -> Option<Vec<Chunk>> {
        let ring = self.ring.read();
        if after < ring.floor {
            return None;
        }
        let start = ring.chunks.partition_point(|chunk| chunk.last <= after);
        let mut bytes = 0;
        let chunks = ring.chunks.range(start..).take_while(|chunk| {
            let room = bytes < max_bytes;
            bytes += chunk.data.len();
            room
        });
        Some(chunks.cloned().collect())
    }
}
