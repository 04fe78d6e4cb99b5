//! `pavane watch`: the timeline of an execution as it happens, up to its outcome.

use pavane::feed::v1::Event;
use pavane::workflow::v1::{Execution, Incident};
use serde_json::json;

use super::Context;
use super::execution::{self, Follower, News};
use crate::error::Error;
use crate::output::Output;
use crate::render::Json;
use crate::render::timeline::{
    Steps, heading, incident_line, is_of_element, live_line, retry_hint,
};

const EXAMPLES: &str = "\
Examples:
  pavane watch order-1-0042
  pavane watch order-1-0042 --output json    an event a line, or {\"incident\": ...}

An incident is something that keeps it from going on, such as a participant that says nothing.

The exit code is 0 if it succeeded, 1 if it failed, was canceled, or is suspended: then an operator
is needed. A server that restarts meanwhile is waited for, 30 s at most.";

/// Follow an execution live, up to its outcome
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id of the execution
    id: String,
    /// Show each event of an element of steps over lists
    #[arg(long)]
    elements: bool,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let connection = context.connect().await?;
    let mut known = execution::get(&connection, &args.id).await?;
    if !context.output.is_json() {
        let title = heading(&known.id, &known, &execution::now(), context.output.paint());
        context.output.text(&title)?;
    }
    let json = Json::new();
    let mut follower = Follower::new(&connection, &args.id, context.output);
    while let Some(news) = follower.next().await? {
        let event = match news {
            News::Event(event) => event,
            News::Incident(incident) => {
                show_incident(&incident, context.output)?;
                continue;
            }
        };
        if context.output.is_json() {
            let line = json.message("pavane.feed.v1.Event", &event);
            context.output.json_line(&line)?;
        } else if args.elements || !is_of_element(&event) {
            // Only the server knows how to read a response; it may be newer than what is known.
            if tells_more(&event) && !mentions(&known, &event) {
                known = follower.describe().await?;
            }
            let steps = Steps::new(&known);
            let created = known.create_time.as_ref();
            let line = live_line(created, &event, &steps, context.output.paint());
            context.output.text(&line)?;
        }
        if let Some(suspended) = follower.suspended_by(&event).await? {
            if !context.output.is_json() {
                let hint = retry_hint(&suspended, context.output.paint());
                context.output.text(&hint)?;
            }
            return execution::outcome(&suspended);
        }
    }
    execution::outcome(&follower.describe().await?)
}

/// A line of its own, in either form.
fn show_incident(incident: &Incident, output: &Output) -> Result<(), Error> {
    if output.is_json() {
        let incident = Json::new().message("pavane.workflow.v1.Incident", incident);
        return output.json_line(&json!({ "incident": incident }));
    }
    output.text(&incident_line(incident, output.paint()))
}

/// Whether the event carries a response.
fn tells_more(event: &Event) -> bool {
    event.r#type.ends_with(".StepCompleted") || event.r#type.ends_with(".ExecutionSucceeded")
}

/// Whether the event had happened when the execution was described.
fn mentions(execution: &Execution, event: &Event) -> bool {
    execution.events.iter().any(|known| known.id == event.id)
}
