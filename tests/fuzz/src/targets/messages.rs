//! Messages for expressions: of a type, with values at the ends of their ranges, with long lists and
//! texts; and bytes that only look like them.

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

use crate::mutate::mutate;
use crate::random::Random;

/// Most elements of a list.
const MOST: usize = 20_000;
/// Most elements and bytes of all lists and texts of a message: what one may be sent has an end.
const MOST_IN_ALL: usize = 100_000;
/// What a message counts for in that: it may be of a type with many fields.
const MESSAGE: usize = 100;

/// A message, or what is none.
pub(super) fn encoded(descriptor: &MessageDescriptor, random: &mut Random) -> Bytes {
    let mut left = MOST_IN_ALL;
    let message = message(descriptor, random, 3, &mut left).encode_to_vec();
    match random.below(8) {
        0 => Bytes::copy_from_slice(&message[..random.below(message.len() + 1)]),
        1 => mutate(message, &[], &[], random).into(),
        2 => (0..random.size(200))
            .map(|_| random.number() as u8)
            .collect(),
        3 => Bytes::new(),
        _ => message.into(),
    }
}

fn message(
    descriptor: &MessageDescriptor,
    random: &mut Random,
    depth: usize,
    left: &mut usize,
) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    if *left < MESSAGE {
        return message;
    }
    *left -= MESSAGE;
    if descriptor.full_name() == "google.protobuf.Any" {
        let urls = [
            "type.googleapis.com/test.Inner",
            "/",
            "test.Inner",
            "a/google.protobuf.Any",
        ];
        let _ = message.try_set_field_by_number(1, Value::String((*random.pick(&urls)).to_owned()));
        let inner = descriptor.parent_pool().get_message_by_name("test.Inner");
        if let Some(inner) = inner.filter(|_| depth > 0) {
            let bytes = self::message(&inner, random, depth - 1, left).encode_to_vec();
            let _ = message.try_set_field_by_number(2, Value::Bytes(bytes.into()));
        }
        return message;
    }
    for field in descriptor.fields() {
        if random.chance(50) {
            continue;
        }
        if let Some(value) = of_field(&field, random, depth, left) {
            message.set_field(&field, value);
        }
    }
    message
}

fn of_field(
    field: &FieldDescriptor,
    random: &mut Random,
    depth: usize,
    left: &mut usize,
) -> Option<Value> {
    let kind = field.kind();
    let mut count = |random: &mut Random| {
        let count = if random.chance(90) { 4 } else { MOST };
        let count = random.size(count).min(*left);
        *left -= count;
        count
    };
    if field.is_map() {
        let entry = kind.as_message()?;
        let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let mut entries = std::collections::HashMap::new();
        for _ in 0..count(random) {
            let key: MapKey = single(&key.kind(), random, depth, left)?.into_map_key()?;
            entries.insert(key, single(&value.kind(), random, depth, left)?);
        }
        return Some(Value::Map(entries));
    }
    if field.is_list() {
        let count = count(random);
        let items = (0..count).map(|_| single(&kind, random, depth, left));
        return items.collect::<Option<Vec<_>>>().map(Value::List);
    }
    single(&kind, random, depth, left)
}

fn single(kind: &Kind, random: &mut Random, depth: usize, left: &mut usize) -> Option<Value> {
    let whole = *random.pick(&[
        0,
        1,
        2,
        -1,
        -3,
        7,
        i64::MAX,
        i64::MIN,
        1 << 31,
        1_800_000_000,
    ]);
    let real = *random.pick(&[
        0.0,
        -0.0,
        1.5,
        -2.0,
        f64::NAN,
        f64::MAX,
        f64::INFINITY,
        f64::MIN_POSITIVE,
    ]);
    Some(match kind {
        Kind::Bool => Value::Bool(random.chance(50)),
        Kind::Double => Value::F64(real),
        Kind::Float => Value::F32(real as f32),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(whole as i32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(whole),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(whole as u32),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(whole as u64),
        Kind::String => {
            let texts = [
                "",
                "a",
                "tür",
                "7",
                "2026-11-23T22:30:00.250Z",
                "1h",
                "\u{202e}",
                "aaaaaaaa!",
                "EUR",
                "%s%d",
            ];
            let repeated = if random.chance(95) {
                1
            } else {
                random.size(*left / 10)
            };
            *left = left.saturating_sub(repeated);
            Value::String(random.pick(&texts).repeat(repeated))
        }
        Kind::Bytes => Value::Bytes(Bytes::from_static(random.pick::<&[u8]>(&[
            b"",
            b"\xff\x00",
            b"YQ==",
        ]))),
        Kind::Enum(_) => Value::EnumNumber(whole as i32),
        Kind::Message(_) if depth == 0 => return None,
        Kind::Message(descriptor) => Value::Message(message(descriptor, random, depth - 1, left)),
    })
}
