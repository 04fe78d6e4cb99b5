//! `pavane graph`: what a workflow does in which order, and, projected, who does it and who hears
//! whom. Needs no server, and starts nothing.

use std::path::PathBuf;

use clap::ValueEnum;
use pavane::workflow::v1::{CheckWorkflowResponse, Source};
use pavane_flow::choreography::projection::Projection;
use pavane_flow::diagnostic::Diagnostic;
use pavane_flow::language::{Compiled, Definition, compile};

use super::{Context, definition};
use crate::error::Error;
use view::View;

mod dot;
mod drawing;
mod hearing;
mod json;
mod mermaid;
mod parties;
#[cfg(test)]
mod tests;
mod text;
mod view;

const EXAMPLES: &str = "\
Examples:
  pavane graph place-order.yaml --proto ./proto             the steps, and what they wait for
  pavane graph place-order.yaml --proto ./proto --project   who performs them, and who hears whom
  pavane graph place-order.yaml --proto ./proto --project \\
    --participant shop=InventoryService,ShippingService --participant payment=PaymentService
  pavane graph place-order.yaml --proto ./proto --format dot | dot -Tsvg -o place-order.svg

Without --participant, each service is a participant of its own.";

/// Show a workflow as a graph, and how it is divided when nobody conducts it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The definition, YAML or JSON
    file: PathBuf,
    #[command(flatten)]
    types: definition::Types,
    /// Divide it among participants
    #[arg(long)]
    project: bool,
    /// Who owns which services, by full or by last name; may be given several times
    #[arg(long, value_name = "NAME=SERVICE[,SERVICE]", requires = "project")]
    participant: Vec<parties::Party>,
    /// Text for people, or a drawing for a program that draws [default: text]
    #[arg(long)]
    format: Option<Format>,
}

/// How the graph is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal.
    Text,
    /// A Mermaid flowchart, as Markdown shows it.
    Mermaid,
    /// For Graphviz.
    Dot,
}

pub(crate) fn run(args: &Args, context: &Context<'_>) -> Result<(), Error> {
    let source = definition::read_source(&args.file)?;
    let Some(types) = args.types.load()? else {
        let message = "a graph is made without a server, and needs the message types";
        return Err(Error::usage(message).with_hint("give --proto DIR or --descriptor-set FILE"));
    };
    let definition = Definition::parse(&source.file_name, &source.text);
    let compiled = compile(&definition, types.pool());
    let refuse = |found: &[Diagnostic]| refuse(&source, found, context);
    let Compiled {
        plan: Some(plan),
        workflow,
        ..
    } = compiled
    else {
        return refuse(&compiled.diagnostics);
    };
    let mut projection = None;
    if args.project {
        let owners = parties::owners(&plan, &args.participant)?;
        match Projection::new(&plan, &owners, parties::HOME) {
            Ok(projected) => projection = Some(projected),
            Err(problems) => {
                let found = problems.iter().map(|found| found.diagnostic(&definition));
                return refuse(&found.collect::<Vec<_>>());
            }
        }
    }
    let view = View {
        plan: &plan,
        workflow: &workflow,
        projection: projection.as_ref(),
    };
    let output = context.output;
    match args.format {
        // A drawing that was asked for is not for those who read JSON.
        Some(Format::Mermaid) => output.text(&mermaid::draw(&drawing::of(&view))),
        Some(Format::Dot) => output.text(&dot::draw(&drawing::of(&view))),
        Some(Format::Text) | None => {
            output.show(|paint| text::show(&view, paint), || json::show(&view))
        }
    }
}

fn refuse(source: &Source, found: &[Diagnostic], context: &Context<'_>) -> Result<(), Error> {
    let answer = CheckWorkflowResponse {
        diagnostics: found.iter().map(Into::into).collect(),
        ..CheckWorkflowResponse::default()
    };
    definition::show(source, &answer, context.output)?;
    Err(Error::Diagnostics)
}
