//! The runtime: one task around the core of a member, and the handle by which it is told and asked.

mod actor;
mod calls;
pub(crate) mod input;
mod line;
mod timers;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use parking_lot::Mutex;
use pavane::feed::v1::Event;
use pavane::workflow::v1::{GetParticipantResponse, PrepareWorkflowRequest};
use pavane_flow::Timestamp;
use pavane_flow::choreography::member::{Action, Member};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::checkpoint::Checkpoints;
use crate::parts::{Kept, Parts, Preparation, Prepared, check, filters};
use crate::peers::{Follow, Peers, Place, Position, look_up};
use crate::{Error, Host, Options, clock, view};
use actor::Actor;
use input::{Input, Reply};

/// A member of choreographies at work. A cheap handle; the member stops when it is told to, not when
/// the last handle is gone.
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

struct Inner {
    host: Arc<dyn Host>,
    options: Options,
    shared: Arc<Shared>,
    parts: Parts,
    inputs: mpsc::Sender<Input>,
    follow: Follow,
    /// One preparation at a time.
    preparing: tokio::sync::Mutex<()>,
    stop: CancellationToken,
    cut: CancellationToken,
    ended: watch::Receiver<Option<Result<(), Error>>>,
}

/// What the task changes and others look at.
pub(crate) struct Shared {
    pub(crate) member: Mutex<Member>,
    pub(crate) peers: Mutex<Peers>,
    /// By revision.
    pub(crate) prepared: Mutex<HashMap<String, Prepared>>,
}

impl Runtime {
    /// Takes part as a participant: with what it was prepared for before, from where it stood. Reads
    /// the disk, so it blocks for as long as that takes.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::CorruptState`], and those of a part that compiled before and does
    /// not any more.
    pub fn participant(host: Arc<dyn Host>, options: Options) -> Result<Self, Error> {
        let member = Member::participant(&*host.identity().name);
        Self::open(host, options, member, |member, now, heard, out| {
            member.load(now, [], heard.drain(), out);
            Ok(())
        })
    }

    /// Takes part as the home of executions: as [`Runtime::participant`], but the executions that
    /// have not ended are brought by `restore`, which calls [`Member::restore`] for each. It takes
    /// from the map what others said of it, by execution; what it leaves is of executions that have
    /// ended, and is deleted.
    ///
    /// # Errors
    /// As of [`Runtime::participant`], and what `restore` returns.
    pub fn home(
        host: Arc<dyn Host>,
        options: Options,
        restore: impl FnOnce(
            &mut Member,
            Timestamp,
            &mut HashMap<Arc<str>, Vec<Event>>,
            &mut Vec<Action>,
        ) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let member = Member::home(&*host.identity().name);
        Self::open(host, options, member, restore)
    }

    fn open(
        host: Arc<dyn Host>,
        options: Options,
        mut member: Member,
        restore: impl FnOnce(
            &mut Member,
            Timestamp,
            &mut HashMap<Arc<str>, Vec<Event>>,
            &mut Vec<Action>,
        ) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let parts = Parts::open(host.store())?;
        let checkpoints = Checkpoints::open(host.store())?;
        let Kept { prepared, places } = parts.load(host.identity())?;
        let remembered = checkpoints.load()?;

        let (now, mut actions) = (clock::now(), Vec::new());
        for prepared in &prepared {
            member.prepare(now, prepared.part.clone(), &mut actions);
        }
        let mut cursors: HashMap<_, _> = remembered.cursors.into_iter().collect();
        for place in places.values() {
            let stored = cursors.remove(&*place.name);
            let stored = stored.filter(|cursor| cursor.incarnation == place.incarnation);
            let cursor = stored.map_or_else(|| place.begin.clone(), |stored| stored.cursor);
            member.stand(&place.name.as_str().into(), cursor);
        }
        let mut heard = remembered.heard.into_iter().collect();
        restore(&mut member, now, &mut heard, &mut actions)?;
        let left = heard.into_keys().collect();

        let (inputs, received) = mpsc::channel(options.waiting_inputs.max(1));
        let follow = Follow {
            host: Arc::clone(&host),
            inputs: inputs.clone(),
            options: options.subscriber.clone(),
            addresses: options.peers.clone(),
        };
        let mut peers = Peers::default();
        let filters = filters(prepared.iter());
        for (peer, filter) in filters {
            if let (Some(place), Some(cursor)) = (places.get(&*peer), member.cursor(&peer)) {
                peers.follow(place.clone(), filter, cursor, &follow);
            }
        }
        let by_revision = prepared.into_iter();
        let by_revision = by_revision.map(|it| (it.part.plan.revision.to_string(), it));
        let shared = Arc::new(Shared {
            member: Mutex::new(member),
            peers: Mutex::new(peers),
            prepared: Mutex::new(by_revision.collect()),
        });
        let (stop, cut) = (CancellationToken::new(), CancellationToken::new());
        let (say_ended, ended) = watch::channel(None);
        let actor = Actor::new(
            Arc::clone(&host),
            Arc::clone(&shared),
            checkpoints,
            follow.clone(),
            &options,
            received,
        );
        let (stopped, cut_off) = (stop.clone(), cut.clone());
        tokio::spawn(async move {
            let outcome = actor.run(actions, left, stopped, cut_off).await;
            if let Err(error) = &outcome {
                tracing::error!(%error, "choreographies do not go on");
            }
            say_ended.send_replace(Some(outcome));
        });
        Ok(Self(Arc::new(Inner {
            host,
            options,
            shared,
            parts,
            inputs,
            follow,
            preparing: tokio::sync::Mutex::default(),
            stop,
            cut,
            ended,
        })))
    }

