//! The one task around the core: takes in what waits, writes what follows as one transaction, and
//! goes on while that is being synced.

use std::sync::Arc;
use std::time::Duration;

use pavane_flow::choreography::member::{Action, Member};
use pavane_flow::{Timestamp, choreography};
use rand::Rng;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::calls::Calls;
use super::input::{Answered, Heard, Input, Outcome, Recalled, Reply};
use super::line::{Line, Then};
use super::timers::Timers;
use crate::checkpoint::{Checkpoints, Cursor};
use crate::parts::{Preparation, filters};
use crate::peers::Follow;
use crate::{Answer, Appended, Checkpoint, Ended, Error, Host, Options, Round, clock};

/// Most inputs of a kind that are taken in together.
const MOST_TOGETHER: usize = 64;
/// Most rounds that are being synced; then what comes in waits, and makes larger rounds.
const MOST_IN_LINE: usize = 32;

/// Most executions whose events are read from the own feed before they are taken in.
const MOST_RECALLED: usize = 256;

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

    /// Goes on until it is stopped, from what the beginning gave rise to. `left` are executions whose
    /// heard events are to be forgotten.
    pub(super) async fn run(
        mut self,
        beginning: Vec<Action>,
        left: Vec<Arc<str>>,
        stop: CancellationToken,
        cut: CancellationToken,
    ) -> Result<(), Error> {
        let outcome = match self.go_on(beginning, left, stop).await {
            Ok(()) => self.finish(cut).await,
            Err(error) => Err(error),
        };
        self.shared.peers.lock().leave();
        outcome
    }

    async fn go_on(
        &mut self,
        beginning: Vec<Action>,
        left: Vec<Arc<str>>,
        stop: CancellationToken,
    ) -> Result<(), Error> {
        self.actions = beginning;
        let forget = (!left.is_empty()).then(|| self.checkpoints.checkpoint([], [], left));
        self.write(forget).await?;
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
        let checkpoint = self.checkpoint();
        self.write(checkpoint).await?;
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
        for _ in 0..MOST_TOGETHER {
            match self.outcomes.try_recv() {
                Ok(outcome) => self.take_outcome(outcome)?,
                Err(_) => break,
            }
        }
        for _ in 0..MOST_TOGETHER {
            if !self.has_room() {
                break;
            }
            match self.inputs.try_recv() {
                Ok(input) => self.take_input(input),
                Err(_) => break,
            }
        }
        let now = clock::now();
        let mut member = self.shared.member.lock();
        while let Some(execution) = self.timers.pop(now) {
            member.wake(now, &execution, &mut self.actions);
        }
        Ok(())
    }

    fn take_input(&mut self, input: Input) {
        let now = clock::now();
        match input {
            Input::Heard(heard) => self.hear(now, heard),
            Input::Prepare(preparation, reply) => {
                self.prepare(now, *preparation);
                self.replies.push(reply);
            }
            Input::Tell(tell) => {
                let mut member = self.shared.member.lock();
                let reply = tell(&mut member, now, &mut self.actions);
                self.replies.push(reply);
            }
        }
    }

    fn hear(&mut self, now: Timestamp, heard: Heard) {
        let Heard {
            peer,
            round,
            events,
            cursor,
            is_caught_up,
        } = heard;
        if !self.shared.peers.lock().is_followed(&peer, round) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let mut member = shared.member.lock();
        if !events.is_empty() {
            self.host.heard(&peer, &events);
            self.heard += events.len();
            self.expect_checkpoint();
            member.hear(now, &peer, events, cursor, &mut self.actions);
        } else if member.cursor(&peer) != Some(&*cursor) {
            member.stand(&peer, cursor);
            self.expect_checkpoint();
        }
        if is_caught_up {
            member.caught_up(&peer, &mut self.actions);
        }
    }

    fn prepare(&mut self, now: Timestamp, preparation: Preparation) {
        let Preparation { prepared, places } = preparation;
        let shared = Arc::clone(&self.shared);
        let mut member = shared.member.lock();
        member.prepare(now, prepared.part.clone(), &mut self.actions);
        let mut all = shared.prepared.lock();
        all.insert(prepared.part.plan.revision.to_string(), prepared);
        let filters = filters(all.values());
        let mut peers = shared.peers.lock();
        for place in places {
            let name = place.name.as_str();
            let Some(filter) = filters.get(name) else {
                continue;
            };
            let known = peers.0.get(name);
            if known.is_some_and(|peer| {
                peer.place == place && peer.filter == *filter && peer.is_heard()
            }) {
                continue;
            }
            if known.is_none_or(|peer| peer.place.incarnation != place.incarnation) {
                member.stand(&name.into(), place.begin.clone());
            }
            let cursor = member.cursor(name).unwrap_or(&place.begin).to_owned();
            peers.follow(place, filter.clone(), &cursor, &self.follow);
        }
        self.expect_checkpoint();
    }

    fn take_outcome(&mut self, outcome: Outcome) -> Result<(), Error> {
        let now = clock::now();
        let mut member = self.shared.member.lock();
        match outcome {
            Outcome::Answers(answers) => {
                self.calls.came_back(answers.len());
                for answered in answers {
                    take_answer(&mut member, now, answered, &mut self.actions);
                }
            }
            Outcome::Recalled(recalled) => {
                self.recalls_in_flight -= 1;
                for Recalled { execution, own } in recalled? {
                    member.recalled(now, &execution, own, &mut self.actions);
                }
            }
        }
        Ok(())
    }

    /// Puts all that the inputs gave rise to in line, as one transaction, and lets leave what has not
    /// to wait for it.
    async fn write(&mut self, checkpoint: Option<Checkpoint>) -> Result<(), Error> {
        if self.actions.is_empty() && self.replies.is_empty() && checkpoint.is_none() {
            self.calls.begin();
            return Ok(());
        }
        self.line.open();
        let mut round = Round {
            checkpoint,
            ..Round::default()
        };
        let mut recalls = Vec::new();
        for action in self.actions.drain(..) {
            match action {
                Action::Append { execution, event } => {
                    self.line.note(&execution);
                    round.events.push(Appended {
                        execution,
                        event: *event,
                    });
                }
                Action::Call(call) => {
                    if let Some(call) = self.line.hold(call) {
                        self.calls.add(call);
                    }
                }
                Action::Wake { execution, at } => self.timers.add(at, execution),
                Action::Recall { execution } => recalls.push(execution),
                Action::Ended { driver, heard } => {
                    let started = driver.state().started.as_ref();
                    if let Some(deadline) = started.and_then(|started| started.deadline) {
                        self.timers.forget(deadline, driver.execution());
                    }
                    let execution = Arc::clone(driver.execution());
                    self.line.then().ended.push(execution);
                    round.ended.push(Ended { driver, heard });
                }
                Action::LeftOut { event_id, problem } => {
                    tracing::warn!(event_id, %problem, "an event was left out");
                }
            }
        }
        self.line.then().replies.append(&mut self.replies);
        if round.is_empty() {
            let then = self.line.close_empty();
            self.follow_up(then);
        } else {
            let ack = self.host.put_in_line(round).await?;
            self.line.close(ack);
        }
        self.recall(recalls);
        self.calls.begin();
        Ok(())
    }

    /// What waited for a round is to follow.
    fn follow_up(&mut self, mut then: Then) {
        for call in then.calls.drain(..) {
            self.calls.add(call);
        }
        self.answer(then);
    }

    /// Tells those who waited for a round.
    fn answer(&self, then: Then) {
        for reply in then.replies {
            reply();
        }
        if !then.ended.is_empty() {
            self.host.ended(&then.ended);
        }
    }

    fn recall(&mut self, executions: Vec<Arc<str>>) {
        if executions.is_empty() {
            return;
        }
        self.recalls_in_flight += executions.len().div_ceil(MOST_RECALLED);
        let (feed, outcomes) = (self.host.feed().clone(), self.say_outcome.clone());
        tokio::task::spawn_blocking(move || {
            for executions in executions.chunks(MOST_RECALLED) {
                let recalled = executions.iter().map(|execution| {
                    let own = feed.subject(execution)?;
                    let execution = Arc::clone(execution);
                    Ok(Recalled { execution, own })
                });
                let recalled = Outcome::Recalled(recalled.collect());
                if outcomes.blocking_send(recalled).is_err() {
                    return; // the runtime was cut off
                }
            }
        });
    }

    fn expect_checkpoint(&mut self) {
        let latest = || Instant::now() + self.checkpoint_interval;
        self.checkpoint_due.get_or_insert_with(latest);
    }

    fn due_checkpoint(&mut self) -> Option<Checkpoint> {
        let is_late = || self.checkpoint_due.is_some_and(|due| due <= Instant::now());
        if self.heard < self.checkpoint_events && !is_late() {
            return None;
        }
        self.checkpoint()
    }

    /// What has changed since the last checkpoint. It covers what was taken in so far, so it must be
    /// written with what that gave rise to, or after it.
    fn checkpoint(&mut self) -> Option<Checkpoint> {
        self.heard = 0;
        self.checkpoint_due = None;
        let changed = self.shared.member.lock().checkpoint()?;
        let choreography::member::Checkpoint {
            cursors,
            heard,
            gone,
        } = changed;
        let peers = self.shared.peers.lock();
        let cursors = cursors.into_iter().filter_map(|(name, cursor)| {
            let incarnation = peers.0.get(&name)?.place.incarnation.clone();
            let cursor = Cursor {
                cursor,
                incarnation,
            };
            Some((name, cursor))
        });
        Some(self.checkpoints.checkpoint(cursors, heard, gone))
    }

    /// How long nothing is to be done, if nothing happens. `None`: for ever.
    fn nap(&self) -> Option<Duration> {
        let wake = self.timers.sleep(clock::now());
        let due = self.checkpoint_due;
        let checkpoint = due.map(|due| due.saturating_duration_since(Instant::now()));
        wake.into_iter().chain(checkpoint).min()
    }
}

fn take_answer(member: &mut Member, now: Timestamp, answered: Answered, out: &mut Vec<Action>) {
    let Answered {
        execution,
        step,
        direction,
        answer,
    } = answered;
    match answer {
        Answer::Answered(result) => {
            let jitter = rand::rng().random();
            member.answered(now, &execution, step, direction, result, jitter, out);
        }
        Answer::Recorded(event) => member.recorded(now, &execution, event, out),
    }
}

async fn sleep(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}
