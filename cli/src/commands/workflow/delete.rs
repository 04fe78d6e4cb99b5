//! `pavane workflow delete`: stops serving a workflow.

use pavane::workflow::v1::DeleteWorkflowRequest;
use serde_json::json;

use super::super::Context;
use crate::connection::unary;
use crate::error::Error;

const EXAMPLES: &str = "\
Example:
  pavane workflow delete place-order";

/// Stop serving a workflow; executions in flight go on to their end
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name of the workflow
    name: String,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let connection = context.connect().await?;
    let request = DeleteWorkflowRequest {
        name: args.name.clone(),
    };
    let answer = connection.workflows().delete_workflow(unary(request)).await;
    answer.map_err(|status| connection.error(status))?;
    context.output.show(
        |_| format!("deleted {}\n", args.name),
        || json!({ "deleted": args.name }),
    )
}
