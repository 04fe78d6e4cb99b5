//! `cargo xtask fuzz`: hostile definitions, expressions and descriptor sets, from seeds. Built with
//! optimizations and every assertion.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

const EXAMPLES: &str = "\
Examples:
  cargo xtask fuzz definitions                          60 s, seed 0
  cargo xtask fuzz expressions --seconds 600 --seed 7   longer, others
  cargo xtask fuzz descriptors --input FILE             one input again

What failed, and the smallest input found that fails alike, are in target/fuzz.";

/// What can be tried.
const TARGETS: [&str; 3] = ["definitions", "expressions", "descriptors"];

/// For how long each target is tried in a run of all tests, in seconds.
const TESTED: &str = "60";

/// Throw hostile definitions, expressions or descriptor sets at what reads them
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What to try
    #[arg(value_name = "TARGET", value_parser = TARGETS)]
    target: String,
    /// For how long, in seconds
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
    /// The seed
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Try the input in this file, and nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seconds", "seed"])]
    input: Option<String>,
}

/// Stops at the first input that fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let shell = Shell::new()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask/ has a parent")?;
    shell.change_dir(root);
    let options = match &arguments.input {
        Some(input) => vec!["--input".to_owned(), input.clone()],
        None => vec![
            "--seconds".to_owned(),
            arguments.seconds.to_string(),
            "--seed".to_owned(),
            arguments.seed.to_string(),
        ],
    };
    let (package, target) = ("pavane-fuzz", &arguments.target);
    cmd!(
        shell,
        "cargo run --quiet --profile simulation --package {package} -- {target} {options...}"
    )
    .quiet()
    .run()
    .context("fuzzing failed")
}

/// Tries every target for a minute, two at a time, as `cargo test` has built them.
pub(crate) fn all(shell: &Shell) -> Result<()> {
    cmd!(shell, "cargo build --package pavane-fuzz").run()?;
    for targets in TARGETS.chunks(2) {
        let started = targets.iter().map(|target| {
            let campaign = std::process::Command::new("target/debug/pavane-fuzz")
                .args([target, "--seconds", TESTED])
                .current_dir(shell.current_dir())
                .spawn();
            campaign.context("target/debug/pavane-fuzz")
        });
        let started: Vec<_> = started.collect::<Result<_>>()?;
        let mut failed = Vec::new();
        for (mut campaign, target) in started.into_iter().zip(targets) {
            if !campaign.wait()?.success() {
                failed.push(*target);
            }
        }
        ensure!(failed.is_empty(), "fuzzing failed: {}", failed.join(", "));
    }
    Ok(())
}
