//! Kills, at moments drawn from the seed, until it is enough.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use pavane_tests::load::Load;
use pavane_tests::shop::{ROLES, Role, SERVICES, Shop};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::faults;
use crate::watcher::Watcher;

/// How often to kill, at the least.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kills {
    pub(crate) orchestrator: usize,
    /// Each of them.
    pub(crate) service: usize,
}

/// Kills until it is enough.
pub(crate) struct Storm {
    random: StdRng,
    kills: Kills,
    pub(crate) killed: [usize; 4],
    /// Kills of processes that did not serve yet.
    pub(crate) strangled: usize,
    pub(crate) faults: usize,
    /// How long some process was not serving, all in all.
    pub(crate) down: Duration,
    pub(crate) load: Load,
    pub(crate) watchers: BTreeMap<Role, Watcher>,
}

impl Storm {
    pub(crate) fn new(shop: &Shop, seed: u64, kills: Kills, load: Load) -> Self {
        let watch = |role: Role| (role, Watcher::start(shop.channel(role), role.name()));
        Self {
            random: StdRng::seed_from_u64(seed),
            kills,
            killed: [0; 4],
            strangled: 0,
            faults: 0,
            down: Duration::ZERO,
            load,
            watchers: ROLES.map(watch).into(),
        }
    }

    pub(crate) async fn rage(&mut self, shop: &mut Shop) {
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
                self.killed[*victim as usize] += 1;
            }
            for victim in &victims {
                shop.spawn(*victim);
            }
            if self.random.random_ratio(1, 8) {
                let victim = *victims.choose(&mut self.random).expect("there is one");
                shop.kill(victim).await;
                self.strangled += 1;
                shop.spawn(victim);
            }
            for victim in &victims {
                shop.serving(*victim).await;
            }
            self.load.set_open(true);
            self.down += down.elapsed();
        }
    }

    /// Has some orders be late, which nobody is killed for any more.
    pub(crate) async fn delay_some(&mut self, shop: &Shop) {
        faults::delay_shipments(shop).await;
        self.load.more(100).await;
    }

    /// Whom to kill next; `None`: it is enough.
    fn victims(&mut self) -> Option<Vec<Role>> {
        let lacking = |role: &Role| self.killed[*role as usize] < self.kills.service;
        let services: Vec<_> = SERVICES.into_iter().filter(lacking).collect();
        let orchestrator = self.killed[Role::Orchestrator as usize] < self.kills.orchestrator;
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
            let role = *ROLES.choose(&mut self.random).expect("there are some");
            let events = self.random.random_range(1..=60);
            let watcher = self.watchers.get_mut(&role).expect("each is watched");
            watcher.more(events).await;
        }
    }
}
