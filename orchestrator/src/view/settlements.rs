//! What operators have settled by hand: the events say how, why and when, the fold only that it is so.

use std::collections::HashMap;

use pavane::feed::v1::Event;
use pavane::workflow::v1::{Settlement, StepResolved};
use pavane_flow::choreography::projection::EventType;
use prost::Message;

/// By step and element, the first of each.
#[derive(Debug, Default)]
pub(super) struct Settlements(HashMap<(String, Option<u32>), Settlement>);

impl Settlements {
    pub(super) fn of(events: &[Event]) -> Self {
        let mut found = HashMap::new();
        for event in events {
            if event.r#type != EventType::StepResolved.full_name() {
                continue;
            }
            let data = event.data.as_ref().map(|data| &*data.value);
            let Ok(said) = StepResolved::decode(data.unwrap_or_default()) else {
                continue; // whoever folded the events has complained
            };
            let settlement = Settlement {
                resolution: said.resolution,
                reason: said.reason,
                time: event.time,
            };
            found.entry((said.step, said.element)).or_insert(settlement);
        }
        Self(found)
    }

    pub(super) fn get(&self, step: &str, element: Option<u32>) -> Option<Settlement> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&(step.to_owned(), element)).cloned()
    }
}
