//! The process that reads inputs, and watches itself do it.
//!
//! What is being read is in a file while it is read, so that whoever started the process knows what it
//! died of.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};

use crate::engine::Engine;
use crate::failure::Failure;
use crate::limits::{Limits, STACK_BYTES, WATCH_INTERVAL};
use crate::{MEMORY, Target};

/// What a worker reads.
#[derive(Clone, Copy, Debug)]
pub enum Work<'a> {
    /// What a seed gives, for a time. What is being read is kept in a file.
    Seed {
        /// The seed.
        seed: u64,
        /// How long.
        time: Duration,
        /// The file.
        current: &'a Path,
    },
    /// The input in a file, once.
    File(&'a Path),
}

/// What came of it.
#[derive(Debug, Default)]
struct Done {
    inputs: u64,
    said: usize,
    slowest: Duration,
    slowest_input: Vec<u8>,
    most_bytes: usize,
}

/// Reads inputs on a thread of its own, and ends when that has ended, or when one takes too much.
///
/// Errors: a file cannot be read or written.
pub fn run(target: Box<dyn Target>, work: Work<'_>, limits: Limits) -> Result<ExitCode> {
    let begun = Arc::new(AtomicU64::new(0));
    let (sender, done) = sync_channel(1);
    let reading = Reading {
        target,
        begun: Arc::clone(&begun),
        limits,
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    let _detached = match work {
        Work::File(path) => {
            let input = fs::read(path).context("the input")?;
            thread.spawn(move || reading.once(&input, &sender))
        }
        Work::Seed {
            seed,
            time,
            current,
        } => {
            let current = File::create(current).context("the file of the present input")?;
            thread.spawn(move || reading.all(seed, time, &current, &sender))
        }
    }?;
    let result = loop {
        let watch = Watch::new(begun.load(Ordering::Acquire));
        let result = loop {
            match done.recv_timeout(WATCH_INTERVAL) {
                Ok(result) => break Some(result),
                // It panicked where nothing catches it: making an input.
                Err(RecvTimeoutError::Disconnected) => break Some(Err(Failure::Panic)),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if begun.load(Ordering::Acquire) != watch.input {
                break None;
            }
            if let Err(failure) = watch.check(&limits) {
                break Some(Err(failure));
            }
        };
        if let Some(result) = result {
            break result;
        }
        if resident_bytes()? > limits.resident_bytes {
            break Err(Failure::Memory);
        }
    };
    // Ends the process, whatever the thread is still doing.
    match result {
        Ok(done) => {
            let resident = resident_bytes()? >> 20;
            if let Work::Seed { current, .. } = work {
                fs::write(current.with_extension("slowest"), &done.slowest_input)?;
            }
            writeln!(
                io::stdout(),
                "{} inputs, {} kinds of answers, the slowest {} ms, the largest {} KiB, resident {resident} MiB",
                done.inputs,
                done.said,
                done.slowest.as_millis(),
                done.most_bytes >> 10,
            )?;
            if resident > limits.resident_bytes >> 20 {
                return Ok(ExitCode::from(Failure::Memory.exit_code()));
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(failure) => Ok(ExitCode::from(failure.exit_code())),
    }
}

/// The thread that reads.
struct Reading {
    target: Box<dyn Target>,
    /// How many inputs have begun.
    begun: Arc<AtomicU64>,
    limits: Limits,
}

impl Reading {
    fn once(&self, input: &[u8], sender: &SyncSender<Result<Done, Failure>>) {
        let mut done = Done::default();
        let result = self.read(input, &mut done).map(|said| {
            let _ = writeln!(io::stdout(), "{said}");
            done
        });
        let _ = sender.send(result);
    }

    fn all(
        &self,
        seed: u64,
        time: Duration,
        current: &File,
        sender: &SyncSender<Result<Done, Failure>>,
    ) {
        let (begin, mut done) = (Instant::now(), Done::default());
        let mut engine = Engine::new(&*self.target, seed);
        let result = loop {
            let input = engine.next_input();
            if let Err(error) = write(current, &input) {
                let _ = writeln!(io::stderr(), "the present input cannot be written: {error}");
                break Err(Failure::Death);
            }
            match self.read(&input, &mut done) {
                Ok(said) => engine.learn(input, said),
                Err(failure) => break Err(failure),
            }
            if begin.elapsed() >= time {
                done.said = engine.said();
                break Ok(done);
            }
        };
        let _ = sender.send(result);
    }

    fn read(&self, input: &[u8], done: &mut Done) -> Result<String, Failure> {
        self.begun.fetch_add(1, Ordering::AcqRel);
        MEMORY.reset_peak_usage();
        let (bytes, time) = (MEMORY.current_usage(), Instant::now());
        // Nothing of the target is changed by reading: it is as good as before.
        let result = catch_unwind(AssertUnwindSafe(|| self.target.run(input)));
        let bytes = MEMORY.peak_usage().saturating_sub(bytes);
        done.inputs += 1;
        let time = time.elapsed();
        if time > done.slowest {
            done.slowest = time;
            done.slowest_input = input.to_vec();
        }
        done.most_bytes = done.most_bytes.max(bytes);
        let said = result.map_err(|_| Failure::Panic)?;
        if bytes > self.limits.input_bytes {
            let _ = writeln!(io::stderr(), "{} KiB were allocated", bytes >> 10);
            return Err(Failure::Memory);
        }
        Ok(said)
    }
}

/// As the whole of a file: its length in the first 8 bytes, which spares truncating it.
fn write(current: &File, input: &[u8]) -> io::Result<()> {
    current.write_all_at(&(input.len() as u64).to_le_bytes(), 0)?;
    current.write_all_at(input, 8)
}

/// What was last written so.
pub(crate) fn read_current(path: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(path).context("the file of the present input")?;
    let (length, rest) = bytes
        .split_first_chunk::<8>()
        .context("nothing was read yet")?;
    let length = usize::try_from(u64::from_le_bytes(*length))?;
    Ok(rest.get(..length).context("half an input")?.to_vec())
}

/// What an input has taken so far.
struct Watch {
    input: u64,
    clock: Instant,
    processor: Duration,
    bytes: usize,
}

impl Watch {
    fn new(input: u64) -> Self {
        Self {
            input,
            clock: Instant::now(),
            processor: processor_time(),
            bytes: MEMORY.current_usage(),
        }
    }

    fn check(&self, limits: &Limits) -> Result<(), Failure> {
        let processor = processor_time().saturating_sub(self.processor);
        if processor > limits.processor || self.clock.elapsed() > limits.clock {
            let _ = writeln!(
                io::stderr(),
                "it has taken {processor:?} of the processor, {:?} by the clock",
                self.clock.elapsed()
            );
            return Err(Failure::Hang);
        }
        // Before it takes all there is.
        if MEMORY.current_usage().saturating_sub(self.bytes) > limits.resident_bytes {
            let _ = writeln!(
                io::stderr(),
                "{} MiB are allocated",
                MEMORY.current_usage() >> 20
            );
            return Err(Failure::Memory);
        }
        Ok(())
    }
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// The most memory that the process has had resident.
fn resident_bytes() -> Result<usize> {
    let status = fs::read_to_string("/proc/self/status").context("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB"));
    let kilobytes: usize = kilobytes.context("VmHWM")?.trim().parse()?;
    Ok(kilobytes << 10)
}
