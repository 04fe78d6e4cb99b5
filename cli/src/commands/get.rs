//! `pavane get`: one execution as a timeline.

use super::{Context, execution};
use crate::error::Error;

const EXAMPLES: &str = "\
Examples:
  pavane get order-1-0042
  pavane get order-1-0042 --output json";

/// Show what happened to an execution, and what it waits for
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id of the execution
    id: String,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let connection = context.connect().await?;
    let found = execution::get(&connection, &args.id).await?;
    execution::show(context, &found)
}
