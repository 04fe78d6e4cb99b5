//! Parts in workflows: what a member was prepared for, and where those are who must be heard for it.
//! Kept beside the feed, so that a process that is started anew is prepared as the last was.

mod check;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use pavane::feed::v1::Filter;
use pavane::workflow::v1::{Member, PrepareWorkflowRequest};
use pavane_feed::{KeyRange, State, Store, TransactError};
use pavane_flow::choreography::member::Part;
use pavane_flow::choreography::projection::{Hears, filter};
use prost::Message;

pub(crate) use check::check;

use crate::Error;
use crate::peers::Place;

/// The state that holds requests (`r` and the revision), places (`p` and the peer's name), and marks of
/// revisions that are new (`n` and the revision).
const STATE: &str = "choreography-parts";
const REQUEST: u8 = b'r';
const PLACE: u8 = b'p';
const NEW: u8 = b'n';

/// A part, and what must be heard for it.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) part: Part,
    pub(crate) hears: Vec<Hears>,
}

impl Prepared {
    /// Names of the steps, in the order of the definition.
    pub(crate) fn steps(&self) -> Vec<String> {
        let plan = &self.part.plan;
        let own = plan
            .step_indices()
            .filter(|step| self.part.role.performs(*step));
        own.map(|step| plan.step(step).id.to_string()).collect()
    }
}

/// A part that is checked and kept, and where those are who must be heard for it.
pub(crate) struct Preparation {
    pub(crate) prepared: Prepared,
    pub(crate) places: Vec<Place>,
}

/// Where parts are kept.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    store: Store,
    state: State,
}

/// All that was prepared when a process begins.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) prepared: Vec<Prepared>,
    /// By name.
    pub(crate) places: BTreeMap<String, Place>,
}

impl Parts {
    pub(crate) fn open(store: &Store) -> Result<Self, Error> {
        Ok(Self {
            store: store.clone(),
            state: store.state(STATE)?,
        })
    }

    /// Reads the disk, and compiles what is there. What does not compile any more is left out.
    pub(crate) fn load(&self, identity: &Member) -> Result<Kept, Error> {
        let mut kept = Kept::default();
        for entry in self.state.range(KeyRange::all()) {
            let (key, value) = entry?;
            match key.first() {
                Some(&REQUEST) => {
                    let request = PrepareWorkflowRequest::decode(value).map_err(corrupt)?;
                    match check(identity, &request) {
                        Ok(prepared) => kept.prepared.push(prepared),
                        // Another version of the program, or of the service. The rest goes on.
                        Err(error) => tracing::error!(
                            revision = request.revision, %error,
                            "a part cannot be taken up again: its executions wait until it is prepared"
                        ),
                    }
                }
                Some(&PLACE) => {
                    let place = Place::decode(value).map_err(corrupt)?;
                    kept.places.insert(place.name.clone(), place);
                }
                Some(&NEW) => {} // looked at when it is prepared again
                _ => return Err(corrupt("an entry of an unknown kind")),
            }
        }
        Ok(kept)
    }

    /// Keeps a part, durably. Answers whether it is new: there was none of the revision before, or
    /// [`Parts::is_up_to_date`] was not said of it since.
    pub(crate) async fn keep(
        &self,
        request: &PrepareWorkflowRequest,
        places: &[Place],
    ) -> Result<bool, Error> {
        let state = self.state.clone();
        let mark = key(NEW, &request.revision);
        let part = (key(REQUEST, &request.revision), request.encode_to_vec());
        let places = places
            .iter()
            .map(|place| (key(PLACE, &place.name), place.encode_to_vec()));
        let entries: Vec<_> = std::iter::once(part).chain(places).collect();
        let kept = self.store.transact(move |tx| {
            let is_known = tx.get(&state, &entries[0].0)?.is_some();
            let is_new = !is_known || tx.get(&state, &mark)?.is_some();
            if is_new {
                tx.put(&state, mark, Bytes::new())?;
            }
            for (key, value) in entries {
                tx.put(&state, key, value)?;
            }
            Ok(is_new)
        });
        kept.await.map_err(of_transaction)
    }

    /// Takes note, durably, that nothing is lacking of what lived when a part was new.
    pub(crate) async fn is_up_to_date(&self, revision: &str) -> Result<(), Error> {
        let (state, mark) = (self.state.clone(), key(NEW, revision));
        let kept = self.store.transact(move |tx| tx.delete(&state, mark));
        kept.await.map_err(of_transaction)
    }
}

/// What must be heard from each peer over all parts.
pub(crate) fn filters<'a>(
    prepared: impl Iterator<Item = &'a Prepared> + Clone,
) -> BTreeMap<Arc<str>, Filter> {
    let mut hearings: BTreeMap<Arc<str>, Vec<_>> = BTreeMap::new();
    for prepared in prepared {
        for hears in &prepared.hears {
            let of_peer = hearings.entry(Arc::clone(&hears.peer)).or_default();
            of_peer.push((&*prepared.part.plan, hears));
        }
    }
    let filters = hearings.into_iter();
    filters
        .map(|(peer, hearings)| (peer, filter(hearings)))
        .collect()
}

fn of_transaction(error: TransactError<pavane_feed::Error>) -> Error {
    match error {
        TransactError::Aborted(error) | TransactError::Store(error) => Error::Store(error),
    }
}

fn key(kind: u8, name: &str) -> Bytes {
    [&[kind], name.as_bytes()].concat().into()
}

fn corrupt(found: impl ToString) -> Error {
    Error::CorruptState {
        state: STATE.to_owned(),
        found: found.to_string(),
    }
}
