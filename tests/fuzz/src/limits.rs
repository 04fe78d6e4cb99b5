//! What one input, and all of them together, may take.

use std::time::Duration;

/// Limits of a campaign. Fixtures of the tests have smaller ones.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most time of the processor for one input: on a busy machine, a clock would accuse the innocent.
    pub processor: Duration,
    /// Most time by the clock for one input, which may be waiting for something.
    pub clock: Duration,
    /// Most bytes that one input may have allocated at a time.
    pub input_bytes: usize,
    /// Most resident memory of the process.
    pub resident_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            processor: Duration::from_secs(5),
            clock: Duration::from_secs(60),
            input_bytes: 100 << 20,
            resident_bytes: 200 << 20,
        }
    }
}

/// Most bytes of an input that is changed: larger ones cost time and show nothing more.
pub const MAX_INPUT_BYTES: usize = 64 << 10;
/// Most inputs that are kept to be changed.
pub const MAX_CORPUS: usize = 4_096;
/// Stack of the thread that reads inputs: what tokio gives the threads of a server.
pub const STACK_BYTES: usize = 2 << 20;
/// How often it is looked whether an input takes too much.
pub const WATCH_INTERVAL: Duration = Duration::from_millis(50);
/// How long a smaller input is looked for.
pub const SHRINK_TIME: Duration = Duration::from_secs(60);
