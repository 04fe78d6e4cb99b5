//! Values of expressions. What comes from a message is borrowed from it, and converted only where an
//! expression looks.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use prost_reflect::{DynamicMessage, MapKey, ReflectMessage, Value as Field};

use super::meter::{Meter, Problem};

/// The value of an expression.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Text<'a>),
    Bytes(Bytes),
    /// Since the Unix epoch.
    Timestamp(Moment),
    Duration(Moment),
    List(List<'a>),
    Map(Map<'a>),
    Message(Message<'a>),
    /// A value that may be missing.
    Optional(Option<Arc<Value<'a>>>),
    /// The name of a type.
    Type(Cow<'static, str>),
}

/// Seconds, and nanoseconds from 0 to 999,999,999 that are always added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
}

#[derive(Clone, Debug)]
pub(crate) enum Text<'a> {
    Borrowed(&'a str),
    Shared(Arc<str>),
}

#[derive(Clone, Debug)]
pub(crate) enum List<'a> {
    Borrowed(&'a [Field]),
    Shared(Arc<[Value<'a>]>),
}

#[derive(Clone, Debug)]
pub(crate) enum Map<'a> {
    Borrowed(&'a HashMap<MapKey, Field>),
    Shared(Arc<BTreeMap<Key, Value<'a>>>),
}

#[derive(Clone, Debug)]
pub(crate) enum Message<'a> {
    Borrowed(&'a DynamicMessage),
    Shared(Arc<DynamicMessage>),
}

/// A key of a map. `1` and `1u` are the same key.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    Bool(bool),
    Int(i64),
    Uint(u64),
    String(Arc<str>),
}

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl Message<'_> {
    pub(crate) fn get(&self) -> &DynamicMessage {
        match self {
            Self::Borrowed(message) => message,
            Self::Shared(message) => message,
        }
    }
}

impl<'a> List<'a> {
    /// The element at an index that is known to be below the length.
    pub(crate) fn at(&self, index: usize, meter: &mut Meter) -> Result<Value<'a>, Problem> {
        meter.charge(1)?;
        let item = self.get(index, meter)?;
        Ok(item.expect("the index is below the length"))
    }

    /// All elements.
    pub(crate) fn to_vec(&self, meter: &mut Meter) -> Result<Vec<Value<'a>>, Problem> {
        (0..self.len()).map(|index| self.at(index, meter)).collect()
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Borrowed(items) => items.len(),
            Self::Shared(items) => items.len(),
        }
    }

    pub(crate) fn get(
        &self,
        index: usize,
        meter: &mut Meter,
    ) -> Result<Option<Value<'a>>, Problem> {
        match self {
            Self::Borrowed(items) => {
                let item = items.get(index);
                item.map(|item| Value::borrowed(item, meter)).transpose()
            }
            Self::Shared(items) => Ok(items.get(index).cloned()),
        }
    }
}

impl<'a> Map<'a> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Borrowed(entries) => entries.len(),
            Self::Shared(entries) => entries.len(),
        }
    }

    pub(crate) fn get(&self, key: &Key, meter: &mut Meter) -> Result<Option<Value<'a>>, Problem> {
        match self {
            Self::Shared(entries) => Ok(entries.get(key).cloned()),
            Self::Borrowed(entries) => {
                let found = candidates(key)
                    .into_iter()
                    .flatten()
                    .find_map(|key| entries.get(&key));
                found.map(|item| Value::borrowed(item, meter)).transpose()
            }
        }
    }

    /// The keys, always in the same order.
    pub(crate) fn keys(&self, meter: &mut Meter) -> Result<Vec<Key>, Problem> {
        meter.charge(self.len())?;
        Ok(match self {
            Self::Shared(entries) => entries.keys().cloned().collect(),
            Self::Borrowed(entries) => {
                let mut keys: Vec<_> = entries.keys().map(Key::from).collect();
                keys.sort();
                keys
            }
        })
    }
}

