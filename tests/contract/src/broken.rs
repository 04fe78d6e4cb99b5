//! Requests that break rules: for each rule that a message can break, one message that breaks it and is
//! sound besides. Made from the `buf.validate` options in the descriptors, so that a new rule is covered by
//! existing. Shares nothing with what enforces the rules.

mod options;
mod random;
mod values;

pub use random::random;

use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

use options::{of_field, requires_one};

/// How deep rules are looked for: further down the same messages come again.
const DEPTH: usize = 4;

/// A message that breaks a rule.
#[derive(Debug, Clone)]
pub struct Broken {
    /// The way to what is wrong, as protovalidate writes it: `events[0].id`.
    pub path: String,
    /// The rule, such as `string.max_bytes`.
    pub rule: String,
    /// The message.
    pub message: DynamicMessage,
}

impl Broken {
    /// The message, encoded.
    pub fn encoded(&self) -> Vec<u8> {
        self.message.encode_to_vec()
    }
}

/// A message that breaks no rule, with little in it.
pub fn sound(message: &MessageDescriptor) -> DynamicMessage {
    let mut sound = DynamicMessage::new(message.clone());
    for oneof in message.oneofs().filter(requires_one) {
        let first = oneof.fields().next().expect("a oneof has fields");
        sound.set_field(&first, values::default_of(&first));
    }
    for field in message.fields() {
        let options = of_field(&field);
        if options.is_required() || (!field.supports_presence() && options.has_rules()) {
            let value = values::sound(&field, &options);
            sound.set_field(&field, value);
        }
    }
    for name in options::one_of(message).into_iter().take(1) {
        let field = message
            .get_field_by_name(&name)
            .expect("a field of the message");
        let value = match field.kind() {
            Kind::Message(inner) => Value::Message(self::sound(&inner)),
            _ => Value::String("a".to_owned()),
        };
        sound.set_field(&field, value);
    }
    sound
}

/// The rules that the fields of a message have, by name: `string.max_bytes`.
pub fn rules_of(message: &MessageDescriptor) -> Vec<(String, String)> {
    let fields = message.fields();
    fields
        .flat_map(|field| {
            let rules = of_field(&field).names().into_iter();
            rules.map(move |rule| (field.name().to_owned(), rule))
        })
        .collect()
}

/// Every way to break one rule of a message, or of a message within it.
pub fn all(message: &MessageDescriptor) -> Vec<Broken> {
    within(message, DEPTH)
}

fn within(message: &MessageDescriptor, depth: usize) -> Vec<Broken> {
    let mut all = Vec::new();
    if depth == 0 {
        return all;
    }
    for oneof in message.oneofs().filter(requires_one) {
        let mut broken = sound(message);
        oneof.fields().for_each(|field| broken.clear_field(&field));
        all.push(Broken {
            path: oneof.name().to_owned(),
            rule: "oneof.required".to_owned(),
            message: broken,
        });
    }
    if let Some(name) = options::one_of(message).first() {
        let mut broken = sound(message);
        broken.clear_field_by_name(name);
        all.push(Broken {
            path: String::new(),
            rule: "message.oneof".to_owned(),
            message: broken,
        });
    }
    for field in message.fields() {
        let options = of_field(&field);
        if options.is_ignored() {
            continue;
        }
        if options.is_required() {
            let mut broken = sound(message);
            broken.clear_field(&field);
            all.push(Broken {
                path: field.name().to_owned(),
                rule: "required".to_owned(),
                message: broken,
            });
        }
        let wrong = values::wrong(&field, &options);
        let deeper = values_within(&field, depth);
        for (place, rule, value) in wrong.into_iter().chain(deeper) {
            let mut broken = sound(message);
            let choice = options::one_of(message);
            if choice.iter().any(|name| name == field.name()) {
                choice
                    .iter()
                    .for_each(|name| broken.clear_field_by_name(name));
            }
            broken.set_field(&field, value);
            all.push(Broken {
                path: format!("{}{place}", field.name()),
                rule,
                message: broken,
            });
        }
    }
    all
}

/// Values of a field with something broken within: where, the rule, and the value.
fn values_within(field: &FieldDescriptor, depth: usize) -> Vec<(String, String, Value)> {
    let Kind::Message(inner) = field.kind() else {
        return Vec::new();
    };
    if field.is_map() || inner.full_name().starts_with("google.") {
        return Vec::new();
    }
    let broken = within(&inner, depth - 1).into_iter();
    let joined = |place: &str, path: &str| match path {
        "" => place.to_owned(),
        path => format!("{place}.{path}"),
    };
    broken
        .map(|broken| {
            let value = Value::Message(broken.message);
            match field.is_list() {
                true => (
                    joined("[0]", &broken.path),
                    broken.rule,
                    Value::List(vec![value]),
                ),
                false => (joined("", &broken.path), broken.rule, value),
            }
        })
        .collect()
}
