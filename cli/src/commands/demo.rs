//! `pavane demo`: everything on this machine, orders through the front door, and the audit.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use pavane::workflow::v1::Mode;
use pavane_server::{Origin, logs, shutdown};

use super::{Context, execution};
use crate::connection::Connection;
use crate::demo::audit::{Addresses, Books};
use crate::demo::house::{self, House};
use crate::demo::report::{self, Comparison, Run, TryHow};
use crate::demo::round::{self, Plan};
use crate::error::Error;
use crate::output::Output;
use crate::render::timeline;

const EXAMPLES: &str = "\
Examples:
  pavane demo                                place 200 orders in either mode, compare and audit
  pavane demo --mode choreographed           nobody conducts
  pavane demo --serve                        and keep everything running, to try it yourself
  pavane demo --serve --orders 0             only keep everything running
  pavane demo --orders 2000 --output json    one JSON object, for programs

Each mode has services and data of its own, so that both begin with full shelves. What becomes of an
order follows from the order alone, so both must come to the same.

RPCs are unary calls over the network for the orders; where nobody conducts, services read each
other's feeds. Events are those of all feeds, journal included.

The exit code is 0 only if money, stock and shipments agree with the outcome of every order, and the
modes with each other.";

/// What servers of the demo log unless told otherwise, so that the result can be read.
const LOG_FILTER: &str = "error";
/// Where the orchestrator of the demo listens unless told otherwise.
const DEFAULT_PORT_BASE: u16 = 7400;

/// See it work: orders over three services, and an audit of what they left behind
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// How many orders to place, in each mode
    #[arg(long, value_name = "N", default_value = "200")]
    orders: usize,
    /// How to run them
    #[arg(long, default_value = "both")]
    mode: ModeName,
    /// What the orders are drawn from, and so what becomes of each
    #[arg(long, value_name = "SEED", default_value = "1")]
    seed: u64,
    /// Port of the orchestrator; the services have the next three; 0: any that are free
    #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT_BASE)]
    port_base: u16,
    /// Folder for the data, which is kept: one folder for each mode in it [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Keep everything running until Ctrl-C
    #[arg(long)]
    serve: bool,
    /// With --serve, origin whose pages in browsers may call, such as http://localhost:3000; `*`: all;
    /// may be given several times
    #[arg(long = "allow-origin", value_name = "ORIGIN", requires = "serve")]
    allow_origins: Vec<Origin>,
    /// Orders in flight at a time
    #[arg(long, value_name = "N", default_value = "16")]
    concurrency: NonZeroUsize,
}

/// How orders are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ModeName {
    /// In both modes, one after the other.
    #[value(alias = "all")]
    Both,
    /// A conductor calls the services.
    Orchestrated,
    /// Each service reacts to the events of its peers.
    Choreographed,
}

impl Args {
    /// The modes to run, one after the other. Without orders there is nothing to compare.
    fn modes(&self) -> &'static [Mode] {
        match self.mode {
            ModeName::Both if self.orders > 0 => &[Mode::Orchestrated, Mode::Choreographed],
            ModeName::Both | ModeName::Orchestrated => &[Mode::Orchestrated],
            ModeName::Choreographed => &[Mode::Choreographed],
        }
    }
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let filter = context.settings.log_filter.clone();
    let filter = filter.unwrap_or_else(|| LOG_FILTER.to_owned());
    logs::init(&context.settings.log_options(Some(filter)))
        .map_err(|error| Error::usage(error.to_string()))?;
    let signal = shutdown::on_signal();

    // Removed when this function ends, after everything has stopped.
    let temporary = match args.data_dir {
        Some(_) => None,
        None => Some(tempfile::tempdir().map_err(|error| {
            let message = format!("cannot make a folder: {error}");
            Error::failed("NO_TEMPORARY_FOLDER", message)
        })?),
    };
    let data_dir = args.data_dir.as_deref();
    let data_dir = data_dir.or_else(|| temporary.as_ref().map(|folder| folder.path()));
    let data_dir = data_dir.expect("there is a temporary folder if none was named");

    let mut rounds = Vec::new();
    let (last, before) = args.modes().split_last().expect("there is a mode");
    for mode in before {
        let mut house = build(&args, *mode, data_dir).await?;
        let addresses = house.addresses().clone();
        let played = tokio::select! {
            played = play(&args, *mode, &addresses, rounds.is_empty(), context.output) => played,
            failure = house.failure() => return Err(failure),
            () = signal.cancelled() => Err(interrupted()),
        };
        house.shut_down().await?;
        rounds.extend(played?);
    }
    let mut house = build(&args, *last, data_dir).await?;
    let addresses = house.addresses().clone();
    let outcome = tokio::select! {
        played = play(&args, *last, &addresses, rounds.is_empty(), context.output) => {
            played.and_then(|played| {
                rounds.extend(played);
                show(&args, &addresses, rounds, context.output)
            })
        }
        failure = house.failure() => return Err(failure),
        () = signal.cancelled() => Err(interrupted()),
    };
    if args.serve && outcome.is_ok() {
        tokio::select! {
            failure = house.failure() => return Err(failure),
            () = signal.cancelled() => {}
        }
    }
    let ended = house.shut_down().await;
    outcome.and(ended)
}