/// The ways in which a key can stand in a map field: it holds keys of one kind.
fn candidates(key: &Key) -> [Option<MapKey>; 4] {
    match key {
        Key::Bool(value) => [Some(MapKey::Bool(*value)), None, None, None],
        Key::String(value) => [Some(MapKey::String(value.to_string())), None, None, None],
        Key::Int(_) | Key::Uint(_) => {
            let value = key.number().expect("it is a number");
            [
                i32::try_from(value).ok().map(MapKey::I32),
                i64::try_from(value).ok().map(MapKey::I64),
                u32::try_from(value).ok().map(MapKey::U32),
                u64::try_from(value).ok().map(MapKey::U64),
            ]
        }
    }
}

impl From<&MapKey> for Key {
    fn from(key: &MapKey) -> Self {
        match key {
            MapKey::Bool(value) => Self::Bool(*value),
            MapKey::I32(value) => Self::Int(i64::from(*value)),
            MapKey::I64(value) => Self::Int(*value),
            MapKey::U32(value) => Self::Uint(u64::from(*value)),
            MapKey::U64(value) => Self::Uint(*value),
            MapKey::String(value) => Self::String(value.as_str().into()),
        }
    }
}

impl Key {
    /// As a value of an expression.
    pub(crate) fn to_value<'a>(&self) -> Value<'a> {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Uint(value) => Value::Uint(*value),
            Self::String(value) => Value::String(Text::Shared(Arc::clone(value))),
        }
    }

    /// What a key that is a number amounts to.
    pub(crate) fn number(&self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(i128::from(*value)),
            Self::Uint(value) => Some(i128::from(*value)),
            Self::Bool(_) | Self::String(_) => None,
        }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |key: &Self| match key {
            Self::Bool(_) => 0,
            Self::Int(_) | Self::Uint(_) => 1,
            Self::String(_) => 2,
        };
        match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => left.cmp(right),
            (Self::String(left), Self::String(right)) => left.cmp(right),
            _ => rank(self)
                .cmp(&rank(other))
                .then_with(|| self.number().cmp(&other.number())),
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key {}

