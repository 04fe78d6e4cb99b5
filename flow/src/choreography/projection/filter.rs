//! From what must be heard to the filter of one subscription.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use pavane::attributes::{CHOREOGRAPHY, STEP};
use pavane::feed::v1::Filter;

use super::{EventType, Hears};
use crate::plan::Plan;

/// Most alternatives that a filter may have, by the contract.
pub const MAX_ALTERNATIVES: usize = 64;

/// The one filter for a peer's feed: passes all that is to be heard from it over these plans.
///
/// Where that takes more than [`MAX_ALTERNATIVES`], it passes more, never less: events of steps are
/// then chosen by their type alone, and, if there are too many workflows still, those of executions
/// as well. Of no hearings at all it is the filter that passes everything.
pub fn filter<'a>(hearings: impl IntoIterator<Item = (&'a Plan, &'a Hears)>) -> Filter {
    let mut wanted = Alternatives::new();
    for (plan, hears) in hearings {
        for &(event, step) in &hears.events {
            let attribute = match step {
                Some(step) => (STEP, format!("{}/{}", plan.name, plan.step(step).id)),
                None => (CHOREOGRAPHY, plan.name.to_string()),
            };
            wanted.entry(Some(attribute)).or_default().insert(event);
        }
    }
    for name in [STEP, CHOREOGRAPHY] {
        if wanted.len() > MAX_ALTERNATIVES {
            wanted = widen(wanted, name);
        }
    }
    Filter {
        any_of: wanted.into_iter().map(alternative).collect(),
        ..Filter::default()
    }
}

/// Types by the attribute that their events must have; `None`: by type alone.
type Alternatives = BTreeMap<Option<(&'static str, String)>, BTreeSet<EventType>>;

/// Lets go of an attribute.
fn widen(wanted: Alternatives, name: &str) -> Alternatives {
    let mut wider = Alternatives::new();
    for (attribute, types) in wanted {
        let kept = attribute.filter(|(kept, _)| *kept != name);
        wider.entry(kept).or_default().extend(types);
    }
    wider
}

fn alternative(
    (attribute, types): (Option<(&'static str, String)>, BTreeSet<EventType>),
) -> Filter {
    let types = types.into_iter().map(|event| event.full_name().to_owned());
    let attributes = attribute.map(|(name, value)| (name.to_owned(), value));
    Filter {
        types: types.collect(),
        attributes: HashMap::from_iter(attributes),
        ..Filter::default()
    }
}
