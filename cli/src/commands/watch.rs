//! `pavane watch`: the timeline of an execution as it happens, up to its outcome.

use pavane::feed::v1::Event;
use pavane::workflow::v1::{Execution, WatchExecutionRequest};

use super::{Context, execution};
use crate::connection::Connection;
use crate::error::Error;
use crate::render::Json;
use crate::render::timeline::{Steps, heading, live_line};

const EXAMPLES: &str = "\
Examples:
  pavane watch order-1-0042
  pavane watch order-1-0042 --output json    an event a line

The exit code is 0 if it succeeded, 1 if it failed or was canceled.";

/// Follow an execution live, up to its outcome
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id of the execution
    id: String,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let connection = context.connect().await?;
    let mut known = execution::get(&connection, &args.id).await?;
    if !context.output.is_json() {
        let title = heading(&known.id, &known, &execution::now(), context.output.paint());
        context.output.text(&title)?;
    }
    let request = WatchExecutionRequest {
        execution_id: args.id.clone(),
    };
    let stream = connection.executions().watch_execution(request).await;
    let mut stream = stream
        .map_err(|status| connection.error(status))?
        .into_inner();
    let json = Json::new();
    while let Some(event) = next(&connection, &mut stream).await? {
        if context.output.is_json() {
            context
                .output
                .json_line(&json.message("pavane.feed.v1.Event", &event))?;
            continue;
        }
        // Only the server knows how to read a response; it may be newer than what is known.
        if tells_more(&event) && !mentions(&known, &event) {
            known = execution::get(&connection, &args.id).await?;
        }
        let steps = Steps::new(&known);
        let created = known.create_time.as_ref();
        let line = live_line(created, &event, &steps, context.output.paint());
        context.output.text(&line)?;
    }
    execution::outcome(&execution::get(&connection, &args.id).await?)
}

async fn next(
    connection: &Connection,
    stream: &mut tonic::Streaming<pavane::workflow::v1::WatchExecutionResponse>,
) -> Result<Option<Event>, Error> {
    loop {
        match stream
            .message()
            .await
            .map_err(|status| connection.error(status))?
        {
            None => return Ok(None),
            Some(response) => {
                if let Some(event) = response.event {
                    return Ok(Some(event));
                }
            }
        }
    }
}

/// Whether the event carries a response.
fn tells_more(event: &Event) -> bool {
    event.r#type.ends_with(".StepCompleted") || event.r#type.ends_with(".ExecutionSucceeded")
}

/// Whether the event had happened when the execution was described.
fn mentions(execution: &Execution, event: &Event) -> bool {
    execution.events.iter().any(|known| known.id == event.id)
}
