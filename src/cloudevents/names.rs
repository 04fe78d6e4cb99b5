//! Names of attributes. Those that the mapping uses itself are escaped where an event has an extension
//! attribute of that name: `subject` becomes `xsubject`, `xsubject` becomes `xxsubject`.

pub(super) const SUBJECT: &str = "subject";
pub(super) const TIME: &str = "time";
pub(super) const CONTENT_TYPE: &str = "datacontenttype";
pub(super) const SCHEMA: &str = "dataschema";
pub(super) const SEQUENCE: &str = "sequence";
pub(super) const CURSOR: &str = "cursor";
pub(super) const CORRELATION_ID: &str = "correlationid";
pub(super) const CAUSATION_ID: &str = "causationid";
pub(super) const TRACEPARENT: &str = "traceparent";
pub(super) const TRACESTATE: &str = "tracestate";

/// What each CloudEvent must have, beside its other attributes.
pub(super) const REQUIRED: [&str; 4] = ["id", "source", "specversion", "type"];

/// What the mapping uses.
const USED: [&str; 10] = [
    SUBJECT,
    TIME,
    CONTENT_TYPE,
    SCHEMA,
    SEQUENCE,
    CURSOR,
    CORRELATION_ID,
    CAUSATION_ID,
    TRACEPARENT,
    TRACESTATE,
];

/// Whether an extension attribute of an event cannot keep its name.
pub(super) fn is_taken(name: &str) -> bool {
    let bare = name.trim_start_matches('x');
    USED.contains(&bare) || REQUIRED.contains(&bare) || bare == "data"
}

/// The name that an event's extension attribute has in a CloudEvent.
pub(super) fn escape(name: &str) -> String {
    match is_taken(name) {
        true => format!("x{name}"),
        false => name.to_owned(),
    }
}

/// The name that an event's extension attribute had, if this is one that was escaped.
pub(super) fn unescape(name: &str) -> Option<&str> {
    name.strip_prefix('x').filter(|_| is_taken(name))
}

/// CloudEvents 1.0: lower-case letters and digits.
pub(super) fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    !name.is_empty() && name.bytes().all(is_allowed)
}
