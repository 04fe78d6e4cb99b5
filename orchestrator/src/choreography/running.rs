//! Choreographed executions from their start, or from what was recorded, to their outcome.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use pavane::feed::v1::Event;
use pavane::workflow::v1::{Execution, Incident};
use pavane_choreography::{Options, Runtime};
use pavane_flow::Timestamp;
use pavane_flow::choreography::member::{Action, Heard, Member};
use pavane_flow::fold::State;
use pavane_flow::plan::Plan;
use tokio::sync::OwnedSemaphorePermit;

use super::home::Home;
use super::hosted::Hosted;
use super::waits::shortest_timeout;
use super::{Choreography, Unprepared};
use crate::executions::{Beginning, Waiter};
use crate::{Error, view};

/// What a choreographed execution is taken up from.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) id: Arc<str>,
    pub(crate) plan: Arc<Plan>,
    /// Where it starts in the journal.
    pub(crate) start: u64,
    /// What the journal has of it.
    pub(crate) events: Vec<Event>,
    pub(crate) place: Option<OwnedSemaphorePermit>,
}

impl Choreography {
    /// Takes up the executions that have not ended, and listens to all who take part. Reads the disk.
    ///
    /// Errors: what is kept cannot be read.
    pub(crate) fn take_up(&self, records: Vec<Record>) -> Result<(), Error> {
        let clock = self.home().journal.clock().clone();
        let options = Options {
            clock: Some(clock),
            connect_timeout: self.0.connect_timeout,
            ..Options::default()
        };
        let home = Arc::clone(&self.0.home);
        let runtime = Runtime::home(home, options, |member, now, heard, out| {
            for record in records {
                let Record {
                    id,
                    plan,
                    start,
                    events,
                    place,
                } = record;
                let start = Arc::new(AtomicU64::new(start));
                let heard = heard.remove(&id).unwrap_or_default();
                let hosted =
                    Hosted::new(Arc::clone(&id), Arc::clone(&plan), start, now, None, place);
                let hosted = Arc::new(hosted);
                self.home().table.insert(&hosted);
                let due = now + shortest_timeout(&plan);
                self.home().line.add_later(&hosted, Some(due));
                member.restore(now, &id, plan, &events, heard, out);
                let is_failing = member.driver(&id).map(|driver| driver.state().is_failing());
                if is_failing == Some(true) && hosted.begins_to_fail() {
                    self.home().failing.add(&hosted);
                }
            }
            Ok(())
        })?;
        let set = self.0.runtime.set(runtime);
        set.expect("what was going on is taken up once");
        Ok(())
    }

    /// Starts an execution, and answers when its start is durable. `waiter` is told the outcome.
    /// If an execution of this id lives already, nothing is started, and that one is returned.
    ///
    /// Errors: those of the journal.
    pub(crate) async fn start(
        &self,
        beginning: Beginning,
        waiter: Waiter,
        place: OwnedSemaphorePermit,
    ) -> Result<Option<Arc<Hosted>>, Error> {
        let Beginning {
            id,
            plan,
            input,
            origin,
            trace,
        } = beginning;
        let now = self.home().journal.now();
        let hosted = Arc::new(Hosted::new(
            Arc::clone(&id),
            Arc::clone(&plan),
            Arc::default(),
            now,
            Some(waiter),
            Some(place),
        ));
        if let Some(other) = self.home().table.insert(&hosted) {
            return Ok(Some(other));
        }
        let due = now + shortest_timeout(&plan);
        self.home().line.add_later(&hosted, Some(due));
        let traceparent = trace.span(rand::random()).to_string().into();
        // Goes to the core with the order: whoever asked may go away meanwhile.
        let starting = Starting(Some((Arc::clone(&self.0.home), Arc::clone(&hosted))));
        let revision = plan.revision.clone();
        let started = self.tell(move |member, now, out| {
            let started = member.start(now, &id, &revision.0, input, origin, traceparent, out);
            if started.is_ok() {
                starting.has_begun();
            }
            started
        });
        match started.await {
            Ok(Ok(())) => Ok(None),
            Ok(Err(problem)) => Err(Error::NotChoreographed {
                workflow: plan.name.to_string(),
                why: Unprepared::Home(problem.to_string()),
            }),
            Err(error) => {
                self.home().give_up(&hosted);
                Err(error)
            }
        }
    }

    /// The execution with this id, if it is choreographed and has not ended.
    pub(crate) fn get(&self, id: &str) -> Option<Arc<Hosted>> {
        self.home().table.get(id)
    }

    /// Waits until something was said of an execution that makes it fail. For one who waits.
    pub(crate) async fn next_failing(&self) -> Arc<Hosted> {
        self.home().failing.next().await
    }

