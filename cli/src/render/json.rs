//! Messages in the JSON mapping of protobuf.
//!
//! An `Any` whose type nobody knows does not spoil the whole: it is shown as its type and its bytes
//! in base64. That is why this walks messages itself and leaves only well-known types to the
//! library.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage,
    SerializeOptions, Value as Field,
};
use prost_types::{Any, Struct, value};
use serde_json::{Map, Value, json};

/// Whole numbers up to here are exact in a float.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Knows the types of what is to be shown.
#[derive(Clone, Debug)]
pub(crate) struct Json {
    pool: DescriptorPool,
    /// Bytes are counted rather than shown.
    is_brief: bool,
}

impl Json {
    /// Knows the contract and the details of errors.
    pub(crate) fn new() -> Self {
        let mut pool = pavane::descriptor_pool().clone();
        pool.decode_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
            .expect("the types of error details do not clash with the contract");
        Self {
            pool,
            is_brief: false,
        }
    }

    /// The same for people: of bytes it says how many they are.
    pub(crate) fn brief(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            is_brief: true,
        }
    }

    /// Learns the types of another pool; what clashes with a type that is known is left out.
    pub(crate) fn learn(&mut self, other: &DescriptorPool) {
        for file in other.files() {
            if self.pool.get_file_by_name(file.name()).is_none() {
                // The types of the file stay unknown, as they were.
                let _ = self
                    .pool
                    .add_file_descriptor_proto(file.file_descriptor_proto().clone());
            }
        }
    }

    /// The types that are known.
    pub(crate) fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// Whether messages of this type can be shown.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.pool.get_message_by_name(name).is_some()
    }

    /// Encodes the JSON mapping of a message. Errors: as text, with the place.
    pub(crate) fn encode(&self, name: &str, json: &str) -> Result<Vec<u8>, String> {
        let descriptor = self
            .pool
            .get_message_by_name(name)
            .ok_or_else(|| format!("no message type `{name}` is known"))?;
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let message = DynamicMessage::deserialize(descriptor, &mut deserializer)
            .and_then(|message| deserializer.end().map(|()| message))
            .map_err(|error| error.to_string())?;
        Ok(message.encode_to_vec())
    }

    /// A message of the contract; `name` is its full name.
    pub(crate) fn message(&self, name: &str, message: &impl Message) -> Value {
        self.bytes(name, &message.encode_to_vec())
            .expect("the contract's messages are in its pool, and well formed")
    }

    /// What an `Any` holds: the fields of a known type, or its type and bytes.
    pub(crate) fn any(&self, any: &Any) -> Value {
        let name = any.type_url.rsplit('/').next().unwrap_or_default();
        let mut fields = Map::new();
        fields.insert("@type".to_owned(), json!(any.type_url));
        match self.bytes(name, &any.value) {
            Some(Value::Object(known)) => fields.extend(known),
            Some(value) => drop(fields.insert("value".to_owned(), value)),
            None => drop(fields.insert(
                "value".to_owned(),
                json!(BASE64_STANDARD.encode(&any.value)),
            )),
        }
        Value::Object(fields)
    }

    fn bytes(&self, name: &str, bytes: &[u8]) -> Option<Value> {
        let descriptor = self.pool.get_message_by_name(name)?;
        Some(self.dynamic(&DynamicMessage::decode(descriptor, bytes).ok()?))
    }

    fn dynamic(&self, message: &DynamicMessage) -> Value {
        let descriptor = message.descriptor();
        let name = descriptor.full_name();
        if name == "google.protobuf.Any" {
            return Any::decode(&*message.encode_to_vec())
                .map_or(Value::Null, |any| self.any(&any));
        }
        if name.starts_with("google.protobuf.") {
            let options = SerializeOptions::new();
            let known = message.serialize_with_options(serde_json::value::Serializer, &options);
            return known.map_or(Value::Null, whole_numbers);
        }
        let fields = message
            .fields()
            .map(|(field, value)| (field.json_name().to_owned(), self.field(&field, value)));
        Value::Object(fields.collect())
    }

    fn field(&self, field: &FieldDescriptor, value: &Field) -> Value {
        match value {
            Field::List(elements) => elements
                .iter()
                .map(|element| self.scalar(&field.kind(), element))
                .collect(),
            Field::Map(entries) => {
                let Kind::Message(entry) = field.kind() else {
                    return Value::Null;
                };
                let kind = entry.map_entry_value_field().kind();
                let mut entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| (key_text(key), self.scalar(&kind, value)))
                    .collect();
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                Value::Object(entries.into_iter().collect())
            }
            value => self.scalar(&field.kind(), value),
        }
    }

    fn scalar(&self, kind: &Kind, value: &Field) -> Value {
        match value {
            Field::Bool(value) => json!(value),
            Field::I32(value) => json!(value),
            Field::U32(value) => json!(value),
            Field::I64(value) => json!(value.to_string()),
            Field::U64(value) => json!(value.to_string()),
            Field::F32(value) => float(f64::from(*value)),
            Field::F64(value) => float(*value),
            Field::String(text) => json!(text),
            Field::Bytes(bytes) if self.is_brief => json!(format!("{} bytes", bytes.len())),
            Field::Bytes(bytes) => json!(BASE64_STANDARD.encode(bytes)),
            Field::EnumNumber(number) => {
                let known = kind.as_enum().and_then(|kind| kind.get_value(*number));
                known.map_or_else(|| json!(number), |value| json!(value.name()))
            }
            Field::Message(message) => self.dynamic(message),
            Field::List(_) | Field::Map(_) => Value::Null,
        }
    }
}

