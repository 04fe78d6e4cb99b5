//! The heart of the promises: whatever is killed, whenever, every order has exactly one outcome,
//! and nothing is left that does not agree with it. Over real processes, with SIGKILL.

mod checks;
mod faults;
mod lives;
mod watcher;

use std::time::{Duration, Instant};

use pavane::shop::inventory::v1::SetItemRequest;
use pavane::shop::inventory::v1::inventory_service_client::InventoryServiceClient;
use pavane_tests::load::Load;
use pavane_tests::process::tell;
use pavane_tests::shop::{Role, SERVICES, Shop};
use pavane_tests::{orders, seed};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use watcher::Watcher;

/// At the least.
const ORCHESTRATOR_KILLS: usize = 55;
/// Of each service, at the least.
const SERVICE_KILLS: usize = 6;
const CLIENTS: usize = 32;
/// Far more than it takes.
const PATIENCE: Duration = Duration::from_secs(240);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_killed_each_order_has_one_outcome_and_the_books_agree() {
    let seed = seed::get("kill");
    let start = Instant::now();
    let mut shop = Shop::start().await;
    stock_up(&shop).await;
    let watcher = Watcher::start(shop.channel(Role::Orchestrator), "orchestrator");
    let load = Load::start(&shop.channel(Role::Orchestrator), CLIENTS, seed);
    let mut storm = Storm {
        random: StdRng::seed_from_u64(seed),
        kills: [0; 4],
        strangled: 0,
        faults: 0,
        down: Duration::ZERO,
        load,
        watcher,
    };

    let storm_and_calm = async {
        storm.rage(&mut shop).await;
        let Storm {
            kills,
            strangled,
            faults,
            down,
            load,
            watcher,
            ..
        } = storm;
        let answers = load.finish().await;
        tell(&format!(
            "{} orders in {:.1} s, of which {:.1} s starting again; killed: orchestrator {} (and {strangled} while starting), \
             inventory {}, payment {}, shipping {}; {faults} faults; {} repeated by their clients",
            answers.outcomes.len(),
            start.elapsed().as_secs_f64(),
            down.as_secs_f64(),
            kills[0],
            kills[1],
            kills[2],
            kills[3],
            answers.repeated,
        ));
        checks::journal(&shop, watcher, &answers).await;
        checks::books(&shop, &answers).await;
    };
    if tokio::time::timeout(PATIENCE, storm_and_calm)
        .await
        .is_err()
    {
        let log = shop.process(Role::Orchestrator).log();
        panic!("not done after {PATIENCE:?}; the orchestrator says:\n{log}");
    }
}

async fn stock_up(shop: &Shop) {
    let mut inventory = InventoryServiceClient::new(shop.channel(Role::Inventory));
    for item in orders::catalog() {
        let set = inventory
            .set_item(SetItemRequest { item: Some(item) })
            .await;
        set.expect("an article can be set");
    }
}

/// Kills until it is enough.
struct Storm {
    random: StdRng,
    kills: [usize; 4],
    /// Kills of an orchestrator that did not serve yet.
    strangled: usize,
    faults: usize,
    /// How long some process was not serving, all in all.
    down: Duration,
    load: Load,
    watcher: Watcher,
}

impl Storm {
    async fn rage(&mut self, shop: &mut Shop) {
        while let Some(victims) = self.victims() {
            self.wait_for_a_moment().await;
            if self.random.random_ratio(1, 3) {
                faults::add(shop, &mut self.random).await;
                self.faults += 1;
                self.wait_for_a_moment().await;
            }
            let down = Instant::now();
            if victims.contains(&Role::Orchestrator) {
                self.load.set_open(false);
            }
            for victim in &victims {
                shop.kill(*victim).await;
                self.kills[*victim as usize] += 1;
            }
            for victim in &victims {
                shop.spawn(*victim);
            }
            if victims.contains(&Role::Orchestrator) && self.random.random_ratio(1, 8) {
                shop.kill(Role::Orchestrator).await;
                self.strangled += 1;
                shop.spawn(Role::Orchestrator);
            }
            for victim in &victims {
                shop.serving(*victim).await;
            }
            self.load.set_open(true);
            self.down += down.elapsed();
        }
    }

    /// Whom to kill next; `None`: it is enough.
    fn victims(&mut self) -> Option<Vec<Role>> {
        let lacking = |role: &Role| self.kills[*role as usize] < SERVICE_KILLS;
        let services: Vec<_> = SERVICES.into_iter().filter(lacking).collect();
        let orchestrator = self.kills[Role::Orchestrator as usize] < ORCHESTRATOR_KILLS;
        let mut victims = Vec::new();
        if let Some(service) = services.choose(&mut self.random)
            && (!orchestrator || self.random.random_ratio(1, 3))
        {
            victims.push(*service);
        }
        if orchestrator && (victims.is_empty() || self.random.random_ratio(1, 3)) {
            victims.push(Role::Orchestrator);
        }
        (!victims.is_empty()).then_some(victims)
    }

    /// Some more orders answered, or some more events written: any moment in an order's life.
    async fn wait_for_a_moment(&mut self) {
        if self.random.random_ratio(1, 2) {
            let orders = self.random.random_range(1..=30);
            self.load.more(orders).await;
        } else {
            let events = self.random.random_range(1..=150);
            self.watcher.more(events).await;
        }
    }
}
