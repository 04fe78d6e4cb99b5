//! The commands: each is a room with its flags and what it does.

use crate::args::Command;
use crate::config::Settings;
use crate::connection::Connection;
use crate::error::Error;
use crate::output::Output;

pub(crate) mod cancel;
pub(crate) mod check;
pub(crate) mod compensated;
pub(crate) mod complete;
pub(crate) mod completions;
pub(crate) mod conformance;
pub(crate) mod demo;
pub(crate) mod deploy;
pub(crate) mod feed;
pub(crate) mod get;
pub(crate) mod graph;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod participant;
pub(crate) mod retry;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod skip;
pub(crate) mod start;
pub(crate) mod targets;
pub(crate) mod trace;
pub(crate) mod watch;
pub(crate) mod workflow;

mod address;
mod bulk;
mod definition;
mod execution;
mod filter;
mod settle;

pub(crate) use execution::{get as get_execution, has_ended};

/// What every command is given besides its own flags.
pub(crate) struct Context<'a> {
    pub(crate) settings: Settings,
    pub(crate) output: &'a Output,
}

impl Context<'_> {
    /// Connects to the server that was named.
    pub(crate) async fn connect(&self) -> Result<Connection, Error> {
        Connection::open(&self.settings.server).await
    }
}

/// Runs a command to its end.
pub(crate) async fn run(
    command: Command,
    settings: Settings,
    output: &Output,
) -> Result<(), Error> {
    let context = Context { settings, output };
    match command {
        Command::Demo(args) => demo::run(args, &context).await,
        Command::Init(args) => init::run(args, &context).await,
        Command::Serve(args) => serve::run(args, &context).await,
        Command::Participant(args) => participant::run(args, &context).await,
        Command::Check(args) => check::run(args, &context).await,
        Command::Graph(args) => graph::run(&args, &context),
        Command::Deploy(args) => deploy::run(args, &context).await,
        Command::Start(args) => start::run(args, &context).await,
        Command::Get(args) => get::run(args, &context).await,
        Command::List(args) => list::run(args, &context).await,
        Command::Trace(args) => trace::run(args, &context).await,
        Command::Watch(args) => watch::run(args, &context).await,
        Command::Cancel(args) => cancel::run(args, &context).await,
        Command::Retry(args) => retry::run(args, &context).await,
        Command::Skip(args) => skip::run(args, &context).await,
        Command::Complete(args) => complete::run(args, &context).await,
        Command::Compensated(args) => compensated::run(args, &context).await,
        Command::Targets(targets::Args {}) => targets::run(&context).await,
        Command::Feed(args) => feed::run(args, &context).await,
        Command::Workflow(args) => workflow::run(args, &context).await,
        Command::Bench(args) => crate::bench::run(args, &context).await,
        Command::Conformance(args) => conformance::run(args, &context).await,
        Command::Schema(schema::Args {}) => schema::run(output),
        Command::Completions(args) => completions::run(&args, output),
    }
}
