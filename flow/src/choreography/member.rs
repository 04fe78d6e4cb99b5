//! One member of a choreography, a participant or a home: all executions that it takes part in,
//! what it has heard of them, and where it stands in the feeds of the others. `(now, input) -> actions`.
//!
//! What is heard is not written down event by event. From time to time a [`Checkpoint`] is
//! committed: where the member stands in each feed, and what it has heard of the executions that
//! have not ended. After a crash it hears again what came later; the fold does not mind.
//!
//! **Invariant:** a cursor is never durable before what follows from the events that it covers: the
//! shell puts a checkpoint in line behind all that was appended before it was made, and what is
//! not yet decided is in the checkpoint itself.

mod call;
mod catch_up;
mod driving;
mod entry;
mod heard;
mod hearing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use pavane::feed::v1 as feed;

pub use call::StepCall;
use driving::{decode_all, decode_heard};
use entry::{Entry, Phase};
pub use heard::Heard;

use crate::Timestamp;
use crate::driver::{self, CallFailure, Direction, Driver, Input, Performers, Refusal, Role};
use crate::event::{DecodeError, Event, EventType, Origin, Resolution};
use crate::plan::{Plan, Unit};

/// Begins the types of all events of executions.
const EVENT_TYPES: &str = "pavane.workflow.v1.";

/// Memory that the events of some executions share.
const ROOM_BYTES: usize = 32 << 10;

/// What a member has to do with a revision of a workflow.
#[derive(Clone, Debug)]
pub struct Part {
    /// The revision.
    pub plan: Arc<Plan>,
    /// What the member does in its executions: [`Role::Participant`] or [`Role::Home`].
    pub role: Role,
    /// Name of the member in whose feed its executions start.
    pub home: Arc<str>,
    /// Names of all who perform steps.
    pub participants: Vec<String>,
}

/// What the shell is to do. What an input gives rise to comes out in order: of each execution, the
/// events before the calls that depend on them.
#[derive(Debug)]
pub enum Action {
    /// Append this event to the own feed. All that one input gives rise to is one commit.
    Append {
        /// Whose event it is.
        execution: Arc<str>,
        /// What happened.
        event_type: EventType,
        /// The encoded `pavane.feed.v1.Event`, without source, sequence and cursor.
        event: Bytes,
    },
    /// Perform this call, once everything appended before of its execution is durable.
    Call(StepCall),
    /// Call [`Member::wake`] at this time, or later.
    Wake {
        /// Which execution.
        execution: Arc<str>,
        /// When.
        at: Timestamp,
    },
    /// Read the events that the own feed has of this execution, and call [`Member::recalled`].
    Recall {
        /// Which execution.
        execution: Arc<str>,
    },
    /// The execution has ended, and the member has forgotten it.
    Ended {
        /// How it stood.
        driver: Box<Driver>,
        /// What had been heard of it from others, in the order of hearing.
        heard: Vec<Heard>,
    },
    /// An event could not be read and was left out: everything else goes on.
    LeftOut {
        /// The id of the event.
        event_id: String,
        /// Why.
        problem: DecodeError,
    },
}

/// What is to be committed together, after all that was appended before it was made.
#[derive(Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// Where the member stands, by the name of the peer.
    pub cursors: Vec<(Arc<str>, String)>,
    /// All that was heard of executions that have not ended and have changed since the last
    /// checkpoint.
    pub heard: Vec<(Arc<str>, Vec<Heard>)>,
    /// Executions of earlier checkpoints that have ended.
    pub gone: Vec<Arc<str>>,
    /// By peer, the sequence of the newest start that this process or an earlier one has heard of it
    /// (0: none), where that is known: only of [`Member::last_checkpoint`]. Any other checkpoint takes
    /// back what an earlier one has said.
    pub newest_starts: Vec<(Arc<str>, u64)>,
}

/// The revision is not one that the member is prepared for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not prepared for revision {0}")]
pub struct NotPrepared(pub String);

