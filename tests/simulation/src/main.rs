//! `pavane-simulation --seeds N [--from S]` runs seeds, `--seed X` replays one with its timeline. Called by
//! `cargo xtask simulate`, which says what the options mean.

#![expect(
    clippy::disallowed_methods,
    reason = "how long it took is told to a person, and told to no run"
)]

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use pavane_simulation::{Report, Sabotage, replay, run};

/// How often progress is told.
const PROGRESS: Duration = Duration::from_secs(5);

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| -> Option<u64> {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse().ok()
    };
    match (number("--seed"), number("--seeds")) {
        (Some(seed), _) => tell(seed),
        (None, Some(seeds)) => run_all(number("--from").unwrap_or(0), seeds),
        (None, None) => {
            writeln!(io::stderr(), "usage: --seeds N [--from S] | --seed X")?;
            Ok(ExitCode::from(2))
        }
    }
}

fn tell(seed: u64) -> io::Result<ExitCode> {
    let (result, lines) = replay(seed, Sabotage::None, true);
    let mut out = io::stdout().lock();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    match result {
        Ok(report) => {
            writeln!(out, "seed {seed} holds: {report:?}")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(failure) => {
            writeln!(io::stderr(), "{failure}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn run_all(from: u64, seeds: u64) -> io::Result<ExitCode> {
    let (begin, mut told) = (Instant::now(), Instant::now());
    let (mut total, mut err) = (Report::default(), io::stderr());
    for seed in from..from.saturating_add(seeds) {
        match run(seed, Sabotage::None) {
            Ok(report) => total.add(&report),
            Err(failure) => {
                writeln!(err, "{failure}")?;
                return Ok(ExitCode::FAILURE);
            }
        }
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            let done = seed - from + 1;
            let rate = done as f64 / begin.elapsed().as_secs_f64();
            writeln!(err, "{done} of {seeds} seeds hold, {rate:.0} a second")?;
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    writeln!(
        io::stdout(),
        "seeds {from} to {} hold, in {seconds:.1} s: {total:#?}",
        from + seeds - 1
    )?;
    Ok(ExitCode::SUCCESS)
}
