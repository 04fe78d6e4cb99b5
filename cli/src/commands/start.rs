//! `pavane start`: starts an execution, and waits for its outcome if asked to.

use std::time::Duration;

use clap::ValueEnum;
use pavane::workflow::v1::start_execution_request::Input;
use pavane::workflow::v1::{Execution, Mode, StartExecutionRequest, WaitExecutionRequest};

use super::{Context, execution};
use crate::connection::{Connection, unary};
use crate::error::Error;
use crate::input;

const EXAMPLES: &str = "\
Examples:
  pavane start place-order --id order-7 --input @order.json --wait
  echo '{\"orderId\": \"order-8\"}' | pavane start place-order --input -

Starting the same id again with the same input starts nothing: it answers the same execution.
With --wait the exit code is 0 if it succeeded, 1 if it failed or was canceled.";

/// How long one call waits for the outcome before it is made again.
const WAIT: Duration = Duration::from_secs(60);

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
    /// How to run it
    #[arg(long, default_value = "orchestrated")]
    mode: ModeName,
}

/// How an execution is run.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModeName {
    /// A conductor calls the services.
    Orchestrated,
    /// Each service reacts to the events of its peers.
    Choreographed,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let input = input::read_struct("--input", &args.input)?;
    let connection = context.connect().await?;
    let mode = match args.mode {
        ModeName::Orchestrated => Mode::Orchestrated,
        ModeName::Choreographed => Mode::Choreographed,
    };
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
        started = wait(&connection, &started.id).await?;
    }
    execution::show(context, &started)?;
    if args.wait {
        execution::outcome(&started)
    } else {
        Ok(())
    }
}

/// Asks again and again until there is an outcome; each call waits on the server.
async fn wait(connection: &Connection, id: &str) -> Result<Execution, Error> {
    let timeout = prost_types::Duration::try_from(WAIT).expect("a minute is in range");
    loop {
        let request = WaitExecutionRequest {
            execution_id: id.to_owned(),
            timeout: Some(timeout),
        };
        let answer = connection.executions().wait_execution(request).await;
        let answer = answer
            .map_err(|status| connection.error(status))?
            .into_inner();
        let found = execution::present(answer.execution)?;
        if execution::has_ended(&found) {
            return Ok(found);
        }
    }
}