/// A participant, or the home of choreographed executions.
#[derive(Debug)]
pub struct Member {
    name: Arc<str>,
    is_home: bool,
    /// By revision.
    parts: HashMap<String, Part>,
    executions: HashMap<Arc<str>, Entry>,
    cursors: BTreeMap<Arc<str>, String>,
    has_moved: bool,
    /// Executions that have changed since the last checkpoint; some have ended since.
    changed: Vec<Arc<str>>,
    gone: Vec<Arc<str>>,
    /// Peers whose history was heard to its end: no earlier process has heard of what homes among them
    /// start from here on.
    caught_up: HashSet<Arc<str>>,
    /// Whether that holds for the homes of all parts.
    is_up_to_date: bool,
    /// By home, sequence of the newest start heard: what comes again is not new.
    newest_start: HashMap<Arc<str>, u64>,
    /// Empty: what drivers say goes through here, one execution at a time.
    actions: Vec<driver::Action>,
    /// Empty: where events are written.
    room: BytesMut,
}

impl Member {
    /// A participant that knows nothing yet.
    pub fn participant(name: impl Into<Arc<str>>) -> Self {
        Self::new(name.into(), false)
    }

    /// A home that has started nothing yet.
    pub fn home(name: impl Into<Arc<str>>) -> Self {
        Self::new(name.into(), true)
    }

