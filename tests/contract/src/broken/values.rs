//! Values that keep the rules of a field, and values that break one of them.

use std::collections::HashMap;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, Value};
use regex::Regex;

use super::options::Options;

/// What keeps the patterns that there are: ids, names, codes of currencies and countries, revisions.
const SOUND: [&str; 4] = [
    "a",
    "EUR",
    "DE",
    "0000000000000000000000000000000000000000000000000000000000000000",
];

/// What breaks them.
const WRONG: [&str; 5] = ["\u{7f}", "**", "A b", "\u{e4}", "-"];

/// The value that a field has by itself; of a message, an empty one.
pub(super) fn default_of(field: &FieldDescriptor) -> Value {
    match field.kind() {
        Kind::Message(inner) if !field.is_list() => Value::Message(DynamicMessage::new(inner)),
        _ => field.default_value(),
    }
}

/// A value that keeps all rules.
pub(super) fn sound(field: &FieldDescriptor, options: &Options) -> Value {
    if field.is_map() {
        return Value::Map(HashMap::new());
    }
    if field.is_list() {
        let least = options.number("repeated.min_items").unwrap_or_default();
        return list(field, options, least);
    }
    single(field, options)
}

fn list(field: &FieldDescriptor, options: &Options, count: i128) -> Value {
    let element = || match options.inner("repeated.items") {
        Some(items) => single(field, &items),
        None => match field.kind() {
            Kind::Message(inner) => Value::Message(super::sound(&inner)),
            kind => Value::default_value(&kind),
        },
    };
    // Of none, no element is made: what it is made of may be a list of the same again.
    let count = usize::try_from(count).expect("lists are short");
    Value::List(match count {
        0 => Vec::new(),
        _ => vec![element(); count],
    })
}

fn single(field: &FieldDescriptor, options: &Options) -> Value {
    if options.is_ignored_if_zero() {
        return Value::default_value(&field.kind());
    }
    match field.kind() {
        Kind::String => Value::String(text(options, &SOUND, true)),
        Kind::Message(inner) if inner.full_name() == "google.protobuf.Duration" => {
            duration(&inner, options.number("duration.gte").unwrap_or_default())
        }
        Kind::Message(inner) => Value::Message(super::sound(&inner)),
        Kind::Enum(_) => {
            let not_zero = options.get("enum.not_in").is_some();
            Value::EnumNumber(not_zero.into())
        }
        kind => number(&kind, bound(&kind, options, "gte").unwrap_or_default()),
    }
}

/// The first of `candidates` that keeps the pattern, or does not.
fn text(options: &Options, candidates: &[&str], keeps: bool) -> String {
    let pattern = options.get("string.pattern");
    let pattern = pattern.as_ref().and_then(Value::as_str);
    let pattern = pattern.map(|pattern| Regex::new(pattern).expect("patterns are regular"));
    let fits = |text: &&&str| pattern.as_ref().is_none_or(|it| it.is_match(text) == keeps);
    let found = candidates.iter().find(fits);
    (*found.expect("a candidate for each pattern: add one here")).to_owned()
}

/// Values at the bounds of their rules: the last that are allowed.
pub(super) fn edges(field: &FieldDescriptor, options: &Options) -> Vec<Value> {
    let mut all = Vec::new();
    if field.is_map() {
        return all;
    }
    if field.is_list() {
        let counts = ["repeated.min_items", "repeated.max_items"];
        let counts = counts.iter().filter_map(|rule| options.number(rule));
        return counts.map(|count| list(field, options, count)).collect();
    }
    match field.kind() {
        Kind::String => {
            if let Some(most) = options.number("string.max_bytes") {
                let most = usize::try_from(most).expect("texts are short");
                all.push(Value::String("a".repeat(most)));
                // Two bytes each: it is bytes that are counted.
                all.push(Value::String("\u{e4}".repeat(most / 2 + 1)));
            }
            all.push(Value::String("a".repeat(64)));
            all.push(Value::String("a".repeat(65)));
        }
        Kind::Message(inner) if inner.full_name() == "google.protobuf.Duration" => {
            let bounds = ["duration.gte", "duration.lte"];
            let bounds = bounds.iter().filter_map(|rule| options.number(rule));
            all.extend(bounds.map(|nanos| duration(&inner, nanos)));
        }
        kind => {
            let bounds = ["gte", "lte"].into_iter();
            let bounds = bounds.filter_map(|rule| bound(&kind, options, rule));
            all.extend(bounds.map(|value| number(&kind, value)));
        }
    }
    all
}

