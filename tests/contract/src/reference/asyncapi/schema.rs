//! Messages as JSON Schema, by the JSON mapping of protobuf.

use std::collections::BTreeMap;

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use crate::reference::comments::{Commented, Comments};

const ENVELOPE: &str = "CloudEvent";

/// The schemas that are referred to, by name.
pub(super) struct Schemas<'a> {
    comments: &'a Comments,
    /// `None`: being made, further up.
    schemas: BTreeMap<String, Option<Value>>,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(comments: &'a Comments) -> Self {
        Self {
            comments,
            schemas: BTreeMap::new(),
        }
    }

    /// All that were referred to.
    pub(super) fn into_json(self) -> Value {
        let whole = |(name, schema): (String, Option<Value>)| Some((name, schema?));
        Value::Object(self.schemas.into_iter().filter_map(whole).collect())
    }

    /// What all events have in common: a CloudEvent of version 1.0.
    pub(super) fn envelope(&mut self) -> Value {
        let event = pavane::descriptor_pool()
            .get_message_by_name("pavane.feed.v1.Event")
            .expect("feeds have events");
        let text = |field: &str| {
            let field = event.get_field_by_name(field);
            let described = field.map(|field| self.comments.line(&field));
            json!({ "type": "string", "description": described })
        };
        let envelope = json!({
            "type": "object",
            "required": ["specversion", "id", "source", "type"],
            "properties": {
                "specversion": { "const": "1.0" },
                "id": text("id"),
                "source": text("source"),
                "type": text("type"),
                "subject": text("subject"),
                "time": { "type": "string", "format": "date-time" },
                "datacontenttype": { "const": "application/json" },
                "dataschema": { "type": "string", "description": "The type URL of the data." },
                "sequence": text("sequence"),
                "cursor": text("cursor"),
                "correlationid": text("correlation_id"),
                "causationid": text("causation_id"),
                "traceparent": text("traceparent"),
                "tracestate": text("tracestate"),
            },
        });
        self.schemas.insert(ENVELOPE.to_owned(), Some(envelope));
        refer(ENVELOPE)
    }

    /// A reference to the schema of a message.
    pub(super) fn reference(&mut self, message: &MessageDescriptor) -> Value {
        let name = message.full_name();
        if let Some(schema) = well_known(name) {
            return schema;
        }
        if !self.schemas.contains_key(name) {
            self.schemas.insert(name.to_owned(), None);
            let fields = message
                .fields()
                .map(|field| (field.json_name().to_owned(), self.field(&field)));
            let fields: Map<_, _> = fields.collect();
            let schema = json!({
                "type": "object",
                "description": self.comments.line(message),
                "properties": fields,
            });
            self.schemas.insert(name.to_owned(), Some(schema));
        }
        refer(name)
    }

    fn field(&mut self, field: &FieldDescriptor) -> Value {
        let schema = match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let value = self.kind(&entry.map_entry_value_field().kind());
                json!({ "type": "object", "additionalProperties": value })
            }
            kind if field.is_list() => json!({ "type": "array", "items": self.kind(&kind) }),
            kind => self.kind(&kind),
        };
        self.described(schema, field)
    }

    /// Beside a reference nothing else is read.
    fn described(&self, schema: Value, one: &impl Commented) -> Value {
        let description = self.comments.line(one);
        if schema.get("$ref").is_some() {
            return json!({ "allOf": [schema], "description": description });
        }
        let mut schema = schema;
        schema["description"] = description.into();
        schema
    }

    fn kind(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Bool => json!({ "type": "boolean" }),
            Kind::Double | Kind::Float => json!({ "type": ["number", "string"] }),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                json!({ "type": "integer", "minimum": i32::MIN, "maximum": i32::MAX })
            }
            Kind::Uint32 | Kind::Fixed32 => {
                json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                json!({ "type": "string", "pattern": "^-?[0-9]+$" })
            }
            Kind::Uint64 | Kind::Fixed64 => json!({ "type": "string", "pattern": "^[0-9]+$" }),
            Kind::String => json!({ "type": "string" }),
            Kind::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
            Kind::Enum(one) => enumeration(one),
            Kind::Message(message) => self.reference(message),
        }
    }
}

fn enumeration(one: &EnumDescriptor) -> Value {
    let names: Vec<_> = one.values().map(|value| value.name().to_owned()).collect();
    json!({ "type": "string", "enum": names })
}

fn refer(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Messages with a JSON of their own.
fn well_known(name: &str) -> Option<Value> {
    let schema = match name {
        "google.protobuf.Timestamp" => json!({ "type": "string", "format": "date-time" }),
        "google.protobuf.Duration" => json!({ "type": "string", "pattern": "^-?[0-9.]+s$" }),
        "google.protobuf.Struct" => json!({ "type": "object" }),
        "google.protobuf.Any" => json!({
            "type": "object",
            "required": ["@type"],
            "properties": { "@type": { "type": "string" } },
        }),
        _ => return None,
    };
    Some(schema)
}
