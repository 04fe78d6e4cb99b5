//! `pavane deploy`: checks a definition on the server and has it served.

use std::path::PathBuf;

use pavane::workflow::v1::deploy_workflow_request::Definition;
use pavane::workflow::v1::{DeployWorkflowRequest, DeployWorkflowResponse, Source};

use super::workflow::choreography;
use super::{Context, definition};
use crate::connection::unary;
use crate::error::Error;
use crate::output::Output;
use crate::render::{Json, diagnostics, report};

const EXAMPLES: &str = "\
Examples:
  pavane deploy place-order.yaml                  message types by server reflection
  pavane deploy place-order.yaml --proto ./proto  message types from .proto files";

/// Check a workflow and serve it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The definition, YAML or JSON
    file: PathBuf,
    #[command(flatten)]
    types: definition::Types,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let source = definition::read_source(&args.file)?;
    let descriptors = args.types.to_message()?;
    let connection = context.connect().await?;
    let request = DeployWorkflowRequest {
        definition: Some(Definition::Source(source.clone())),
        descriptors: Some(descriptors),
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
            _ => Err(connection.error(status)),
        },
    }
}

fn show(source: &Source, answer: &DeployWorkflowResponse, output: &Output) -> Result<(), Error> {
    output.show(
        |paint| {
            let mut text = diagnostics(&source.file_name, &source.text, &answer.diagnostics, paint);
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
                text.push_str(&choreography(deployed, paint));
            }
            text
        },
        || Json::new().message("pavane.workflow.v1.DeployWorkflowResponse", answer),
    )
}
