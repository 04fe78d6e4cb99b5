//! The chores of this repository, as `cargo xtask CHORE`. Nothing here is part of the product, and
//! no chore may need anything that is not in the repository, in Cargo's registry, or (Python, for
//! two test tools) in a bare Debian.

mod contract;
mod fuzz;
mod simulate;
mod test;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The chores of this repository
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    arg_required_else_help = true
)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    Test(test::Arguments),
    Simulate(simulate::Arguments),
    Fuzz(fuzz::Arguments),
    Contract(contract::Arguments),
}

fn main() -> Result<()> {
    match Arguments::parse().chore {
        Chore::Test(arguments) => test::run(&arguments),
        Chore::Fuzz(arguments) => fuzz::run(&arguments),
        Chore::Simulate(arguments) => simulate::run(&arguments),
        Chore::Contract(arguments) => contract::run(&arguments),
    }
}
