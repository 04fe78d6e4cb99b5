//! `pavane deploy`: checks a definition on the server and has it served.

use std::path::PathBuf;

use pavane::workflow::v1::deploy_workflow_request::Definition;
use pavane::workflow::v1::descriptors::From;
use pavane::workflow::v1::{
    DeployWorkflowRequest, DeployWorkflowResponse, DeployedWorkflow, Source,
};

use super::workflow::choreography;
use super::{Context, definition};
use crate::connection::unary;
use crate::error::Error;
use crate::output::Output;
use crate::render::{Json, Paint, Verdict, diagnostics, impact_report, impacts, one_line, report};

const EXAMPLES: &str = "\
Examples:
  pavane deploy place-order.yaml                  message types by server reflection
  pavane deploy place-order.yaml --proto ./proto  message types from .proto files
  pavane deploy place-order.yaml --proto order.proto --reflect
                                                  the rest by server reflection

What would break callers, other workflows or executions in flight is refused with a report;
`pavane check --against` says so before.";

/// Check a workflow and serve it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The definition, YAML or JSON
    file: PathBuf,
    #[command(flatten)]
    types: definition::Types,
    /// Have the orchestrator ask its targets for services that these types lack
    #[arg(long)]
    reflect: bool,
    /// Deploy although callers, other workflows or executions in flight are broken by it
    #[arg(long)]
    allow_breaking: bool,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let source = definition::read_source(&args.file)?;
    let mut descriptors = args.types.to_message(&source)?;
    if args.reflect {
        descriptors.from = descriptors.from.map(partial);
    }
    let connection = context.connect().await?;
    let request = DeployWorkflowRequest {
        definition: Some(Definition::Source(source.clone())),
        descriptors: Some(descriptors),
        allow_breaking: args.allow_breaking,
    };
    match connection.workflows().deploy_workflow(unary(request)).await {
        Ok(answer) => show(&source, &answer.into_inner(), context.output),
        Err(status) => match report(&status) {
            Some(report) if !context.output.is_json() => {
                let paint = context.output.paint();
                let text = diagnostics(&source.file_name, &source.text, &report.diagnostics, paint);
                context.output.text(&text)?;
                if !args.types.are_given() {
                    definition::note_unknown_types(&report.diagnostics, context.output);
                }
                Err(Error::Diagnostics)
            }
            _ => {
                if let Some(report) = impact_report(&status).filter(|_| !context.output.is_json()) {
                    let paint = context.output.paint();
                    let text = impacts(&report.impacts, Verdict::Refused, paint);
                    context.output.text(&text)?;
                }
                Err(connection.error(status))
            }
        },
    }
}

/// The same files, to be completed by the targets.
fn partial(from: From) -> From {
    match from {
        From::FileDescriptorSet(files) => From::PartialFileDescriptorSet(files),
        other => other,
    }
}

fn show(source: &Source, answer: &DeployWorkflowResponse, output: &Output) -> Result<(), Error> {
    output.show(
        |paint| {
            let mut text = diagnostics(&source.file_name, &source.text, &answer.diagnostics, paint);
            text.push_str(&impacts(&answer.impacts, Verdict::Allowed, paint));
            if let Some(deployed) = &answer.workflow {
                let revision: String = deployed.revision.chars().take(8).collect();
                let implements = deployed
                    .workflow
                    .as_ref()
                    .map(|found| found.implements.as_str());
                let word = if answer.unchanged {
                    "unchanged"
                } else {
                    "deployed"
                };
                text.push_str(&format!(
                    "{} {}, revision {revision}, serving {}\n",
                    paint.good(word),
                    deployed.name,
                    implements.unwrap_or_default(),
                ));
                text.push_str(&participants(deployed, answer, paint));
            }
            text
        },
        || Json::new().message("pavane.workflow.v1.DeployWorkflowResponse", answer),
    )
}

/// Who would perform what without a conductor; and if they could not be told of it anew, why.
fn participants(
    deployed: &DeployedWorkflow,
    answer: &DeployWorkflowResponse,
    paint: Paint,
) -> String {
    if answer.preparation_problem.is_empty() {
        return choreography(deployed, paint);
    }
    let title = paint.caution("prepared before, and not again:");
    let problem = one_line(&answer.preparation_problem);
    format!("  {title} {problem}\n")
}
