//! Sums, differences, products, quotients. What overflows has no value; it never wraps.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::expression::Arithmetic;
use super::meter::{Meter, Problem, check_bytes, check_list};
use super::value::{List, Value};

/// The value of an operator between two values.
pub(crate) fn arithmetic<'a>(
    operator: Arithmetic,
    left: &Value<'a>,
    right: &Value<'a>,
    meter: &mut Meter,
) -> Result<Value<'a>, Problem> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => ints(operator, *left, *right),
        (Value::Uint(left), Value::Uint(right)) => uints(operator, *left, *right),
        (Value::Double(left), Value::Double(right)) => match operator {
            Arithmetic::Add => Ok(Value::Double(left + right)),
            Arithmetic::Subtract => Ok(Value::Double(left - right)),
            Arithmetic::Multiply => Ok(Value::Double(left * right)),
            Arithmetic::Divide => Ok(Value::Double(left / right)),
            Arithmetic::Remainder => Err(unsupported(
                operator,
                &Value::Double(0.0),
                &Value::Double(0.0),
            )),
        },
        _ if operator == Arithmetic::Add => add(left, right, meter),
        _ if operator == Arithmetic::Subtract => subtract(left, right),
        _ => Err(unsupported(operator, left, right)),
    }
}

/// The value of a number or a duration with its sign turned.
pub(crate) fn negate<'a>(value: &Value<'a>) -> Result<Value<'a>, Problem> {
    match value {
        Value::Int(number) => {
            let negated = number.checked_neg();
            negated.map(Value::Int).ok_or_else(|| overflow("int"))
        }
        Value::Double(number) => Ok(Value::Double(-number)),
        other => {
            let text = format!("{} has no sign", other.describe());
            Err(Problem::mismatch(&[other], text))
        }
    }
}

fn ints<'a>(operator: Arithmetic, left: i64, right: i64) -> Result<Value<'a>, Problem> {
    let result = match operator {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
        Arithmetic::Divide | Arithmetic::Remainder if right == 0 => return Err(by_zero()),
        Arithmetic::Divide => left.checked_div(right),
        Arithmetic::Remainder => left.checked_rem(right),
    };
    result.map(Value::Int).ok_or_else(|| overflow("int"))
}

fn uints<'a>(operator: Arithmetic, left: u64, right: u64) -> Result<Value<'a>, Problem> {
    let result = match operator {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
        Arithmetic::Divide | Arithmetic::Remainder if right == 0 => return Err(by_zero()),
        Arithmetic::Divide => left.checked_div(right),
        Arithmetic::Remainder => left.checked_rem(right),
    };
    result.map(Value::Uint).ok_or_else(|| overflow("uint"))
}

fn add<'a>(left: &Value<'a>, right: &Value<'a>, meter: &mut Meter) -> Result<Value<'a>, Problem> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => {
            let (left, right) = (left.as_str(), right.as_str());
            let length = left.len() + right.len();
            meter.charge_bytes(length)?;
            check_bytes(length)?;
            let mut text = String::with_capacity(length);
            text.push_str(left);
            text.push_str(right);
            Ok(Value::text(text))
        }
        (Value::Bytes(left), Value::Bytes(right)) => {
            let length = left.len() + right.len();
            meter.charge_bytes(length)?;
            check_bytes(length)?;
            let mut bytes = BytesMut::with_capacity(length);
            bytes.extend_from_slice(left);
            bytes.extend_from_slice(right);
            Ok(Value::Bytes(Bytes::from(bytes)))
        }
        (Value::List(left), Value::List(right)) => join(left, right, meter),
        (Value::Timestamp(moment), Value::Duration(duration))
        | (Value::Duration(duration), Value::Timestamp(moment)) => {
            let sum = moment
                .plus(*duration)
                .ok_or_else(|| overflow("timestamp"))?;
            Ok(Value::Timestamp(sum.check_timestamp()?))
        }
        (Value::Duration(left), Value::Duration(right)) => {
            let sum = left.plus(*right).ok_or_else(|| overflow("duration"))?;
            Ok(Value::Duration(sum.check_duration()?))
        }
        _ => Err(unsupported(Arithmetic::Add, left, right)),
    }
}

fn subtract<'a>(left: &Value<'a>, right: &Value<'a>) -> Result<Value<'a>, Problem> {
    match (left, right) {
        (Value::Timestamp(left), Value::Timestamp(right))
        | (Value::Duration(left), Value::Duration(right)) => {
            let difference = left.minus(*right).ok_or_else(|| overflow("duration"))?;
            Ok(Value::Duration(difference.check_duration()?))
        }
        (Value::Timestamp(left), Value::Duration(right)) => {
            let difference = left.minus(*right).ok_or_else(|| overflow("timestamp"))?;
            Ok(Value::Timestamp(difference.check_timestamp()?))
        }
        _ => Err(unsupported(Arithmetic::Subtract, left, right)),
    }
}

fn join<'a>(left: &List<'a>, right: &List<'a>, meter: &mut Meter) -> Result<Value<'a>, Problem> {
    let length = left.len() + right.len();
    meter.charge(length)?;
    check_list(length)?;
    let mut items = Vec::with_capacity(length);
    for list in [left, right] {
        for index in 0..list.len() {
            items.extend(list.get(index, meter)?);
        }
    }
    Ok(Value::List(List::Shared(Arc::from(items))))
}

fn overflow(kind: &str) -> Problem {
    Problem::new(format!("the result is out of the range of {kind}"))
}

fn by_zero() -> Problem {
    Problem::new("division by zero")
}

fn unsupported(operator: Arithmetic, left: &Value<'_>, right: &Value<'_>) -> Problem {
    let sign = match operator {
        Arithmetic::Add => "+",
        Arithmetic::Subtract => "-",
        Arithmetic::Multiply => "*",
        Arithmetic::Divide => "/",
        Arithmetic::Remainder => "%",
    };
    let (a, b) = (left.describe(), right.describe());
    let text = format!("`{sign}` does not work between {a} and {b}");
    Problem::mismatch(&[left, right], text)
}
