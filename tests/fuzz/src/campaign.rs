//! One campaign: a worker, and if that fails, the smallest input that makes another fail so.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};

use crate::failure::Failure;
use crate::limits::SHRINK_TIME;
use crate::shrink::shrink;
use crate::worker::read_current;

/// Most bytes of an input that are printed.
const SHOWN: usize = 2_000;

/// What is to be tried.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Name of the target.
    pub target: String,
    /// For how long, in seconds.
    pub seconds: u64,
    /// The seed.
    pub seed: u64,
    /// Where inputs are kept.
    pub folder: PathBuf,
    /// Limits for the workers, as arguments.
    pub limits: Vec<String>,
}

/// Runs it, tells what came of it on stdout, and of what failed everything on stderr.
///
/// Errors: a process cannot be started, or a file cannot be written.
pub fn run(campaign: &Campaign) -> Result<ExitCode> {
    let Campaign {
        target,
        seconds,
        seed,
        folder,
        ..
    } = campaign;
    fs::create_dir_all(folder).context("the folder for inputs")?;
    let current = folder.join(format!("{target}-{seed}.current"));
    writeln!(io::stdout(), "{target}: seed {seed}, {seconds} s")?;
    let mut worker = campaign.worker()?;
    worker.args([
        "--seed",
        &seed.to_string(),
        "--seconds",
        &seconds.to_string(),
    ]);
    let status = worker.arg("--current").arg(&current).status()?;
    let Some(failure) = Failure::of(status) else {
        fs::remove_file(&current).context("the file of the last input")?;
        return Ok(ExitCode::SUCCESS);
    };
    let input = read_current(&current)?;
    let (full, small) = (
        folder.join(format!("{target}-{seed}.input")),
        folder.join(format!("{target}-{seed}.smallest")),
    );
    fs::write(&full, &input)?;
    let mut err = io::stderr();
    writeln!(
        err,
        "{target}: {failure} ({status}), seed {seed}, with {} bytes in {}",
        input.len(),
        full.display()
    )?;
    let smallest = shrink(input, SHRINK_TIME, |input| {
        fs::write(&small, input).is_ok_and(|()| campaign.fails_so(&small, failure))
    });
    fs::write(&small, &smallest)?;
    let shown = &smallest[..smallest.len().min(SHOWN)];
    writeln!(
        err,
        "the smallest found has {} bytes:\n\n{}\n\nagain: cargo xtask fuzz {target} --input {}",
        smallest.len(),
        shown.escape_ascii(),
        small.display()
    )?;
    Ok(ExitCode::FAILURE)
}

impl Campaign {
    fn worker(&self) -> Result<Command> {
        let program = std::env::current_exe().context("this very program")?;
        let mut worker = Command::new(program);
        worker.arg(&self.target).arg("--worker").args(&self.limits);
        Ok(worker)
    }

    /// Whether an input makes a worker fail, and in this way.
    fn fails_so(&self, input: &Path, failure: Failure) -> bool {
        let status = self.worker().ok().and_then(|mut worker| {
            worker.arg("--input").arg(input);
            worker.stdout(Stdio::null()).stderr(Stdio::null());
            worker.status().ok()
        });
        status.and_then(Failure::of) == Some(failure)
    }
}
