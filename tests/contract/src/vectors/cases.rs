//! Which values of a message are kept.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};

use super::values::{Rule, Values};

/// Of a message that has no vectors yet. A message without fields has one value, which is empty.
pub(super) fn of_message(message: &MessageDescriptor) -> Vec<(String, DynamicMessage)> {
    if message.fields().len() == 0 {
        return vec![("empty".to_owned(), DynamicMessage::new(message.clone()))];
    }
    let all = |rule| Values::new(rule).message(message);
    let mut cases = vec![
        ("full".to_owned(), all(Rule::Full)),
        ("extremes".to_owned(), all(Rule::Extremes)),
    ];
    if message.fields().any(|field| field.supports_presence()) {
        cases.push(("present".to_owned(), all(Rule::Present)));
    }
    for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
        cases.extend(oneof.fields().flat_map(|field| of_member(&oneof, &field)));
    }
    cases
}

/// Of fields that are set in none of these values of their message.
pub(super) fn of_fields_in_none(
    message: &MessageDescriptor,
    values: &[DynamicMessage],
) -> Vec<(String, DynamicMessage)> {
    let is_new = |field: &FieldDescriptor| values.iter().all(|value| !value.has_field(field));
    let new = message.fields().filter(is_new);
    new.flat_map(|field| {
        [Rule::Full, Rule::Extremes].map(|rule| {
            let name = format!("{}.{}", field.name(), rule.name());
            (name, Values::new(rule).message_with(&field))
        })
    })
    .collect()
}

/// A member of a oneof alone: with a value, and, unless that is a message, with the value that a field
/// without presence would not be sent with.
fn of_member(oneof: &OneofDescriptor, field: &FieldDescriptor) -> Vec<(String, DynamicMessage)> {
    let name = format!("{}.{}", oneof.name(), field.name());
    let set = Values::new(Rule::Full).message_with(field);
    if matches!(field.kind(), Kind::Message(_)) {
        return vec![(name, set)];
    }
    let present = Values::new(Rule::Present).message_with(field);
    vec![(format!("{name}.present"), present), (name, set)]
}
