//! A wait of a day on a machine whose clock is set, which is stopped, and which boots again.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use bytes::Bytes;
use pavane_clock::{Boot, Clock, Machine};
use pavane_flow::Timestamp;
use pavane_flow::driver::{Action, Driver, Input, Performers};
use pavane_flow::event::{Event, EventKind, Origin};
use pavane_flow::language::{Definition, compile};
use pavane_flow::plan::{Plan, Work};
use pavane_flow::program::Pause;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tempfile::TempDir;

const DAY: Duration = Duration::from_secs(24 * 3600);
const LONGEST_STEP: Duration = Duration::from_secs(3 * 3600);

const WAIT: &str = "
name: wait
implements: shop.payment.v1.PaymentService/RefundCharge
steps:
  - id: pause
    call: shop.payment.v1.PaymentService/ChargeCard
    request: { order_id: input.order_id }
";

fn plan() -> Arc<Plan> {
    static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(|| {
        let compiled = compile(&Definition::parse("", WAIT), pavane::descriptor_pool());
        let mut plan = compiled.plan.expect("it compiles");
        plan.steps[0].work = Work::Wait(Pause::Fixed(DAY));
        Arc::new(plan)
    });
    Arc::clone(&PLAN)
}

/// Time as it is, and as the machine shows it.
#[derive(Clone, Debug, Default)]
struct World(Arc<Mutex<Truth>>);

#[derive(Debug, Default)]
struct Truth {
    /// Since the beginning.
    passed: Duration,
    /// How far the wall clock is from the truth, in nanoseconds.
    error: i64,
    booted: Duration,
    boots: u32,
}

/// When the world begins, so that the wall clock can be set to before.
const BEGIN: i64 = 1_790_000_000_000_000_000;

impl Machine for World {
    fn wall(&self) -> Timestamp {
        let truth = self.0.lock().unwrap();
        Timestamp::from_nanos(BEGIN + truth.error) + truth.passed
    }

    fn uptime(&self) -> Duration {
        let truth = self.0.lock().unwrap();
        truth.passed - truth.booted
    }

    fn boot(&self) -> Option<Boot> {
        Some(Boot(self.0.lock().unwrap().boots.to_string()))
    }
}

/// A process with one execution, and its journal.
struct Process {
    world: World,
    folder: TempDir,
    clock: Clock,
    driver: Driver,
    journal: Vec<Event>,
    due: Option<Timestamp>,
}

impl Process {
    fn start(world: &World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let latest = Timestamp::default();
        let clock = Clock::open_on(Box::new(world.clone()), folder.path(), latest).unwrap();
        let mut actions = Vec::new();
        let driver = Driver::start(
            plan(),
            Performers::Conductor,
            "x-1".into(),
            Bytes::new(),
            Origin::default(),
            clock.now(),
            &mut actions,
        );
        let mut process = Self {
            world: world.clone(),
            folder,
            clock,
            driver,
            journal: Vec::new(),
            due: None,
        };
        process.take(actions);
        process
    }

    /// Ends, and begins again from what was recorded.
    fn restart(&mut self) {
        let latest = self.journal.iter().map(|event| event.time).max();
        let machine = Box::new(self.world.clone());
        self.clock =
            Clock::open_on(machine, self.folder.path(), latest.unwrap_or_default()).unwrap();
        let mut actions = Vec::new();
        self.due = None;
        self.driver = Driver::restore(
            plan(),
            "x-1".into(),
            self.journal.clone(),
            self.clock.now(),
            &mut actions,
        );
        self.take(actions);
    }

    fn look_at_the_clock(&mut self) {
        let now = self.clock.now();
        if self.due.is_some_and(|due| due <= now) {
            let mut actions = Vec::new();
            self.due = None;
            self.driver.step(now, Input::Wake, &mut actions);
            self.take(actions);
        }
    }

    fn take(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Append { event, .. } => self.journal.push(event),
                Action::Wake(due) => self.due = Some(self.due.map_or(due, |was| was.min(due))),
                Action::Call(_) | Action::Await { .. } => panic!("a wait does neither"),
            }
        }
    }

    fn is_over(&self) -> bool {
        let is_completed = |event: &&Event| matches!(event.kind, EventKind::StepCompleted { .. });
        self.journal.iter().find(is_completed).is_some()
    }
}

/// Runs a wait of a day through whatever this seed does, and answers how long it took.
fn run(seed: u64, may_boot_with_clock_set_back: bool) -> Duration {
    let mut random = StdRng::seed_from_u64(seed);
    let world = World::default();
    let mut process = Process::start(&world);
    loop {
        let step = random.random_range(Duration::ZERO..LONGEST_STEP);
        let day = i64::try_from(DAY.as_nanos()).unwrap();
        let set = random.random_range(-day..=day);
        let what = random.random_range(0..6);
        {
            let mut truth = world.0.lock().unwrap();
            truth.passed += step;
            match what {
                0 | 1 => truth.error = set,
                2 => {
                    truth.boots += 1;
                    truth.booted = truth.passed;
                    truth.error = if may_boot_with_clock_set_back {
                        -set.abs()
                    } else {
                        0
                    };
                }
                _ => {}
            }
        }
        if (2..4).contains(&what) {
            process.restart();
        }
        process.look_at_the_clock();
        let passed = world.0.lock().unwrap().passed;
        if process.is_over() {
            return passed;
        }
        assert!(process.due.is_some(), "seed {seed}: nobody wakes it");
        assert!(passed < 100 * DAY, "seed {seed}: it is lost");
    }
}

#[test]
fn a_wait_of_a_day_is_neither_early_nor_late() {
    for seed in 0..100 {
        let took = run(seed, false);
        assert!(took >= DAY, "seed {seed}: it is over after {took:?}");
        assert!(took < DAY + LONGEST_STEP, "seed {seed}: it takes {took:?}");
    }
}

#[test]
fn a_machine_that_boots_with_its_clock_set_back_is_late_but_never_early() {
    for seed in 0..100 {
        let took = run(seed, true);
        assert!(took >= DAY, "seed {seed}: it is over after {took:?}");
    }
}
