//! Every feed of ours, in real processes, keeps what the contract promises: the suite of
//! `conformance/` against a feed of its own on each server, and, reading only, against the feeds
//! that orders have left.

use std::sync::Arc;

use futures_util::future::join_all;
use pavane::workflow::v1::Mode;
use pavane_conformance::feed::{self, Options, Powers};
use pavane_tests::errands::Client;
use pavane_tests::orders::{self, Errand};
use pavane_tests::process::tell;
use pavane_tests::shop::{ROLES, Role, Shop};
use pavane_tests::sidecar::Sidecar;
use pavane_tests::{errands, ports, seed};
use tempfile::TempDir;
use tokio::sync::Mutex;

/// Debug builds take their time.
const DEBUG: bool = cfg!(debug_assertions);
const EVENTS: usize = if DEBUG { 500 } else { 2_000 };
const SUBSCRIBERS: usize = if DEBUG { 150 } else { 1_000 };
const ORDERS: usize = 40;

fn options(target: &str, feed: Option<&str>, seed: u64) -> Options {
    Options {
        feed: feed.map(str::to_owned),
        events: EVENTS,
        subscribers: SUBSCRIBERS,
        seed,
        ..Options::new(target)
    }
}

/// Runs the suite; nothing may fail, and so much must have been tried.
async fn check(what: &str, options: Options, at_least: usize) {
    let report = feed::run(options, |_| {}).await;
    let report = report.unwrap_or_else(|error| panic!("{what}: {error}"));
    tell(&format!(
        "{what}: {} kept, {} not tried, in {:.1} s",
        report.passed(),
        report.skipped(),
        report
            .results
            .iter()
            .map(|result| result.duration.as_secs_f64())
            .sum::<f64>()
    ));
    assert_eq!(report.failed(), 0, "{what}:\n{report}");
    assert!(report.passed() >= at_least, "{what}:\n{report}");
}

/// SIGTERM, and another on the same data.
fn restart(shop: &Arc<Mutex<Shop>>, role: Role) -> Powers {
    let shop = Arc::clone(shop);
    Powers {
        restart: Some(Box::new(move || {
            Box::pin(async move {
                let mut shop = shop.lock().await;
                shop.process(role).terminate().await;
                let ended = shop.end(role).await;
                assert_eq!(ended.code, Some(0), "{}", ended.stderr);
                shop.revive(role).await;
            })
        })),
        ..Powers::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_is_published_to_keeps_its_promises_on_every_server() {
    let seed = seed::get("conformance");
    let shop = Arc::new(Mutex::new(Shop::start().await));
    let checks = ROLES.map(|role| {
        let shop = Arc::clone(&shop);
        async move {
            let target = shop.lock().await.address(role);
            let options = Options {
                powers: restart(&shop, role),
                ..options(&target, None, seed)
            };
            check(role.name(), options, 30).await;
        }
    });
    join_all(checks).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feeds_that_orders_have_left_keep_their_promises() {
    let seed = seed::get("conformance");
    let shop = Shop::start().await;
    shop.stock_up(orders::catalog()).await;
    shop.prepared().await;
    place(&shop, Mode::Choreographed).await;
    let checks = ROLES.map(|role| {
        let options = options(&shop.address(role), Some(role.name()), seed);
        check(role.name(), options, 15)
    });
    join_all(checks).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_of_a_sidecar_keeps_its_promises() {
    let seed = seed::get("conformance");
    let folder = TempDir::new().expect("there is room");
    let base = ports::free(2);
    let [beside, target] = [base, base + 1].map(|port| format!("127.0.0.1:{port}"));
    let services = ["shop.shipping.v1.ShippingService"];
    let sidecar = Sidecar::start(folder.path(), "parcels", &beside, &target, &services).await;
    check("a sidecar", options(sidecar.address(), None, seed), 30).await;
}

/// Some orders, of which some fail.
async fn place(shop: &Shop, mode: Mode) {
    let mut client = Client::new(shop.channel(Role::Orchestrator), mode);
    for number in 1..=ORDERS {
        let order = orders::order(3, number);
        let reply = client.run(Errand::Place, &order).await;
        assert!(matches!(reply, errands::Reply::Outcome(_)), "{reply:?}");
    }
}
