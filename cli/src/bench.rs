//! `pavane bench`: what durability costs, measured beside the bare wire, in one run, with the same
//! services.

mod chain;
mod dancers;
mod links;
mod load;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;

use crate::commands::Context;
use crate::error::Error;

const EXAMPLES: &str = "\
Examples:
  pavane bench chain                             1, 64 and 256 in flight
  pavane bench chain --in-flight 1 --seconds 10  one at a time, for longer
  pavane bench chain --output json               for programs";

/// Measure on this machine
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Chain(ChainArgs),
}

/// A -> B -> C: a bare tonic chain, and the same services orchestrated and choreographed, with every
/// event synced
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ChainArgs {
    /// How many calls are in flight at a time; one measurement each
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "1,64,256",
        value_name = "N,..."
    )]
    in_flight: Vec<u16>,
    /// How long each round lasts
    #[arg(long, default_value = "2", value_name = "SECONDS")]
    seconds: u16,
    /// Rounds of each kind, in turn; the medians are reported
    #[arg(long, default_value = "3", value_name = "N")]
    rounds: u8,
    /// Where journal and feeds are kept: on the disk to be measured [default: a temporary folder]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl ChainArgs {
    fn round(&self) -> Duration {
        Duration::from_secs(self.seconds.max(1).into())
    }
}

/// Runs the command.
pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let What::Chain(args) = args.what;
    let lines = chain::measure(&args, |note| context.output.note(note)).await?;
    context
        .output
        .show(|paint| report::text(&lines, paint), || report::json(&lines))
}
