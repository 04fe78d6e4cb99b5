//! What `pavane skip`, `complete` and `compensated` share: a step is settled by hand, in one execution
//! or in many.

use pavane::workflow::v1::resolve_step_request::Output;
use pavane::workflow::v1::{Execution, Resolution, ResolveStepRequest};
use tonic::Status;

use super::bulk::{self, Deed, Many};
use super::{Context, execution};
use crate::connection::{Connection, unary};
use crate::error::Error;

/// Which step, and why.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// Id of the execution
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    id: Option<String>,
    /// The step
    #[arg(
        value_name = "STEP",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    step: Option<String>,
    /// With --all: the step
    #[arg(
        long = "step",
        value_name = "STEP",
        conflicts_with = "id",
        required_unless_present = "id"
    )]
    step_of_all: Option<String>,
    /// Position of the element, of a step over a list
    #[arg(long, value_name = "N")]
    element: Option<u32>,
    /// Why, for people; at most 1,024 bytes
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    many: Many,
}

/// Settles it.
pub(crate) async fn run(
    which: Which,
    resolution: Resolution,
    output: Option<Output>,
    deed: Deed,
    context: &Context<'_>,
) -> Result<(), Error> {
    let connection = context.connect().await?;
    let dry_run = which.many.dry_run;
    let request = ResolveStepRequest {
        execution_id: which.id.clone().unwrap_or_default(),
        step: which.step.or(which.step_of_all).unwrap_or_default(),
        element: which.element,
        resolution: resolution.into(),
        output,
        reason: which.reason,
        validate_only: dry_run,
    };
    if which.id.is_none() {
        let act = async |id: &str| {
            let execution_id = id.to_owned();
            let request = ResolveStepRequest {
                execution_id,
                ..request.clone()
            };
            call(&connection, request).await.map(drop)
        };
        return bulk::run(which.many, deed, &connection, context, act).await;
    }
    let answer = call(&connection, request).await;
    let execution = answer.map_err(|status| connection.error(status))?;
    execution::show_unless_dry(context, execution, dry_run, deed.done)
}

async fn call(
    connection: &Connection,
    request: ResolveStepRequest,
) -> Result<Option<Execution>, Status> {
    let mut client = connection.executions();
    let answer = client.resolve_step(unary(request)).await?;
    Ok(answer.into_inner().execution)
}
