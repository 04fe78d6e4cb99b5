//! `pavane workflow list`: the deployed workflows as a table.

use pavane::workflow::v1::{DeployedWorkflow, ListWorkflowsRequest};
use serde_json::{Value, json};

use super::super::Context;
use crate::connection::unary;
use crate::error::Error;
use crate::render::{Cell, Json, Paint, Table, timestamp};

const EXAMPLES: &str = "\
Example:
  pavane workflow list";

/// List the deployed workflows
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {}

pub(crate) async fn run(_: Args, context: &Context<'_>) -> Result<(), Error> {
    let connection = context.connect().await?;
    let mut request = ListWorkflowsRequest::default();
    let mut workflows = Vec::new();
    loop {
        let answer = connection
            .workflows()
            .list_workflows(unary(request.clone()))
            .await;
        let answer = answer
            .map_err(|status| connection.error(status))?
            .into_inner();
        workflows.extend(answer.workflows);
        request.page_token = answer.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    context
        .output
        .show(|paint| table(&workflows, paint), || to_json(&workflows))?;
    if workflows.is_empty() {
        context
            .output
            .note("there are none: `pavane deploy FILE` makes one");
    }
    Ok(())
}

fn table(workflows: &[DeployedWorkflow], paint: Paint) -> String {
    if workflows.is_empty() {
        return String::new();
    }
    let mut table = Table::with_header(["name", "revision", "steps", "serves", "deployed"]);
    for deployed in workflows {
        let definition = deployed.workflow.clone().unwrap_or_default();
        table.row([
            Cell::new(&deployed.name),
            Cell::new(deployed.revision.chars().take(8).collect::<String>()),
            Cell::right(definition.steps.len().to_string()),
            Cell::new(definition.implements),
            Cell::new(timestamp(deployed.create_time.as_ref())),
        ]);
    }
    table.render(paint)
}

fn to_json(workflows: &[DeployedWorkflow]) -> Value {
    let json = Json::new();
    let list = workflows.iter();
    let list = list.map(|deployed| json.message("pavane.workflow.v1.DeployedWorkflow", deployed));
    json!({ "workflows": list.collect::<Value>() })
}
