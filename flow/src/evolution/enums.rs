//! Enums: which values are still understood.

use prost_reflect::EnumDescriptor;

use super::Way;
use super::messages::Comparison;

/// Compares two enums of one name, at `path`.
pub(super) fn compare(
    was: &EnumDescriptor,
    is: &EnumDescriptor,
    way: Way,
    path: &str,
    out: &mut Comparison<'_>,
) {
    for value in was.values() {
        let shown = format!("{} = {}", value.name(), value.number());
        let same_name = is.get_value_by_name(value.name());
        match same_name {
            Some(same) if same.number() == value.number() => {}
            Some(moved) => {
                let moved = format!("{} = {}", moved.name(), moved.number());
                let why = "the value has another number: it reads as another value";
                out.breaking(path, &shown, &moved, why);
            }
            None => gone(&value, is, way, path, &shown, out),
        }
    }
    if way == Way::Response {
        for value in is.values() {
            if was.get_value(value.number()).is_none() {
                let shown = format!("{} = {}", value.name(), value.number());
                let why = "a new value: it reads as a number without a name";
                out.compatible(path, "nothing", &shown, why);
            }
        }
    }
}

fn gone(
    value: &prost_reflect::EnumValueDescriptor,
    is: &EnumDescriptor,
    way: Way,
    path: &str,
    shown: &str,
    out: &mut Comparison<'_>,
) {
    match (is.get_value(value.number()), way) {
        (Some(renamed), _) => {
            let renamed = format!("{} = {}", renamed.name(), renamed.number());
            if out.json() {
                let why = "in JSON values go by their names";
                out.breaking(path, shown, &renamed, why);
            } else {
                let why =
                    "the number has another name; if it means another thing as well, this breaks";
                out.compatible(path, shown, &renamed, why);
            }
        }
        (None, Way::Request) => {
            let why = "whoever is sent this value does not know it any more";
            out.breaking(path, shown, "nothing", why);
        }
        (None, Way::Response) => {
            out.compatible(path, shown, "nothing", "the value does not come any more");
        }
    }
}
