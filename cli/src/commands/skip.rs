//! `pavane skip`: a step counts as skipped.

use pavane::workflow::v1::Resolution;

use super::Context;
use super::bulk::Deed;
use super::filter::StateName;
use super::settle::{self, Which};
use crate::error::Error;

const EXAMPLES: &str = "\
Examples:
  pavane skip order-1-0042 notify --reason 'the customer has no phone'
  pavane skip --all --step notify --workflow place-order --reason 'the gateway is gone' --dry-run

The step is not called any more. Steps that refer to its response are skipped with it; those that
merely come after it run. Not possible once the execution is failing.";

const DEED: Deed = Deed {
    verb: "skip",
    done: "skipped",
    states: &[StateName::Running, StateName::Suspended],
};

/// Settle a step by hand: it counts as skipped
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    settle::run(args.which, Resolution::Skipped, None, DEED, context).await
}