fn interrupted() -> Error {
    Error::failed("INTERRUPTED", "the demo was interrupted")
}

/// A house with data of its own for each mode.
async fn build(args: &Args, mode: Mode, data_dir: &Path) -> Result<House, Error> {
    House::start(&house::Options {
        port_base: args.port_base,
        data_dir: data_dir.join(timeline::mode(mode)),
        allow_origins: args.allow_origins.clone(),
    })
    .await
}

/// Places the orders in one mode. The first round says what the house is.
async fn play(
    args: &Args,
    mode: Mode,
    addresses: &Addresses,
    is_first: bool,
    output: &Output,
) -> Result<Option<(Run, Books)>, Error> {
    if is_first && !output.is_json() {
        let orchestrator = Connection::open(&addresses.orchestrator).await?;
        let deployed = round::place_order(&orchestrator).await?;
        output.text(&report::header(addresses, &deployed, output.paint()))?;
    }
    let plan = Plan {
        mode,
        seed: args.seed,
        orders: args.orders,
        concurrency: args.concurrency.get(),
        shows_progress: !output.is_json(),
    };
    round::play(plan, addresses).await
}

/// Tells what became of the orders. Errors: also if an audit does not hold, or the modes differ.
fn show(
    args: &Args,
    addresses: &Addresses,
    rounds: Vec<(Run, Books)>,
    output: &Output,
) -> Result<(), Error> {
    let (runs, books): (Vec<Run>, Vec<Books>) = rounds.into_iter().unzip();
    if output.is_json() {
        output.json(&report::to_json(&runs, addresses))?;
    } else {
        output.text(&text(args, addresses, &runs, &books, output))?;
    }
    let is_same = Comparison::of(&runs).is_none_or(|comparison| comparison.is_same());
    match is_same && runs.iter().all(Run::is_ok) {
        true => Ok(()),
        // The report has said it.
        false => Err(Error::Outcome),
    }
}

fn text(
    args: &Args,
    addresses: &Addresses,
    runs: &[Run],
    books: &[Books],
    output: &Output,
) -> String {
    let paint = output.paint();
    let mut parts = Vec::new();
    if !runs.is_empty() {
        parts.push(report::table(runs, paint));
    }
    for (run, books) in runs.iter().zip(books) {
        parts.push(report::timelines(run, books, &execution::now(), paint));
    }
    let audits = runs.iter().map(|run| {
        let of = match runs {
            [_] => String::new(),
            _ => format!(" {}", timeline::mode(run.mode)),
        };
        report::audit(&run.audit, &of, paint)
    });
    let comparison = Comparison::of(runs).map(|comparison| comparison.to_text(paint));
    let verdict: String = audits.chain(comparison).collect();
    if !verdict.is_empty() {
        parts.push(verdict);
    }
    let known = runs.last().and_then(|run| run.orders.first());
    parts.push(report::try_it(
        addresses,
        try_how(args),
        known.map(String::as_str),
        paint,
    ));
    format!("\n{}", parts.join("\n"))
}

/// How the addresses that were printed come to be served.
fn try_how(args: &Args) -> TryHow {
    match (args.serve, args.port_base) {
        (true, _) => TryHow::Serving,
        (false, 0) => TryHow::Elsewhere,
        (false, DEFAULT_PORT_BASE) => TryHow::After("pavane demo --serve".to_owned()),
        (false, base) => TryHow::After(format!("pavane demo --serve --port-base {base}")),
    }
}
