//! Goes along with a step's request, and has the ledger append the step's event in the transaction of
//! the step's effect: there is no moment at which one is durable and the other is not.
//!
//! **Invariant:** whoever makes the call learns of the event, or there is none: it is withdrawn before
//! its transaction runs, or waited for. A step that was said to have failed must not complete later.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use parking_lot::Mutex;
use pavane_choreography::StepCall;
use pavane_feed::{self as feed, Feed, Store, Transaction};
use pavane_flow::Timestamp;
use pavane_flow::event::Event;

/// An extension of the request. All clones are of the same call.
#[derive(Debug, Clone)]
pub(crate) struct Recorder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    call: StepCall,
    feed: Feed,
    progress: Mutex<Progress>,
}

/// How far the event has come.
#[derive(Debug)]
enum Progress {
    /// The transaction has not run.
    Open,
    /// Nobody waits any more: nothing is appended.
    Withdrawn,
    /// It is in a transaction that runs or has run.
    InLine(Event),
    /// That is durable.
    Durable(Event),
}

impl Recorder {
    pub(crate) fn new(call: StepCall, feed: Feed) -> Self {
        Self(Arc::new(Inner {
            call,
            feed,
            progress: Mutex::new(Progress::Open),
        }))
    }

    /// The call that it goes along with.
    pub(crate) fn call(&self) -> &StepCall {
        &self.0.call
    }

    /// Appends that the call was answered with `output`, unless an earlier attempt has, or nobody waits
    /// any more. Whether it is announced now.
    pub(crate) fn record(
        &self,
        tx: &mut Transaction<'_>,
        output: Bytes,
        is_announced: bool,
    ) -> Result<bool, feed::Error> {
        let now = prost_types::Timestamp::from(SystemTime::now());
        let (event, stored) = self.0.call.completed(Timestamp::from(&now), output);
        let mut progress = self.0.progress.lock();
        if matches!(*progress, Progress::Withdrawn) {
            return Ok(is_announced);
        }
        if !is_announced {
            let stored = self.0.feed.prepare_encoded([&*stored])?;
            tx.append_prepared(&self.0.feed, &stored)?;
        }
        *progress = Progress::InLine(event);
        Ok(true)
    }

    /// The transaction is given up: nothing of it remains.
    pub(crate) fn is_aborted(&self) {
        let mut progress = self.0.progress.lock();
        if matches!(*progress, Progress::InLine(_)) {
            *progress = Progress::Open;
        }
    }

    /// The transaction is durable.
    pub(crate) fn is_durable(&self) {
        let mut progress = self.0.progress.lock();
        if let Progress::InLine(event) = &*progress {
            *progress = Progress::Durable(event.clone());
        }
    }

    /// From now on nothing is appended, unless it was before. The event that was; it is durable once
    /// all that was in line with it is.
    pub(crate) async fn close(&self, store: &Store) -> Option<Event> {
        match &mut *self.0.progress.lock() {
            Progress::Durable(event) => return Some(event.clone()),
            open @ (Progress::Open | Progress::Withdrawn) => {
                *open = Progress::Withdrawn;
                return None;
            }
            Progress::InLine(_) => {}
        }
        // Whoever began the transaction does not wait for it any more. What is put in line behind it
        // is answered after it.
        store.transact(|_| Ok::<_, Infallible>(())).await.ok()?;
        match &*self.0.progress.lock() {
            Progress::InLine(event) | Progress::Durable(event) => Some(event.clone()),
            Progress::Open | Progress::Withdrawn => None,
        }
    }
}

impl PartialEq for Recorder {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Recorder {}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use pavane::feed::v1 as pb;
    use pavane_feed::{Access, Options};
    use pavane_flow::choreography::member::{Action, Member, Part};
    use pavane_flow::driver::Role;
    use pavane_flow::event::Origin;
    use pavane_flow::language::{self, Definition};
    use pavane_flow::plan::StepIndex;
    use prost::Message;

    use super::*;

    const WORKFLOW: &str = "
name: w
implements: pavane.testing.v1.ChainService/Run
steps: [{ id: first, call: pavane.testing.v1.FirstLinkService/First, request: { payload: input.payload } }]
";

    /// The call of the only step of an execution.
    fn call() -> StepCall {
        let compiled =
            language::compile(&Definition::parse("", WORKFLOW), pavane::descriptor_pool());
        let plan = Arc::new(compiled.plan.unwrap());
        let part = |role| Part {
            plan: Arc::clone(&plan),
            role,
            home: "home".into(),
            participants: vec!["p".to_owned()],
        };
        let (now, mut out) = (Timestamp::from_nanos(1), Vec::new());
        let mut home = Member::home("home");
        home.prepare(now, part(Role::Home), &mut out);
        let revision = plan.revision.to_string();
        home.start(
            now,
            &"e".into(),
            &revision,
            Bytes::new(),
            Origin::default(),
            Arc::default(),
            &mut out,
        )
        .unwrap();
        let Some(Action::Append { event, .. }) = out.pop() else {
            panic!("no start");
        };
        let mut event = pb::Event::decode(event).unwrap();
        event.sequence = 1;
        let mut member = Member::participant("p");
        member.prepare(
            now,
            part(Role::Participant(Arc::new([StepIndex(0)]))),
            &mut out,
        );
        member.caught_up(&"home".into(), &mut out);
        let start = vec![event.into()];
        member.hear(now, &"home".into(), start, String::new(), &mut out);
        match out.pop() {
            Some(Action::Call(call)) => call,
            other => panic!("no call, but {other:?}"),
        }
    }

    /// A transaction that records, put in line behind one that waits to be let go.
    async fn check(is_closed_first: bool) -> (Option<Event>, usize) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(folder.path())).unwrap();
        let feed = store.feed("p", Access::Owner).unwrap();
        let recorder = Recorder::new(call(), feed.clone());
        let (let_go, gate) = mpsc::sync_channel::<()>(1);
        let waiting = store.reserve().await.unwrap().submit(move |_| {
            gate.recv().unwrap();
            Ok::<_, Infallible>(())
        });
        let recording = recorder.clone();
        let recorded = store
            .reserve()
            .await
            .unwrap()
            .submit(move |tx| recording.record(tx, Bytes::new(), false));
        let event = if is_closed_first {
            let event = recorder.close(&store).await;
            let_go.send(()).unwrap();
            event
        } else {
            let_go.send(()).unwrap();
            waiting.await.unwrap();
            assert!(recorded.await.unwrap());
            // Nobody has said that it is durable.
            let event = recorder.close(&store).await;
            return (event, feed.subject("e").unwrap().len());
        };
        assert!(!recorded.await.unwrap());
        (event, feed.subject("e").unwrap().len())
    }

    #[tokio::test]
    async fn what_was_given_up_before_its_transaction_ran_is_never_recorded() {
        let (event, stored) = check(true).await;
        assert_eq!((event, stored), (None, 0));
    }

    #[tokio::test]
    async fn what_is_in_line_when_it_is_given_up_is_learnt_of() {
        let (event, stored) = check(false).await;
        assert!(event.is_some());
        assert_eq!(stored, 1);
    }
}
