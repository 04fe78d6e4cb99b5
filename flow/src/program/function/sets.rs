//! Lists taken as sets: neither order nor repetition counts.

use super::{Evaluated, unsupported};
use crate::program::compare::equal;
use crate::program::meter::{Meter, Problem};
use crate::program::value::{List, Value};

/// `sets.contains(list, sublist)`
pub(crate) fn contains<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let (all, some) = both("sets.contains", arguments)?;
    Ok(Value::Bool(covers(all, some, meter)?))
}

/// `sets.equivalent(list, list)`
pub(crate) fn equivalent<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let (left, right) = both("sets.equivalent", arguments)?;
    let is_equivalent = covers(left, right, meter)? && covers(right, left, meter)?;
    Ok(Value::Bool(is_equivalent))
}

/// `sets.intersects(list, list)`
pub(crate) fn intersects<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let (left, right) = both("sets.intersects", arguments)?;
    let right = right.to_vec(meter)?;
    for index in 0..left.len() {
        let item = left.at(index, meter)?;
        if holds(&right, &item, meter)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn both<'v, 'a>(
    name: &str,
    arguments: &'v [Value<'a>],
) -> Result<(&'v List<'a>, &'v List<'a>), Problem> {
    match arguments {
        [Value::List(left), Value::List(right)] => Ok((left, right)),
        _ => Err(unsupported(name, arguments)),
    }
}

/// Whether each element of the second is one of the first.
fn covers(all: &List<'_>, some: &List<'_>, meter: &mut Meter) -> Result<bool, Problem> {
    let all = all.to_vec(meter)?;
    for index in 0..some.len() {
        let item = some.at(index, meter)?;
        if !holds(&all, &item, meter)? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn holds(
    items: &[Value<'_>],
    wanted: &Value<'_>,
    meter: &mut Meter,
) -> Result<bool, Problem> {
    for item in items {
        if equal(item, wanted, meter)? {
            return Ok(true);
        }
    }
    Ok(false)
}
