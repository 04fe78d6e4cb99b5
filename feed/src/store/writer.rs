//! The one thread that writes. It gathers all that is waiting into a group, runs the transactions,
//! writes the group in one batch with one sync, shows it to live readers, and answers. It never
//! waits to gather more: a lone transaction is written at once, and while the disk is busy the next
//! group gathers by itself.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::queue::{Control, Job, Message, panic_message};
use super::retention::{self, Keep};
use super::shared::Failure;
use super::staging::Staging;
use super::transaction::Transaction;
use crate::engine::{Engine, FeedRecord, Group};
use crate::feed::Core;
use crate::{Access, Error, Options};

/// How often events are looked at for their age, where retention has an age.
const AGE_CHECK_INTERVAL: Duration = Duration::from_secs(10);

pub(super) struct Writer {
    engine: Arc<dyn Engine>,
    inbox: Receiver<Message>,
    places: Arc<Semaphore>,
    failure: Failure,
    options: Options,
    /// Feeds that retention has to look at.
    feeds: Vec<Arc<Core>>,
    staging: Staging,
    /// Transactions of this group that have run.
    ran: Vec<Box<dyn Job>>,
    next_age_check: Instant,
}

impl Writer {
    pub(super) fn new(
        options: &Options,
        engine: Arc<dyn Engine>,
        inbox: Receiver<Message>,
        places: Arc<Semaphore>,
        failure: Failure,
        feeds: Vec<Arc<Core>>,
    ) -> Self {
        Self {
            engine,
            inbox,
            places,
            failure,
            options: options.clone(),
            feeds,
            staging: Staging::new(options.limits.clone()),
            ran: Vec::new(),
            next_age_check: Instant::now(),
        }
    }

    /// Runs until the store is closed or a write fails.
    pub(super) fn run(mut self) {
        let (places, failure) = (self.places.clone(), self.failure.clone());
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| while self.turn().is_continue() {})) {
            failure.set(&panic_message(panic.as_ref()));
        }
        places.close();
    }

    /// One group, and what comes between groups.
    fn turn(&mut self) -> ControlFlow<()> {
        let control = match self.wait() {
            Some(Message::Run(first)) => self.gather(first),
            Some(Message::Control(control)) => Some(control),
            None => None,
        };
        self.finish_group()?;
        match control.map(|control| *control) {
            Some(Control::Close) => return ControlFlow::Break(()),
            Some(Control::Define {
                core,
                access,
                reply,
            }) => {
                let defined = self.define(core, access);
                let _ = reply.send(defined.clone());
                or_stop(defined)?;
            }
            Some(Control::Trim {
                core,
                through,
                reply,
            }) => {
                let trimmed = self.trim(&core, &Keep::After(through));
                let _ = reply.send(trimmed.clone());
                or_stop(trimmed)?;
            }
            None => {}
        }
        or_stop(self.retain())
    }

    /// The next message; `None` when it is time to look at ages.
    fn wait(&mut self) -> Option<Message> {
        let message = if self.options.retention.max_age.is_some() {
            let timeout = self
                .next_age_check
                .saturating_duration_since(Instant::now());
            match self.inbox.recv_timeout(timeout) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => None,
            }
        } else {
            self.inbox.recv().ok()
        };
        // Every handle has gone without closing.
        Some(message.unwrap_or_else(|| Message::Control(Box::new(Control::Close))))
    }

    /// Runs the first transaction and all that wait behind it, within the limits of a group, until
    /// there is something else to do.
    fn gather(&mut self, first: Box<dyn Job>) -> Option<Box<Control>> {
        self.run_job(first);
        let limits = self.options.limits.clone();
        while self.ran.len() < limits.group_transactions && self.staging.bytes < limits.group_bytes
        {
            match self.inbox.try_recv() {
                Ok(Message::Run(job)) => self.run_job(job),
                Ok(Message::Control(control)) => return Some(control),
                Err(_) => break,
            }
        }
        None
    }

    fn run_job(&mut self, mut job: Box<dyn Job>) {
        let keep = job.run(&mut Transaction {
            staging: &mut self.staging,
            engine: self.engine.as_ref(),
            identity: &self.places,
        });
        if keep {
            self.staging.keep();
        } else {
            self.staging.discard();
        }
        self.ran.push(job);
    }

    /// Makes the group durable, shows it, and answers its transactions.
    fn finish_group(&mut self) -> ControlFlow<()> {
        if self.ran.is_empty() {
            return ControlFlow::Continue(());
        }
        let staged = self.staging.take();
        let written = self.write(&staged.group);
        if written.is_ok() {
            for (core, chunks) in staged.feeds {
                retention::count_appended(&core, &self.options.retention, &chunks);
                core.live.publish(chunks);
            }
        }
        let places = self.ran.len();
        for job in self.ran.drain(..) {
            job.settle(written.clone());
        }
        self.places.add_permits(places);
        or_stop(written)
    }

    /// Writes and syncs; stops the store if that fails.
    fn write(&self, group: &Group) -> Result<(), Error> {
        if group.is_empty() {
            return Ok(());
        }
        self.engine.write(group).map_err(|error| self.stop(&error))
    }

    /// From now on nothing is written. Returns what everybody is told.
    fn stop(&self, error: &Error) -> Error {
        tracing::error!(%error, "the store stops");
        self.failure.set(&error.to_string())
    }

    fn define(&mut self, core: Arc<Core>, access: Access) -> Result<(), Error> {
        let record = FeedRecord {
            access,
            ..core.record()
        };
        self.write(&Group {
            feeds: vec![record],
            ..Group::default()
        })?;
        core.set_access(access);
        if !self.feeds.iter().any(|known| known.id == core.id) {
            self.feeds.push(core);
        }
        Ok(())
    }

    /// Forgets what retention no longer keeps.
    fn retain(&mut self) -> Result<(), Error> {
        if self.options.retention.keeps_everything() {
            return Ok(());
        }
        let ages_due = Instant::now() >= self.next_age_check;
        if ages_due {
            self.next_age_check = Instant::now() + AGE_CHECK_INTERVAL;
        }
        for core in self.feeds.clone() {
            for keep in retention::exceeded(&core, &self.options.retention, ages_due) {
                self.trim(&core, &keep)?;
            }
        }
        Ok(())
    }

    /// Forgets the commits at the beginning of a feed that need not be kept, in steps.
    fn trim(&self, core: &Core, keep: &Keep) -> Result<(), Error> {
        let plan =
            || retention::plan(core, keep, self.engine.as_ref()).map_err(|error| self.stop(&error));
        while let Some(step) = plan()? {
            let record = FeedRecord {
                earliest: step.earliest,
                ..core.record()
            };
            let trims = step
                .dead
                .into_iter()
                .map(|chunk| (core.id, chunk))
                .collect();
            // Readers are told first: they must not take what is being deleted for a gap.
            core.set_earliest(step.earliest);
            self.write(&Group {
                trims,
                feeds: vec![record],
                ..Group::default()
            })?;
            retention::count_trimmed(core, step.bytes);
        }
        Ok(())
    }
}

fn or_stop(written: Result<(), Error>) -> ControlFlow<()> {
    match written {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}
