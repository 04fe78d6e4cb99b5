//! `pavane complete`: a step counts as completed, with a response that is given.

use pavane::workflow::v1::Resolution;
use pavane::workflow::v1::resolve_step_request::Output;

use super::Context;
use super::bulk::Deed;
use super::filter::StateName;
use super::settle::{self, Which};
use crate::error::Error;
use crate::input;

const EXAMPLES: &str = "\
Examples:
  pavane complete order-1-0042 charge --response '{\"chargeId\": \"c-17\"}' --reason 'charged by phone'
  pavane complete order-1-0042 look_up --element 3 --response @sku.json --reason 'looked it up'

The response is checked against the type of the step's; without one it is empty. The step is not
called any more, and what comes after it goes on with this response. If the execution fails later,
the step is compensated. Not possible once the execution is failing.";

const DEED: Deed = Deed {
    verb: "complete",
    done: "completed",
    states: &[StateName::Running, StateName::Suspended],
};

/// Settle a step by hand: it counts as completed
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// What it counts as having been answered with: JSON, @FILE, or - for stdin
    #[arg(long, value_name = "JSON")]
    response: Option<String>,
    #[command(flatten)]
    which: Which,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let response = args.response.as_deref();
    let output = response.map(|json| input::read_struct("--response", json));
    let output = output.transpose()?.map(Output::OutputJson);
    settle::run(args.which, Resolution::Completed, output, DEED, context).await
}
