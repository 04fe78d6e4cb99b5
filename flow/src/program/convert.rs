//! From the value of an expression to that of a field, within the field's range.

use std::collections::{BTreeMap, HashMap};

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage,
    Value as Field,
};
use prost_types::value::Kind as JsonKind;

use super::any;
use super::meter::{Meter, Problem};
use super::value::{Key, Moment, Value};

/// Whether a field holds a scalar that can be null, such as `google.protobuf.Int64Value`.
pub(crate) fn is_wrapper(field: &FieldDescriptor) -> bool {
    match field.kind() {
        Kind::Message(descriptor) => wrapped(&descriptor).is_some(),
        _ => false,
    }
}

/// The only field of a wrapper message; `None` for any other message.
pub(crate) fn wrapped(descriptor: &MessageDescriptor) -> Option<FieldDescriptor> {
    let is_one = matches!(
        descriptor.full_name().strip_prefix("google.protobuf.")?,
        "BoolValue"
            | "Int32Value"
            | "Int64Value"
            | "UInt32Value"
            | "UInt64Value"
            | "FloatValue"
            | "DoubleValue"
            | "StringValue"
            | "BytesValue"
    );
    if is_one {
        descriptor.get_field(1)
    } else {
        None
    }
}

/// The value that a field is set to. Not for null, which leaves a field unset.
pub(crate) fn to_field(
    value: &Value<'_>,
    field: &FieldDescriptor,
    meter: &mut Meter,
) -> Result<Field, Problem> {
    if field.is_list() {
        let Value::List(list) = value else {
            return Err(mismatch(value, field));
        };
        meter.charge(list.len())?;
        let mut items = Vec::with_capacity(list.len());
        for index in 0..list.len() {
            let item = list
                .get(index, meter)?
                .expect("the index is below the length");
            items.push(to_single(&item, field, meter)?);
        }
        return Ok(Field::List(items));
    }
    if field.is_map() {
        let (Value::Map(map), Kind::Message(entry)) = (value, field.kind()) else {
            return Err(mismatch(value, field));
        };
        let (key_field, value_field) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let mut entries = HashMap::with_capacity(map.len());
        for key in map.keys(meter)? {
            let item = map.get(&key, meter)?.expect("it is one of the keys");
            let key = to_map_key(&key, &key_field)?;
            entries.insert(key, to_single(&item, &value_field, meter)?);
        }
        return Ok(Field::Map(entries));
    }
    to_single(value, field, meter)
}

/// The value of a field that holds one, or of an element of one that holds several.
pub(crate) fn to_single(
    value: &Value<'_>,
    field: &FieldDescriptor,
    meter: &mut Meter,
) -> Result<Field, Problem> {
    let out_of_range = |number: &dyn std::fmt::Display| {
        let name = field.full_name();
        let kind = kind_name(&field.kind());
        Problem::new(format!(
            "{number} is out of the range of `{name}`, an {kind}"
        ))
    };
    Ok(match (field.kind(), value) {
        (Kind::Bool, Value::Bool(value)) => Field::Bool(*value),
        (Kind::Int32 | Kind::Sint32 | Kind::Sfixed32, Value::Int(number)) => {
            Field::I32(i32::try_from(*number).map_err(|_| out_of_range(number))?)
        }
        (Kind::Int64 | Kind::Sint64 | Kind::Sfixed64, Value::Int(number)) => Field::I64(*number),
        (Kind::Uint32 | Kind::Fixed32, Value::Uint(number)) => {
            Field::U32(u32::try_from(*number).map_err(|_| out_of_range(number))?)
        }
        (Kind::Uint64 | Kind::Fixed64, Value::Uint(number)) => Field::U64(*number),
        (Kind::Double, Value::Double(number)) => Field::F64(*number),
        (Kind::Float, Value::Double(number)) => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "rounding is meant, overflow refused"
            )]
            let rounded = *number as f32;
            if rounded.is_infinite() && number.is_finite() {
                return Err(out_of_range(number));
            }
            Field::F32(rounded)
        }
        (Kind::String, Value::String(text)) => {
            meter.charge_bytes(text.as_str().len())?;
            Field::String(text.as_str().to_owned())
        }
        (Kind::Bytes, Value::Bytes(bytes)) => Field::Bytes(bytes.clone()),
        (Kind::Enum(_), Value::Int(number)) => {
            Field::EnumNumber(i32::try_from(*number).map_err(|_| out_of_range(number))?)
        }
        (Kind::Enum(descriptor), Value::String(text)) => {
            let name = text.as_str();
            let found = descriptor.get_value_by_name(name);
            let found = found.ok_or_else(|| {
                let owner = descriptor.full_name();
                Problem::new(format!("`{name}` is not a value of {owner}"))
            })?;
            Field::EnumNumber(found.number())
        }
        (Kind::Message(descriptor), value) => {
            let message = to_message(value, &descriptor, meter)?;
            Field::Message(message.ok_or_else(|| mismatch(value, field))?)
        }
        _ => return Err(mismatch(value, field)),
    })
}

