//! Messages by their descriptors: to JSON and back for people, and whether bytes are one at all.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, SerializeOptions};
use prost_types::value::Kind as JsonKind;
use prost_types::{ListValue, Struct};
use serde_json::Value as Json;

mod validate;

pub use validate::{InvalidMessage, validate};

/// Why JSON is not a message of a type, or bytes are not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// A value does not fit its field.
    #[error("`{path}`: {problem}")]
    Field {
        /// Where: `lines[0].quantity`.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Something is wrong with the whole.
    #[error("this is not a {type_name}: {problem}")]
    Message {
        /// Full name of the type.
        type_name: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Decodes a message and gives its JSON mapping, with the names of fields as .proto files have them.
/// Errors: the bytes are not a message of this type.
pub fn decode_to_struct(
    descriptor: &MessageDescriptor,
    bytes: &Bytes,
) -> Result<Struct, JsonError> {
    let error = |problem: String| JsonError::Message {
        type_name: descriptor.full_name().to_owned(),
        problem,
    };
    let message = DynamicMessage::decode(descriptor.clone(), bytes.clone())
        .map_err(|e| error(e.to_string()))?;
    let options = SerializeOptions::new().use_proto_field_name(true);
    let json = message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .map_err(|e| error(e.to_string()))?;
    match from_json(json) {
        JsonKind::StructValue(found) => Ok(found),
        // Some well-known types are not objects in JSON.
        other => {
            let value = prost_types::Value { kind: Some(other) };
            let fields = BTreeMap::from([("value".to_owned(), value)]);
            Ok(Struct { fields })
        }
    }
}

/// Encodes the message of which this is the JSON mapping. Errors: it is none; the place and the nearest
/// name are told.
pub fn struct_to_bytes(descriptor: &MessageDescriptor, given: &Struct) -> Result<Bytes, JsonError> {
    let fields = given.fields.iter();
    let json = fields
        .map(|(name, value)| (name.clone(), to_json(value)))
        .collect();
    let json = Json::Object(json);
    match DynamicMessage::deserialize(descriptor.clone(), &json) {
        Ok(message) => Ok(message.encode_to_vec().into()),
        Err(error) => Err(locate(descriptor, &json, "", &error.to_string())),
    }
}

/// Finds the place of an error in JSON that is not a message of a type, by trying each part alone.
fn locate(descriptor: &MessageDescriptor, json: &Json, path: &str, problem: &str) -> JsonError {
    let at = |path: &str, problem: String| JsonError::Field {
        path: path.to_owned(),
        problem,
    };
    let Json::Object(object) = json else {
        return at(
            path,
            format!("expected an object for {}", descriptor.full_name()),
        );
    };
    for (name, value) in object {
        let path = super::decode::join(path, name);
        let field = descriptor.get_field_by_name(name);
        let Some(field) = field.or_else(|| descriptor.get_field_by_json_name(name)) else {
            let fields: Vec<FieldDescriptor> = descriptor.fields().collect();
            let names = fields.iter().map(FieldDescriptor::name);
            let near = pavane::nearest(name, names)
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            let owner = descriptor.full_name();
            return at(&path, format!("{owner} has no field `{name}`{near}"));
        };
        let alone = Json::Object([(name.clone(), value.clone())].into_iter().collect());
        let Err(error) = DynamicMessage::deserialize(descriptor.clone(), &alone) else {
            continue;
        };
        let problem = error.to_string();
        return match (field.kind(), value) {
            (Kind::Message(inner), Json::Array(items)) if field.is_list() => {
                for (index, item) in items.iter().enumerate() {
                    let Err(error) = DynamicMessage::deserialize(inner.clone(), item) else {
                        continue;
                    };
                    let path = format!("{path}[{index}]");
                    return locate(&inner, item, &path, &error.to_string());
                }
                at(&path, problem)
            }
            (Kind::Message(inner), Json::Object(_)) if !field.is_map() && !field.is_list() => {
                locate(&inner, value, &path, &problem)
            }
            _ => at(&path, problem),
        };
    }
    if path.is_empty() {
        return JsonError::Message {
            type_name: descriptor.full_name().to_owned(),
            problem: problem.to_owned(),
        };
    }
    at(path, problem.to_owned())
}

fn from_json(json: Json) -> JsonKind {
    let value = |json| prost_types::Value {
        kind: Some(from_json(json)),
    };
    match json {
        Json::Null => JsonKind::NullValue(0),
        Json::Bool(flag) => JsonKind::BoolValue(flag),
        Json::Number(number) => JsonKind::NumberValue(number.as_f64().unwrap_or(f64::NAN)),
        Json::String(text) => JsonKind::StringValue(text),
        Json::Array(items) => {
            let values = items.into_iter().map(value).collect();
            JsonKind::ListValue(ListValue { values })
        }
        Json::Object(object) => {
            let fields = object.into_iter();
            let fields = fields.map(|(name, json)| (name, value(json))).collect();
            JsonKind::StructValue(Struct { fields })
        }
    }
}

fn to_json(value: &prost_types::Value) -> Json {
    match &value.kind {
        None | Some(JsonKind::NullValue(_)) => Json::Null,
        Some(JsonKind::BoolValue(flag)) => Json::Bool(*flag),
        Some(JsonKind::NumberValue(number)) => number_to_json(*number),
        Some(JsonKind::StringValue(text)) => Json::String(text.clone()),
        Some(JsonKind::ListValue(list)) => list.values.iter().map(to_json).collect(),
        Some(JsonKind::StructValue(inner)) => {
            let fields = inner.fields.iter();
            Json::Object(
                fields
                    .map(|(name, value)| (name.clone(), to_json(value)))
                    .collect(),
            )
        }
    }
}

/// A number of a Struct, which is a double, as the whole number that it is where it is one.
fn number_to_json(number: f64) -> Json {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it has no fraction and is in range"
        )]
        let whole = number as i64;
        return Json::from(whole);
    }
    serde_json::Number::from_f64(number).map_or(Json::Null, Json::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor() -> MessageDescriptor {
        pavane::descriptor_pool()
            .get_message_by_name("shop.order.v1.PlaceOrderRequest")
            .expect("it is in the contract")
    }

    fn parse(text: &str) -> Struct {
        let json: Json = serde_json::from_str(text).expect("it is JSON");
        match from_json(json) {
            JsonKind::StructValue(found) => found,
            _ => panic!("it is an object"),
        }
    }

    #[test]
    fn json_becomes_bytes_and_json_again() {
        let given = parse(
            r#"{"order_id": "o-1", "lines": [{"sku": "s", "quantity": 2}], "address": {"city": "Ulm"}}"#,
        );
        let bytes = struct_to_bytes(&descriptor(), &given).expect("it fits");
        assert_eq!(decode_to_struct(&descriptor(), &bytes), Ok(given));
    }

    #[test]
    fn an_error_in_json_says_where_it_is() {
        let check = |text: &str| {
            let error = struct_to_bytes(&descriptor(), &parse(text)).expect_err("it does not fit");
            error.to_string()
        };
        insta::assert_snapshot!(check(r#"{"order_idd": "o-1"}"#), @"`order_idd`: shop.order.v1.PlaceOrderRequest has no field `order_idd`; did you mean `order_id`?");
        insta::assert_snapshot!(check(r#"{"lines": [{"sku": "s"}, {"sku": 5}]}"#), @"`lines[1].sku`: invalid type: integer `5`, expected a string");
        insta::assert_snapshot!(check(r#"{"lines": [{"quantity": 1.5}]}"#), @"`lines[0].quantity`: expected integer value");
        insta::assert_snapshot!(check(r#"{"address": {"town": "Ulm"}}"#), @"`address.town`: shop.common.v1.Address has no field `town`");
        insta::assert_snapshot!(check(r#"{"address": 5}"#), @"`address`: invalid type: integer `5`, expected a map");
        insta::assert_snapshot!(check(r#"{"order_id": ["a"]}"#), @"`order_id`: invalid type: sequence, expected a string");
    }
}
