//! One value of many: smallest, largest, sum, average.

use std::cmp::Ordering;

use super::{Evaluated, only_list, unsupported};
use crate::program::arithmetic::arithmetic;
use crate::program::compare::compare;
use crate::program::expression::Arithmetic;
use crate::program::meter::{Meter, Problem};
use crate::program::value::{Moment, Value};

/// `min(a, b, ...)`, `min(list)`
pub(crate) fn min<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    extreme(Ordering::Less, arguments, meter)
}

/// `max(a, b, ...)`, `max(list)`
pub(crate) fn max<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    extreme(Ordering::Greater, arguments, meter)
}

/// The smallest or largest of the arguments, or of the elements of the only one.
fn extreme<'a>(wanted: Ordering, arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let values = match arguments {
        [Value::List(list)] => list.to_vec(meter)?,
        _ => arguments.to_vec(),
    };
    let mut best: Option<Value<'a>> = None;
    for value in values {
        meter.charge(1)?;
        let better = match &best {
            // What has no order with itself has none at all.
            None => compare(&value, &value, meter).map(|_| true)?,
            Some(best) => compare(&value, best, meter)? == Some(wanted),
        };
        if better {
            best = Some(value);
        }
    }
    best.ok_or_else(|| Problem::new("an empty list has no smallest and no largest element"))
}

/// `sum(list)`, with the value of an empty list, which the checker knows, as a second argument.
pub(crate) fn sum<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let [Value::List(list), zero] = arguments else {
        return Err(unsupported("sum", arguments));
    };
    let mut sum: Option<Value<'a>> = None;
    for index in 0..list.len() {
        let value = list.at(index, meter)?;
        if !is_summable(&value) {
            return Err(unsupported("sum", &[value]));
        }
        sum = Some(match sum {
            None => value,
            Some(sum) => arithmetic(Arithmetic::Add, &sum, &value, meter)?,
        });
    }
    Ok(sum.unwrap_or_else(|| zero.clone()))
}

/// `avg(list)`: a double, or a duration.
pub(crate) fn average<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let list = only_list("avg", arguments)?;
    if list.len() == 0 {
        return Err(Problem::new("an empty list has no average"));
    }
    let values = list.to_vec(meter)?;
    let count = values.len();
    if let Some(Value::Duration(_)) = values.first() {
        let mut nanos = 0_i128;
        for value in &values {
            let Value::Duration(moment) = value else {
                return Err(unsupported("avg", std::slice::from_ref(value)));
            };
            nanos += moment.as_nanos();
        }
        let average = nanos / i128::try_from(count).expect("no memory holds more");
        let average = Moment::from_nanos(average).expect("it is between the values");
        return Ok(Value::Duration(average));
    }
    #[expect(clippy::cast_precision_loss, reason = "an average of ints is a double")]
    let average = {
        let mut whole = 0_i128;
        let mut fraction = 0.0;
        for value in &values {
            match value {
                Value::Int(number) => whole += i128::from(*number),
                Value::Uint(number) => whole += i128::from(*number),
                Value::Double(number) => fraction += number,
                other => return Err(unsupported("avg", std::slice::from_ref(other))),
            }
        }
        (whole as f64 + fraction) / count as f64
    };
    Ok(Value::Double(average))
}

fn is_summable(value: &Value<'_>) -> bool {
    matches!(
        value,
        Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::Duration(_)
    )
}