    fn new(name: Arc<str>, is_home: bool) -> Self {
        Self {
            name,
            is_home,
            parts: HashMap::new(),
            executions: HashMap::new(),
            cursors: BTreeMap::new(),
            has_moved: false,
            changed: Vec::new(),
            gone: Vec::new(),
            caught_up: HashSet::new(),
            is_up_to_date: false,
            newest_start: HashMap::new(),
            actions: Vec::new(),
            room: BytesMut::with_capacity(ROOM_BYTES),
        }
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Prepares it for a revision, and takes up the executions that waited for that.
    pub fn prepare(&mut self, now: Timestamp, part: Part, out: &mut Vec<Action>) {
        let revision = part.plan.revision.to_string();
        let waiting = self.executions.iter().filter(|(_, entry)| {
            entry.is_waiting() && entry.revision.as_deref() == Some(&*revision)
        });
        let waiting: Vec<_> = waiting.map(|(id, _)| Arc::clone(id)).collect();
        self.parts.insert(revision, part);
        self.look_whether_up_to_date();
        for execution in waiting {
            self.take_up(now, &execution, out);
        }
    }

    /// Takes over what an earlier process stored by its checkpoints. The parts must be prepared
    /// before. For participants; a home calls [`Member::restore`].
    pub fn load(
        &mut self,
        now: Timestamp,
        cursors: impl IntoIterator<Item = (Arc<str>, String)>,
        heard: impl IntoIterator<Item = (Arc<str>, Vec<Heard>)>,
        out: &mut Vec<Action>,
    ) {
        self.cursors.extend(cursors);
        for (execution, events) in heard {
            let entry = Entry::loaded(events);
            self.executions.insert(Arc::clone(&execution), entry);
            self.take_up(now, &execution, out);
        }
    }

    /// A call came back; see [`Input::Answered`].
    #[expect(clippy::too_many_arguments, reason = "what an answer consists of")]
    pub fn answered(
        &mut self,
        now: Timestamp,
        execution: &Arc<str>,
        unit: Unit,
        direction: Direction,
        result: Result<Bytes, CallFailure>,
        jitter: f64,
        out: &mut Vec<Action>,
    ) {
        let input = Input::Answered {
            unit,
            direction,
            result,
            jitter,
        };
        self.drive(now, execution, input, out);
    }

    /// A call went well, and its event is durable in the own feed already; see
    /// [`StepCall::completed`].
    pub fn recorded(
        &mut self,
        now: Timestamp,
        execution: &Arc<str>,
        event: Event,
        out: &mut Vec<Action>,
    ) {
        self.drive(now, execution, Input::Recorded { event }, out);
    }

    /// It is the time of an [`Action::Wake`].
    pub fn wake(&mut self, now: Timestamp, execution: &Arc<str>, out: &mut Vec<Action>) {
        self.drive(now, execution, Input::Wake, out);
    }

    /// Starts an execution, whose home this is. The first event that comes out is its start, which
    /// belongs to the trace of `traceparent`.
    ///
    /// # Errors
    /// [`NotPrepared`]: nothing is started.
    #[expect(clippy::too_many_arguments, reason = "what a start consists of")]
    pub fn start(
        &mut self,
        now: Timestamp,
        execution: &Arc<str>,
        revision: &str,
        input: Bytes,
        origin: Origin,
        traceparent: Arc<str>,
        out: &mut Vec<Action>,
    ) -> Result<(), NotPrepared> {
        let part = self
            .parts
            .get(revision)
            .ok_or_else(|| NotPrepared(revision.to_owned()))?;
        let performers = Performers::Participants;
        let (plan, id) = (Arc::clone(&part.plan), Arc::clone(execution));
        let mut actions = std::mem::take(&mut self.actions);
        let driver = Driver::start(plan, performers, id, input, origin, now, &mut actions);
        let mut entry = Entry::new(true);
        entry.traceparent = traceparent;
        entry.phase = Phase::Driven(Box::new(driver));
        self.executions.insert(Arc::clone(execution), entry);
        self.act(execution, actions, out);
        Ok(())
    }

    /// Takes up an execution whose home this is, from what the own feed has of it and from what
    /// checkpoints have stored.
    pub fn restore(
        &mut self,
        now: Timestamp,
        execution: &Arc<str>,
        plan: Arc<Plan>,
        own: &[feed::Event],
        heard: Vec<Heard>,
        out: &mut Vec<Action>,
    ) {
        let mut events = decode_all(own, &plan, out);
        decode_heard(&heard, &plan, &mut events, out);
        let mut actions = std::mem::take(&mut self.actions);
        let driver = Driver::restore(plan, Arc::clone(execution), events, now, &mut actions);
        let mut entry = Entry::loaded(heard);
        entry.traceparent = own.first().map_or("", |start| &*start.traceparent).into();
        entry.phase = Phase::Driven(Box::new(driver));
        self.executions.insert(Arc::clone(execution), entry);
        self.act(execution, actions, out);
    }

    /// Somebody asks the home for an execution to be canceled.
    pub fn cancel(
        &mut self,
        now: Timestamp,
        execution: &Arc<str>,
        reason: String,
        out: &mut Vec<Action>,
    ) {
        self.drive(now, execution, Input::Cancel { reason }, out);
    }

    /// An operator settles a step by hand, with the home. Errors: why not; nothing has changed.
    #[expect(clippy::too_many_arguments, reason = "what it takes to settle a step")]
    pub fn resolve(
        &mut self,
        now: Timestamp,
        execution: &Arc<str>,
        unit: Unit,
        resolution: Resolution,
        output: Bytes,
        reason: String,
        out: &mut Vec<Action>,
    ) -> Result<(), Refusal> {
        let entry = self.executions.get(execution);
        let Some(Phase::Driven(driver)) = entry.map(|entry| &entry.phase) else {
            return Err(Refusal::Ended);
        };
        if let Some(refusal) = driver.refusal(unit, resolution) {
            return Err(refusal);
        }
        let input = Input::Resolve {
            unit,
            resolution,
            output,
            reason,
        };
        self.drive(now, execution, input, out);
        Ok(())
    }

    /// An operator has the home retry a suspended execution.
    pub fn resume(&mut self, now: Timestamp, execution: &Arc<str>, out: &mut Vec<Action>) {
        self.drive(now, execution, Input::Resume, out);
    }

    /// What has changed since the last checkpoint. `None`: nothing.
    pub fn checkpoint(&mut self) -> Option<Checkpoint> {
        let mut heard = Vec::new();
        for execution in self.changed.drain(..) {
            if let Some(entry) = self.executions.get_mut(&execution) {
                entry.is_changed = false;
                entry.is_stored = true;
                // It may stay for long.
                entry.heard.iter_mut().for_each(Heard::detach);
                entry.heard.shrink_to_fit();
                heard.push((execution, entry.heard.clone()));
            }
        }
        let gone = std::mem::take(&mut self.gone);
        let has_moved = std::mem::take(&mut self.has_moved);
        if !has_moved && heard.is_empty() && gone.is_empty() {
            return None;
        }
        let cursors = self.cursors.iter();
        Some(Checkpoint {
            cursors: cursors
                .map(|(peer, cursor)| (Arc::clone(peer), cursor.clone()))
                .collect(),
            heard,
            gone,
            newest_starts: Vec::new(),
        })
    }

    /// What has changed, all cursors, and what the next process may rely on: of a process that ends in
    /// good order. The member hears nothing after this.
    ///
    /// When the next process begins, the shell hands `newest_starts` to [`Member::begin_after`], and takes
    /// them back, durably, before that process hears anything.
    pub fn last_checkpoint(&mut self) -> Checkpoint {
        self.has_moved = true;
        let peers = self.cursors.keys();
        let newest_starts = peers.filter(|&peer| self.caught_up.contains(peer));
        let newest_starts = newest_starts.map(|peer| {
            let newest = self.newest_start.get(peer).copied();
            (Arc::clone(peer), newest.unwrap_or_default())
        });
        let newest_starts = newest_starts.collect();
        Checkpoint {
            newest_starts,
            ..self.checkpoint().unwrap_or_default()
        }
    }

    /// Where it stands in a peer's feed. `None`: it has not listened to it yet.
    pub fn cursor(&self, peer: &str) -> Option<&str> {
        self.cursors.get(peer).map(String::as_str)
    }

    /// What it has to do with a revision.
    pub fn part(&self, revision: &str) -> Option<&Part> {
        self.parts.get(revision)
    }

    /// All revisions that it is prepared for, in no order.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        self.parts.values()
    }

