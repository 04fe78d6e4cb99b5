//! What a member has of one execution.

use std::sync::Arc;

use super::Heard;
use crate::driver::Driver;
use crate::event::decode_started_encoded;

/// One execution that has not ended.
#[derive(Debug)]
pub(super) struct Entry {
    /// What others have said of it, in the order of hearing.
    pub(super) heard: Vec<Heard>,
    pub(super) phase: Phase,
    /// Of its start, once that has been heard.
    pub(super) revision: Option<Arc<str>>,
    /// Of its start.
    pub(super) traceparent: Arc<str>,
    /// No earlier process of this member can have known it.
    pub(super) is_fresh: bool,
    /// Whether it is in a checkpoint.
    pub(super) is_stored: bool,
    /// Whether something was heard since the last checkpoint.
    pub(super) is_changed: bool,
}

/// How far the member has come with an execution.
#[derive(Debug)]
pub(super) enum Phase {
    /// Its start, or the revision of its start, is not known yet.
    Waiting,
    /// The own feed is being asked what it has of it.
    Recalling,
    /// It goes on.
    Driven(Box<Driver>),
}

impl Entry {
    pub(super) fn new(is_fresh: bool) -> Self {
        Self {
            heard: Vec::new(),
            phase: Phase::Waiting,
            revision: None,
            traceparent: Arc::default(),
            is_fresh,
            is_stored: false,
            is_changed: false,
        }
    }

    /// From what a checkpoint has of it.
    pub(super) fn loaded(heard: Vec<Heard>) -> Self {
        let start = heard
            .iter()
            .find_map(|event| Some((event, decode_started_encoded(event.encoded()).ok()?)));
        let revision = start
            .as_ref()
            .map(|(_, started)| Arc::from(&*started.revision));
        let traceparent = start.map(|(event, _)| Arc::from(event.view().traceparent));
        Self {
            revision,
            traceparent: traceparent.unwrap_or_default(),
            is_stored: !heard.is_empty(),
            heard,
            ..Self::new(false)
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting)
    }

    /// Whether this event was not heard before.
    pub(super) fn is_news(&self, event: &Heard) -> bool {
        !self.heard.iter().any(|known| known.is_same(event))
    }

    /// Keeps an event. Whether it is the first since the last checkpoint.
    pub(super) fn note(&mut self, event: Heard) -> bool {
        self.heard.push(event);
        !std::mem::replace(&mut self.is_changed, true)
    }
}
