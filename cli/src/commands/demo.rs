//! `pavane demo`: everything on this machine, orders through the front door, and the audit.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;
use pavane::shop::inventory::v1::SetItemRequest;
use pavane::shop::inventory::v1::inventory_service_client::InventoryServiceClient;
use pavane::workflow::v1::{DeployedWorkflow, GetWorkflowRequest, Mode, WaitExecutionRequest};
use pavane_server::{logs, shutdown};

use super::{Context, execution};
use crate::connection::{Connection, unary};
use crate::demo::audit::{Addresses, Books, Expectation, items, list_executions};
use crate::demo::house::{self, House};
use crate::demo::report::{self, Run, TryHow};
use crate::demo::{load, orders};
use crate::error::Error;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  pavane demo                                place 200 orders, show and audit the result
  pavane demo --serve                        and keep everything running, to try it yourself
  pavane demo --serve --orders 0             only keep everything running
  pavane demo --orders 2000 --output json    one JSON object, for programs

The exit code is 0 only if money, stock and shipments agree with the outcome of every order.";

/// What servers of the demo log unless told otherwise, so that the result can be read.
const LOG_FILTER: &str = "error";
/// Where the orchestrator of the demo listens unless told otherwise.
const DEFAULT_PORT_BASE: u16 = 7400;
/// The catalog of a demo without orders is stocked for so many.
const ORDERS_BY_HAND: usize = 200;

/// See it work: orders over three services, and an audit of what they left behind
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// How many orders to place
    #[arg(long, value_name = "N", default_value = "200")]
    orders: usize,
    /// How to run them
    #[arg(long, default_value = "all")]
    mode: ModeName,
    /// What the orders are drawn from: it fixes the orders, while which of them find stock depends
    /// on timing
    #[arg(long, value_name = "SEED", default_value = "1")]
    seed: u64,
    /// Port of the orchestrator; the services have the next three; 0: any that are free
    #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT_BASE)]
    port_base: u16,
    /// Folder for the data, which is kept [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Keep everything running until Ctrl-C
    #[arg(long)]
    serve: bool,
    /// Orders in flight at a time
    #[arg(long, value_name = "N", default_value = "16")]
    concurrency: NonZeroUsize,
}

