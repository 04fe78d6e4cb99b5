//! `cargo xtask simulate`: whole clusters of the pure cores under random faults, from seeds. Built with
//! optimizations and every assertion.

use std::path::Path;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

const EXAMPLES: &str = "\
Examples:
  cargo xtask simulate                          seeds 0 to 9,999
  cargo xtask simulate --seeds 100000 --from 1  others
  cargo xtask simulate --seed 42                one, with the timelines of both modes

What is simulated, and what is not: docs/simulation.md";

/// Simulate clusters under random faults, and hold both modes against a model
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// How many seeds
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed
    #[arg(long, value_name = "S", default_value_t = 0)]
    from: u64,
    /// Replay this seed, and print what happened
    #[arg(long, value_name = "X", conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
}

/// Stops at the first seed that fails, and prints it. Progress is on stderr.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let shell = Shell::new()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask/ has a parent")?;
    shell.change_dir(root);
    let options = match arguments.seed {
        Some(seed) => vec!["--seed".to_owned(), seed.to_string()],
        None => vec![
            "--seeds".to_owned(),
            arguments.seeds.to_string(),
            "--from".to_owned(),
            arguments.from.to_string(),
        ],
    };
    let package = "pavane-simulation";
    cmd!(
        shell,
        "cargo run --quiet --profile simulation --package {package} -- {options...}"
    )
    .quiet()
    .run()
    .context("the simulation failed")
}
