//! Equality and order of values. Numbers of different kinds compare by what they amount to.

use std::cmp::Ordering;

use prost::Message as _;

use super::meter::{Meter, Problem};
use super::value::{List, Map, Value};

/// Whether two values are equal; values of different types are not.
pub(crate) fn equal(
    left: &Value<'_>,
    right: &Value<'_>,
    meter: &mut Meter,
) -> Result<bool, Problem> {
    meter.charge(1)?;
    Ok(match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::String(left), Value::String(right)) => {
            let (left, right) = (left.as_str(), right.as_str());
            meter.charge_bytes(left.len().min(right.len()))?;
            left == right
        }
        (Value::Bytes(left), Value::Bytes(right)) => {
            meter.charge_bytes(left.len().min(right.len()))?;
            left == right
        }
        (Value::Timestamp(left), Value::Timestamp(right))
        | (Value::Duration(left), Value::Duration(right)) => left == right,
        (Value::Type(left), Value::Type(right)) => left == right,
        (Value::List(left), Value::List(right)) => equal_lists(left, right, meter)?,
        (Value::Map(left), Value::Map(right)) => equal_maps(left, right, meter)?,
        (Value::Optional(left), Value::Optional(right)) => match (left, right) {
            (None, None) => true,
            (Some(left), Some(right)) => equal(left, right, meter)?,
            _ => false,
        },
        (Value::Message(left), Value::Message(right)) => {
            let (left, right) = (left.get(), right.get());
            meter.charge_bytes(left.encoded_len().saturating_mul(4))?;
            left == right
        }
        _ => numbers(left, right) == Some(Some(Ordering::Equal)),
    })
}

fn equal_lists(left: &List<'_>, right: &List<'_>, meter: &mut Meter) -> Result<bool, Problem> {
    if left.len() != right.len() {
        return Ok(false);
    }
    for index in 0..left.len() {
        let (Some(left), Some(right)) = (left.get(index, meter)?, right.get(index, meter)?) else {
            return Ok(false);
        };
        if !equal(&left, &right, meter)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn equal_maps(left: &Map<'_>, right: &Map<'_>, meter: &mut Meter) -> Result<bool, Problem> {
    if left.len() != right.len() {
        return Ok(false);
    }
    for key in left.keys(meter)? {
        let (Some(left), Some(right)) = (left.get(&key, meter)?, right.get(&key, meter)?) else {
            return Ok(false);
        };
        if !equal(&left, &right, meter)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The order of two values; `None` if one is not a number. Errors: values without an order.
pub(crate) fn compare(
    left: &Value<'_>,
    right: &Value<'_>,
    meter: &mut Meter,
) -> Result<Option<Ordering>, Problem> {
    Ok(match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::String(left), Value::String(right)) => {
            let (left, right) = (left.as_str(), right.as_str());
            meter.charge_bytes(left.len().min(right.len()))?;
            Some(left.cmp(right))
        }
        (Value::Bytes(left), Value::Bytes(right)) => {
            meter.charge_bytes(left.len().min(right.len()))?;
            Some(left.cmp(right))
        }
        (Value::Timestamp(left), Value::Timestamp(right))
        | (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        _ => numbers(left, right).ok_or_else(|| {
            let (a, b) = (left.describe(), right.describe());
            Problem::mismatch(&[left, right], format!("{a} and {b} have no order"))
        })?,
    })
}

/// The order of two numbers; the inner `None` if one is not a number (NaN), the outer if a value is
/// not numeric at all.
fn numbers(left: &Value<'_>, right: &Value<'_>) -> Option<Option<Ordering>> {
    let whole = |value: &Value<'_>| match value {
        Value::Int(number) => Some(i128::from(*number)),
        Value::Uint(number) => Some(i128::from(*number)),
        _ => None,
    };
    match (whole(left), whole(right), left, right) {
        (Some(left), Some(right), ..) => Some(Some(left.cmp(&right))),
        (_, _, Value::Double(left), Value::Double(right)) => Some(left.partial_cmp(right)),
        (Some(left), _, _, Value::Double(right)) => Some(with_double(left, *right)),
        (_, Some(right), Value::Double(left), _) => {
            Some(with_double(right, *left).map(Ordering::reverse))
        }
        _ => None,
    }
}

/// The exact order of a whole number and a double.
fn with_double(whole: i128, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    // Doubles saturate when cast, and both ends are far beyond any int or uint.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the fraction is compared after it"
    )]
    let floor = double.floor() as i128;
    Some(
        whole
            .cmp(&floor)
            .then(if double.fract() == 0.0 || double.is_infinite() {
                Ordering::Equal
            } else {
                Ordering::Less
            }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_different_kinds_compare_by_what_they_amount_to() {
        let check = |left, right| numbers(&left, &right).expect("both are numbers");
        let (less, equal) = (Some(Ordering::Less), Some(Ordering::Equal));
        assert_eq!(check(Value::Int(-1), Value::Uint(u64::MAX)), less);
        assert_eq!(check(Value::Int(1), Value::Double(1.5)), less);
        assert_eq!(check(Value::Int(-2), Value::Double(-1.5)), less);
        assert_eq!(check(Value::Double(1.5), Value::Uint(2)), less);
        assert_eq!(check(Value::Int(3), Value::Double(3.0)), equal);
        assert_eq!(check(Value::Int(i64::MAX), Value::Double(9.3e18)), less);
        assert_eq!(check(Value::Double(f64::NAN), Value::Int(0)), None);
        assert_eq!(check(Value::Uint(7), Value::Double(f64::INFINITY)), less);
    }
}
