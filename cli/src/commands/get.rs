//! `pavane get`: one execution as a timeline.

use super::{Context, execution};
use crate::error::Error;

const EXAMPLES: &str = "\
Examples:
  pavane get order-1-0042
  pavane get order-1-0042 --elements       each element of steps over lists
  pavane get order-1-0042 --output json";

/// Show what happened to an execution, and what it waits for
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id of the execution
    id: String,
    /// Show each element of steps over lists, and each event of one
    #[arg(long)]
    elements: bool,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let connection = context.connect().await?;
    let found = execution::get_with(&connection, &args.id, args.elements).await?;
    execution::show(context, &found)
}