fn to_message(
    value: &Value<'_>,
    descriptor: &MessageDescriptor,
    meter: &mut Meter,
) -> Result<Option<DynamicMessage>, Problem> {
    if let Value::Message(message) = value {
        let message = message.get();
        meter.charge_bytes(prost::Message::encoded_len(message))?;
        if message.descriptor() == *descriptor {
            return Ok(Some(message.clone()));
        }
        return any::is_any(descriptor)
            .then(|| any::pack(message, descriptor))
            .transpose();
    }
    let mut message = DynamicMessage::new(descriptor.clone());
    if let Some(field) = wrapped(descriptor) {
        if !matches!(value, Value::Null) {
            message.set_field(&field, to_single(value, &field, meter)?);
        }
        return Ok(Some(message));
    }
    let set = |message: &mut DynamicMessage, moment: Moment, is_duration: bool| {
        let (seconds, nanos) = if is_duration {
            moment.as_duration()
        } else {
            let nanos = i32::try_from(moment.nanos).expect("below a billion");
            (moment.seconds, nanos)
        };
        message.set_field_by_number(1, Field::I64(seconds));
        message.set_field_by_number(2, Field::I32(nanos));
    };
    match (descriptor.full_name(), value) {
        ("google.protobuf.Timestamp", Value::Timestamp(moment)) => {
            set(&mut message, *moment, false);
        }
        ("google.protobuf.Duration", Value::Duration(moment)) => set(&mut message, *moment, true),
        ("google.protobuf.Struct", Value::Map(_))
        | ("google.protobuf.ListValue", Value::List(_))
        | ("google.protobuf.Value", _) => {
            let json = to_json(value, meter)?;
            let bytes = match (descriptor.name(), json.kind) {
                ("Struct", Some(JsonKind::StructValue(json))) => {
                    prost::Message::encode_to_vec(&json)
                }
                ("ListValue", Some(JsonKind::ListValue(json))) => {
                    prost::Message::encode_to_vec(&json)
                }
                (_, kind) => prost::Message::encode_to_vec(&prost_types::Value { kind }),
            };
            prost::Message::merge(&mut message, bytes.as_slice())
                .map_err(|error| Problem::new(error.to_string()))?;
        }
        _ => return Ok(None),
    }
    Ok(Some(message))
}

/// A value as JSON: for fields of type Struct, Value and ListValue.
fn to_json(value: &Value<'_>, meter: &mut Meter) -> Result<prost_types::Value, Problem> {
    // Lists that an expression repeats are shared, but not in JSON: each value there takes 2 KB of its own
    // until it is encoded.
    meter.charge(32)?;
    #[expect(clippy::cast_precision_loss, reason = "numbers of JSON are doubles")]
    let kind = match value {
        Value::Null => JsonKind::NullValue(0),
        Value::Bool(value) => JsonKind::BoolValue(*value),
        Value::Int(number) => JsonKind::NumberValue(*number as f64),
        Value::Uint(number) => JsonKind::NumberValue(*number as f64),
        Value::Double(number) => JsonKind::NumberValue(*number),
        Value::String(text) => {
            meter.charge_bytes(text.as_str().len())?;
            JsonKind::StringValue(text.as_str().to_owned())
        }
        Value::Timestamp(moment) => JsonKind::StringValue(super::moment::show_timestamp(*moment)),
        Value::Duration(moment) => JsonKind::StringValue(super::moment::show_duration(*moment)),
        Value::List(list) => {
            let mut values = Vec::with_capacity(list.len());
            for index in 0..list.len() {
                let item = list
                    .get(index, meter)?
                    .expect("the index is below the length");
                values.push(to_json(&item, meter)?);
            }
            JsonKind::ListValue(prost_types::ListValue { values })
        }
        Value::Map(map) => {
            let mut fields = BTreeMap::new();
            for key in map.keys(meter)? {
                let item = map.get(&key, meter)?.expect("it is one of the keys");
                let name = match key {
                    Key::String(name) => name.to_string(),
                    other => other.to_string(),
                };
                fields.insert(name, to_json(&item, meter)?);
            }
            JsonKind::StructValue(prost_types::Struct { fields })
        }
        Value::Bytes(_) | Value::Message(_) | Value::Optional(_) | Value::Type(_) => {
            let text = format!("{} has no place in JSON", value.describe());
            return Err(Problem::mismatch(&[value], text));
        }
    };
    Ok(prost_types::Value { kind: Some(kind) })
}

/// The key of a map field.
pub(crate) fn to_map_key(key: &Key, field: &FieldDescriptor) -> Result<MapKey, Problem> {
    let number = key.number();
    let found = match (field.kind(), key) {
        (Kind::Bool, Key::Bool(value)) => Some(MapKey::Bool(*value)),
        (Kind::String, Key::String(value)) => Some(MapKey::String(value.to_string())),
        (Kind::Int32 | Kind::Sint32 | Kind::Sfixed32, _) => {
            number.and_then(|n| i32::try_from(n).ok()).map(MapKey::I32)
        }
        (Kind::Int64 | Kind::Sint64 | Kind::Sfixed64, _) => {
            number.and_then(|n| i64::try_from(n).ok()).map(MapKey::I64)
        }
        (Kind::Uint32 | Kind::Fixed32, _) => {
            number.and_then(|n| u32::try_from(n).ok()).map(MapKey::U32)
        }
        (Kind::Uint64 | Kind::Fixed64, _) => {
            number.and_then(|n| u64::try_from(n).ok()).map(MapKey::U64)
        }
        _ => None,
    };
    found.ok_or_else(|| {
        let kind = kind_name(&field.kind());
        Problem::new(format!(
            "the key {key} does not fit a map with keys of type {kind}"
        ))
    })
}

/// A kind of field as .proto files write it.
pub(crate) fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(descriptor) => descriptor.full_name().to_owned(),
        Kind::Enum(descriptor) => descriptor.full_name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    }
}

fn mismatch(value: &Value<'_>, field: &FieldDescriptor) -> Problem {
    let (name, what) = (field.full_name(), value.describe());
    let kind = kind_name(&field.kind());
    Problem::mismatch(&[value], format!("`{name}` takes {kind}, this is {what}"))
}
