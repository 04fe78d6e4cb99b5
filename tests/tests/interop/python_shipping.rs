//! A shipping service in plain Python takes part in choreographies by its sidecar: its orders
//! succeed, are undone, and survive whoever of the two is killed.

use std::collections::BTreeMap;

use pavane::feed::v1::Event;
use pavane::workflow::v1::{Mode, StepCompleted};
use pavane_cli::demo::audit::{Addresses, Books, Expectation, Outcome};
use pavane_conformance::feed;
use pavane_tests::errands::Client;
use pavane_tests::orders;
use pavane_tests::process::Process;
use pavane_tests::python::Python;
use pavane_tests::shop::{Role, Setup, Shop};
use pavane_tests::sidecar::Sidecar;
use pavane_tests::tail::Tail;
use prost::Name;
use tokio::task::JoinSet;
use tonic::transport::Channel;

const TEST: &str = "a_python_service_takes_part_by_its_sidecar";
const SERVER: &str = "tests/interop/python_shipping/server.py";
const SEED: u64 = 9;
const CLIENTS: usize = 8;
const ORDERS: usize = 120;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_service_takes_part_by_its_sidecar() {
    let Some(python) = Python::find(TEST) else {
        return;
    };
    let mut shop = Shop::prepare();
    let address = shop.address(Role::Shipping);
    let database = shop.data().join("shipping.db");
    let database = database.to_string_lossy().into_owned();
    let serve = || python.start(SERVER, &["--listen", &address, "--database", &database]);
    let mut service: Process = serve();
    service.serving().await;
    let services = [Role::Shipping.service().expect("it has one")];
    let beside = shop.spare_address();
    let mut sidecar = Sidecar::start(shop.data(), "parcels", &beside, &address, &services).await;
    let setup = Setup {
        workflows: vec!["tests/tests/interop/ship-first.yaml"],
        orchestrator: vec!["--participant".to_owned(), beside.clone()],
        ..Setup::default()
    };
    shop.open(setup, &[Role::Inventory, Role::Payment]).await;
    shop.stock_up(plenty()).await;
    shop.prepared().await;

    let placing = tokio::spawn(place_all(shop.channel(Role::Orchestrator)));
    let shipped = async |at_least: usize, sidecar: &Sidecar| {
        let mut tail = Tail::start(sidecar.channel(), sidecar.name()).await;
        tail.until(at_least, is_completion).await;
    };
    shipped(ORDERS / 6, &sidecar).await;
    service.kill().await;
    service = serve();
    service.serving().await;
    shipped(ORDERS / 3, &sidecar).await;
    sidecar.kill_and_revive().await;
    shipped(ORDERS / 2, &sidecar).await;
    service.kill().await;
    sidecar.kill_and_revive().await;
    let mut service = serve();
    service.serving().await;
    let answers = placing.await.expect("no client panics");

    let books = Books::read(&Addresses {
        orchestrator: shop.address(Role::Orchestrator),
        inventory: shop.address(Role::Inventory),
        payment: shop.address(Role::Payment),
        shipping: address.clone(),
    })
    .await
    .expect("everything can be read");
    let stock = plenty().map(|item| (item.sku, item.available)).collect();
    let audit = books.audit(&Expectation { stock, answers });
    assert_eq!(audit.violations, Vec::<String>::new());
    assert_eq!((audit.duplicate_effects, audit.outcomes.len()), (0, ORDERS));
    let count = |wanted| {
        audit
            .outcomes
            .values()
            .filter(|outcome| **outcome == wanted)
            .count()
    };
    assert!(
        count(Outcome::Succeeded) > 0 && count(Outcome::Compensated) > 0,
        "{:?}",
        audit.outcomes
    );
    let undone = books
        .shipments
        .iter()
        .filter(|shipment| shipment.canceled)
        .count();
    assert!(undone > 0, "no shipment was undone");

    // What the sidecar has written keeps the promises of any feed.
    let options = feed::Options {
        feed: Some(sidecar.name().to_owned()),
        seed: SEED,
        ..feed::Options::new(sidecar.address())
    };
    let report = feed::run(options, |_| {}).await.expect("it answers");
    assert_eq!(report.failed(), 0, "{report}");
}

/// So much of each article that it never runs out.
fn plenty() -> impl Iterator<Item = pavane::shop::inventory::v1::Item> {
    orders::catalog().into_iter().map(|mut item| {
        item.available = 1_000_000;
        item
    })
}

fn is_completion(event: &Event) -> bool {
    event.r#type == StepCompleted::full_name()
}

/// Starts all orders, some at a time, and waits for each outcome: whether it is success.
async fn place_all(orchestrator: Channel) -> BTreeMap<String, bool> {
    let mut clients = JoinSet::new();
    for first in 1..=CLIENTS {
        let mut client = Client::new(orchestrator.clone(), Mode::Unspecified);
        clients.spawn(async move {
            let mut told = BTreeMap::new();
            for number in (first..=ORDERS).step_by(CLIENTS) {
                let order = orders::order(SEED, number);
                client.start(&order).await.expect("all are prepared");
                let outcome = client.wait(&order.order_id).await.expect("it is known");
                let outcome = outcome.unwrap_or_else(|| panic!("{} does not end", order.order_id));
                assert_eq!(
                    outcome.is_ok(),
                    order == orders::sound(order.clone()),
                    "{outcome:?}"
                );
                told.insert(order.order_id, outcome.is_ok());
            }
            told
        });
    }
    let mut answers = BTreeMap::new();
    while let Some(told) = clients.join_next().await {
        answers.extend(told.expect("no client panics"));
    }
    answers
}
