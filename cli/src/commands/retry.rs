//! `pavane retry`: has a suspended execution go on.

use pavane::workflow::v1::{Execution, RetryExecutionRequest};
use tonic::Status;

use super::bulk::{self, Deed, Many};
use super::filter::StateName;
use super::{Context, execution};
use crate::connection::{Connection, unary};
use crate::error::Error;

const EXAMPLES: &str = "\
Examples:
  pavane list --state suspended
  pavane retry order-1-0042
  pavane retry --all --workflow place-order --dry-run

A compensation that failed for good is tried again. A call that is made at most once, and of which
nobody knows what came, is made again: settle the step instead if it must not be, with `pavane
complete` or `pavane skip`. Of many, those are chosen that are suspended; the exit code is 1 if any
was refused.";

const DEED: Deed = Deed {
    verb: "retry",
    done: "retried",
    states: &[StateName::Suspended],
};

/// Have suspended executions go on: try again what they wait for
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id of the execution
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    id: Option<String>,
    #[command(flatten)]
    many: Many,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let connection = context.connect().await?;
    let validate_only = args.many.dry_run;
    let Some(id) = args.id else {
        let act = async |id: &str| call(&connection, id, validate_only).await.map(drop);
        return bulk::run(args.many, DEED, &connection, context, act).await;
    };
    let answer = call(&connection, &id, validate_only).await;
    let execution = answer.map_err(|status| connection.error(status))?;
    execution::show_unless_dry(context, execution, validate_only, DEED.done)
}

async fn call(
    connection: &Connection,
    id: &str,
    validate_only: bool,
) -> Result<Option<Execution>, Status> {
    let request = RetryExecutionRequest {
        execution_id: id.to_owned(),
        validate_only,
    };
    let mut client = connection.executions();
    let answer = client.retry_execution(unary(request)).await?;
    Ok(answer.into_inner().execution)
}
