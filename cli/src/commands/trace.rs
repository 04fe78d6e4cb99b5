//! `pavane trace`: one execution across feeds, with what caused what.

use super::{Context, execution};
use crate::error::Error;
use crate::render::trace;

const EXAMPLES: &str = "\
Examples:
  pavane trace order-1-0042
  pavane trace order-1-0042 --output json
  pavane list --stalled                    which ones are worth it

Of a choreographed execution it says who is to react to which event, since when, and whether their
feed can be read. STALLED: for longer than was to be expected.";

/// Trace an execution across feeds: what happened where, and because of what
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id of the execution
    id: String,
    /// Show each event of an element of steps over lists
    #[arg(long)]
    elements: bool,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let connection = context.connect().await?;
    let found = execution::get_with(&connection, &args.id, args.elements).await?;
    context.output.show(
        |paint| trace::text(&found, &execution::now(), paint),
        || trace::json(&found),
    )
}
