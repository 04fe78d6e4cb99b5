//! Whether bytes are a well-formed message of a type, without building it.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use crate::program::{Reader, WireError, WireType, check_varints};

/// Deepest nesting of messages, as of other readers of protobuf.
const MAX_DEPTH: usize = 100;

/// Why bytes are not a message of a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a {type_name}: {problem}")]
pub struct InvalidMessage {
    /// Full name of the innermost message with the mistake.
    pub type_name: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Checks that bytes are a well-formed message: its fields are encoded as their types say, texts are
/// UTF-8, and so on inside. Fields that the type does not have are allowed.
pub fn validate(descriptor: &MessageDescriptor, bytes: &[u8]) -> Result<(), InvalidMessage> {
    check(descriptor, bytes, 0)
}

fn check(descriptor: &MessageDescriptor, bytes: &[u8], depth: usize) -> Result<(), InvalidMessage> {
    let invalid = |problem: String| InvalidMessage {
        type_name: descriptor.full_name().to_owned(),
        problem,
    };
    if depth == MAX_DEPTH {
        return Err(invalid(format!(
            "messages are nested deeper than {MAX_DEPTH}"
        )));
    }
    for entry in Reader::new(bytes) {
        let entry = entry.map_err(|error| invalid(error.to_string()))?;
        let Some(field) = descriptor.get_field(entry.number) else {
            continue;
        };
        let kind = field.kind();
        let malformed =
            |error: WireError| invalid(format!("`{}` is malformed: {error}", field.name()));
        let expected = wire_type(&kind, &field);
        if entry.wire_type != expected {
            let is_packed = field.is_list()
                && entry.wire_type == WireType::Length
                && matches!(
                    expected,
                    WireType::Varint | WireType::Fixed32 | WireType::Fixed64
                );
            if !is_packed {
                let found = entry.wire_type;
                let name = field.name();
                return Err(invalid(format!(
                    "`{name}` is encoded as {found:?}, not as {expected:?}"
                )));
            }
            let is_whole = match expected {
                WireType::Fixed32 => entry.payload.len() % 4 == 0,
                WireType::Fixed64 => entry.payload.len() % 8 == 0,
                _ => {
                    check_varints(entry.payload).map_err(malformed)?;
                    true
                }
            };
            if !is_whole {
                return Err(malformed(WireError::Truncated));
            }
            continue;
        }
        match kind {
            Kind::String if std::str::from_utf8(entry.payload).is_err() => {
                return Err(invalid(format!("`{}` is not UTF-8", field.name())));
            }
            Kind::Message(inner) => check(&inner, entry.payload, depth + 1)?,
            _ => {}
        }
    }
    Ok(())
}

fn wire_type(kind: &Kind, field: &FieldDescriptor) -> WireType {
    match kind {
        Kind::Message(_) if field.is_group() => WireType::Group,
        Kind::Message(_) | Kind::String | Kind::Bytes => WireType::Length,
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => WireType::Fixed64,
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => WireType::Fixed32,
        Kind::Bool
        | Kind::Int32
        | Kind::Int64
        | Kind::Uint32
        | Kind::Uint64
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Enum(_) => WireType::Varint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8]) -> Result<(), String> {
        let descriptor = pavane::descriptor_pool()
            .get_message_by_name("shop.order.v1.PlaceOrderRequest")
            .expect("it is in the contract");
        validate(&descriptor, bytes).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_malformed_is_found_at_any_depth() {
        assert_eq!(check(b""), Ok(()));
        assert_eq!(
            check(b"\x0a\x02hi\x12\x04\x0a\x00\x10\x01\xf8\x07\x05"),
            Ok(())
        );
        insta::assert_snapshot!(check(b"\x0a\x02\xff\xff").expect_err("not UTF-8"), @"this is not a shop.order.v1.PlaceOrderRequest: `order_id` is not UTF-8");
        insta::assert_snapshot!(check(b"\x08\x02").expect_err("a number"), @"this is not a shop.order.v1.PlaceOrderRequest: `order_id` is encoded as Varint, not as Length");
        insta::assert_snapshot!(check(b"\x12\x02\x12\x00").expect_err("inside"), @"this is not a shop.common.v1.OrderLine: `quantity` is encoded as Length, not as Varint");
        insta::assert_snapshot!(check(b"\x12\x05\x12").expect_err("too short"), @"this is not a shop.order.v1.PlaceOrderRequest: it ends in the middle of a field");
    }
}
