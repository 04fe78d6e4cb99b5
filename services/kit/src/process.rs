//! A participant as a process: flags, logs, signals, exit codes. The one place of the kit that
//! writes for people.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser};
use pavane_server::{logs, shutdown};

use crate::{Error, Flags, Handle, Options};

/// What distinguishes one participant's program from another.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// Its version: `env!("CARGO_PKG_VERSION")`.
    pub version: &'static str,
    /// Default of `--listen`.
    pub listen: &'static str,
    /// Default of `--data-dir`.
    pub data_dir: &'static str,
}

/// The flags of a program that has none of its own.
#[derive(Debug, Clone, Args)]
pub struct NoFlags {}

#[derive(Debug, Parser)]
struct Arguments<F: Args> {
    #[command(flatten)]
    participant: Flags,
    #[command(flatten)]
    own: F,
}

/// Runs a participant from its flags, its own ones (`F`) included, to its exit code: 0 after
/// SIGTERM or SIGINT, 1 if it could not start or had to stop. With bad flags it does not return:
/// the process exits with 2.
pub async fn run<F, S>(program: Program, start: impl FnOnce(Options, F) -> S) -> ExitCode
where
    F: Args,
    S: Future<Output = Result<Handle, Error>>,
{
    let Arguments { participant, own } = parse::<F>(program);
    if let Err(error) = logs::init(&participant.log_options()) {
        complain(&format!("error: {error}"));
        return ExitCode::from(2);
    }
    // Before the start, so that no signal is missed.
    let signal = shutdown::on_signal();
    let outcome = match start(participant.options(), own).await {
        Err(error) => Err(error),
        Ok(mut handle) => tokio::select! {
            outcome = handle.wait() => outcome,
            () = signal.cancelled() => handle.shutdown().await,
        },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("error: {error}"));
            if let Error::Server(pavane_server::Error::AddressInUse { .. }) = error {
                complain("hint: choose another address with --listen");
            }
            ExitCode::FAILURE
        }
    }
}

fn parse<F: Args>(program: Program) -> Arguments<F> {
    let command = Arguments::<F>::command()
        .name(program.name)
        .about(program.about)
        .version(program.version)
        .mut_arg("listen", |listen| {
            listen.required(false).default_value(program.listen)
        })
        .mut_arg("data_dir", |data_dir| {
            data_dir.required(false).default_value(program.data_dir)
        });
    let matches = command.get_matches();
    Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

fn complain(line: &str) {
    // Nobody is left to be told that stderr is gone.
    let _ = writeln!(std::io::stderr(), "{line}");
}
