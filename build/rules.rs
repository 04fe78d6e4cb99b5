//! The rules of a field as its `buf.validate` options say them, in a form that can be written out as
//! Rust. Knows those kinds of rule that the contract uses; any other is refused, so that no rule stands
//! in a .proto file and is not enforced.

use protox::prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, MessageDescriptor, OneofDescriptor, Value,
};

use super::pattern::Pattern;

/// What is wrong with a rule, and where it is.
pub(crate) type Error = String;

/// The rules of a field, or of an element, a key or a value of one.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(crate) required: bool,
    pub(crate) ignore: Ignore,
    pub(crate) kind: Option<Kind>,
}

/// When a field is not looked at.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
pub(crate) enum Ignore {
    /// When it is not set and could be told to be.
    #[default]
    Unset,
    /// When it has the value that it has by default.
    Zero,
    /// Nor is what is in it.
    Always,
}

/// The rules of one kind of value.
#[derive(Debug)]
pub(crate) enum Kind {
    Text {
        bytes: Bounds,
        pattern: Option<Pattern>,
    },
    Number(Bounds),
    Enum {
        defined_only: bool,
        not_in: Vec<i32>,
    },
    List {
        count: Bounds,
        items: Option<Box<Rules>>,
    },
    Map {
        count: Bounds,
        keys: Option<Box<Rules>>,
        values: Option<Box<Rules>>,
    },
    /// In nanoseconds.
    Duration(Bounds),
}

/// The least and the most that is allowed, as Rust writes them.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    pub(crate) least: Option<String>,
    pub(crate) most: Option<String>,
}

/// Fields of a message of which at most one may be set, or exactly one.
#[derive(Debug)]
pub(crate) struct OneOf {
    pub(crate) fields: Vec<String>,
    pub(crate) required: bool,
}

/// The rules of a field. Errors: one that is not known here.
pub(crate) fn of_field(field: &FieldDescriptor) -> Result<Rules, Error> {
    let rules = extension(field.parent_pool(), &field.options(), "buf.validate.field");
    let named = |problem| format!("{}: {problem}", field.full_name());
    rules.map_or(Ok(Rules::default()), |rules| {
        of_rules(&rules).map_err(named)
    })
}

/// Whether one of a oneof's fields must be set.
pub(crate) fn of_oneof(oneof: &OneofDescriptor) -> Result<bool, Error> {
    let rules = extension(oneof.parent_pool(), &oneof.options(), "buf.validate.oneof");
    let mut required = false;
    for (name, value) in rules.iter().flat_map(set_fields) {
        match (name.as_str(), value) {
            ("required", Value::Bool(value)) => required = value,
            _ => return Err(format!("{}: {}", oneof.full_name(), unknown(&name))),
        }
    }
    Ok(required)
}

/// The rules of a message as a whole.
pub(crate) fn of_message(message: &MessageDescriptor) -> Result<Vec<OneOf>, Error> {
    let rules = extension(
        message.parent_pool(),
        &message.options(),
        "buf.validate.message",
    );
    let mut all = Vec::new();
    for (name, value) in rules.iter().flat_map(set_fields) {
        match (name.as_str(), value) {
            ("oneof", Value::List(rules)) => {
                all.extend(rules.iter().filter_map(Value::as_message).map(one_of));
            }
            _ => return Err(format!("{}: {}", message.full_name(), unknown(&name))),
        }
    }
    Ok(all)
}

fn one_of(rule: &DynamicMessage) -> OneOf {
    let fields = rule.get_field_by_name("fields");
    let fields = fields.iter().flat_map(|fields| fields.as_list());
    let names = fields.flatten().filter_map(Value::as_str);
    let required = rule.get_field_by_name("required");
    OneOf {
        fields: names.map(str::to_owned).collect(),
        required: required.is_some_and(|required| required.as_bool() == Some(true)),
    }
}

fn of_rules(rules: &DynamicMessage) -> Result<Rules, Error> {
    let mut found = Rules::default();
    for (name, value) in set_fields(rules) {
        match (name.as_str(), value) {
            ("required", Value::Bool(value)) => found.required = value,
            ("ignore", Value::EnumNumber(1)) => found.ignore = Ignore::Zero,
            ("ignore", Value::EnumNumber(3)) => found.ignore = Ignore::Always,
            (kind, Value::Message(rules)) => found.kind = Some(of_kind(kind, &rules)?),
            _ => return Err(unknown(&name)),
        }
    }
    Ok(found)
}