/// How orders are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ModeName {
    /// In each mode that is available, one after the other.
    All,
    /// A conductor calls the services.
    Orchestrated,
    /// Each service reacts to the events of its peers.
    Choreographed,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    if args.mode == ModeName::Choreographed {
        let error = Error::usage("--mode choreographed is not available yet");
        return Err(error.with_hint("--mode orchestrated is"));
    }
    let filter = context
        .settings
        .log_filter
        .clone()
        .unwrap_or_else(|| LOG_FILTER.to_owned());
    logs::init(&context.settings.log_options(Some(filter)))
        .map_err(|error| Error::usage(error.to_string()))?;
    let signal = shutdown::on_signal();

    // Removed when this function ends, after everything has stopped.
    let temporary = match args.data_dir {
        Some(_) => None,
        None => Some(tempfile::tempdir().map_err(|error| {
            Error::failed(
                "NO_TEMPORARY_FOLDER",
                format!("cannot make a folder: {error}"),
            )
        })?),
    };
    let data_dir = args.data_dir.clone();
    let data_dir = data_dir.or_else(|| temporary.as_ref().map(|folder| folder.path().to_owned()));
    let data_dir = data_dir.expect("there is a temporary folder if none was named");
    let mut house = House::start(&house::Options {
        port_base: args.port_base,
        data_dir,
    })
    .await?;

    let addresses = house.addresses().clone();
    let outcome = tokio::select! {
        outcome = show(&args, &addresses, context.output) => outcome,
        failure = house.failure() => return Err(failure),
        () = signal.cancelled() => Err(Error::failed("INTERRUPTED", "the demo was interrupted")),
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

/// Places the orders and tells what became of them. Errors: also if the audit does not hold.
async fn show(args: &Args, addresses: &Addresses, output: &Output) -> Result<(), Error> {
    let orchestrator = Connection::open(&addresses.orchestrator).await?;
    let deployed = place_order(&orchestrator).await?;
    if !output.is_json() {
        output.text(&report::header(addresses, &deployed, output.paint()))?;
    }
    let number = next_run(&orchestrator).await?;
    let stock = stock_up(addresses, args.orders).await?;

    let mut runs = Vec::new();
    let mut books = Books::default();
    if args.orders > 0 {
        let orders = orders::orders(args.seed, number, args.orders);
        let ids = orders.iter().map(|order| order.order_id.clone()).collect();
        let progress = load::progress("orchestrated", orders.len(), !output.is_json());
        let answers = load::place(&orchestrator, orders, args.concurrency.get(), &progress).await;
        progress.finish_and_clear();

        settle(&orchestrator).await?;
        books = Books::read(addresses).await?;
        let told = answers.answers.iter();
        let told = told.filter_map(|answer| Some((answer.order_id.clone(), answer.outcome()?)));
        let audit = books.audit(&Expectation {
            stock,
            answers: told.collect(),
        });
        let mode = Mode::Orchestrated;
        runs.push(Run {
            mode,
            seed: args.seed,
            number,
            orders: ids,
            answers,
            audit,
        });
    }
    if output.is_json() {
        output.json(&report::to_json(&runs, addresses))?;
    } else {
        output.text(&text(args, addresses, &runs, &books, output))?;
    }
    match runs.iter().all(Run::is_ok) {
        true => Ok(()),
        // The report has said it.
        false => Err(Error::Outcome),
    }
}

fn text(
    args: &Args,
    addresses: &Addresses,
    runs: &[Run],
    books: &Books,
    output: &Output,
) -> String {
    let paint = output.paint();
    let mut parts = Vec::new();
    if let Some(run) = runs.first() {
        parts.push(report::table(runs, paint));
        parts.push(report::timelines(run, books, &execution::now(), paint));
        parts.push(report::audit(&run.audit, paint));
    }
    let known = runs.first().and_then(|run| run.orders.first());
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

async fn place_order(orchestrator: &Connection) -> Result<DeployedWorkflow, Error> {
    let request = GetWorkflowRequest {
        name: "place-order".to_owned(),
        ..Default::default()
    };
    let answer = orchestrator.workflows().get_workflow(unary(request)).await;
    let answer = answer
        .map_err(|status| orchestrator.error(status))?
        .into_inner();
    Ok(answer.workflow.unwrap_or_default())
}

/// One more than the last run whose orders are in the data directory.
async fn next_run(orchestrator: &Connection) -> Result<u32, Error> {
    let executions = list_executions(orchestrator).await?;
    let runs = executions
        .iter()
        .filter_map(|execution| orders::run_of(&execution.id));
    Ok(runs.max().unwrap_or(0) + 1)
}

/// Fills the shelves for so many orders, and counts what there is, reserved or not.
async fn stock_up(addresses: &Addresses, orders: usize) -> Result<BTreeMap<String, i64>, Error> {
    let inventory = Connection::open(&addresses.inventory).await?;
    let mut client = InventoryServiceClient::new(inventory.channel());
    for item in orders::catalog(if orders > 0 { orders } else { ORDERS_BY_HAND }) {
        let request = unary(SetItemRequest { item: Some(item) });
        client
            .set_item(request)
            .await
            .map_err(|status| inventory.error(status))?;
    }
    let items = items(&inventory).await?;
    Ok(items
        .into_iter()
        .map(|item| (item.sku, item.available + item.reserved))
        .collect())
}

/// Waits for orders of an earlier run that were taken up again.
async fn settle(orchestrator: &Connection) -> Result<(), Error> {
    for found in list_executions(orchestrator).await? {
        if !execution::has_ended(&found) {
            // 30 s at most; what has not ended then is the audit's to tell.
            let request = WaitExecutionRequest {
                execution_id: found.id,
                timeout: None,
            };
            let waited = orchestrator.executions().wait_execution(request).await;
            waited.map_err(|status| orchestrator.error(status))?;
        }
    }
    Ok(())
}
