//! `pavane completions`: what a shell needs to complete command lines.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::error::Error;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  source <(pavane completions bash)
  pavane completions fish > ~/.config/fish/completions/pavane.fish";

/// Print the completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Which shell
    shell: Shell,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "pavane", &mut script);
    output.text(&String::from_utf8_lossy(&script))
}