/// Values that break one rule each: where within the field, the rule, and the value.
pub(super) fn wrong(field: &FieldDescriptor, options: &Options) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    let here = |rule: &str, value| (String::new(), rule.to_owned(), value);
    if field.is_map() {
        if let Some(most) = options.number("map.max_pairs") {
            let entries = (0..=most).map(|it| {
                (
                    MapKey::String(format!("k{it}")),
                    Value::String(String::new()),
                )
            });
            all.push(here("map.max_pairs", Value::Map(entries.collect())));
        }
        for (_, rule, key) in options.inner("map.keys").iter().flat_map(wrong_texts) {
            let value = field.kind();
            let value = value
                .as_message()
                .expect("a map has entries")
                .map_entry_value_field();
            let entry = (
                MapKey::String(key.clone()),
                Value::default_value(&value.kind()),
            );
            all.push((
                format!("[{}]", serde_json::Value::from(key.as_str())),
                format!("map.keys.{rule}"),
                Value::Map([entry].into()),
            ));
        }
        return all;
    }
    if field.is_list() {
        if options
            .number("repeated.min_items")
            .is_some_and(|least| least > 0)
        {
            all.push(here("repeated.min_items", Value::List(Vec::new())));
        }
        if let Some(most) = options.number("repeated.max_items") {
            all.push(here("repeated.max_items", list(field, options, most + 1)));
        }
        for (_, rule, value) in options
            .inner("repeated.items")
            .iter()
            .flat_map(|items| wrong_singles(field, items))
        {
            all.push((
                "[0]".to_owned(),
                format!("repeated.items.{rule}"),
                Value::List(vec![value]),
            ));
        }
        return all;
    }
    wrong_singles(field, options)
}

fn wrong_singles(field: &FieldDescriptor, options: &Options) -> Vec<(String, String, Value)> {
    let kind = field.kind();
    let here = |rule: String, value| (String::new(), rule, value);
    match &kind {
        Kind::String => {
            let texts = wrong_texts(options).into_iter();
            texts
                .map(|(_, rule, text)| here(rule, Value::String(text)))
                .collect()
        }
        Kind::Enum(_) => {
            let undefined = options
                .get("enum.defined_only")
                .map(|_| here("enum.defined_only".to_owned(), Value::EnumNumber(99)));
            let forbidden = options
                .get("enum.not_in")
                .map(|_| here("enum.not_in".to_owned(), Value::EnumNumber(0)));
            undefined.into_iter().chain(forbidden).collect()
        }
        Kind::Message(inner) if inner.full_name() == "google.protobuf.Duration" => {
            let bounds = [("duration.gte", -1), ("duration.lte", 1)];
            let wrong = bounds
                .into_iter()
                .filter_map(|(rule, by)| Some((rule, options.number(rule)? + by)));
            wrong
                .map(|(rule, nanos)| here(rule.to_owned(), duration(inner, nanos)))
                .collect()
        }
        Kind::Message(_) => Vec::new(),
        kind => {
            let bounds = [("gte", -1), ("lte", 1)];
            let wrong = bounds
                .into_iter()
                .filter_map(|(rule, by)| Some((rule, bound(kind, options, rule)? + by)));
            // Where what is zero is not looked at, it breaks nothing.
            let wrong = wrong.map(|(rule, value)| match value {
                0 if options.is_ignored_if_zero() => (rule, -1),
                value => (rule, value),
            });
            let fits = wrong
                .filter(|&(_, value)| value >= 0 || !matches!(kind, Kind::Uint32 | Kind::Uint64));
            fits.map(|(rule, value)| {
                here(
                    format!("{}.{rule}", name_of(kind).unwrap_or_default()),
                    number(kind, value),
                )
            })
            .collect()
        }
    }
}

fn wrong_texts(options: &Options) -> Vec<(String, String, String)> {
    let mut all = Vec::new();
    let here = |rule: &str, text| (String::new(), rule.to_owned(), text);
    if options
        .number("string.min_bytes")
        .is_some_and(|least| least > 0)
    {
        all.push(here("string.min_bytes", String::new()));
    }
    if let Some(most) = options.number("string.max_bytes") {
        let most = usize::try_from(most).expect("texts are short");
        all.push(here("string.max_bytes", "a".repeat(most + 1)));
    }
    if options.get("string.pattern").is_some() {
        all.push(here("string.pattern", text(options, &WRONG, false)));
    }
    all
}

fn duration(descriptor: &prost_reflect::MessageDescriptor, nanos: i128) -> Value {
    let mut duration = DynamicMessage::new(descriptor.clone());
    let seconds = i64::try_from(nanos / 1_000_000_000).expect("bounds are not that long");
    let nanos = i32::try_from(nanos % 1_000_000_000).expect("less than a second");
    duration.set_field_by_name("seconds", Value::I64(seconds));
    duration.set_field_by_name("nanos", Value::I32(nanos));
    Value::Message(duration)
}

fn bound(kind: &Kind, options: &Options, rule: &str) -> Option<i128> {
    options.number(&format!("{}.{rule}", name_of(kind)?))
}

/// None: nothing of this kind has bounds.
fn name_of(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Int32 => Some("int32"),
        Kind::Int64 => Some("int64"),
        Kind::Uint32 => Some("uint32"),
        Kind::Uint64 => Some("uint64"),
        Kind::Double => Some("double"),
        _ => None,
    }
}

fn number(kind: &Kind, value: i128) -> Value {
    let fits = "bounds are within their type";
    match kind {
        Kind::Int32 => Value::I32(value.try_into().expect(fits)),
        Kind::Int64 => Value::I64(value.try_into().expect(fits)),
        Kind::Uint32 => Value::U32(value.try_into().expect(fits)),
        Kind::Uint64 => Value::U64(value.try_into().expect(fits)),
        Kind::Double => Value::F64(value as f64),
        other => Value::default_value(other),
    }
}
