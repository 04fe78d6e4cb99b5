//! What a choreographed execution waits for, and what is wrong with it, in words.

use pavane::feed::v1::Event;
use pavane::workflow::v1::{Execution, Incident, Wait};
use prost_types::Timestamp;

use super::super::table::one_line;
use super::{Steps, duration, entry, since};

/// `charge completed`: what an event says, without its facts.
pub(crate) fn phrase(event: &Event, steps: &Steps<'_>) -> String {
    let entry = entry(event, steps);
    let words = [entry.subject.as_str(), entry.what];
    words.join(" ").trim_end().to_owned()
}

/// `payment` for `/payment`: the name of the feed that an event is in.
pub(crate) fn feed(source: &str) -> String {
    one_line(source.strip_prefix('/').unwrap_or(source))
}

/// `ship`, or `charge to be undone`.
pub(crate) fn what_is_due(wait: &Wait) -> String {
    let step = one_line(&wait.step);
    if wait.compensation {
        format!("{step} to be undone")
    } else {
        step
    }
}

/// `charge completed (payment, sequence 8812)`: what is to be reacted to.
pub(crate) fn cause(wait: &Wait, execution: &Execution) -> String {
    let known = execution.events.iter().find(|e| e.id == wait.cause_id);
    let phrase = match known {
        Some(event) => phrase(event, &Steps::new(execution)),
        None => {
            let name = wait.cause_type.rsplit('.').next().unwrap_or_default();
            one_line(name)
        }
    };
    let feed = feed(&wait.cause_source);
    format!("{phrase} ({feed}, sequence {})", wait.cause_sequence)
}

/// `for 39 s; expected within 12 s`.
pub(crate) fn patience(wait: &Wait, now: &Timestamp) -> String {
    // What came before somebody could hear of it is no delay of the participant's.
    let begun = wait
        .observed_since_time
        .as_ref()
        .or(wait.since_time.as_ref());
    let waited = duration(since(begun, Some(now)));
    match &wait.expected_time {
        Some(expected) => {
            let within = duration(since(begun, Some(expected)));
            format!("for {waited}; expected within {within}")
        }
        None => format!("for {waited}"),
    }
}

/// `127.0.0.1:7403 cannot be reached since 39 s (connection refused)`.
pub(crate) fn reach(wait: &Wait, now: &Timestamp) -> String {
    let target = one_line(&wait.target);
    if wait.reachable {
        return format!("{target} can be reached");
    }
    let mut text = format!("{target} cannot be reached");
    if let Some(gone) = &wait.unreachable_since_time {
        text.push_str(&format!(
            " since {}",
            duration(since(Some(gone), Some(now)))
        ));
    }
    if !wait.unreachable_reason.is_empty() {
        text.push_str(&format!(" ({})", one_line(&wait.unreachable_reason)));
    }
    text
}

/// `PARTICIPANT_SILENT: shipping has not reacted to ...`.
pub(crate) fn incident(incident: &Incident) -> String {
    let message = one_line(&incident.message);
    format!("{}: {message}", one_line(&incident.reason))
}