    /// How an execution stands. `None`: it has ended, or its start is not known.
    pub fn driver(&self, execution: &str) -> Option<&Driver> {
        match &self.executions.get(execution)?.phase {
            Phase::Driven(driver) => Some(driver),
            Phase::Waiting | Phase::Recalling => None,
        }
    }

    /// What was heard of an execution from others, in the order of hearing.
    pub fn heard(&self, execution: &str) -> &[Heard] {
        self.executions
            .get(execution)
            .map_or(&[], |entry| &entry.heard)
    }

    /// All executions that it knows of and that have not ended, in no order.
    pub fn executions(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.executions.keys()
    }

    /// The revisions that executions wait for, and how many wait.
    pub fn unknown_revisions(&self) -> BTreeMap<String, u64> {
        let mut unknown = BTreeMap::new();
        for entry in self.executions.values() {
            if let Some(revision) = &entry.revision
                && !self.parts.contains_key(&**revision)
            {
                *unknown.entry(revision.to_string()).or_default() += 1;
            }
        }
        unknown
    }

    fn look_whether_up_to_date(&mut self) {
        let mut homes = self.parts.values().map(|part| &part.home);
        self.is_up_to_date = homes.all(|home| self.caught_up.contains(home));
    }

    fn forget(&mut self, execution: &Arc<str>) {
        self.remove(execution);
    }

    fn remove(&mut self, execution: &Arc<str>) -> Option<Entry> {
        let entry = self.executions.remove(execution)?;
        if entry.is_stored {
            self.gone.push(Arc::clone(execution));
        }
        Some(entry)
    }
}

/// Whether an event is one of an execution, and not one of the domain with the same subject.
fn is_of_execution(event: &feed::Event) -> bool {
    event.r#type.starts_with(EVENT_TYPES)
}
