//! `pavane retry`: tries the failed compensations of a suspended execution again.

use pavane::workflow::v1::RetryExecutionRequest;

use super::{Context, execution};
use crate::connection::unary;
use crate::error::Error;

const EXAMPLES: &str = "\
Examples:
  pavane list --state suspended
  pavane retry order-1-0042";

/// Try the failed compensations of a suspended execution again
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id of the execution
    id: String,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let connection = context.connect().await?;
    let request = RetryExecutionRequest {
        execution_id: args.id,
        ..RetryExecutionRequest::default()
    };
    let answer = connection
        .executions()
        .retry_execution(unary(request))
        .await;
    let answer = answer
        .map_err(|status| connection.error(status))?
        .into_inner();
    execution::show(context, &execution::present(answer.execution)?)
}
