//! One history out of the events of several feeds.

use pavane::feed::v1::Event;
use pavane_flow::Timestamp;

use crate::view;

/// The events of an execution in the order in which they happened: whoever says something says it
/// with a time later than all that it knows of, so causes come before what they caused.
pub(crate) fn in_order(mut events: Vec<Event>) -> Vec<Event> {
    events.sort_by(|one, other| key(one).cmp(&key(other)));
    // A feed that was made anew counts anew.
    let is_same = |one: &Event, other: &Event| {
        (one.sequence, &one.source, &one.id) == (other.sequence, &other.source, &other.id)
    };
    events.dedup_by(|one, other| is_same(one, other));
    events
}

fn key(event: &Event) -> (bool, Timestamp, &str, u64) {
    let time = event.time.as_ref().map(Timestamp::from).unwrap_or_default();
    // The outcome is the last word, whatever somebody's clock says.
    (view::is_outcome(event), time, &event.source, event.sequence)
}
