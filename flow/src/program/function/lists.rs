//! Lists: parts of them, their order, what is in them more than once.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::{Evaluated, only_list, sets, unsupported};
use crate::program::compare::compare;
use crate::program::meter::{Meter, Problem, check_list};
use crate::program::value::Value;

/// `lists.range(n)`
pub(crate) fn range<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let [Value::Int(count)] = arguments else {
        return Err(unsupported("lists.range", arguments));
    };
    let length = usize::try_from((*count).max(0)).unwrap_or(usize::MAX);
    check_list(length)?;
    meter.charge(length)?;
    Ok(Value::list((0..*count).map(Value::Int).collect()))
}

/// `list.slice(start, end)`
pub(crate) fn slice<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let [Value::List(list), Value::Int(start), Value::Int(end)] = arguments else {
        return Err(unsupported("slice", arguments));
    };
    let place = |index: i64| usize::try_from(index).ok().filter(|at| *at <= list.len());
    let (Some(from), Some(to)) = (place(*start), place(*end)) else {
        let length = list.len();
        let text = format!("{start} to {end} is outside of a list of {length}");
        return Err(Problem::new(text));
    };
    if from > to {
        return Err(Problem::new(format!(
            "the part from {start} ends before it, at {end}"
        )));
    }
    let items: Result<Vec<_>, _> = (from..to).map(|index| list.at(index, meter)).collect();
    Ok(Value::list(items?))
}

/// `list.flatten()`, `list.flatten(depth)`: lists within it are replaced by what they hold.
pub(crate) fn flatten<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let (list, depth) = match arguments {
        [Value::List(list)] => (list, 1),
        [Value::List(list), Value::Int(depth)] => (list, *depth),
        _ => return Err(unsupported("flatten", arguments)),
    };
    let depth = u32::try_from(depth)
        .map_err(|_| Problem::new(format!("a list cannot be flattened {depth} times")))?;
    let mut items = list.to_vec(meter)?;
    for _ in 0..depth {
        if !items.iter().any(|item| matches!(item, Value::List(_))) {
            break;
        }
        let mut flat = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Value::List(inner) => {
                    check_list(flat.len() + inner.len())?;
                    flat.extend(inner.to_vec(meter)?);
                }
                item => flat.push(item),
            }
        }
        check_list(flat.len())?;
        items = flat;
    }
    Ok(Value::list(items))
}

/// `list.distinct()`: each element where it is first.
pub(crate) fn distinct<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let items = only_list("distinct", arguments)?.to_vec(meter)?;
    // What can be a key is found by its order; all else is held against all that were there.
    let mut keys = BTreeSet::new();
    let mut others = Vec::new();
    let mut distinct = Vec::new();
    for item in items {
        let is_new = match item.as_key() {
            Some(key) => {
                meter.charge(4)?;
                keys.insert(key)
            }
            None => {
                let is_new = !sets::holds(&others, &item, meter)?;
                if is_new {
                    others.push(item.clone());
                }
                is_new
            }
        };
        if is_new {
            distinct.push(item);
        }
    }
    Ok(Value::list(distinct))
}

/// `list.sort()`
pub(crate) fn sort<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let items = only_list("sort", arguments)?.to_vec(meter)?;
    let keyed = items.into_iter().map(|item| (item.clone(), item)).collect();
    sorted(keyed, meter)
}

/// Values in the order of their keys; those with equal keys stay as they are.
pub(crate) fn sorted<'a>(
    mut keyed: Vec<(Value<'a>, Value<'a>)>,
    meter: &mut Meter,
) -> Evaluated<'a> {
    if let [(key, _)] = keyed.as_slice() {
        compare(key, key, meter)?;
    }
    let mut problem = None;
    keyed.sort_by(|(left, _), (right, _)| {
        if problem.is_some() {
            return Ordering::Equal;
        }
        let order = meter.charge(1).and_then(|()| compare(left, right, meter));
        match order {
            Ok(Some(order)) => order,
            Ok(None) => {
                problem = Some(Problem::new(
                    "what is not a number has no place in an order",
                ));
                Ordering::Equal
            }
            Err(found) => {
                problem = Some(found);
                Ordering::Equal
            }
        }
    });
    match problem {
        Some(problem) => Err(problem),
        None => Ok(Value::list(
            keyed.into_iter().map(|(_, item)| item).collect(),
        )),
    }
}

/// `list.first()`
pub(crate) fn first<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let list = only_list("first", arguments)?;
    Ok(Value::optional(list.get(0, meter)?))
}

/// `list.last()`
pub(crate) fn last<'a>(arguments: &[Value<'a>], meter: &mut Meter) -> Evaluated<'a> {
    let list = only_list("last", arguments)?;
    let index = list.len().checked_sub(1);
    let value = index.map(|index| list.at(index, meter)).transpose()?;
    Ok(Value::optional(value))
}
