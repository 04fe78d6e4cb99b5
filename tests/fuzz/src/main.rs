//! `pavane-fuzz TARGET`: called by `cargo xtask fuzz`, which says what the options mean. What begins with
//! `--` and is hidden is between a campaign and its workers.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use pavane_fuzz::campaign::{self, Campaign};
use pavane_fuzz::limits::Limits;
use pavane_fuzz::targets;
use pavane_fuzz::worker::{self, Work};

/// Throw hostile input at what reads it
#[derive(Debug, Parser)]
struct Arguments {
    /// definitions, expressions or descriptors
    target: String,
    /// For how long, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Read this file once, and nothing else
    #[arg(long)]
    input: Option<PathBuf>,
    /// Where inputs that fail are kept
    #[arg(long, default_value = "target/fuzz")]
    folder: PathBuf,
    #[arg(long, hide = true)]
    worker: bool,
    #[arg(long, hide = true)]
    current: Option<PathBuf>,
    /// Most milliseconds of the processor for one input
    #[arg(long, hide = true)]
    processor_ms: Option<u64>,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if !arguments.worker && arguments.input.is_none() {
        let limits = arguments
            .processor_ms
            .map(|limit| format!("--processor-ms={limit}"));
        return campaign::run(&Campaign {
            target: arguments.target,
            seconds: arguments.seconds,
            seed: arguments.seed,
            folder: arguments.folder,
            limits: limits.into_iter().collect(),
        });
    }
    let mut limits = Limits::default();
    if let Some(limit) = arguments.processor_ms {
        limits.processor = Duration::from_millis(limit);
    }
    let target = targets::named(&arguments.target)?;
    let work = match &arguments.input {
        Some(path) => Work::File(path),
        None => Work::Seed {
            seed: arguments.seed,
            time: Duration::from_secs(arguments.seconds),
            current: arguments.current.as_deref().context("--current")?,
        },
    };
    worker::run(target, work, limits)
}
