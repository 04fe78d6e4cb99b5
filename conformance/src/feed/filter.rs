//! What a filter passes, by the words of the contract: filtering by hand, to compare the server's
//! with. Clear rather than fast.

use pavane::feed::v1::{Event, Filter};

/// Whether an event passes.
pub(crate) fn passes(filter: &Filter, event: &Event) -> bool {
    let attribute = |name: &str| match name {
        "id" => Some(&event.id),
        "source" => Some(&event.source),
        "correlation_id" => Some(&event.correlation_id),
        "causation_id" => Some(&event.causation_id),
        extension => event.attributes.get(extension),
    };
    let attributes = filter
        .attributes
        .iter()
        .all(|(name, value)| attribute(name) == Some(value));
    attributes
        && any(&filter.types, &event.r#type)
        && any(&filter.subjects, &event.subject)
        && (filter.any_of.is_empty() || filter.any_of.iter().any(|of| passes(of, event)))
}

fn any(patterns: &[String], text: &str) -> bool {
    let matches = |pattern: &String| match pattern.strip_suffix('*') {
        Some(beginning) => text.starts_with(beginning),
        None => text == pattern,
    };
    patterns.is_empty() || patterns.iter().any(matches)
}
