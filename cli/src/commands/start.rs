//! `pavane start`: starts an execution, and waits for its outcome if asked to.

use pavane::workflow::v1::start_execution_request::Input;
use pavane::workflow::v1::{Execution, Mode, StartExecutionRequest};

use super::Context;
use super::execution::{self, Follower, ModeName, News};
use crate::connection::{Connection, unary};
use crate::error::Error;
use crate::input;
use crate::output::Output;
use crate::render::timeline::incident;

const EXAMPLES: &str = "\
Examples:
  pavane start place-order --id order-7 --input @order.json --wait
  echo '{\"orderId\": \"order-8\"}' | pavane start place-order --input -
  pavane start place-order --input @order.json --mode choreographed

Starting the same id again with the same input starts nothing: it answers the same execution.
With --wait the exit code is 0 if it succeeded, 1 if it failed, was canceled, or is suspended: then
an operator is needed. A server that restarts meanwhile is waited for, 30 s at most.";

/// Start an execution of a workflow
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name of the workflow
    workflow: String,
    /// Id of the execution, so that the command can be repeated [default: made by the server]
    #[arg(long, default_value = "", hide_default_value = true)]
    id: String,
    /// The input message: JSON, @FILE, or - for stdin
    #[arg(long, value_name = "JSON", default_value = "{}")]
    input: String,
    /// Wait for the outcome
    #[arg(long)]
    wait: bool,
    /// How to run it [default: as the workflow says]
    #[arg(long)]
    mode: Option<ModeName>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let input = input::read_struct("--input", &args.input)?;
    let mode = args.mode.map_or(Mode::Unspecified, Mode::from);
    let connection = context.connect().await?;
    let request = StartExecutionRequest {
        workflow: args.workflow,
        execution_id: args.id,
        mode: mode as i32,
        input: Some(Input::InputJson(input)),
    };
    let answer = connection
        .executions()
        .start_execution(unary(request))
        .await;
    let answer = answer
        .map_err(|status| connection.error(status))?
        .into_inner();
    let mut started = execution::present(answer.execution)?;
    if answer.existing {
        context.output.note("it had been started before");
    }
    if args.wait {
        started = wait(&connection, &started.id, context.output).await?;
    }
    execution::show(context, &started)?;
    if args.wait {
        execution::outcome(&started)
    } else {
        Ok(())
    }
}

/// Follows it to its outcome, or until only an operator can bring it on.
async fn wait(connection: &Connection, id: &str, output: &Output) -> Result<Execution, Error> {
    let mut follower = Follower::new(connection, id, output);
    while let Some(news) = follower.next().await? {
        match news {
            News::Event(event) => {
                if let Some(suspended) = follower.suspended_by(&event).await? {
                    return Ok(suspended);
                }
            }
            News::Incident(found) => output.note(&format!("it is stalled: {}", incident(&found))),
        }
    }
    follower.describe().await
}