fn of_kind(kind: &str, rules: &DynamicMessage) -> Result<Kind, Error> {
    match kind {
        "string" => text(rules),
        "int32" | "int64" | "uint32" | "uint64" | "double" => {
            bounds(rules, "gte", "lte").map(Kind::Number)
        }
        "duration" => bounds(rules, "gte", "lte").map(Kind::Duration),
        "enum" => enumeration(rules),
        "repeated" => Ok(Kind::List {
            count: bounds_beside(rules, "min_items", "max_items", &["items"])?,
            items: inner(rules, "items")?,
        }),
        "map" => Ok(Kind::Map {
            count: bounds_beside(rules, "min_pairs", "max_pairs", &["keys", "values"])?,
            keys: inner(rules, "keys")?,
            values: inner(rules, "values")?,
        }),
        _ => Err(unknown(kind)),
    }
}

fn text(rules: &DynamicMessage) -> Result<Kind, Error> {
    let pattern = rules.has_field_by_name("pattern").then(|| {
        let pattern = rules.get_field_by_name("pattern");
        let pattern = pattern.as_ref().and_then(|pattern| pattern.as_str());
        Pattern::parse(pattern.unwrap_or_default())
    });
    Ok(Kind::Text {
        bytes: bounds_beside(rules, "min_bytes", "max_bytes", &["pattern"])?,
        pattern: pattern.transpose()?,
    })
}

fn enumeration(rules: &DynamicMessage) -> Result<Kind, Error> {
    let (mut defined_only, mut not_in) = (false, Vec::new());
    for (name, value) in set_fields(rules) {
        match (name.as_str(), value) {
            ("defined_only", Value::Bool(value)) => defined_only = value,
            ("not_in", Value::List(values)) => {
                not_in = values.iter().filter_map(Value::as_i32).collect();
            }
            _ => return Err(unknown(&name)),
        }
    }
    Ok(Kind::Enum {
        defined_only,
        not_in,
    })
}

fn bounds(rules: &DynamicMessage, least: &str, most: &str) -> Result<Bounds, Error> {
    bounds_beside(rules, least, most, &[])
}

/// The bounds that two rules are; beside them only `others` may be set.
fn bounds_beside(
    rules: &DynamicMessage,
    least: &str,
    most: &str,
    others: &[&str],
) -> Result<Bounds, Error> {
    let mut bounds = Bounds::default();
    for (name, value) in set_fields(rules) {
        match name.as_str() {
            found if found == least => bounds.least = Some(literal(&value)?),
            found if found == most => bounds.most = Some(literal(&value)?),
            found if others.contains(&found) => {}
            found => return Err(unknown(found)),
        }
    }
    Ok(bounds)
}

fn literal(value: &Value) -> Result<String, Error> {
    match value {
        Value::I32(number) => Ok(number.to_string()),
        Value::I64(number) => Ok(number.to_string()),
        Value::U32(number) => Ok(number.to_string()),
        Value::U64(number) => Ok(number.to_string()),
        Value::F64(number) => Ok(format!("{number:?}")),
        Value::Message(duration) => {
            let part = |name| duration.get_field_by_name(name);
            let seconds = part("seconds").and_then(|value| value.as_i64());
            let nanos = part("nanos").and_then(|value| value.as_i32());
            let (Some(seconds), Some(nanos)) = (seconds, nanos) else {
                return Err("a bound is no duration".to_owned());
            };
            Ok((i128::from(seconds) * 1_000_000_000 + i128::from(nanos)).to_string())
        }
        other => Err(format!("a bound is {other:?}, expected a number")),
    }
}

fn inner(rules: &DynamicMessage, name: &str) -> Result<Option<Box<Rules>>, Error> {
    if !rules.has_field_by_name(name) {
        return Ok(None);
    }
    let inner = rules.get_field_by_name(name);
    let inner = inner.as_ref().and_then(|inner| inner.as_message());
    inner.map(|inner| of_rules(inner).map(Box::new)).transpose()
}

fn set_fields(message: &DynamicMessage) -> Vec<(String, Value)> {
    let fields = message.fields();
    fields
        .map(|(field, value)| (field.name().to_owned(), value.clone()))
        .collect()
}

fn extension(
    pool: &DescriptorPool,
    options: &DynamicMessage,
    name: &str,
) -> Option<DynamicMessage> {
    let extension = pool.get_extension_by_name(name)?;
    let found = options.has_extension(&extension);
    let value = found.then(|| options.get_extension(&extension).into_owned())?;
    value.as_message().cloned()
}

fn unknown(rule: &str) -> Error {
    format!("`{rule}` is no rule that the validators know; teach them in build/, or do without it")
}
