//! Choreographed executions: who takes part in them is found and prepared here, and their home and
//! observer is here. Performs no step, and calls no service but to prepare it.

mod discovery;
mod history;
mod home;
mod hosted;
mod observer;
mod preparing;
mod running;
mod settling;
mod unprepared;
mod waits;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use pavane::workflow::v1::{DeployedWorkflow, Member, WorkflowPart};
use pavane_calls::{Calls, Target};
use pavane_choreography::Runtime;
use pavane_flow::plan::{Plan, StepIndex};
use tokio::sync::Mutex;

use crate::journal::Journal;
pub(crate) use history::in_order;
use home::Home;
pub(crate) use hosted::Hosted;
pub(crate) use preparing::Whom;
pub(crate) use running::Record;
pub use unprepared::Unprepared;

/// The orchestrator's part in choreographies. A cheap handle.
#[derive(Clone, Debug)]
pub(crate) struct Choreography(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    calls: Arc<Calls>,
    /// Where participants are besides the places where services are called.
    participants: Vec<Target>,
    home: Arc<Home>,
    /// Set when what was going on is taken up.
    runtime: OnceLock<Runtime>,
    connect_timeout: Duration,
    preparing: Mutex<()>,
    /// By revision, for which all who take part are prepared.
    performers: RwLock<HashMap<String, Arc<[WorkflowPart]>>>,
    /// What participants that were silent said when they were asked, by name.
    asked: parking_lot::Mutex<HashMap<String, Said>>,
}

/// What a participant said of itself.
#[derive(Debug)]
struct Said {
    when: Instant,
    /// The revisions that it is prepared for. `None`: it said nothing.
    revisions: Option<HashSet<String>>,
}

impl Choreography {
    /// `address` is where others reach the orchestrator: `host:port`.
    pub(crate) fn new(
        journal: Journal,
        calls: Arc<Calls>,
        participants: Vec<Target>,
        address: String,
        connect_timeout: Duration,
    ) -> Self {
        let feed = journal.feed();
        let identity = Member {
            name: feed.name().to_owned(),
            feed: feed.name().to_owned(),
            incarnation: feed.incarnation().to_string(),
            target: address,
            services: Vec::new(),
        };
        Self(Arc::new(Inner {
            home: Arc::new(Home::new(identity, journal, Arc::clone(&calls))),
            calls,
            participants,
            runtime: OnceLock::new(),
            connect_timeout,
            preparing: Mutex::default(),
            performers: RwLock::default(),
            asked: parking_lot::Mutex::default(),
        }))
    }

    /// Whether all who take part in a revision are prepared for it.
    pub(crate) fn is_prepared(&self, revision: &str) -> bool {
        self.0.performers.read().contains_key(revision)
    }

    /// Takes note of who performs which steps of a revision, if anybody does.
    pub(crate) fn set_prepared(&self, record: &DeployedWorkflow) {
        if !record.parts.is_empty() {
            let mut performers = self.0.performers.write();
            performers.insert(record.revision.clone(), record.parts.as_slice().into());
        }
    }

    /// The revisions that the home was prepared for by an earlier process.
    pub(crate) fn prepared_before(&self) -> Vec<Arc<Plan>> {
        let plans = |member: &pavane_flow::choreography::member::Member| {
            let parts = member.parts();
            parts.map(|part| Arc::clone(&part.plan)).collect()
        };
        self.runtime().look(plans)
    }

    fn home(&self) -> &Home {
        &self.0.home
    }

    pub(crate) fn calls(&self) -> &Calls {
        &self.0.calls
    }

    fn runtime(&self) -> &Runtime {
        let runtime = self.0.runtime.get();
        runtime.expect("nothing is asked of it before what was going on is taken up")
    }

    /// Name of the participant that performs a step; empty if that is not known any more.
    fn performer(&self, plan: &Plan, step: StepIndex) -> String {
        let performers = self.0.performers.read();
        let parts = performers.get(&*plan.revision.0);
        let mut parts = parts.iter().flat_map(|parts| parts.iter());
        let part = parts.find(|part| part.steps.iter().any(|id| **id == *plan.step(step).id));
        part.map(|part| part.participant.clone())
            .unwrap_or_default()
    }
}
