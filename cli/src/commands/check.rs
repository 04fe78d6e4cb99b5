//! `pavane check`: what is wrong with a definition, with its place. Deploys nothing.

use std::path::PathBuf;

use pavane::workflow::v1::check_workflow_request;
use pavane::workflow::v1::diagnostic::Severity;
use pavane::workflow::v1::{CheckWorkflowRequest, CheckWorkflowResponse, Source};
use pavane_flow::language::{Definition, compile};

use super::{Context, definition};
use crate::connection::{Connection, unary};
use crate::descriptors;
use crate::error::Error;

const EXAMPLES: &str = "\
Examples:
  pavane check place-order.yaml --proto ./proto           needs no server
  pavane check place-order.yaml --reflect localhost:9000  asks the services what they speak
  pavane check place-order.yaml                           asks the orchestrator (--server)

The exit code is 0 if the definition is sound, 2 if it is not.";

/// Check a workflow definition
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The definition, YAML or JSON
    file: PathBuf,
    #[command(flatten)]
    types: definition::Types,
    /// Server to ask for the message types, by reflection; may be given several times
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["proto", "descriptor_set"])]
    reflect: Vec<String>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let source = definition::read_source(&args.file)?;
    let answer = match types(&args).await? {
        Some(set) => locally(&source, &set),
        None => on_server(&context.connect().await?, source.clone()).await?,
    };
    definition::show(&source, &answer, context.output)?;
    if !args.types.are_given() {
        definition::note_unknown_types(&answer.diagnostics, context.output);
    }
    let errors = answer
        .diagnostics
        .iter()
        .any(|found| found.severity() == Severity::Error);
    if errors {
        Err(Error::Diagnostics)
    } else {
        Ok(())
    }
}

async fn types(args: &Args) -> Result<Option<descriptors::Set>, Error> {
    if args.reflect.is_empty() {
        return args.types.load();
    }
    let mut set = descriptors::Set::default();
    for server in &args.reflect {
        let connection = Connection::open(server).await?;
        set.merge(descriptors::reflection::everything(&connection).await?)?;
    }
    Ok(Some(set))
}

fn locally(source: &Source, set: &descriptors::Set) -> CheckWorkflowResponse {
    let definition = Definition::parse(&source.file_name, &source.text);
    let compiled = compile(&definition, set.pool());
    CheckWorkflowResponse {
        diagnostics: compiled.diagnostics.iter().map(Into::into).collect(),
        revision: compiled
            .plan
            .map(|plan| plan.revision.to_string())
            .unwrap_or_default(),
    }
}

async fn on_server(
    connection: &Connection,
    source: Source,
) -> Result<CheckWorkflowResponse, Error> {
    let request = CheckWorkflowRequest {
        definition: Some(check_workflow_request::Definition::Source(source)),
        descriptors: Some(definition::Types::default().to_message()?),
    };
    let answer = connection.workflows().check_workflow(unary(request)).await;
    Ok(answer
        .map_err(|status| connection.error(status))?
        .into_inner())
}
