//! `cargo xtask contract`: writes what is made from the contract's descriptors and kept in the repository.

use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;
use xshell::{Shell, cmd};

const EXAMPLES: &str = "\
Examples:
  cargo xtask contract docs      after a comment, a message or a rule was changed
  cargo xtask contract vectors   after a message or a field was added
  cargo xtask contract release   when a version is released: what may not be broken from then on

Tests hold against each other what is written and what the .proto files say.";

/// Write what is made from the contract: reference pages, golden vectors, the released descriptors
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What to write
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The pages of docs/reference
    Docs,
    /// The golden vectors that are missing; none that exists is written again
    Vectors,
    /// The contract as it is now, as the one that is released: `buf breaking` compares with it
    Release,
}

/// Writes it, or nothing.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let shell = Shell::new()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask/ has a parent")?;
    shell.change_dir(root);
    let package = "pavane-contract";
    let what = match arguments.what {
        What::Docs => "docs",
        What::Vectors => "vectors",
        What::Release => "release",
    };
    cmd!(shell, "cargo run --quiet --package {package} -- {what}")
        .quiet()
        .run()
        .with_context(|| format!("{what} cannot be written"))
}
