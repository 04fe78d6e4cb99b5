//! What is left of an execution that rests, and how it comes back.

use std::time::Duration;

use bytes::Bytes;
use pavane::trace::Trace;
use pavane_calls::{Calls, Targets};
use pavane_clock::Clock;
use pavane_feed::Store;
use pavane_flow::event::Event;
use pavane_flow::language::{self, Definition};
use pavane_flow::plan::{Plan, Work};
use pavane_flow::program::Pause;
use tempfile::TempDir;

use pavane_flow::driver::Input;

use super::*;
use crate::Limits;
use crate::executions::Beginning;
use crate::journal::Journal;

const WAIT: &str = "
name: wait
implements: shop.payment.v1.PaymentService/RefundCharge
steps:
  - id: pause
    call: shop.payment.v1.PaymentService/ChargeCard
    request: { order_id: input.order_id }
";

fn plan(pause: Duration) -> Arc<Plan> {
    let definition = Definition::parse("", WAIT);
    let compiled = language::compile(&definition, pavane::descriptor_pool());
    let mut plan = compiled.plan.expect("it compiles");
    plan.steps[0].work = Work::Wait(Pause::Fixed(pause));
    Arc::new(plan)
}

struct Room {
    executions: Executions,
    plan: Arc<Plan>,
    _folder: TempDir,
}

impl Room {
    fn new(pause: Duration, limit: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(pavane_feed::Options::new(folder.path())).unwrap();
        let journal = Journal::open(&store, Some(Clock::default())).unwrap();
        let calls = Calls::new(Targets::default(), Limits::default().of_calls()).unwrap();
        Self {
            executions: Executions::new(journal, Arc::new(calls), limit),
            plan: plan(pause),
            _folder: folder,
        }
    }

    async fn start(&self, id: &str) -> oneshot::Receiver<Outcome> {
        let (waiter, outcome) = oneshot::channel();
        let beginning = Beginning {
            id: id.into(),
            plan: Arc::clone(&self.plan),
            input: Bytes::new(),
            origin: pavane_flow::event::Origin::default(),
            trace: Trace::new(rand::random()),
        };
        let other = self.executions.start(beginning, waiter).await.unwrap();
        assert!(other.is_none(), "it is the only one of its id");
        outcome
    }

    /// Waits until it rests.
    async fn rests(&self, id: &str) -> Sleep {
        let resting = async {
            loop {
                match self.executions.find(id) {
                    Some(Found::Resting(sleep)) => return sleep,
                    Some(Found::Live(_)) => tokio::task::yield_now().await,
                    None => panic!("it has ended"),
                }
            }
        };
        let resting = tokio::time::timeout(Duration::from_secs(30), resting).await;
        resting.expect("it does not rest")
    }

    fn record(&self, id: &str, sleep: Sleep) -> Record {
        let events = self.executions.journal().events_of(id).unwrap();
        let events = events.iter().map(|event| Event::decode(event, &self.plan));
        Record {
            id: id.into(),
            plan: Arc::clone(&self.plan),
            trace: Trace::new(rand::random()),
            start: Arc::new(sleep.start().get().into()),
            resting: sleep.resting(),
            events: events.collect::<Result<_, _>>().unwrap(),
        }
    }

    /// What the journal says of it.
    fn recorded(&self) -> Vec<Living> {
        let living = self.executions.journal().live().unwrap();
        living.into_iter().map(|(_, living)| living).collect()
    }
}

#[tokio::test]
async fn of_one_that_waits_its_place_and_those_who_wait_are_kept() {
    let room = Room::new(Duration::from_secs(3600), 1);
    let outcome = room.start("x-1").await;
    let sleep = room.rests("x-1").await;
    assert_eq!(room.recorded(), [sleep.living], "the journal knows");
    assert!(room.executions.place().is_err(), "it has a place");
    assert_eq!(room.executions.resting(), [("x-1".into(), sleep.start())]);

    let record = room.record("x-1", sleep);
    let live = room.executions.take_up(record, Some(sleep)).await.unwrap();
    let cancel = Input::Cancel {
        reason: String::new(),
    };
    room.executions.tell(&live.unwrap(), cancel).await.unwrap();

    let outcome = outcome.await.unwrap();
    assert!(matches!(outcome, Outcome::Canceled { .. }), "{outcome:?}");
    assert!(room.executions.place().is_ok());
    assert_eq!(room.recorded(), []);
}

#[tokio::test]
async fn a_rest_ends_once_and_whoever_comes_late_is_told() {
    let room = Room::new(Duration::from_secs(3600), 10);
    drop(room.start("x-1").await);
    let sleep = room.rests("x-1").await;
    let [one, other] = [(); 2].map(|()| room.record("x-1", sleep));
    let live = room.executions.take_up(one, Some(sleep)).await.unwrap();
    assert!(live.is_some());
    let late = room.executions.take_up(other, Some(sleep)).await.unwrap();
    assert!(late.is_none());

    // It rests again when nobody has it in hand: that is another rest.
    let held = live.unwrap();
    tokio::task::yield_now().await;
    assert!(room.executions.get("x-1").is_some());
    drop(held);
    let (id, turn) = room.executions.next_due().await;
    let live = room.executions.get(&id).expect("it was in hand");
    room.executions.wake(live, turn).await;
    let again = room.rests("x-1").await;
    let other = room.record("x-1", again);
    let late = room.executions.take_up(other, Some(sleep)).await.unwrap();
    assert!(late.is_none());
}

#[tokio::test]
async fn after_a_start_nobody_looks_at_those_that_rest() {
    let room = Room::new(Duration::ZERO, 10);
    let until = Some(Timestamp::from_nanos(1));
    let resting = Some(Resting {
        until,
        awaits_event: false,
    });
    let start = Sequence::new(1);
    // There are no events of it at all.
    let all = vec![("x-1".into(), Living { start, resting })];
    room.executions.add_resting(all);
    assert!(room.executions.lives("x-1"));
    let (id, _turn) = room.executions.next_due().await;
    assert_eq!(&*id, "x-1");
    let Some(Found::Resting(sleep)) = room.executions.find("x-1") else {
        panic!("it rests");
    };
    assert!(sleep.is_over(room.executions.now()));
}
