//! The rules that `.proto` files give their fields by protovalidate, as JSON Schema can say them.
//! <https://protovalidate.com/schemas/standard-rules/>
//!
//! What it cannot say is left out, so that whatever the rules allow, the schema allows: a number of
//! bytes is a number of characters at most, and CEL is not read.

use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, OneofDescriptor, Value};
use regex::Regex;
use serde_json::{Map, json};

type Json = serde_json::Value;

/// Of a field: not looked at while it has the value that it has by default, and never.
const IGNORED: [i32; 2] = [1, 3];

/// Rules of numbers, lists and maps, and what JSON Schema calls them.
const BOUNDS: [(&str, &str); 11] = [
    ("gte", "minimum"),
    ("lte", "maximum"),
    ("gt", "exclusiveMinimum"),
    ("lt", "exclusiveMaximum"),
    ("min_len", "minLength"),
    ("max_len", "maxLength"),
    ("max_bytes", "maxLength"),
    ("min_items", "minItems"),
    ("max_items", "maxItems"),
    ("min_pairs", "minProperties"),
    ("max_pairs", "maxProperties"),
];

/// Adds the rules of a field to its schema.
pub(super) fn apply(field: &FieldDescriptor, schema: &mut Json) {
    if let Some(rules) = of_field(field) {
        let not_in = excluded(field, &rules);
        add(&rules, schema);
        if !not_in.is_empty() {
            schema["not"] = json!({ "enum": not_in });
        }
    }
}

/// Whether a message without this field breaks its rules.
pub(super) fn is_needed(field: &FieldDescriptor) -> bool {
    let Some(rules) = of_field(field) else {
        return false;
    };
    if flag(&rules, "required") {
        return true;
    }
    // Where absence cannot be told, the rules are for the value that a field has then.
    let Some((_, kind)) = kind_of(&rules).filter(|_| !field.supports_presence()) else {
        return false;
    };
    kind.fields()
        .any(|(rule, value)| match (rule.name(), value) {
            ("min_bytes" | "min_len" | "min_items" | "gte", least) => {
                let least = number(least).and_then(|least| least.as_f64());
                least.is_some_and(|least| least > 0.0)
            }
            ("pattern", Value::String(pattern)) => {
                Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(""))
            }
            ("not_in", Value::List(values)) => {
                let mut numbers = values.iter().filter_map(number);
                numbers.any(|number| number.as_f64() == Some(0.0))
            }
            _ => false,
        })
}

/// Whether one of a oneof's fields must be set.
pub(super) fn is_required(oneof: &OneofDescriptor) -> bool {
    let rules = extension(oneof.parent_pool(), &oneof.options(), "buf.validate.oneof");
    rules.is_some_and(|rules| flag(&rules, "required"))
}

fn of_field(field: &FieldDescriptor) -> Option<DynamicMessage> {
    let rules = extension(field.parent_pool(), &field.options(), "buf.validate.field")?;
    let ignore = rules.get_field_by_name("ignore")?.as_enum_number();
    (!ignore.is_some_and(|ignore| IGNORED.contains(&ignore))).then_some(rules)
}

fn extension(
    pool: &DescriptorPool,
    options: &DynamicMessage,
    name: &str,
) -> Option<DynamicMessage> {
    let extension = pool.get_extension_by_name(name)?;
    options.has_extension(&extension).then_some(())?;
    options.get_extension(&extension).as_message().cloned()
}

fn flag(rules: &DynamicMessage, name: &str) -> bool {
    let value = rules.get_field_by_name(name);
    value.and_then(|value| value.as_bool()).unwrap_or_default()
}

/// The rules that are for values of one kind, and which: `string`, `repeated`.
fn kind_of(rules: &DynamicMessage) -> Option<(String, &DynamicMessage)> {
    let mut fields = rules.fields();
    fields.find_map(|(field, value)| Some((field.name().to_owned(), value.as_message()?)))
}

fn add(rules: &DynamicMessage, schema: &mut Json) {
    let Some((kind, rules)) = kind_of(rules) else {
        return;
    };
    if !schema.is_object() || kind == "duration" || kind == "timestamp" {
        return;
    }
    let mut found = Map::new();
    for (field, value) in rules.fields() {
        let name = field.name();
        if let Some((_, keyword)) = BOUNDS.iter().find(|(rule, _)| *rule == name) {
            found.extend(number(value).map(|bound| ((*keyword).to_owned(), bound)));
        }
        match (name, value) {
            ("min_bytes", Value::U64(1..)) => {
                found.insert("minLength".to_owned(), 1.into());
            }
            ("pattern", Value::String(pattern)) => {
                found.insert("pattern".to_owned(), pattern.as_str().into());
            }
            ("unique", Value::Bool(true)) => {
                found.insert("uniqueItems".to_owned(), true.into());
            }
            ("items", Value::Message(rules)) => add(rules, &mut schema["items"]),
            ("values", Value::Message(rules)) => add(rules, &mut schema["additionalProperties"]),
            ("keys", Value::Message(rules)) if kind == "map" => {
                let mut names = json!({});
                add(rules, &mut names);
                found.insert("propertyNames".to_owned(), names);
            }
            _ => {}
        }
    }
    for (keyword, value) in found {
        schema[keyword] = value;
    }
}

fn number(value: &Value) -> Option<Json> {
    match value {
        Value::I32(number) => Some((*number).into()),
        Value::I64(number) => Some((*number).into()),
        Value::U32(number) => Some((*number).into()),
        Value::U64(number) => Some((*number).into()),
        Value::F32(number) => Some((*number).into()),
        Value::F64(number) => Some((*number).into()),
        _ => None,
    }
}

/// The names of the values that an enum must not have.
fn excluded(field: &FieldDescriptor, rules: &DynamicMessage) -> Vec<String> {
    let kind = field.kind();
    let rules = kind_of(rules).filter(|(name, _)| name == "enum");
    let (Some(kind), Some((_, rules))) = (kind.as_enum(), rules) else {
        return Vec::new();
    };
    let not_in = rules.get_field_by_name("not_in");
    let numbers = not_in.iter().flat_map(|not_in| not_in.as_list());
    let numbers = numbers.flatten().filter_map(Value::as_i32);
    numbers
        .filter_map(|number| Some(kind.get_value(number)?.name().to_owned()))
        .collect()
}
