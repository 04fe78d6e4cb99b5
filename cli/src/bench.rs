//! `pavane bench`: what durability costs, measured beside the bare wire, in one run, with the same
//! services; and what executions cost that wait.

mod chain;
mod dancers;
mod links;
mod load;
mod report;
mod waiting;

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;

use crate::commands::Context;
use crate::error::Error;

const EXAMPLES: &str = "\
Examples:
  pavane bench chain                             1, 64 and 256 in flight
  pavane bench chain --in-flight 1 --seconds 10  one at a time, for longer
  pavane bench chain --output json               for programs
  pavane bench waiting --executions 1000000      memory and restart with those that wait";

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
    Waiting(WaitingArgs),
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

/// Executions that wait for a day: what each costs in memory, and how long a server that was killed
/// takes to start with them
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct WaitingArgs {
    /// How many wait
    #[arg(long, default_value = "100000", value_name = "N")]
    executions: u64,
    /// Where the journal is kept: on the disk to be measured [default: a temporary folder]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Runs the command.
pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let (output, note) = (context.output, |note: &str| context.output.note(note));
    match args.what {
        What::Chain(args) => {
            let lines = chain::measure(&args, note).await?;
            output.show(|paint| report::text(&lines, paint), || report::json(&lines))
        }
        What::Waiting(args) => {
            let figures = waiting::measure(&args, note).await?;
            output.show(
                |paint| waiting::text(&figures, paint),
                || waiting::json(&figures),
            )
        }
    }
}
