//! `pavane workflow`: what is deployed.

use clap::Subcommand;

use super::Context;
use crate::error::Error;

mod delete;
mod get;
mod list;

pub(crate) use get::choreography;

const EXAMPLES: &str = "\
Examples:
  pavane workflow list
  pavane workflow get place-order";

/// Show and delete deployed workflows
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Get(get::Args),
    Delete(delete::Args),
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    match args.command {
        Command::List(args) => list::run(args, context).await,
        Command::Get(args) => get::run(args, context).await,
        Command::Delete(args) => delete::run(args, context).await,
    }
}
