//! The `pavane` command line: every command, what it prints, and the demo with its audit.
//!
//! Commands speak to servers through the contract alone; only `serve` and `demo` start anything.
//! Nothing here decides what happens to an execution.

pub mod demo;

mod args;
mod bench;
mod commands;
mod config;
mod connection;
mod descriptors;
mod error;
mod input;
mod output;
mod render;

pub use error::Error;

use std::ffi::OsString;
use std::process::ExitCode;

use args::Cli;
use output::Output;

/// Runs one command line, program name first, and says how it went: 0 done, 1 failed, 2 wrong
/// usage or input.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::parse_from(&arguments) {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    let output = Output::from_terminal(cli.global.output, cli.global.color);
    match run(cli, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(cli: Cli, output: &Output) -> Result<(), Error> {
    let settings = config::Settings::load(&cli.global)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::failed("NO_RUNTIME", format!("cannot start threads: {error}")))?;
    runtime.block_on(commands::run(cli.command, settings, output))
}
