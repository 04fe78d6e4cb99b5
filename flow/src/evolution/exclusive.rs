//! Which fields exclude each other, and where that has changed.

use std::collections::BTreeSet;

use prost_reflect::MessageDescriptor;

use super::Way;

/// Why fields that can be set together on one side cannot on the other; `None`: nothing is lost.
/// `number` is a field that both have.
pub(super) fn problem(
    number: u32,
    was: &MessageDescriptor,
    is: &MessageDescriptor,
    way: Way,
) -> Option<(String, &'static str)> {
    let in_both = |other: &u32| was.get_field(*other).is_some() && is.get_field(*other).is_some();
    let before: BTreeSet<u32> = partners(number, was).into_iter().filter(in_both).collect();
    let after: BTreeSet<u32> = partners(number, is).into_iter().filter(in_both).collect();
    let name = |other: &u32| was.get_field(*other).map(|field| field.name().to_owned());
    if let Some(other) = after.difference(&before).find_map(name) {
        let why = match way {
            Way::Request => "who sets both loses one of them",
            Way::Response => "only one of them is set from now on",
        };
        return Some((format!("in one oneof with `{other}`"), why));
    }
    let other = before.difference(&after).find_map(name)?;
    let why = "both may be set from now on, and only the last of them is seen";
    (way == Way::Response).then(|| (format!("in no oneof with `{other}`"), why))
}

/// The other fields of the oneof that a field is in.
fn partners(number: u32, message: &MessageDescriptor) -> BTreeSet<u32> {
    let Some(field) = message.get_field(number) else {
        return BTreeSet::new();
    };
    let Some(oneof) = field.containing_oneof() else {
        return BTreeSet::new();
    };
    let numbers = oneof.fields().map(|field| field.number());
    numbers.filter(|other| *other != number).collect()
}