    /// The executions that have not ended, in no order.
    pub(crate) fn living(&self) -> Vec<Arc<Hosted>> {
        self.home().table.all()
    }

    /// The executions of a revision that have not ended.
    pub(super) fn living_of(&self, plan: &Plan) -> Vec<Arc<Hosted>> {
        let all = self.home().table.all().into_iter();
        all.filter(|hosted| hosted.plan.revision == plan.revision)
            .collect()
    }

    /// Whether there are executions of a revision that have not ended.
    pub(crate) fn has_living(&self, plan: &Plan) -> bool {
        !self.living_of(plan).is_empty()
    }

    /// Asks for an execution to be canceled; answers when that is durable.
    pub(crate) async fn cancel(&self, hosted: &Hosted, reason: String) -> Result<(), Error> {
        let id = Arc::clone(&hosted.id);
        self.tell(move |member, now, out| member.cancel(now, &id, reason, out))
            .await
    }

    /// Has a suspended execution go on; answers when that is durable.
    pub(crate) async fn resume(&self, hosted: &Hosted) -> Result<(), Error> {
        let id = Arc::clone(&hosted.id);
        self.tell(move |member, now, out| member.resume(now, &id, out))
            .await
    }

    /// Looks at how an execution stands. `None`: it has ended, durably or not yet.
    pub(crate) fn look<T>(&self, id: &str, look: impl FnOnce(&State) -> T) -> Option<T> {
        let runtime = self.runtime();
        runtime.look(|member| Some(look(member.driver(id)?.state())))
    }

    /// What others said of an execution. To be asked after the journal was: then it has all that the
    /// journal's events follow from.
    pub(crate) async fn heard_of(&self, id: &str) -> Result<Vec<Event>, Error> {
        let Some(hosted) = self.get(id) else {
            return self.home().journal.heard_of(id);
        };
        let heard = self.runtime().look(|member| {
            let is_driven = member.driver(id).is_some();
            is_driven.then(|| member.heard(id).to_vec())
        });
        if let Some(heard) = heard {
            return decode(&heard);
        }
        // It has ended in the core; what the core had of it is on its way to the journal.
        if let Some(end) = hosted.end() {
            return decode(&end.heard);
        }
        let _ = hosted.wait().await;
        self.home().journal.heard_of(id)
    }

    /// Of executions that have not ended, those with an incident, the newest first: where each starts
    /// in the journal, and the execution as lists show it.
    pub(crate) fn stalled(&self) -> Vec<(u64, Arc<Hosted>)> {
        let all = self.home().table.all().into_iter();
        let mut stalled: Vec<_> = all
            .filter(|hosted| !hosted.attention.lock().incidents.is_empty())
            .map(|hosted| {
                (
                    hosted.start.load(std::sync::atomic::Ordering::Acquire),
                    hosted,
                )
            })
            .collect();
        stalled.sort_by_key(|(start, _)| std::cmp::Reverse(*start));
        stalled
    }

    /// As lists show an execution. `None`: it has ended.
    pub(crate) fn summary(&self, hosted: &Hosted) -> Option<Execution> {
        let summary = self.look(&hosted.id, |state| {
            view::summary(&hosted.id, &hosted.plan, state)
        });
        let incidents: Vec<Incident> = hosted.incidents();
        summary.map(|summary| Execution {
            incidents,
            ..summary
        })
    }

    /// Waits until it cannot go on; for ever, if it can.
    pub(crate) async fn failed(&self) -> Error {
        Error::Choreography(self.runtime().failed().await)
    }

    /// Hears nothing any more, and remembers where it stands.
    pub(crate) async fn stop(&self, bound: Duration) {
        self.runtime().stop(bound).await;
    }

    pub(super) async fn tell<R: Send + 'static>(
        &self,
        tell: impl FnOnce(&mut Member, Timestamp, &mut Vec<Action>) -> R + Send + 'static,
    ) -> Result<R, Error> {
        Ok(self.runtime().tell(tell).await?)
    }
}

/// An execution that is about to start. Dropped before it has, it leaves nothing behind.
struct Starting(Option<(Arc<Home>, Arc<Hosted>)>);

impl Starting {
    fn has_begun(mut self) {
        self.0 = None;
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some((home, hosted)) = self.0.take() {
            home.give_up(&hosted);
        }
    }
}

/// Errors: [`Error::CorruptJournal`], of an event that its feed should not have taken.
pub(super) fn decode(heard: &[Heard]) -> Result<Vec<Event>, Error> {
    let corrupt = |error| Error::CorruptJournal(format!("what was heard: {error}"));
    let events = heard.iter().map(Heard::decode);
    events.collect::<Result<_, _>>().map_err(corrupt)
}
