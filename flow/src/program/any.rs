//! Messages of any type: `google.protobuf.Any`, packed and unpacked.

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, Value as Field};

use super::meter::{Cause, Meter, Problem, check_bytes};
use super::value::{Message, Value};

/// What comes before the name of a type, by the documentation of `Any`.
const PREFIX: &str = "type.googleapis.com/";

const TYPE_URL: u32 = 1;
const VALUE: u32 = 2;

pub(crate) fn is_any(descriptor: &MessageDescriptor) -> bool {
    descriptor.full_name() == "google.protobuf.Any"
}

/// A message as an Any, whose descriptor is given.
pub(super) fn pack(
    message: &DynamicMessage,
    any: &MessageDescriptor,
) -> Result<DynamicMessage, Problem> {
    use prost_reflect::ReflectMessage;
    check_bytes(message.encoded_len())?;
    let url = format!("{PREFIX}{}", message.descriptor().full_name());
    let bytes = Bytes::from(message.encode_to_vec());
    let mut packed = DynamicMessage::new(any.clone());
    packed.set_field_by_number(TYPE_URL, Field::String(url));
    packed.set_field_by_number(VALUE, Field::Bytes(bytes));
    Ok(packed)
}

/// Whether an Any holds a message of a type.
pub(super) fn is_packed(
    value: &Value<'_>,
    descriptor: &MessageDescriptor,
) -> Result<bool, Problem> {
    let any = opened(value)?;
    Ok(type_name(any).as_deref() == Some(descriptor.full_name()))
}

/// The message of a type that an Any holds. Errors: it holds another, or none.
pub(super) fn unpack<'a>(
    value: &Value<'a>,
    descriptor: &MessageDescriptor,
    meter: &mut Meter,
) -> Result<Value<'a>, Problem> {
    let any = opened(value)?;
    let expected = descriptor.full_name();
    match type_name(any) {
        Some(name) if name == expected => {}
        Some(name) if !name.is_empty() => {
            let text = format!("the Any holds a `{name}`, not a `{expected}`");
            return Err(Problem::new(text));
        }
        _ => {
            return Err(Problem::new(format!(
                "the Any is empty, not a `{expected}`"
            )));
        }
    }
    let bytes = any.get_field_by_number(VALUE);
    let bytes = bytes
        .as_ref()
        .and_then(|value| value.as_bytes())
        .cloned()
        .unwrap_or_default();
    meter.charge_bytes(bytes.len())?;
    let message = DynamicMessage::decode(descriptor.clone(), bytes).map_err(|error| {
        let text = format!("the bytes in the Any are not a {expected}: {error}");
        Problem::because(Cause::Malformed, text)
    })?;
    Value::owned(Field::Message(message), meter)
}

fn opened<'v>(value: &'v Value<'_>) -> Result<&'v DynamicMessage, Problem> {
    use prost_reflect::ReflectMessage;
    match value {
        Value::Message(message) if is_any(&message.get().descriptor()) => Ok(Message::get(message)),
        other => {
            let text = format!("this is {}, expected an Any", other.describe());
            Err(Problem::mismatch(&[other], text))
        }
    }
}

/// The name of the type in an Any: what comes after the last `/` of its URL.
fn type_name(any: &DynamicMessage) -> Option<String> {
    let url = any.get_field_by_number(TYPE_URL)?;
    let url = url.as_str()?;
    url.rsplit('/').next().map(ToOwned::to_owned)
}
