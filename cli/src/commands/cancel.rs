//! `pavane cancel`: no further step begins, and what was done is undone.

use pavane::workflow::v1::CancelExecutionRequest;
use tonic::Status;

use super::bulk::{self, Deed, Many};
use super::filter::StateName;
use super::{Context, execution};
use crate::connection::{Connection, unary};
use crate::error::Error;

const EXAMPLES: &str = "\
Examples:
  pavane cancel order-1-0042 --reason 'the customer changed their mind'
  pavane cancel --all --workflow place-order --since 2h --dry-run

Of many, those are chosen that are running or suspended, unless --state says otherwise. Each is
canceled by itself; the exit code is 1 if any was refused.";

const DEED: Deed = Deed {
    verb: "cancel",
    done: "canceled",
    states: &[StateName::Running, StateName::Suspended],
};

/// Cancel executions: nothing more begins, and what was done is undone
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id of the execution
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    id: Option<String>,
    /// Why, for people; at most 1,024 bytes
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    #[command(flatten)]
    many: Many,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let connection = context.connect().await?;
    let request = CancelExecutionRequest {
        execution_id: args.id.clone().unwrap_or_default(),
        reason: args.reason,
        validate_only: args.many.dry_run,
    };
    if args.id.is_none() {
        let act = async |id: &str| {
            let execution_id = id.to_owned();
            let request = CancelExecutionRequest {
                execution_id,
                ..request.clone()
            };
            call(&connection, request).await.map(drop)
        };
        return bulk::run(args.many, DEED, &connection, context, act).await;
    }
    let answer = call(&connection, request).await;
    let execution = answer.map_err(|status| connection.error(status))?;
    execution::show_unless_dry(context, execution, args.many.dry_run, DEED.done)
}

async fn call(
    connection: &Connection,
    request: CancelExecutionRequest,
) -> Result<Option<pavane::workflow::v1::Execution>, Status> {
    let mut client = connection.executions();
    let answer = client.cancel_execution(unary(request)).await?;
    Ok(answer.into_inner().execution)
}
