//! Values of enums: from numbers and names, and to names.

use prost_reflect::EnumDescriptor;

use super::Evaluated;
use crate::program::meter::Problem;
use crate::program::value::Value;

/// The value of an enum of a number or a name, as a number. Errors: there is none of that name.
pub(super) fn number<'a>(value: &Value<'a>, descriptor: &EnumDescriptor) -> Evaluated<'a> {
    match value {
        // Enums may have values that we do not know yet.
        Value::Int(number) => match i32::try_from(*number) {
            Ok(number) => Ok(Value::Int(i64::from(number))),
            Err(_) => Err(Problem::new(format!("{number} is no number of an enum"))),
        },
        Value::String(name) => {
            let found = descriptor.get_value_by_name(name.as_str());
            let found = found.ok_or_else(|| {
                let (name, owner) = (name.as_str(), descriptor.full_name());
                Problem::new(format!("`{name}` is not a value of {owner}"))
            })?;
            Ok(Value::Int(i64::from(found.number())))
        }
        other => {
            let what = other.describe();
            let text = format!("an enum is made of an int or a string, this is {what}");
            Err(Problem::mismatch(&[other], text))
        }
    }
}

/// The name of a value of an enum; its number in digits if it has none.
pub(super) fn name<'a>(value: &Value<'a>, descriptor: &EnumDescriptor) -> Evaluated<'a> {
    let Value::Int(number) = value else {
        let text = format!("{} has no name in an enum", value.describe());
        return Err(Problem::mismatch(&[value], text));
    };
    let found = i32::try_from(*number).ok();
    let found = found.and_then(|number| descriptor.get_value(number));
    Ok(match found {
        Some(found) => Value::text(found.name()),
        None => Value::text(number.to_string()),
    })
}
