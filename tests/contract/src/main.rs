//! `pavane-contract WHAT`: called by `cargo xtask contract`, which says what there is.

use anyhow::Result;
use clap::{Parser, ValueEnum};

/// Write what is made from the contract's descriptors
#[derive(Debug, Parser)]
struct Arguments {
    what: What,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// Golden vectors that are missing
    Vectors,
    /// The pages of docs/reference
    Docs,
    /// The contract as the one that is released
    Release,
}

fn main() -> Result<()> {
    match Arguments::parse().what {
        What::Vectors => pavane_contract::vectors::write_missing(),
        What::Docs => pavane_contract::reference::write(),
        What::Release => pavane_contract::released::write(),
    }
}
