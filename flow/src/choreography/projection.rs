//! What a plan means for each who takes part in it: the steps that it performs, and the events that
//! it must hear, from whom.
//!
//! A projection is as narrow as it can be and never narrower: with what it names, and nothing else,
//! every driver decides what it would decide if it heard everything. It decides nothing itself.

mod filter;
mod hearing;
mod owners;
mod problem;
#[cfg(test)]
mod side_by_side;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use crate::event::EventType;
pub use filter::{MAX_ALTERNATIVES, filter};
pub use owners::Owners;
pub use problem::Problem;

use crate::event::EventKind;
use crate::plan::{Plan, StepIndex};

/// Most participants of one workflow.
pub const MAX_PARTICIPANTS: usize = 64;

/// A plan, divided among those who take part in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    parts: Vec<Part>,
    home: Part,
    /// By step, the position of its part.
    performers: Box<[usize]>,
}

/// The part of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The member's name.
    pub name: Arc<str>,
    /// The steps that it performs, ascending. None for a home.
    pub steps: Arc<[StepIndex]>,
    /// What it must hear, one entry for each peer, by name.
    pub hears: Vec<Hears>,
}

/// What a member must hear from one of its peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hears {
    /// The peer's name.
    pub peer: Arc<str>,
    /// The events: those that the performer of a step says of it, or, without one, those that the home
    /// says.
    pub events: BTreeSet<(EventType, Option<StepIndex>)>,
}

impl Projection {
    /// Divides a plan among the owners of its services. `home` is the name of the one whose feed
    /// holds the starts and the outcomes.
    ///
    /// Errors: all that stands in the way, in the order of the definition.
    pub fn new(plan: &Plan, owners: &Owners, home: &str) -> Result<Self, Vec<Problem>> {
        let performers = owners::performers(plan, owners, home)?;
        let mut names: Vec<Arc<str>> = Vec::new();
        let positions = performers.iter().map(|name| {
            let known = names.iter().position(|known| known == name);
            known.unwrap_or_else(|| {
                names.push(Arc::clone(name));
                names.len() - 1
            })
        });
        let positions: Box<[usize]> = positions.collect();
        let home: Arc<str> = home.into();
        let parts = names.into_iter().enumerate().map(|(position, name)| Part {
            steps: plan
                .step_indices()
                .filter(|step| positions[step.at()] == position)
                .collect(),
            hears: hearing::of_participant(plan, &performers, &name, &home),
            name,
        });
        Ok(Self {
            parts: parts.collect(),
            home: Part {
                steps: Arc::new([]),
                hears: hearing::of_home(plan, &performers),
                name: home,
            },
            performers: positions,
        })
    }

    /// Those who perform steps, in the order of their first steps.
    pub fn participants(&self) -> impl ExactSizeIterator<Item = &Part> {
        self.parts.iter()
    }

    /// The part of a participant. `None`: it performs no step of this plan.
    pub fn participant(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| &*part.name == name)
    }

    /// The part of the home.
    pub fn home(&self) -> &Part {
        &self.home
    }

    /// The part of the participant that performs a step.
    pub fn performer(&self, step: StepIndex) -> &Part {
        &self.parts[self.performers[step.at()]]
    }
}

impl Part {
    /// What it must hear from a peer. `None`: nothing.
    pub fn hears_from(&self, peer: &str) -> Option<&Hears> {
        self.hears.iter().find(|hears| &*hears.peer == peer)
    }
}

impl Hears {
    /// Whether this event of the peer is among what must be heard.
    pub fn includes(&self, kind: &EventKind) -> bool {
        self.events
            .contains(&(EventType::of(kind), kind.performed_step()))
    }
}