impl<'a> Value<'a> {
    /// Text that was made, not found.
    pub(crate) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::String(Text::Shared(text.into()))
    }

    /// A list that was made.
    pub(crate) fn list(items: Vec<Self>) -> Self {
        Self::List(List::Shared(items.into()))
    }

    /// An optional with or without a value.
    pub(crate) fn optional(value: Option<Self>) -> Self {
        Self::Optional(value.map(Arc::new))
    }

    /// As the key of a map; `None` for what cannot be one.
    pub(crate) fn as_key(&self) -> Option<Key> {
        Some(match self {
            Self::Bool(value) => Key::Bool(*value),
            Self::Int(value) => Key::Int(*value),
            Self::Uint(value) => Key::Uint(*value),
            Self::String(text) => Key::String(text.as_str().into()),
            _ => return None,
        })
    }

    /// The value of a field, borrowed where it can be.
    pub(crate) fn borrowed(field: &'a Field, meter: &mut Meter) -> Result<Self, Problem> {
        Ok(match field {
            Field::String(text) => Self::String(Text::Borrowed(text)),
            Field::List(items) => Self::List(List::Borrowed(items)),
            Field::Map(entries) => Self::Map(Map::Borrowed(entries)),
            Field::Message(message) => match well_known(message, meter)? {
                Some(value) => value,
                None => Self::Message(Message::Borrowed(message)),
            },
            Field::Bytes(bytes) => Self::Bytes(bytes.clone()),
            scalar => Self::scalar(scalar),
        })
    }

    /// The value of a field of a message that is about to go.
    pub(crate) fn owned(field: Field, meter: &mut Meter) -> Result<Self, Problem> {
        Ok(match field {
            Field::String(text) => Self::text(text),
            Field::List(items) => {
                meter.charge(items.len())?;
                let items: Result<Vec<_>, _> = items
                    .into_iter()
                    .map(|item| Self::owned(item, meter))
                    .collect();
                Self::List(List::Shared(items?.into()))
            }
            Field::Map(entries) => {
                meter.charge(entries.len())?;
                let entries: Result<BTreeMap<_, _>, _> = entries
                    .into_iter()
                    .map(|(key, item)| Ok((Key::from(&key), Self::owned(item, meter)?)))
                    .collect();
                Self::Map(Map::Shared(Arc::new(entries?)))
            }
            Field::Message(message) => match well_known(&message, meter)? {
                Some(value) => value,
                None => Self::Message(Message::Shared(Arc::new(message))),
            },
            Field::Bytes(bytes) => Self::Bytes(bytes),
            scalar => Self::scalar(&scalar),
        })
    }

    fn scalar(field: &Field) -> Self {
        match field {
            Field::Bool(value) => Self::Bool(*value),
            Field::I32(value) | Field::EnumNumber(value) => Self::Int(i64::from(*value)),
            Field::I64(value) => Self::Int(*value),
            Field::U32(value) => Self::Uint(u64::from(*value)),
            Field::U64(value) => Self::Uint(*value),
            Field::F32(value) => Self::Double(f64::from(*value)),
            Field::F64(value) => Self::Double(*value),
            Field::String(_)
            | Field::Bytes(_)
            | Field::List(_)
            | Field::Map(_)
            | Field::Message(_) => unreachable!("both callers take these themselves"),
        }
    }

    /// The name of the value's type, for messages: `an int`.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(_) => "a bool".to_owned(),
            Self::Int(_) => "an int".to_owned(),
            Self::Uint(_) => "a uint".to_owned(),
            Self::Double(_) => "a double".to_owned(),
            Self::String(_) => "a string".to_owned(),
            Self::Bytes(_) => "bytes".to_owned(),
            Self::Timestamp(_) => "a timestamp".to_owned(),
            Self::Duration(_) => "a duration".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "a map".to_owned(),
            Self::Message(message) => format!("a {}", message.get().descriptor().full_name()),
            Self::Optional(_) => "an optional".to_owned(),
            Self::Type(_) => "a type".to_owned(),
        }
    }
}

/// Messages that expressions see as something else.
fn well_known<'a>(
    message: &DynamicMessage,
    meter: &mut Meter,
) -> Result<Option<Value<'a>>, Problem> {
    let descriptor = message.descriptor();
    if descriptor.package_name() != "google.protobuf" {
        return Ok(None);
    }
    let field = |number| message.get_field_by_number(number).map(Cow::into_owned);
    Ok(Some(match descriptor.name() {
        name @ ("Timestamp" | "Duration") => {
            let seconds = field(1).and_then(|value| value.as_i64()).unwrap_or(0);
            let nanos = field(2).and_then(|value| value.as_i32()).unwrap_or(0);
            let moment = Moment::new(seconds, i64::from(nanos))
                .ok_or_else(|| Problem::new(format!("a {name} is out of range")))?;
            if name == "Timestamp" {
                Value::Timestamp(moment)
            } else {
                Value::Duration(moment)
            }
        }
        "BoolValue" | "Int32Value" | "Int64Value" | "UInt32Value" | "UInt64Value"
        | "FloatValue" | "DoubleValue" | "StringValue" | "BytesValue" => match field(1) {
            Some(value) => Value::owned(value, meter)?,
            None => Value::Null,
        },
        "Struct" | "ListValue" => match field(1) {
            Some(value) => Value::owned(value, meter)?,
            None => Value::Null,
        },
        "Value" => match message.fields().next() {
            Some((kind, value)) if kind.number() != 1 => Value::owned(value.clone(), meter)?,
            _ => Value::Null,
        },
        _ => return Ok(None),
    }))
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Uint(value) => value.fmt(f),
            Self::String(value) => write!(f, "'{value}'"),
        }
    }
}
