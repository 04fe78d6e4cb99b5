//! `pavane workflow get`: one deployed workflow.

use pavane::workflow::v1::{
    DeployedWorkflow, EventTrigger, GetWorkflowRequest, Mode, Step, WorkflowPart,
};

use super::super::Context;
use crate::connection::unary;
use crate::error::Error;
use crate::render::{Cell, Json, Paint, Table, one_line, timestamp};

const EXAMPLES: &str = "\
Examples:
  pavane workflow get place-order
  pavane workflow get place-order --revision 7b0c91e2 --output json";

/// Show a deployed workflow
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name of the workflow
    name: String,
    /// Which revision, at least its first 8 digits [default: the one served now]
    #[arg(long, default_value = "", hide_default_value = true)]
    revision: String,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let connection = context.connect().await?;
    let request = GetWorkflowRequest {
        name: args.name,
        revision: args.revision,
    };
    let answer = connection.workflows().get_workflow(unary(request)).await;
    let answer = answer
        .map_err(|status| connection.error(status))?
        .into_inner();
    let deployed = answer.workflow.unwrap_or_default();
    let trigger = answer.trigger;
    context.output.show(
        |paint| describe(&deployed, paint) + &events(trigger.as_ref(), paint),
        || {
            let json = Json::new();
            let mut shown = json.message("pavane.workflow.v1.DeployedWorkflow", &deployed);
            if let Some(trigger) = &trigger {
                shown["trigger"] = json.message("pavane.workflow.v1.EventTrigger", trigger);
            }
            shown
        },
    )
}

fn describe(deployed: &DeployedWorkflow, paint: Paint) -> String {
    let definition = deployed.workflow.clone().unwrap_or_default();
    let mut text = format!(
        "{}   revision {}   deployed {}\n",
        paint.strong(&deployed.name),
        deployed.revision.chars().take(8).collect::<String>(),
        timestamp(deployed.create_time.as_ref()),
    );
    text.push_str(&format!("  serves {}\n", definition.implements));
    if definition.mode() == Mode::Choreographed {
        text.push_str("  choreographed, unless whoever starts it says otherwise\n");
    }
    if !definition.description.is_empty() {
        text.push_str(&format!("  {}\n", definition.description.trim()));
    }
    let mut table = Table::indented();
    for step in &definition.steps {
        table.row([
            Cell::new(&step.id).style(Paint::strong),
            Cell::new(&step.call),
            Cell::new(undone_by(step)).style(Paint::faint),
        ]);
    }
    text.push_str(&table.render(paint));
    text.push_str(&choreography(deployed, paint));
    text
}

/// How events start it, if they do.
fn events(trigger: Option<&EventTrigger>, paint: Paint) -> String {
    let Some(trigger) = trigger else {
        return String::new();
    };
    let mut text = format!(
        "  started by {} of feed {}   started {}, skipped {}, refused {}\n",
        trigger.event_type,
        paint.strong(&trigger.feed),
        trigger.started_count,
        trigger.skipped_count,
        trigger.refused_count,
    );
    if !trigger.unreachable_reason.is_empty() {
        let title = paint.caution("the feed cannot be read:");
        text.push_str(&format!(
            "    {title} {}\n",
            one_line(&trigger.unreachable_reason)
        ));
    }
    if let Some(problem) = &trigger.last_problem {
        let title = paint.caution(&problem.reason);
        let message = one_line(&problem.message);
        let event = one_line(&problem.event_id);
        text.push_str(&format!("    {title} {message}   {event}\n"));
    }
    text
}

/// Who would perform what without a conductor, or why that cannot be.
pub(crate) fn choreography(deployed: &DeployedWorkflow, paint: Paint) -> String {
    if !deployed.choreography_problem.is_empty() {
        let title = paint.caution("cannot be choreographed:");
        return format!("  {title} {}\n", one_line(&deployed.choreography_problem));
    }
    if deployed.parts.is_empty() {
        return String::new();
    }
    let part = |part: &WorkflowPart| format!("{}: {}", part.participant, part.steps.join(", "));
    let parts: Vec<_> = deployed.parts.iter().map(part).collect();
    let title = paint.faint("can be choreographed");
    format!("  {title}   {}\n", one_line(&parts.join("; ")))
}

fn undone_by(step: &Step) -> String {
    let undo = step
        .compensate
        .as_ref()
        .and_then(|undo| undo.call.rsplit('/').next());
    undo.map(|method| format!("undone by {method}"))
        .unwrap_or_default()
}
