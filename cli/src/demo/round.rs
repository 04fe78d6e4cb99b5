//! The orders in one mode, from full shelves to the audit. The house must be there, and nothing else in
//! flight.

use std::collections::BTreeMap;

use pavane::feed::v1::GetFeedRequest;
use pavane::shop::inventory::v1::SetItemRequest;
use pavane::shop::inventory::v1::inventory_service_client::InventoryServiceClient;
use pavane::workflow::v1::{
    DeployedWorkflow, Execution, GetWorkflowRequest, Mode, WaitExecutionRequest,
};

use super::audit::{Addresses, Books, Expectation, items, list_executions};
use super::report::{Run, Traffic};
use super::{load, orders};
use crate::commands::has_ended;
use crate::connection::{Connection, unary};
use crate::error::Error;
use crate::render::timeline;

/// The catalog of a demo without orders is stocked for so many.
const ORDERS_BY_HAND: usize = 200;

/// What is to be placed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) mode: Mode,
    pub(crate) seed: u64,
    pub(crate) orders: usize,
    pub(crate) concurrency: usize,
    /// Whether a person watches.
    pub(crate) shows_progress: bool,
}

/// Fills the shelves, places the orders, and compares all books. No run without orders.
pub(crate) async fn play(plan: Plan, addresses: &Addresses) -> Result<Option<(Run, Books)>, Error> {
    let orchestrator = Connection::open(&addresses.orchestrator).await?;
    let stock = stock_up(addresses, plan.orders).await?;
    if plan.orders == 0 {
        return Ok(None);
    }
    if plan.mode == Mode::Choreographed {
        let problem = place_order(&orchestrator).await?.choreography_problem;
        if !problem.is_empty() {
            return Err(Error::failed("NOT_PREPARED", problem));
        }
    }
    let number = next_run(&orchestrator).await?;
    let orders = orders::orders(plan.seed, number, plan.orders);
    let ids: Vec<_> = orders.iter().map(|order| order.order_id.clone()).collect();
    let events_before = events(addresses).await?;
    let mode = timeline::mode(plan.mode);
    let progress = load::progress(mode, orders.len(), plan.shows_progress);
    let answers = load::place(&orchestrator, orders, mode, plan.concurrency, &progress).await;
    progress.finish_and_clear();

    settle(&orchestrator).await?;
    let books = Books::read(addresses).await?;
    let traffic = Traffic {
        events: events(addresses).await?.saturating_sub(events_before),
        rpcs: rpcs(plan.mode, number, ids.len(), &books),
    };
    let told = answers.answers.iter();
    let told = told.filter_map(|answer| Some((answer.order_id.clone(), answer.outcome()?)));
    let audit = books.audit(&Expectation {
        stock,
        answers: told.collect(),
    });
    let mut failed_steps: BTreeMap<_, _> = books.executions.iter().map(of_step).collect();
    let run = Run {
        mode: plan.mode,
        seed: plan.seed,
        number,
        failed_steps: ids
            .iter()
            .map(|id| failed_steps.remove(id).unwrap_or_default())
            .collect(),
        orders: ids,
        answers,
        traffic,
        audit,
    };
    Ok(Some((run, books)))
}

/// The sample workflow, as deployed.
pub(crate) async fn place_order(orchestrator: &Connection) -> Result<DeployedWorkflow, Error> {
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

/// An order, and the step whose failure was the cause of its own.
fn of_step(execution: &Execution) -> (String, String) {
    (execution.id.clone(), execution.failed_step.clone())
}

/// Unary calls over the network for the orders of a run: at the front door, and of the services where
/// somebody conducts. Where nobody does, they are called within their own processes.
fn rpcs(mode: Mode, run: u32, orders: usize, books: &Books) -> u64 {
    let at_the_door = u64::try_from(orders).unwrap_or(u64::MAX);
    if mode == Mode::Choreographed {
        return at_the_door;
    }
    let ours = books.calls.iter().map(|(_, call)| call).filter(|call| {
        let order = call.idempotency_key.split('/').next();
        order.and_then(orders::run_of) == Some(run)
    });
    let calls = ours.map(|call| u64::from(call.calls) + u64::from(call.compensations));
    at_the_door + calls.sum::<u64>()
}

/// How many events there are in all feeds.
async fn events(addresses: &Addresses) -> Result<u64, Error> {
    let mut sum = 0;
    for (feed, address) in [
        ("orchestrator", &addresses.orchestrator),
        ("inventory", &addresses.inventory),
        ("payment", &addresses.payment),
        ("shipping", &addresses.shipping),
    ] {
        let connection = Connection::open(address).await?;
        let feed = feed.to_owned();
        let answer = connection
            .feeds()
            .get_feed(unary(GetFeedRequest { feed }))
            .await
            .map_err(|status| connection.error(status))?;
        sum += answer.into_inner().feed.unwrap_or_default().head_sequence;
    }
    Ok(sum)
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
        if !has_ended(&found) {
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