/// Well-known types come with floats for all numbers.
fn whole_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(value) if number.is_f64() => float(value),
            _ => Value::Number(number),
        },
        Value::Array(elements) => elements.into_iter().map(whole_numbers).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            let fields = fields.map(|(name, value)| (name, whole_numbers(value)));
            Value::Object(fields.collect())
        }
        other => other,
    }
}

/// Whole numbers are written without a point, as far as floats are exact.
fn float(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < MAX_EXACT {
        return json!(value as i64);
    }
    serde_json::Number::from_f64(value).map_or_else(
        || {
            json!(match value {
                value if value.is_nan() => "NaN",
                value if value > 0.0 => "Infinity",
                _ => "-Infinity",
            })
        },
        Value::Number,
    )
}

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}

/// A Struct as the JSON that it stands for.
pub(crate) fn struct_to_json(message: &Struct) -> Value {
    let fields = message
        .fields
        .iter()
        .map(|(name, value)| (name.clone(), value_to_json(value)));
    Value::Object(fields.collect())
}

fn value_to_json(message: &prost_types::Value) -> Value {
    match &message.kind {
        None | Some(value::Kind::NullValue(_)) => Value::Null,
        Some(value::Kind::BoolValue(value)) => json!(value),
        Some(value::Kind::NumberValue(value)) => float(*value),
        Some(value::Kind::StringValue(text)) => json!(text),
        Some(value::Kind::StructValue(fields)) => struct_to_json(fields),
        Some(value::Kind::ListValue(list)) => list.values.iter().map(value_to_json).collect(),
    }
}

#[cfg(test)]
mod tests {
    use pavane::feed::v1::Event;
    use pavane::shop::common::v1::Money;

    use super::*;

    fn event(type_name: &str, data: &impl Message) -> Event {
        let data = Any {
            type_url: format!("type.googleapis.com/{type_name}"),
            value: data.encode_to_vec(),
        };
        Event {
            r#type: type_name.to_owned(),
            sequence: 7,
            data: Some(data),
            ..Event::default()
        }
    }

    #[test]
    fn the_data_of_a_known_type_is_decoded() {
        let event = event(
            "shop.common.v1.Money",
            &Money {
                currency: "EUR".to_owned(),
                minor_units: 5990,
            },
        );
        let json = Json::new().message("pavane.feed.v1.Event", &event);
        insta::assert_snapshot!(json, @r#"{"data":{"@type":"type.googleapis.com/shop.common.v1.Money","currency":"EUR","minorUnits":"5990"},"sequence":"7","type":"shop.common.v1.Money"}"#);
    }

    #[test]
    fn the_data_of_an_unknown_type_does_not_spoil_the_rest() {
        let event = event(
            "acme.v1.Unknown",
            &Money {
                currency: "x".to_owned(),
                minor_units: 0,
            },
        );
        let json = Json::new().message("pavane.feed.v1.Event", &event);
        insta::assert_snapshot!(json, @r#"{"data":{"@type":"type.googleapis.com/acme.v1.Unknown","value":"CgF4"},"sequence":"7","type":"acme.v1.Unknown"}"#);
    }

    #[test]
    fn whole_numbers_have_no_point() {
        let number = |value| prost_types::Value {
            kind: Some(value::Kind::NumberValue(value)),
        };
        let fields = [("a", 1.0), ("b", 1.5), ("c", -3.0), ("d", 1e300)];
        let fields = fields.map(|(name, value)| (name.to_owned(), number(value)));
        let message = Struct {
            fields: fields.into(),
        };
        let expected = json!({"a": 1, "b": 1.5, "c": -3, "d": 1e300});
        assert_eq!(struct_to_json(&message), expected);
        let execution = pavane::workflow::v1::Execution {
            input: Some(message),
            ..Default::default()
        };
        let shown = Json::new().message("pavane.workflow.v1.Execution", &execution);
        assert_eq!(shown["input"], expected);
    }

    #[test]
    fn well_known_types_have_their_own_mapping() {
        let time = Some(prost_types::Timestamp {
            seconds: 0,
            nanos: 500_000_000,
        });
        let attributes = [
            ("b".to_owned(), "2".to_owned()),
            ("a".to_owned(), "1".to_owned()),
        ];
        let event = Event {
            time,
            attributes: attributes.into(),
            ..Event::default()
        };
        let json = Json::new().message("pavane.feed.v1.Event", &event);
        insta::assert_snapshot!(json, @r#"{"attributes":{"a":"1","b":"2"},"time":"1970-01-01T00:00:00.500Z"}"#);
    }
}
