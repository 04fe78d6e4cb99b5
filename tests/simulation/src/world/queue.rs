//! What is still to happen, in the order of virtual time; of two things at one time, what was planned
//! first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pavane_flow::driver::CallFailure;
use pavane_flow::event::Event;

/// Something that happens at a point in time. What concerns a process that has died meanwhile does not
/// happen.
pub(crate) enum Happening {
    /// A client asks for an execution.
    Start {
        execution: usize,
    },
    /// A client asks for an execution to be canceled.
    Cancel {
        execution: usize,
    },
    /// An operator does something about a suspended execution.
    Operate {
        process: u32,
        execution: usize,
    },
    /// A process begins.
    Boot {
        node: usize,
    },
    /// The writer writes what is in line.
    Sync {
        node: usize,
        process: u32,
    },
    Checkpoint {
        node: usize,
        process: u32,
    },
    Wake {
        node: usize,
        process: u32,
        execution: Arc<str>,
    },
    /// The own feed was asked for the events of an execution.
    Recall {
        node: usize,
        process: u32,
        execution: Arc<str>,
    },
    /// A reader connects to a peer, if both are up.
    Subscribe {
        reader: usize,
        peer: usize,
    },
    /// A peer looks for something to send.
    Pump {
        reader: usize,
        peer: usize,
        connection: u32,
    },
    /// A message of a connection arrives.
    Deliver {
        reader: usize,
        peer: usize,
        connection: u32,
    },
    /// A request arrives at its service.
    Arrive {
        flight: u64,
    },
    /// A caller learns what became of its call.
    Answer {
        flight: u64,
        answer: Answer,
    },
    /// A caller waits no longer.
    GiveUp {
        flight: u64,
    },
    /// Something goes wrong.
    Trouble,
}

/// What a caller learns.
pub(crate) enum Answer {
    Came(Result<Bytes, CallFailure>),
    /// The event is durable already.
    Recorded(Event),
}

/// The queue.
#[derive(Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    planned: u64,
}

struct Entry {
    at: Duration,
    number: u64,
    happening: Happening,
}

impl Queue {
    pub(crate) fn plan(&mut self, at: Duration, happening: Happening) {
        self.planned += 1;
        let number = self.planned;
        self.heap.push(Reverse(Entry {
            at,
            number,
            happening,
        }));
    }

    pub(crate) fn next(&mut self) -> Option<(Duration, Happening)> {
        let Reverse(entry) = self.heap.pop()?;
        Some((entry.at, entry.happening))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}
