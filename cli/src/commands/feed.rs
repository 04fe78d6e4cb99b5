//! `pavane feed`: what happens, on any server that has feeds.

use clap::Subcommand;

use super::Context;
use crate::error::Error;

mod info;
mod list;
mod publish;
mod tail;

const EXAMPLES: &str = "\
Every service has feeds of its own; name the service with --server:
  pavane feed list --server :7401
  pavane feed tail inventory --server :7401";

/// Read and write feeds of events
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Tail(tail::Args),
    Publish(publish::Args),
    Info(info::Args),
    List(list::Args),
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    match args.command {
        Command::Tail(args) => tail::run(args, context).await,
        Command::Publish(args) => publish::run(args, context).await,
        Command::Info(args) => info::run(args, context).await,
        Command::List(args) => list::run(args, context).await,
    }
}
