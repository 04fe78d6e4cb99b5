//! Clients that never give up: each runs one errand after the other, and repeats it, under the
//! same execution id, when it was not told the outcome.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use pavane::workflow::v1::Mode;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::Status;
use tonic::transport::Channel;

use crate::errands::{Client, Reply};
use crate::orders;

/// Nobody is refused so often for good reason.
const MOST_TRIES: usize = 1_000;

/// A load that is running.
#[derive(Debug)]
pub struct Load {
    clients: JoinSet<Told>,
    shared: Arc<Shared>,
    answered: watch::Receiver<usize>,
}

#[derive(Debug)]
struct Shared {
    seed: u64,
    next: AtomicUsize,
    stop: AtomicBool,
    repeated: AtomicUsize,
    answered: watch::Sender<usize>,
    /// Whether there is somebody to call.
    open: watch::Sender<bool>,
}

/// Each order and what its client was told of the outcome: success, or the status of the failure.
pub type Told = BTreeMap<String, Result<(), Status>>;

/// What the clients were told.
#[derive(Debug)]
pub struct Answers {
    /// The outcomes.
    pub outcomes: Told,
    /// How often an order had to be placed again.
    pub repeated: usize,
}

impl Load {
    /// Starts so many clients, whose orders are run in this mode.
    pub fn start(orchestrator: &Channel, clients: usize, seed: u64, mode: Mode) -> Self {
        let (answered, count) = watch::channel(0);
        let shared = Arc::new(Shared {
            seed,
            next: AtomicUsize::new(1),
            stop: AtomicBool::new(false),
            repeated: AtomicUsize::new(0),
            answered,
            open: watch::channel(true).0,
        });
        let client = Client::new(orchestrator.clone(), mode);
        let mut tasks = JoinSet::new();
        for _ in 0..clients {
            tasks.spawn(Arc::clone(&shared).run_errands(client.clone()));
        }
        Self {
            clients: tasks,
            shared,
            answered: count,
        }
    }

    /// How many orders have an answer.
    pub fn answered(&self) -> usize {
        *self.answered.borrow()
    }

    /// Waits until so many more orders are answered.
    pub async fn more(&mut self, orders: usize) {
        let goal = self.answered() + orders;
        let waited = self.answered.wait_for(|answered| *answered >= goal).await;
        waited.expect("the load lives as long as its sender");
        self.complain();
    }

    /// Says whether there is somebody to call: while there is not, clients wait.
    pub fn set_open(&self, open: bool) {
        self.shared.open.send_replace(open);
    }

    /// Has no further order begun, waits for the answers to those that were, and gives them all.
    pub async fn finish(mut self) -> Answers {
        self.shared.stop.store(true, Ordering::Relaxed);
        let mut outcomes = BTreeMap::new();
        while let Some(client) = self.clients.join_next().await {
            outcomes.extend(client.expect("no client panics"));
        }
        Answers {
            outcomes,
            repeated: self.shared.repeated.load(Ordering::Relaxed),
        }
    }

    /// Fails if a client has.
    fn complain(&mut self) {
        if let Some(ended) = self.clients.try_join_next() {
            panic!("a client has ended: {ended:?}");
        }
    }
}

impl Shared {
    async fn run_errands(self: Arc<Self>, client: Client) -> Told {
        let mut outcomes = BTreeMap::new();
        while !self.stop.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let told = self.run(client.clone(), number).await;
            outcomes.insert(orders::order(self.seed, number).order_id, told);
            self.answered.send_modify(|answered| *answered += 1);
        }
        outcomes
    }

    async fn run(&self, mut client: Client, number: usize) -> Result<(), Status> {
        let order = orders::order(self.seed, number);
        let errand = orders::errand(self.seed, number);
        let mut open = self.open.subscribe();
        for _ in 0..MOST_TRIES {
            open.wait_for(|open| *open)
                .await
                .expect("the sender is ours");
            match client.run(errand, &order).await {
                Reply::Outcome(outcome) => return outcome,
                Reply::Lost => {}
                Reply::Refused(status) => panic!("{}: {status:?}", order.order_id),
            }
            self.repeated.fetch_add(1, Ordering::Relaxed);
        }
        panic!("{} had no answer {MOST_TRIES} times", order.order_id);
    }
}
