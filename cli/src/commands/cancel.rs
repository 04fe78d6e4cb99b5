//! `pavane cancel`: no further step begins, and what was done is undone.

use pavane::workflow::v1::CancelExecutionRequest;

use super::{Context, execution};
use crate::connection::unary;
use crate::error::Error;

const EXAMPLES: &str = "\
Example:
  pavane cancel order-1-0042 --reason 'the customer changed their mind'";

/// Cancel an execution: nothing more begins, and what was done is undone
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id of the execution
    id: String,
    /// Why, for people; at most 1,024 bytes
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let connection = context.connect().await?;
    let request = CancelExecutionRequest {
        execution_id: args.id,
        reason: args.reason,
        ..CancelExecutionRequest::default()
    };
    let answer = connection
        .executions()
        .cancel_execution(unary(request))
        .await;
    let answer = answer
        .map_err(|status| connection.error(status))?
        .into_inner();
    execution::show(context, &execution::present(answer.execution)?)
}
