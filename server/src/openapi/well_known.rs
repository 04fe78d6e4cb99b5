//! The types of `google.protobuf` that have JSON of their own.

use serde_json::{Value, json};

use super::fields::{bytes, number, signed_64, unsigned_64};

/// The type whose only value is JSON's `null`.
pub(super) const NULL: &str = "google.protobuf.NullValue";

/// The schema of a type that is not mapped to an object of its fields.
pub(super) fn schema(full_name: &str) -> Option<Value> {
    let schema = match full_name.strip_prefix("google.protobuf.")? {
        "Timestamp" => json!({ "type": "string", "format": "date-time" }),
        "Duration" => json!({
            "type": "string", "pattern": r"^-?[0-9]{1,11}(\.[0-9]{1,9})?s$", "examples": ["1.5s"],
        }),
        "FieldMask" => json!({
            "type": "string", "pattern": r"^([A-Za-z0-9]+([.,][A-Za-z0-9]+)*)?$",
            "examples": ["name,address.city"],
        }),
        "Empty" => json!({ "type": "object", "additionalProperties": false }),
        "Struct" => json!({ "type": "object" }),
        "Value" => json!({}),
        "ListValue" => json!({ "type": "array" }),
        "Any" => json!({
            "type": "object",
            "required": ["@type"],
            "properties": {
                "@type": {
                    "type": "string", "pattern": "/[^/]+$",
                    "examples": ["type.googleapis.com/package.Message"],
                },
            },
        }),
        "DoubleValue" => number("double"),
        "FloatValue" => number("float"),
        "Int64Value" => signed_64(),
        "UInt64Value" => unsigned_64(),
        "Int32Value" => json!({ "type": "integer", "minimum": i32::MIN, "maximum": i32::MAX }),
        "UInt32Value" => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        "BoolValue" => json!({ "type": "boolean" }),
        "StringValue" => json!({ "type": "string" }),
        "BytesValue" => bytes(),
        _ => return None,
    };
    Some(schema)
}
