//! The one task around the core: takes in what waits, writes what follows as one transaction, and
//! goes on while that is being synced.

mod intake;
mod write;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use pavane_flow::choreography::member::Action;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::calls::Calls;
use super::input::{Input, Outcome, Reply};
use super::line::Line;
use super::timers::Timers;
use crate::checkpoint::Checkpoints;
use crate::peers::Follow;
use crate::{Checkpoint, Error, Host, Options};

/// Most outcomes that are taken in together.
const MOST_OUTCOMES: usize = 64;
/// Most other inputs: a batch has up to 256 KiB.
const MOST_INPUTS: usize = 64;
/// Most rounds that are being synced; then what comes in waits, and makes larger rounds: each costs a
/// transaction and the waking of all who wait for it. One that is written and one that is next keep
/// the writer busy.
const MOST_IN_LINE: usize = 2;

/// The task's state.
pub(super) struct Actor {
    host: Arc<dyn Host>,
    shared: Arc<Shared>,
    checkpoints: Checkpoints,
    follow: Follow,
    inputs: mpsc::Receiver<Input>,
    outcomes: mpsc::Receiver<Outcome>,
    say_outcome: mpsc::Sender<Outcome>,
    calls: Calls,
    recalls_in_flight: usize,
    line: Line,
    timers: Timers,
    /// What the inputs of this round gave rise to.
    actions: Vec<Action>,
    replies: Vec<Reply>,
    /// Events heard since the last checkpoint, and when it is due at the latest.
    heard: usize,
    checkpoint_due: Option<Instant>,
    checkpoint_events: usize,
    checkpoint_interval: Duration,
}

impl Actor {
    pub(super) fn new(
        host: Arc<dyn Host>,
        shared: Arc<Shared>,
        checkpoints: Checkpoints,
        follow: Follow,
        options: &Options,
        inputs: mpsc::Receiver<Input>,
    ) -> Self {
        let (say_outcome, outcomes) = mpsc::channel(options.waiting_inputs.max(1));
        let calls = Calls::new(
            Arc::clone(&host),
            options.calls_in_flight,
            say_outcome.clone(),
        );
        Self {
            host,
            shared,
            checkpoints,
            follow,
            inputs,
            outcomes,
            say_outcome,
            calls,
            recalls_in_flight: 0,
            line: Line::default(),
            timers: Timers::default(),
            actions: Vec::new(),
            replies: Vec::new(),
            heard: 0,
            checkpoint_due: None,
            checkpoint_events: options.checkpoint_events,
            checkpoint_interval: options.checkpoint_interval,
        }
    }

    /// Goes on until it is stopped, from what the beginning gave rise to. `first` is durable before
    /// anything is heard.
    pub(super) async fn run(
        mut self,
        beginning: Vec<Action>,
        first: Checkpoint,
        stop: CancellationToken,
        cut: CancellationToken,
    ) -> Result<(), Error> {
        let outcome = match self.go_on(beginning, first, stop).await {
            Ok(()) => self.finish(cut).await,
            Err(error) => Err(error),
        };
        self.shared.peers.lock().leave();
        outcome
    }

    async fn go_on(
        &mut self,
        beginning: Vec<Action>,
        first: Checkpoint,
        stop: CancellationToken,
    ) -> Result<(), Error> {
        self.actions = beginning;
        self.write(Some(first).filter(|first| !first.is_empty()))
            .await?;
        while self.line.len() > 0 {
            let then = self.line.next().await?;
            self.follow_up(then);
        }
        while !stop.is_cancelled() {
            let (nap, has_room) = (self.nap(), self.has_room());
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                then = self.line.next() => { let then = then?; self.follow_up(then); }
                Some(outcome) = self.outcomes.recv() => self.take_outcome(outcome)?,
                Some(input) = self.inputs.recv(), if has_room => self.take_input(input),
                () = sleep(nap) => {}
            }
            self.gather()?;
            let checkpoint = self.due_checkpoint();
            self.write(checkpoint).await?;
        }
        Ok(())
    }

    /// Hears nothing any more, takes in what becomes of the calls on their way, and remembers where it
    /// stands.
    async fn finish(&mut self, cut: CancellationToken) -> Result<(), Error> {
        self.shared.peers.lock().leave();
        self.inputs.close();
        self.calls.close();
        while self.calls.in_flight() + self.recalls_in_flight > 0 {
            tokio::select! {
                () = cut.cancelled() => break,
                then = self.line.next() => { let then = then?; self.answer(then); }
                Some(outcome) = self.outcomes.recv() => self.take_outcome(outcome)?,
            }
            self.write(None).await?;
        }
        let checkpoint = self.last_checkpoint();
        self.write(Some(checkpoint)).await?;
        while self.line.len() > 0 {
            let then = self.line.next().await?;
            self.answer(then);
        }
        Ok(())
    }

    /// Whether more may come in: pressure travels back to the peers.
    fn has_room(&self) -> bool {
        self.line.len() < MOST_IN_LINE && self.calls.has_room()
    }

    /// Takes in what waits besides, without waiting for more.
    fn gather(&mut self) -> Result<(), Error> {
        while let Some(then) = self.line.next().now_or_never() {
            self.follow_up(then?);
        }
        for _ in 0..MOST_OUTCOMES {
            match self.outcomes.try_recv() {
                Ok(outcome) => self.take_outcome(outcome)?,
                Err(_) => break,
            }
        }
        for _ in 0..MOST_INPUTS {
            if !self.has_room() {
                break;
            }
            match self.inputs.try_recv() {
                Ok(input) => self.take_input(input),
                Err(_) => break,
            }
        }
        let now = self.shared.clock.now();
        let mut member = self.shared.member.lock();
        while let Some(execution) = self.timers.pop(now) {
            member.wake(now, &execution, &mut self.actions);
        }
        Ok(())
    }

    /// How long nothing is to be done, if nothing happens. `None`: for ever.
    fn nap(&self) -> Option<Duration> {
        let wake = self.timers.sleep(self.shared.clock.now());
        let due = self.checkpoint_due;
        let checkpoint = due.map(|due| due.saturating_duration_since(Instant::now()));
        wake.into_iter().chain(checkpoint).min()
    }
}

async fn sleep(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}
