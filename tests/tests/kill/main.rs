//! The heart of the promises: whatever is killed, whenever, every order has exactly one outcome,
//! and nothing is left that does not agree with it. Over real processes, with SIGKILL, in either
//! mode.

mod checks;
mod faults;
mod lives;
mod storm;
mod watcher;

use std::time::{Duration, Instant};

use pavane::workflow::v1::Mode;
use pavane_tests::load::Load;
use pavane_tests::process::tell;
use pavane_tests::shop::{ROLES, Role, Setup, Shop};
use pavane_tests::{orders, seed};
use storm::{Kills, Storm};

const CLIENTS: usize = 32;
/// Far more than it takes.
const PATIENCE: Duration = Duration::from_secs(240);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_killed_each_orchestrated_order_has_one_outcome_and_the_books_agree() {
    let kills = Kills {
        orchestrator: 40,
        service: 5,
    };
    check(Mode::Orchestrated, kills).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_killed_each_choreographed_order_has_one_outcome_and_the_books_agree() {
    let kills = Kills {
        orchestrator: 15,
        service: 12,
    };
    check(Mode::Choreographed, kills).await;
}

async fn check(mode: Mode, kills: Kills) {
    let seed = seed::get("kill");
    let start = Instant::now();
    let mut shop = Shop::start_with(Setup {
        workflows: vec!["tests/tests/kill/place-order.yaml"],
        ..Setup::default()
    })
    .await;
    shop.stock_up(orders::catalog()).await;
    let load = Load::start(&shop.channel(Role::Orchestrator), CLIENTS, seed, mode);
    let mut storm = Storm::new(&shop, seed, kills, load);

    let storm_and_calm = async {
        storm.rage(&mut shop).await;
        storm.delay_some(&shop).await;
        let Storm {
            killed,
            strangled,
            faults,
            down,
            load,
            watchers,
            ..
        } = storm;
        let answers = load.finish().await;
        let killed: Vec<_> = ROLES
            .iter()
            .map(|role| format!("{} {}", role.name(), killed[*role as usize]))
            .collect();
        tell(&format!(
            "{} orders in {:.1} s, of which {:.1} s starting again; killed: {} \
             (and {strangled} while starting); {faults} faults; {} repeated by their clients",
            answers.outcomes.len(),
            start.elapsed().as_secs_f64(),
            down.as_secs_f64(),
            killed.join(", "),
            answers.repeated,
        ));
        checks::feeds(&shop, mode, watchers, &answers).await;
        checks::books(&shop, &answers).await;
    };
    if tokio::time::timeout(PATIENCE, storm_and_calm)
        .await
        .is_err()
    {
        let logs = ROLES.map(|role| format!("{}:\n{}", role.name(), shop.process(role).log()));
        panic!("not done after {PATIENCE:?}; {}", logs.join("\n"));
    }
}
