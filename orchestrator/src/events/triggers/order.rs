//! What an event of a trigger's feed means: an execution to start, or why there is none.

use bytes::Bytes;
use pavane::attributes::CAUSAL_CHAIN;
use pavane::feed::v1::Event;
use pavane::trace::Trace;
use pavane::workflow::v1::Mode;
use pavane_flow::Timestamp;
use pavane_flow::event::Origin;
use pavane_flow::plan::{EventStart, Plan};
use pavane_flow::program::{EventInfo, ExecutionInfo, Scope};
use prost::Message;
use sha2::{Digest, Sha256};
use std::sync::Arc;

use crate::engine::StartOrder;

/// Digits of the hash of an event in the id of its execution.
const ID_DIGITS: usize = 32;

/// Why an event starts nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Not {
    /// It does not match.
    Meant,
    /// What is said of it has no value, or it is malformed.
    Computable(String),
    /// The workflows that led to it, the first one first, and the one that it would start.
    Looping(Vec<String>),
}

/// The order that an event gives.
pub(super) fn order(plan: &Arc<Plan>, event: &Event, depth: usize) -> Result<StartOrder, Not> {
    let start = plan.start.as_ref().ok_or(Not::Meant)?;
    let data = data_of(start, event)?;
    let encoded = Bytes::from(event.encode_to_vec());
    let scope = Scope {
        input: &Bytes::new(),
        outputs: &[],
        execution: ExecutionInfo {
            id: "",
            workflow: &plan.name,
            revision: &plan.revision.0,
            create_time: Timestamp::default(),
        },
        element: None,
        event: Some(EventInfo {
            event: &encoded,
            data: &data,
        }),
    };
    let computable =
        |what: &str, error| Not::Computable(format!("cannot compute the {what}: {error}"));
    if let Some(condition) = &start.events.condition {
        match condition.evaluate(&scope) {
            Ok(true) => {}
            Ok(false) => return Err(Not::Meant),
            Err(error) => return Err(computable("match", error)),
        }
    }
    let chain = chain_with(event, &plan.name);
    if chain.len() > depth {
        return Err(Not::Looping(chain));
    }
    let input = start.input.evaluate(&scope);
    let input = input.map_err(|error| computable("input", error))?;
    Ok(StartOrder {
        plan: Arc::clone(plan),
        mode: Mode::Unspecified,
        id: Some(id_of(&plan.name, event)),
        input,
        origin: Origin {
            parent: None,
            causal_chain: chain,
        },
        trace: Trace::parse(&event.traceparent).unwrap_or_else(|| Trace::new(rand::random())),
    })
}

/// The event's data, if it is of the type.
fn data_of(start: &EventStart, event: &Event) -> Result<Bytes, Not> {
    let expected = &start.events.event_type;
    let data = event.data.as_ref();
    let found = data.map_or("", |data| {
        data.type_url.rsplit('/').next().unwrap_or_default()
    });
    if found != &**expected {
        return Err(Not::Computable(format!(
            "the event carries a `{found}`, expected a `{expected}`"
        )));
    }
    Ok(data
        .map(|data| Bytes::from(data.value.clone()))
        .unwrap_or_default())
}

/// One event starts one execution of a workflow, however often it is seen.
fn id_of(workflow: &str, event: &Event) -> String {
    let mut hash = Sha256::new();
    for part in [&event.source, "\0", &event.id] {
        hash.update(part);
    }
    let mut digits: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    digits.truncate(ID_DIGITS);
    format!("{workflow}.{digits}")
}

/// The workflows that led to an event, and the one that it starts.
fn chain_with(event: &Event, workflow: &str) -> Vec<String> {
    let before = event.attributes.get(CAUSAL_CHAIN).map(String::as_str);
    let before = before
        .unwrap_or_default()
        .split(',')
        .filter(|name| !name.is_empty());
    before
        .map(str::to_owned)
        .chain([workflow.to_owned()])
        .collect()
}

/// The cycle at the end of a chain: `a -> b -> a`. The whole chain, if nothing comes twice.
pub(super) fn cycle(chain: &[String]) -> String {
    let Some((last, before)) = chain.split_last() else {
        return String::new();
    };
    let begin = before.iter().rposition(|name| name == last).unwrap_or(0);
    chain[begin..].join(" -> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(chain: &str) -> Event {
        Event {
            id: "e-1".to_owned(),
            source: "/orders".to_owned(),
            attributes: [(CAUSAL_CHAIN.to_owned(), chain.to_owned())].into(),
            ..Event::default()
        }
    }

    #[test]
    fn an_event_starts_one_execution_of_a_workflow() {
        let (one, other) = (
            event(""),
            Event {
                source: "/order".to_owned(),
                ..event("")
            },
        );
        assert_eq!(id_of("ship", &one), id_of("ship", &event("a")));
        assert_ne!(id_of("ship", &one), id_of("ship", &other));
        assert_ne!(id_of("ship", &one), id_of("bill", &one));
        assert!(id_of(&"w".repeat(64), &one).len() <= 128);
    }

    #[test]
    fn a_chain_grows_by_the_workflow_that_is_started() {
        let mut without = event("");
        without.attributes.clear();
        assert_eq!(chain_with(&without, "a"), ["a"]);
        assert_eq!(chain_with(&event("a,b"), "a"), ["a", "b", "a"]);
    }

    #[test]
    fn a_cycle_is_told_by_its_members() {
        let check = |chain: &str, expected: &str| {
            let chain: Vec<String> = chain.split(' ').map(str::to_owned).collect();
            assert_eq!(cycle(&chain), expected);
        };
        check("a b a b a", "a -> b -> a");
        check("start a a", "a -> a");
        check("a b c", "a -> b -> c");
    }
}
