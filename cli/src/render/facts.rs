//! A message in one line: the few things a person wants to know of it.
//!
//! Works on the JSON mapping, whether its names are in camel case or as in the .proto file.

use serde_json::{Map, Value};

use super::table::one_line;

/// Longest line, in characters.
const MAX_CHARS: usize = 80;
/// Elements of a list that are shown.
const MAX_ELEMENTS: usize = 3;

/// `reservation r-0042, total 59.90 EUR`, without what only repeats the subject.
pub(crate) fn facts_about(value: &Value, subject: &str) -> String {
    let line = one_line(&inline(value, subject));
    if line.chars().count() <= MAX_CHARS {
        return line;
    }
    line.chars().take(MAX_CHARS - 1).chain(['…']).collect()
}

fn inline(value: &Value, subject: &str) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(elements) => list(elements, subject),
        Value::Object(fields) => object(fields, subject),
    }
}

fn list(elements: &[Value], subject: &str) -> String {
    let shown = elements
        .iter()
        .take(MAX_ELEMENTS)
        .map(|element| inline(element, subject));
    let mut shown = shown.collect::<Vec<_>>().join(", ");
    if elements.len() > MAX_ELEMENTS {
        shown.push_str(&format!(" and {} more", elements.len() - MAX_ELEMENTS));
    }
    shown
}

fn object(fields: &Map<String, Value>, subject: &str) -> String {
    if let Some(short) = money(fields).or_else(|| quantity(fields)) {
        return short;
    }
    let mut fields = fields.iter().filter(|(name, value)| {
        !name.starts_with('@') && (subject.is_empty() || value.as_str() != Some(subject))
    });
    let mut shown = Vec::new();
    while let Some((name, value)) = fields.next() {
        // What only wraps another message says nothing by itself.
        let alone = shown.is_empty() && fields.clone().next().is_none();
        if alone && value.is_object() && money_of(value).is_none() {
            return inline(value, subject);
        }
        shown.extend(fact(name, value, subject));
    }
    shown.join(", ")
}

fn fact(name: &str, value: &Value, subject: &str) -> Option<String> {
    let name = words(name);
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::Bool(true) => Some(name),
        // Elements such as `2 x sku-17` need no name.
        Value::Array(elements) if elements.iter().all(is_quantity) && !elements.is_empty() => {
            Some(list(elements, subject))
        }
        value => {
            let text = inline(value, subject);
            (!text.is_empty()).then(|| format!("{name} {text}"))
        }
    }
}

/// `reservationId` and `reservation_id` as `reservation`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        match c {
            '_' => words.push(' '),
            c if c.is_ascii_uppercase() => words.extend([' ', c.to_ascii_lowercase()]),
            c => words.push(c),
        }
    }
    match words.strip_suffix(" id") {
        Some(stem) if !stem.is_empty() => stem.to_owned(),
        _ => words,
    }
}

fn money_of(value: &Value) -> Option<String> {
    money(value.as_object()?)
}

/// `{"currency": "EUR", "minorUnits": "5990"}` as `59.90 EUR`.
fn money(fields: &Map<String, Value>) -> Option<String> {
    let currency = fields.get("currency")?.as_str()?;
    let units = match fields
        .get("minorUnits")
        .or_else(|| fields.get("minor_units"))
    {
        Some(units) => integer(units)?,
        None => 0,
    };
    if fields.len() > 2 {
        return None;
    }
    let digits = match currency {
        "JPY" | "KRW" | "CLP" | "ISK" | "VND" => return Some(format!("{units} {currency}")),
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" => 3,
        _ => 2,
    };
    let scale = 10_u64.pow(digits);
    let sign = if units < 0 { "-" } else { "" };
    let (whole, part) = (units.unsigned_abs() / scale, units.unsigned_abs() % scale);
    Some(format!(
        "{sign}{whole}.{part:0width$} {currency}",
        width = digits as usize
    ))
}

/// `{"sku": "sku-17", "quantity": 2}` as `2 x sku-17`.
fn quantity(fields: &Map<String, Value>) -> Option<String> {
    let count = integer(fields.get("quantity")?)?;
    let (_, what) = fields.iter().find(|(name, _)| *name != "quantity")?;
    (fields.len() == 2).then(|| what.as_str().map(|what| format!("{count} x {what}")))?
}

fn is_quantity(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|fields| quantity(fields).is_some())
}

/// 64-bit integers are strings in the JSON mapping, and floats in a Struct.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(digits) => digits.parse().ok(),
        Value::Number(number) => {
            let float = number
                .as_f64()
                .filter(|float| float.fract() == 0.0 && float.abs() < 9e15);
            number.as_i64().or_else(|| float.map(|float| float as i64))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(value: Value, expected: &str) {
        assert_eq!(facts_about(&value, "order-1"), expected);
    }

    #[test]
    fn money_and_quantities_are_read_at_a_glance() {
        let money = json!({"currency": "EUR", "minorUnits": "5990"});
        check(
            json!({"reservationId": "r-1", "total": money}),
            "reservation r-1, total 59.90 EUR",
        );
        check(
            json!({"total": {"currency": "JPY", "minor_units": 12.0}}),
            "total 12 JPY",
        );
        check(
            json!({"total": {"currency": "EUR", "minorUnits": "5"}}),
            "total 0.05 EUR",
        );
        let lines = json!([{"sku": "sku-17", "quantity": 2}, {"sku": "sku-3", "quantity": 1}]);
        check(json!({"lines": lines}), "2 x sku-17, 1 x sku-3");
    }

    #[test]
    fn what_wraps_or_repeats_the_subject_is_left_out() {
        check(
            json!({"reservation": {"orderId": "order-1", "released": true}}),
            "released",
        );
        check(
            json!({"orderId": "order-2", "released": false}),
            "order order-2",
        );
    }

    #[test]
    fn a_line_has_an_end() {
        let long = facts_about(&json!({"text": "x".repeat(500)}), "");
        assert_eq!(long.chars().count(), MAX_CHARS);
        check(json!({"n": [1, 2, 3, 4, 5]}), "n 1, 2, 3 and 2 more");
        check(json!({}), "");
    }
}
