//! Beginning where an earlier process ended: the parts that were prepared, the cursors, what was heard.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use pavane_clock::Clock;
use pavane_flow::Timestamp;
use pavane_flow::choreography::member::{Action, Heard, Member};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::actor::Actor;
use super::{Inner, Runtime, Shared};
use crate::checkpoint::{Checkpoints, Cursor};
use crate::parts::{Kept, Parts, filters};
use crate::peers::{Follow, Peers};
use crate::{Error, Host, Options};

impl Runtime {
    /// Takes part as a participant: with what it was prepared for before, from where it stood. Reads
    /// the disk, so it blocks for as long as that takes.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::CorruptState`].
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
            &mut HashMap<Arc<str>, Vec<Heard>>,
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
            &mut HashMap<Arc<str>, Vec<Heard>>,
            &mut Vec<Action>,
        ) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let parts = Parts::open(host.store())?;
        let checkpoints = Checkpoints::open(host.store())?;
        let Kept { prepared, places } = parts.load(host.identity())?;
        let remembered = checkpoints.load()?;

        let clock = match &options.clock {
            Some(clock) => clock.clone(),
            None => clock_of(&*host)?,
        };
        let (now, mut actions) = (clock.now(), Vec::new());
        for prepared in &prepared {
            member.prepare(now, prepared.part.clone(), &mut actions);
        }
        let withdrawn = withdraw(&remembered.cursors);
        let mut cursors: HashMap<_, _> = remembered.cursors.into_iter().collect();
        let mut newest_starts = Vec::new();
        for place in places.values() {
            let stored = cursors.remove(&*place.name);
            let stored = stored.filter(|cursor| cursor.incarnation == place.incarnation);
            let name: Arc<str> = place.name.as_str().into();
            if let Some(newest) = stored.as_ref().and_then(|stored| stored.newest_start) {
                newest_starts.push((Arc::clone(&name), newest));
            }
            let cursor = stored.map_or_else(|| place.begin.clone(), |stored| stored.cursor);
            member.stand(&name, cursor);
        }
        let mut heard = remembered.heard.into_iter().collect();
        restore(&mut member, now, &mut heard, &mut actions)?;
        for (peer, newest) in &newest_starts {
            member.begin_after(peer, *newest, &mut actions);
        }
        // What is left is of executions that have ended.
        let first = checkpoints.checkpoint(withdrawn, [], heard.into_keys());

        let (inputs, received) = mpsc::channel(options.waiting_inputs.max(1));
        let follow = Follow {
            host: Arc::clone(&host),
            inputs: inputs.clone(),
            options: options.subscriber.clone(),
            addresses: options.peers.clone(),
            clock: clock.clone(),
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
            clock,
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
            let outcome = actor.run(actions, first, stopped, cut_off).await;
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
}

/// The cursors with the newest start that was heard, without that: it is true no more once this process
/// has heard another.
fn withdraw(cursors: &[(Arc<str>, Cursor)]) -> Vec<(Arc<str>, Cursor)> {
    let mut cursors = cursors.to_vec();
    cursors.retain_mut(|(_, cursor)| cursor.newest_start.take().is_some());
    cursors
}

/// The clock of what the host keeps, which never shows an earlier time than its feed has.
fn clock_of(host: &dyn Host) -> Result<Clock, Error> {
    let newest = host.feed().newest()?.and_then(|event| event.time);
    let latest = newest.as_ref().map(Timestamp::from).unwrap_or_default();
    Ok(Clock::open(host.store().folder(), latest)?)
}
