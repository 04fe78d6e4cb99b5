//! Random messages: with fields that are set and not, and with values at the ends of their ranges.

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

use super::random::Random;

/// A random message of a type, encoded.
pub(super) fn encoded(descriptor: &MessageDescriptor, random: &mut Random) -> Bytes {
    message(descriptor, random, 3).encode_to_vec().into()
}

fn message(descriptor: &MessageDescriptor, random: &mut Random, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    match descriptor.full_name() {
        "google.protobuf.Timestamp" | "google.protobuf.Duration" => {
            let seconds = random.one_of(&[&0, &1, &-1, &1_800_000_000, &i64::MAX, &i64::MIN]);
            message.set_field_by_number(1, Value::I64(*seconds));
            let nanos = random.one_of(&[&0, &1, &999_999_999, &-5]);
            message.set_field_by_number(2, Value::I32(*nanos));
            return message;
        }
        "google.protobuf.Any" => {
            let inner = descriptor.parent_pool().get_message_by_name("test.Inner");
            let inner = inner.expect("it is in the pool");
            if random.chance(50) {
                let url = "type.googleapis.com/test.Inner".to_owned();
                message.set_field_by_number(1, Value::String(url));
                message.set_field_by_number(2, Value::Bytes(encoded(&inner, random)));
            }
            return message;
        }
        _ => {}
    }
    for field in descriptor.fields() {
        if random.chance(40) {
            continue;
        }
        if let Some(value) = of_field(&field, random, depth) {
            message.set_field(&field, value);
        }
    }
    message
}

fn of_field(field: &FieldDescriptor, random: &mut Random, depth: usize) -> Option<Value> {
    let kind = field.kind();
    if field.is_map() {
        let entry = kind.as_message()?;
        let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let mut entries = std::collections::HashMap::new();
        for _ in 0..random.below(3) {
            let key: MapKey = single(&key.kind(), random, depth)?.into_map_key()?;
            entries.insert(key, single(&value.kind(), random, depth)?);
        }
        return Some(Value::Map(entries));
    }
    if field.is_list() {
        let count = random.below(4);
        let items: Option<Vec<_>> = (0..count).map(|_| single(&kind, random, depth)).collect();
        return items.map(Value::List);
    }
    single(&kind, random, depth)
}

fn single(kind: &Kind, random: &mut Random, depth: usize) -> Option<Value> {
    Some(match kind {
        Kind::Bool => Value::Bool(random.chance(50)),
        Kind::Double => Value::F64(*random.one_of(&[&0.0, &1.5, &-2.0, &f64::NAN, &f64::MAX])),
        Kind::Float => Value::F32(*random.one_of(&[&0.0, &1.5, &-2.0, &f32::INFINITY])),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            Value::I32(*random.one_of(&[&0, &1, &-3, &7, &i32::MAX]))
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            Value::I64(*random.one_of(&[&0, &1, &2, &-3, &7, &i64::MAX, &i64::MIN]))
        }
        Kind::Uint32 | Kind::Fixed32 => Value::U32(*random.one_of(&[&0, &1, &u32::MAX])),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(*random.one_of(&[&0, &1, &u64::MAX])),
        Kind::String => Value::String(random.one_of(&["", "a", "tür", "7", "2026"]).to_owned()),
        Kind::Bytes => Value::Bytes(Bytes::from_static(
            random.one_of(&[b"".as_slice(), b"\xff"]),
        )),
        Kind::Enum(_) => Value::EnumNumber(*random.one_of(&[&0, &1, &2, &9])),
        Kind::Message(_) if depth == 0 => return None,
        Kind::Message(descriptor) => Value::Message(message(descriptor, random, depth - 1)),
    })
}
