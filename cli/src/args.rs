//! The command line as clap sees it: the flags that every command has, and the list of commands.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand, ValueEnum};

use crate::commands::{
    cancel, check, compensated, complete, completions, conformance, demo, deploy, feed, get, graph,
    init, list, participant, retry, schema, serve, skip, start, targets, trace, watch, workflow,
};
use crate::error::Error;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  pavane demo                                    see it work: 200 orders over three services
  pavane init refunds --proto proto              begin a workflow over your services
  pavane serve --data-dir ./data                 run the orchestrator
  pavane deploy place-order.yaml --proto proto   check a workflow and serve it
  pavane get order-1-0042                        what happened to an execution

Exit codes:
  0  done
  1  failed: the server said no, it cannot be reached, or the outcome is a failure
  2  wrong usage or input: a flag, a file, a definition, an id";

/// Durable workflows over the gRPC services that you have
#[derive(Debug, Parser)]
#[command(name = "pavane", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The flags that every command has.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Server to talk to: HOST:PORT or a URL [default: 127.0.0.1:7400]
    #[arg(
        long,
        global = true,
        env = "PAVANE_SERVER",
        hide_env_values = true,
        value_name = "ADDRESS"
    )]
    pub(crate) server: Option<String>,
    /// What to print: text for people, JSON for programs
    #[arg(
        long,
        global = true,
        env = "PAVANE_OUTPUT",
        hide_env_values = true,
        default_value = "text"
    )]
    pub(crate) output: Format,
    /// Whether to use colours; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, default_value = "auto", value_name = "WHEN")]
    pub(crate) color: Color,
    /// Configuration file [default: pavane.toml, if there is one]
    #[arg(
        long,
        global = true,
        env = "PAVANE_CONFIG",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub(crate) config: Option<PathBuf>,
    /// How servers write their log to stderr [default: text]
    #[arg(
        long,
        global = true,
        env = "PAVANE_LOG_FORMAT",
        hide_env_values = true,
        value_name = "FORMAT"
    )]
    pub(crate) log_format: Option<LogFormat>,
    /// What servers log, such as `info` or `warn,pavane_feed=debug`
    #[arg(
        long,
        global = true,
        env = "PAVANE_LOG_FILTER",
        hide_env_values = true,
        value_name = "FILTER"
    )]
    pub(crate) log_filter: Option<String>,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How servers write their log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// A line a person can read.
    Text,
    /// A JSON object a line.
    Json,
}

/// The commands, in the order in which one meets them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Args),
    Init(init::Args),
    Serve(serve::Args),
    Participant(participant::Args),
    Check(check::Args),
    Graph(graph::Args),
    Deploy(deploy::Args),
    Start(start::Args),
    Get(get::Args),
    List(list::Args),
    Trace(trace::Args),
    Watch(watch::Args),
    Cancel(cancel::Args),
    Retry(retry::Args),
    Skip(skip::Args),
    Complete(complete::Args),
    Compensated(compensated::Args),
    Targets(targets::Args),
    Feed(feed::Args),
    Workflow(workflow::Args),
    Bench(crate::bench::Args),
    Conformance(conformance::Args),
    Schema(schema::Args),
    Completions(completions::Args),
}

impl Cli {
    /// Parses; where there is nothing to run, prints the help or the mistake and says how to exit.
    pub(crate) fn parse_from(arguments: &[OsString]) -> Result<Self, ExitCode> {
        Self::try_parse_from(arguments).map_err(|error| {
            let mistake = error.use_stderr()
                && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
            if mistake && wants_json(arguments) {
                let message = error.render().to_string();
                let message = message.trim().trim_start_matches("error: ").to_owned();
                Output::from_terminal(Format::Json, Color::Never).error(&Error::usage(message));
            } else {
                // Nothing can be said if the terminal is gone.
                let _ = error.print();
            }
            ExitCode::from(u8::from(error.use_stderr()) * 2)
        })
    }
}

/// Whether JSON was asked for, as far as can be told from a command line that is wrong.
fn wants_json(arguments: &[OsString]) -> bool {
    let flag = arguments
        .windows(2)
        .any(|pair| pair[0] == "--output" && pair[1] == "json");
    let joined = arguments.iter().any(|argument| argument == "--output=json");
    flag || joined || std::env::var_os("PAVANE_OUTPUT").is_some_and(|format| format == "json")
}

#[cfg(test)]
mod tests;
