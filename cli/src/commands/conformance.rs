//! `pavane conformance`: whether a server keeps what the contract promises, whoever wrote it.

use clap::Subcommand;

use super::Context;
use crate::error::Error;

mod feed;

const EXAMPLES: &str = "\
Example:
  pavane conformance feed --target :7401";

/// Check whether a server keeps what the contract promises
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Feed(feed::Args),
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    match args.command {
        Command::Feed(args) => feed::run(args, context).await,
    }
}