    /// Prepares the member for its part in a revision of a workflow, as PrepareWorkflow does; a home
    /// calls it for itself once all participants have answered. The names of the member's steps.
    ///
    /// # Errors
    /// Those of PrepareWorkflow.
    pub async fn prepare(&self, request: PrepareWorkflowRequest) -> Result<Vec<String>, Error> {
        // In a task of its own: whoever asked may go away in the middle.
        let this = self.clone();
        let preparing = tokio::spawn(async move { this.prepare_now(request).await });
        preparing.await.unwrap_or(Err(Error::Stopped))
    }

    async fn prepare_now(&self, request: PrepareWorkflowRequest) -> Result<Vec<String>, Error> {
        let _one = self.0.preparing.lock().await;
        let host = Arc::clone(&self.0.host);
        let checking = tokio::task::spawn_blocking(move || {
            let prepared = check(host.identity(), &request)?;
            Ok::<_, Error>((prepared, request))
        });
        let (prepared, request) = checking.await.map_err(|_| Error::Stopped)??;
        let places = self.places(&prepared, &request).await?;
        self.0.parts.keep(&request, &places).await?;
        let steps = prepared.steps();
        let preparation = Box::new(Preparation { prepared, places });
        self.ask(|reply| Input::Prepare(preparation, Box::new(move || reply(()))))
            .await?;
        Ok(steps)
    }

    /// Where those are who must be heard, and where to begin with each.
    async fn places(
        &self,
        prepared: &Prepared,
        request: &PrepareWorkflowRequest,
    ) -> Result<Vec<Place>, Error> {
        let members = request.participants.iter().chain(&request.home);
        let heard = members.filter(|member| {
            let mut hears = prepared.hears.iter();
            hears.any(|hears| *hears.peer == *member.name)
        });
        let places = heard.map(|member| async move {
            let mut place = Place {
                name: member.name.clone(),
                target: member.target.clone(),
                feed: member.feed.clone(),
                incarnation: member.incarnation.clone(),
                begin: String::new(),
            };
            let address = self.0.follow.address(&place);
            let position = look_up(member, address, self.0.options.connect_timeout).await?;
            let Position {
                earliest_cursor,
                head_cursor,
            } = position;
            let known = self.0.shared.peers.lock();
            place.begin = match known.0.get(&*member.name).map(|peer| &peer.place) {
                None => head_cursor,
                Some(known) if known.incarnation == member.incarnation => known.begin.clone(),
                // Made anew: whatever is in it was not heard.
                Some(_) => earliest_cursor,
            };
            Ok(place)
        });
        try_join_all(places).await
    }

    /// Tells the core something, in its turn, and returns what `tell` returns once all that followed
    /// from it is durable.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn tell<R, F>(&self, tell: F) -> Result<R, Error>
    where
        R: Send + 'static,
        F: FnOnce(&mut Member, Timestamp, &mut Vec<Action>) -> R + Send + 'static,
    {
        self.ask(|reply| {
            Input::Tell(Box::new(move |member, now, out| {
                let result = tell(member, now, out);
                Box::new(move || reply(result)) as Reply
            }))
        })
        .await
    }

    async fn ask<R: Send + 'static>(
        &self,
        input: impl FnOnce(Box<dyn FnOnce(R) + Send>) -> Input,
    ) -> Result<R, Error> {
        let (reply, replied) = oneshot::channel();
        let reply = Box::new(move |result| {
            // Whoever asked may have gone.
            let _ = reply.send(result);
        });
        let sent = self.0.inputs.send(input(reply)).await;
        sent.map_err(|_| Error::Stopped)?;
        replied.await.map_err(|_| Error::Stopped)
    }

    /// Looks at the core as it is now: ahead of what is durable by what is in line. Nothing goes on
    /// meanwhile, so it must be quick.
    pub fn look<R>(&self, look: impl FnOnce(&Member) -> R) -> R {
        look(&self.0.shared.member.lock())
    }

    /// What GetParticipant answers.
    pub fn describe(&self) -> GetParticipantResponse {
        view::describe(self.0.host.identity(), &self.0.shared)
    }

    /// Waits until it cannot go on; for ever, if it ends because it was told to.
    pub async fn failed(&self) -> Error {
        match self.ended().await {
            Ok(()) => std::future::pending().await,
            Err(error) => error,
        }
    }

    async fn ended(&self) -> Result<(), Error> {
        let mut ended = self.0.ended.clone();
        let outcome = ended.wait_for(Option::is_some).await;
        let outcome = outcome.map_err(|_| Error::Stopped)?;
        outcome.clone().expect("waited for")
    }

    /// Hears nothing any more and begins no further call, waits until those on their way are recorded,
    /// or until the bound, and remembers where it stands.
    pub async fn stop(&self, bound: Duration) {
        self.0.stop.cancel();
        if tokio::time::timeout(bound, self.ended()).await.is_err() {
            tracing::warn!(
                ?bound,
                "calls in flight did not end in time; they are made again"
            );
            self.0.cut.cancel();
            // What became of it was logged.
            let _ = self.ended().await;
        }
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Runtime")
            .field("identity", self.0.host.identity())
            .finish_non_exhaustive()
    }
}
