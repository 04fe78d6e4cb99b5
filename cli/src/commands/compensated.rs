//! `pavane compensated`: a step counts as compensated.

use pavane::workflow::v1::Resolution;

use super::Context;
use super::bulk::Deed;
use super::filter::StateName;
use super::settle::{self, Which};
use crate::error::Error;

const EXAMPLES: &str = "\
Examples:
  pavane compensated order-1-0042 charge --reason 'refunded at the bank, ticket 4711'
  pavane compensated --all --step charge --state suspended --reason 'refunded at the bank' --dry-run

Its compensation is not called any more, and what remains to be undone is. Only of a step with
something to undo, in an execution that is failing.";

const DEED: Deed = Deed {
    verb: "settle as compensated",
    done: "settled as compensated",
    states: &[StateName::Failing, StateName::Suspended],
};

/// Settle a step by hand: it counts as compensated
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    settle::run(args.which, Resolution::Compensated, None, DEED, context).await
}
