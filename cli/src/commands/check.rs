//! `pavane check`: what is wrong with a definition, with its place, and what a deploy would break. Deploys
//! nothing.

use std::path::PathBuf;

use pavane::workflow::v1::check_workflow_request;
use pavane::workflow::v1::diagnostic::Severity;
use pavane::workflow::v1::{CheckWorkflowRequest, CheckWorkflowResponse, Source};
use pavane_flow::language::{Definition, compile};
use pavane_flow::proto2;

use super::{Context, definition};
use crate::connection::{Connection, unary};
use crate::descriptors;
use crate::error::Error;
use crate::render::is_breaking;

const EXAMPLES: &str = "\
Examples:
  pavane check place-order.yaml --proto ./proto           needs no server
  pavane check place-order.yaml --reflect localhost:9000  asks the services what they speak
  pavane check place-order.yaml                           asks the orchestrator (--server)
  pavane check place-order.yaml --proto ./proto --against localhost:7400
                                                          also what a deploy there would break

The exit code is 0 if the definition is sound, 2 if it is not, or if --against would refuse it.";

/// Check a workflow definition
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The definition, YAML or JSON
    file: PathBuf,
    #[command(flatten)]
    types: definition::Types,
    /// Server to ask for the message types, by reflection, besides those that are given; may be given
    /// several times
    #[arg(long, value_name = "ADDRESS")]
    reflect: Vec<String>,
    /// Orchestrator to compare with: what a deploy there would change for callers, other workflows and
    /// executions in flight
    #[arg(long, value_name = "ADDRESS")]
    against: Option<String>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let source = definition::read_source(&args.file)?;
    let set = types(&args).await?;
    let are_given = set.is_some();
    let answer = match (&args.against, set) {
        (Some(server), set) => {
            let connection = Connection::open(server).await?;
            on_server(&connection, source.clone(), set, true).await?
        }
        (None, Some(set)) => locally(&source, &set),
        (None, None) => on_server(&context.connect().await?, source.clone(), None, false).await?,
    };
    definition::show(&source, &answer, context.output)?;
    if !are_given {
        definition::note_unknown_types(&answer.diagnostics, context.output);
    }
    let errors = answer
        .diagnostics
        .iter()
        .any(|found| found.severity() == Severity::Error);
    if errors || answer.impacts.iter().any(is_breaking) {
        Err(Error::Diagnostics)
    } else {
        Ok(())
    }
}

async fn types(args: &Args) -> Result<Option<descriptors::Set>, Error> {
    let given = args.types.load()?;
    if args.reflect.is_empty() {
        return Ok(given);
    }
    let mut parts = Vec::new();
    parts.extend(given.map(|set| ("the files that were given".to_owned(), set)));
    for server in &args.reflect {
        let connection = Connection::open(server).await?;
        let set = descriptors::reflection::everything(&connection).await?;
        parts.push((connection.address().to_owned(), set));
    }
    descriptors::Set::union(parts).map(Some)
}

fn locally(source: &Source, set: &descriptors::Set) -> CheckWorkflowResponse {
    let definition = Definition::parse(&source.file_name, &source.text);
    let compiled = compile(&definition, set.pool());
    let others = proto2::check(&definition, set.pool());
    let found = compiled.diagnostics.iter().chain(&others);
    CheckWorkflowResponse {
        diagnostics: found.map(Into::into).collect(),
        revision: compiled
            .plan
            .filter(|_| others.is_empty())
            .map(|plan| plan.revision.to_string())
            .unwrap_or_default(),
        ..CheckWorkflowResponse::default()
    }
}

/// The server compiles it as a deploy would, so that the two cannot differ.
async fn on_server(
    connection: &Connection,
    source: Source,
    set: Option<descriptors::Set>,
    against_deployed: bool,
) -> Result<CheckWorkflowResponse, Error> {
    let request = CheckWorkflowRequest {
        descriptors: Some(definition::to_message(set.as_ref(), &source)),
        definition: Some(check_workflow_request::Definition::Source(source)),
        against_deployed,
    };
    let answer = connection.workflows().check_workflow(unary(request)).await;
    Ok(answer
        .map_err(|status| connection.error(status))?
        .into_inner())
}
