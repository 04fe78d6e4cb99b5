//! `pavane schema`: what an editor needs to help with writing definitions.

use crate::error::Error;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  pavane schema > workflow.schema.json
  # and as the first line of a definition, for editors that know YAML schemas:
  # yaml-language-server: $schema=workflow.schema.json";

/// Print the JSON Schema of workflow definitions, for editors
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {}

pub(crate) fn run(output: &Output) -> Result<(), Error> {
    output.text(&pavane_flow::language::schema())
}
