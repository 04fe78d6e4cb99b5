//! One thing done to many executions: which ones is asked of the server, then each is asked for by
//! itself, so many at a time. Nothing is done before somebody has said that they mean it.

mod report;

use std::io::{self, BufRead, IsTerminal, Write};

use futures_util::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tonic::Status;

use super::Context;
use super::filter::{Filter, StateName};
use crate::connection::Connection;
use crate::error::Error;
use crate::output::Output;
use report::Report;

/// How many calls are on their way at the same time.
const AT_A_TIME: usize = 16;

/// The flags of the form for many executions, and of the one that only looks.
#[derive(Debug, clap::Args)]
pub(crate) struct Many {
    /// All executions that the filters choose
    #[arg(long)]
    pub(crate) all: bool,
    /// Change nothing; say what would be done, and what would be refused
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask whether it is meant; required where there is no terminal
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    filter: Filter,
}

/// What is done, in words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deed {
    /// `cancel`.
    pub(crate) verb: &'static str,
    /// `canceled`.
    pub(crate) done: &'static str,
    /// Those that can be concerned, if no states are named.
    pub(crate) states: &'static [StateName],
}

/// Does it to all that are chosen. Exits with 1 if any was refused.
pub(crate) async fn run(
    many: Many,
    deed: Deed,
    connection: &Connection,
    context: &Context<'_>,
    act: impl AsyncFn(&str) -> Result<(), Status>,
) -> Result<(), Error> {
    let Many {
        dry_run,
        yes,
        filter,
        ..
    } = many;
    let filter = filter.or_states(deed.states);
    let (chosen, _) = filter.fetch(connection, usize::MAX).await?;
    let is_meant = yes || dry_run || chosen.is_empty() || confirmed(deed, chosen.len())?;
    if !is_meant {
        context.output.note("nothing was done");
        return Ok(());
    }
    let progress = progress(deed, chosen.len(), context.output);
    let act = &act;
    let calls = chosen.iter().map(|execution| async move {
        let result = act(&execution.id).await;
        (execution.id.clone(), result)
    });
    let mut answers = stream::iter(calls).buffer_unordered(AT_A_TIME);
    let mut report = Report::new(deed, dry_run);
    while let Some((id, result)) = answers.next().await {
        report.add(id, result);
        progress.inc(1);
    }
    progress.finish_and_clear();
    context
        .output
        .show(|paint| report.text(paint), || report.json())?;
    if report.is_complete() {
        Ok(())
    } else {
        Err(Error::Outcome)
    }
}

/// Asks on the terminal. Errors: there is none.
fn confirmed(deed: Deed, count: usize) -> Result<bool, Error> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let message = format!(
            "this would {} {count} executions; expected --yes, since nobody can be asked here",
            deed.verb
        );
        return Err(Error::usage(message).with_hint("see which ones with --dry-run"));
    }
    let mut stderr = io::stderr().lock();
    // If it cannot be asked, nothing is answered either.
    let _ =
        write!(stderr, "{} {count} executions? [y/N] ", deed.verb).and_then(|()| stderr.flush());
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.map_err(|error| Error::usage(format!("cannot read the answer: {error}")))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// A bar on stderr, if that is a terminal and a person reads.
fn progress(deed: Deed, count: usize, output: &Output) -> ProgressBar {
    let target = if output.is_json() {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    let style = ProgressStyle::with_template("{prefix}  [{bar:42}] {human_pos}/{human_len}");
    ProgressBar::with_draw_target(Some(count as u64), target)
        .with_style(style.expect("the template is sound").progress_chars("=> "))
        .with_prefix(deed.verb)
}
