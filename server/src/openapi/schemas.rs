//! Messages and enums as JSON Schemas of their JSON mapping, each once.
//! <https://protobuf.dev/programming-guides/json/>
//!
//! Types of one name that differ, of several versions that are deployed side by side, have a number
//! behind their names.

use std::collections::{BTreeMap, HashMap};

use prost_reflect::{EnumDescriptor, MessageDescriptor};
use serde_json::{Map, Value, json};
use tonic::Code;

use super::comments::Comments;
use super::{fields, rules, well_known};
use crate::failure;

/// The schema of errors. Without a package: no message has this name.
const ERROR: &str = "Error";

/// The schemas of a document, which grow with what refers to them.
pub(super) struct Schemas<'a> {
    pub(super) comments: &'a Comments,
    /// Types by their names.
    types: HashMap<String, Vec<Type>>,
    /// Messages that are referred to, and not written yet.
    waiting: Vec<(String, MessageDescriptor)>,
    written: BTreeMap<String, Value>,
}

#[derive(PartialEq)]
enum Type {
    Message(MessageDescriptor),
    Enum(EnumDescriptor),
}

impl<'a> Schemas<'a> {
    pub(super) fn new(comments: &'a Comments) -> Self {
        Self {
            comments,
            types: HashMap::new(),
            waiting: Vec::new(),
            written: BTreeMap::new(),
        }
    }

    /// The schema of a message, or where it is.
    pub(super) fn message(&mut self, message: &MessageDescriptor) -> Value {
        if let Some(schema) = well_known::schema(message.full_name()) {
            return schema;
        }
        let (name, is_new) = self.name(message.full_name(), Type::Message(message.clone()));
        if is_new {
            // Not here and now: messages may hold each other.
            self.waiting.push((name.clone(), message.clone()));
        }
        reference(&name)
    }

    /// Where the schema of an enum is.
    pub(super) fn enumeration(&mut self, kind: &EnumDescriptor) -> Value {
        if kind.full_name() == well_known::NULL {
            return json!({ "type": "null" });
        }
        let (name, is_new) = self.name(kind.full_name(), Type::Enum(kind.clone()));
        if is_new {
            let schema = enum_schema(kind, self.comments);
            self.written.insert(name.clone(), schema);
        }
        reference(&name)
    }

    /// Where the schema of errors is.
    pub(super) fn error(&mut self) -> Value {
        let schema = self.written.entry(ERROR.to_owned());
        schema.or_insert_with(error_schema);
        reference(ERROR)
    }

    /// All that is referred to, by name.
    pub(super) fn finish(mut self) -> BTreeMap<String, Value> {
        while let Some((name, message)) = self.waiting.pop() {
            let schema = message_schema(&message, &mut self);
            self.written.insert(name, schema);
        }
        self.written
    }

    /// The name of a type's schema, and whether it was not asked for before.
    fn name(&mut self, full_name: &str, found: Type) -> (String, bool) {
        let same_name = self.types.entry(full_name.to_owned()).or_default();
        let known = same_name.iter().position(|known| *known == found);
        let index = known.unwrap_or(same_name.len());
        if known.is_none() {
            same_name.push(found);
        }
        let name = match index {
            0 => full_name.to_owned(),
            _ => format!("{full_name}.{}", index + 1),
        };
        (name, known.is_none())
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn message_schema(message: &MessageDescriptor, schemas: &mut Schemas) -> Value {
    let (mut properties, mut needed) = (Map::new(), Vec::new());
    for field in message.fields() {
        if rules::is_needed(&field) {
            needed.push(field.json_name().to_owned());
        }
        let schema = fields::schema(&field, schemas);
        properties.insert(field.json_name().to_owned(), schema);
    }
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !needed.is_empty() {
        schema["required"] = needed.into();
    }
    let comment = schemas.comments.of(&message.parent_file(), message.path());
    if !comment.is_empty() {
        schema["description"] = comment.into();
    }
    let choices: Vec<Value> = message
        .oneofs()
        .filter(|oneof| !oneof.is_synthetic())
        .map(|oneof| {
            let names = oneof.fields().map(|field| field.json_name().to_owned());
            one_of(names.collect(), rules::is_required(&oneof))
        })
        .collect();
    if !choices.is_empty() {
        schema["allOf"] = choices.into();
    }
    schema
}

/// One of these members, or, unless it is required, none.
fn one_of(names: Vec<String>, is_required: bool) -> Value {
    let has = |name: &String| json!({ "required": [name] });
    let any: Vec<Value> = names.iter().map(has).collect();
    let mut one = any.clone();
    if !is_required {
        one.push(json!({ "not": { "anyOf": any } }));
    }
    json!({ "oneOf": one })
}

fn enum_schema(kind: &EnumDescriptor, comments: &Comments) -> Value {
    let file = kind.parent_file();
    let mut description = comments.of(&file, kind.path());
    for value in kind.values() {
        let comment = comments.of(&file, value.path()).replace('\n', " ");
        if !comment.is_empty() {
            description += &format!("\n- `{}`: {comment}", value.name());
        }
    }
    let names: Vec<String> = kind.values().map(|value| value.name().to_owned()).collect();
    json!({ "type": "string", "enum": names, "description": description.trim() })
}

fn error_schema() -> Value {
    let codes: Vec<&str> = (1..=16)
        .map(|code| failure::name(Code::from(code)))
        .collect();
    json!({
        "type": "object",
        "description": "An error: why a call failed, or that it failed on its way.",
        "required": ["code"],
        "properties": {
            "code": {
                "type": "string",
                "enum": codes,
                "description": "The gRPC code.",
            },
            "message": { "type": "string", "description": "What is wrong, for people." },
            "details": {
                "type": "array",
                "description": "What is wrong, for programs: `google.rpc.ErrorInfo` has the reason.",
                "items": {
                    "type": "object",
                    "required": ["type", "value"],
                    "properties": {
                        "type": { "type": "string", "description": "Full name of a message." },
                        "value": { "type": "string", "description": "The message in base64." },
                        "debug": { "description": "The same in JSON, to be read by people." },
                    },
                },
            },
        },
    })
}
