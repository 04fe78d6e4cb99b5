//! The rule by which values are chosen. Nothing in it is random: the same descriptors give the same values.

use std::collections::{BTreeMap, HashMap};

use prost::Message;
use prost_reflect::{
    Cardinality, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey, MessageDescriptor,
    Value,
};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    Any, DescriptorProto, Duration, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    Struct, Timestamp, value,
};

/// How many messages within each other have messages of their own. Those of each type have vectors, so
/// nothing is missed.
const DEPTH: usize = 2;

/// Letters of several widths in UTF-8 and UTF-16, both directions, what JSON escapes, and no letter at all.
const UNUSUAL: &str = "\u{0}\t\n\"\\/<é\u{301}>\u{2028}שלום 世界 😀\u{10ffff}";

/// How fields are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Every field with something usual; of a oneof the first member.
    Full,
    /// Every field with the ends of its range; of a oneof the last member; enum values that nobody knows.
    Extremes,
    /// Every field that tells being set from being empty is set and empty; of a oneof the first member.
    Present,
}

impl Rule {
    /// The name of the vector.
    pub(super) fn name(self) -> &'static str {
        match self {
            Rule::Full => "full",
            Rule::Extremes => "extremes",
            Rule::Present => "present",
        }
    }
}

/// Makes values by a rule.
pub(super) struct Values {
    rule: Rule,
    depth: usize,
}

impl Values {
    pub(super) fn new(rule: Rule) -> Self {
        Self { rule, depth: 0 }
    }

    /// A message with all its fields, as the rule has it.
    pub(super) fn message(&self, descriptor: &MessageDescriptor) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        for field in descriptor.fields().filter(|field| self.is_set(field)) {
            message.set_field(&field, self.field(&field));
        }
        message
    }

    /// A message with this field alone.
    pub(super) fn message_with(&self, field: &FieldDescriptor) -> DynamicMessage {
        let mut message = DynamicMessage::new(field.parent_message().clone());
        message.set_field(field, self.field(field));
        message
    }

    fn is_set(&self, field: &FieldDescriptor) -> bool {
        if let Some(oneof) = field
            .containing_oneof()
            .filter(|oneof| !oneof.is_synthetic())
        {
            let chosen = match self.rule {
                Rule::Extremes => oneof.fields().last(),
                Rule::Full | Rule::Present => oneof.fields().next(),
            };
            if chosen.as_ref() != Some(field) {
                return false;
            }
        }
        let nests = matches!(field.kind(), Kind::Message(_));
        if nests && self.depth >= DEPTH {
            return false;
        }
        self.rule != Rule::Present || field.supports_presence()
    }

    fn field(&self, field: &FieldDescriptor) -> Value {
        if field.is_map() {
            return self.map(field);
        }
        if field.cardinality() == Cardinality::Repeated {
            return Value::List((0..3).map(|index| self.value(field, index)).collect());
        }
        self.value(field, 0)
    }

    /// Neither a key nor a value is empty: languages differ in whether an entry says those.
    fn map(&self, field: &FieldDescriptor) -> Value {
        let Kind::Message(entry) = field.kind() else {
            unreachable!("a map is a list of entries")
        };
        assert_eq!(entry.map_entry_key_field().kind(), Kind::String);
        let value = entry.map_entry_value_field();
        // Within the plane in which all languages sort alike.
        let keys = ["B", "a", "ä", "zeta"].map(|key| MapKey::String(key.to_owned()));
        let values = (1..).map(|index| self.value(&value, index));
        Value::Map(keys.into_iter().zip(values).collect::<HashMap<_, _>>())
    }

    /// One value; of those in a list the one at `index`.
    fn value(&self, field: &FieldDescriptor, index: usize) -> Value {
        let kind = field.kind();
        match (&kind, self.rule) {
            (Kind::Message(message), _) => Value::Message(self.nested(message, index)),
            (_, Rule::Present) => Value::default_value(&kind),
            (Kind::Enum(descriptor), Rule::Full) => Value::EnumNumber(known(descriptor, index)),
            (_, Rule::Full) => usual(&kind, field, index),
            (_, Rule::Extremes) => extreme(&kind, index),
        }
    }

    fn nested(&self, descriptor: &MessageDescriptor, index: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        let bytes = match (descriptor.full_name(), self.rule) {
            ("google.protobuf.Any", rule) => any(rule, index).encode_to_vec(),
            // An empty one has no JSON: it is nothing.
            ("google.protobuf.Value", _) => json_value(index).encode_to_vec(),
            (_, Rule::Present) => return message,
            ("google.protobuf.Timestamp", rule) => timestamp(rule, index).encode_to_vec(),
            ("google.protobuf.Duration", rule) => duration(rule, index).encode_to_vec(),
            ("google.protobuf.Struct", _) => object().encode_to_vec(),
            ("google.protobuf.FileDescriptorSet", _) => descriptors().encode_to_vec(),
            (_, rule) => {
                let depth = self.depth + 1;
                return Values { rule, depth }.message(descriptor);
            }
        };
        let merged = message.merge(bytes.as_slice());
        merged.expect("a well-known type is what it is everywhere");
        message
    }
}

fn usual(kind: &Kind, field: &FieldDescriptor, index: usize) -> Value {
    let number = field.number() * 10 + u32::try_from(index).unwrap_or_default() + 1;
    match kind {
        Kind::Bool => Value::Bool(true),
        Kind::Double => Value::F64(f64::from(number) + 0.25),
        Kind::Float => Value::F32(0.25),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(-(number.cast_signed())),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(-i64::from(number)),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(number),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(u64::from(number)),
        Kind::String => Value::String(format!("{} Größe {number}", field.name())),
        Kind::Bytes => Value::Bytes(format!("{}\0{number}", field.name()).into()),
        Kind::Message(_) | Kind::Enum(_) => unreachable!("they are made elsewhere"),
    }
}

fn extreme(kind: &Kind, index: usize) -> Value {
    let highest = index.is_multiple_of(2);
    match kind {
        Kind::Bool => Value::Bool(highest),
        Kind::Double => Value::F64(if highest { 1e300 } else { -1e-300 }),
        Kind::Float => Value::F32(if highest { 1e30 } else { -1e-30 }),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            Value::I32(if highest { i32::MAX } else { i32::MIN })
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            Value::I64(if highest { i64::MAX } else { i64::MIN })
        }
        Kind::Uint32 | Kind::Fixed32 => Value::U32(u32::MAX),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(u64::MAX),
        Kind::String => Value::String(UNUSUAL.to_owned()),
        Kind::Bytes => Value::Bytes((0..=u8::MAX).collect()),
        // No enum has these, and a reader must keep what it does not know.
        Kind::Enum(_) => Value::EnumNumber(if highest { i32::MAX } else { i32::MIN }),
        Kind::Message(_) => unreachable!("they are made elsewhere"),
    }
}

/// Never the first one, which says nothing, if there is another.
fn known(descriptor: &EnumDescriptor, index: usize) -> i32 {
    let numbers: Vec<_> = descriptor.values().map(|value| value.number()).collect();
    let others = numbers.len().max(2) - 1;
    let chosen = numbers.get(1 + index % others);
    chosen.copied().unwrap_or_default()
}

fn timestamp(rule: Rule, index: usize) -> Timestamp {
    let (seconds, nanos) = match (rule, index) {
        (Rule::Extremes, 0) => (-62_135_596_800, 0),
        (Rule::Extremes, _) => (253_402_300_799, 999_999_999),
        (_, 0) => (1_795_000_000, 250_000_000),
        (_, _) => (-1, 1_000),
    };
    Timestamp { seconds, nanos }
}

fn duration(rule: Rule, index: usize) -> Duration {
    let (seconds, nanos) = match (rule, index) {
        (Rule::Extremes, 0) => (315_576_000_000, 999_999_999),
        (Rule::Extremes, _) => (-315_576_000_000, -999_999_999),
        (_, 0) => (90, 500_000_000),
        (_, _) => (0, -1_000),
    };
    Duration { seconds, nanos }
}

/// Of a message, and of one whose JSON is no object; both known to whoever knows the contract.
fn any(rule: Rule, index: usize) -> Any {
    let message = pavane::feed::v1::GetFeedRequest {
        feed: "inventory".to_owned(),
    };
    let any = match rule {
        Rule::Full => Any::from_msg(&message),
        Rule::Extremes => Any::from_msg(&duration(rule, index)),
        Rule::Present => Any::from_msg(&pavane::feed::v1::GetFeedRequest::default()),
    };
    any.expect("a message of the contract can be encoded")
}

/// An object with every kind of value in it. No number is whole: some write 1 as `1.0`.
fn object() -> Struct {
    let mut fields: BTreeMap<_, _> = (1..=4)
        .map(|index| (format!("field_{index}"), json_value(index)))
        .collect();
    let list = (0..5).map(json_value).collect();
    let list = value::Kind::ListValue(prost_types::ListValue { values: list });
    fields.insert("list".to_owned(), list.into());
    let inner = Struct {
        fields: fields.clone(),
    };
    fields.insert("größe".to_owned(), value::Kind::StructValue(inner).into());
    fields.insert("nothing".to_owned(), json_value(0));
    Struct { fields }
}

fn json_value(index: usize) -> prost_types::Value {
    let kind = match index {
        0 => value::Kind::NullValue(0),
        1 => value::Kind::NumberValue(-2.5),
        2 => value::Kind::StringValue(UNUSUAL.to_owned()),
        3 => value::Kind::BoolValue(false),
        _ => value::Kind::StringValue(String::new()),
    };
    kind.into()
}

/// A file with one message, with one field.
fn descriptors() -> FileDescriptorSet {
    let field = FieldDescriptorProto {
        name: Some("order_id".to_owned()),
        number: Some(1),
        label: Some(Label::Optional.into()),
        r#type: Some(Type::String.into()),
        json_name: Some("orderId".to_owned()),
        ..FieldDescriptorProto::default()
    };
    let message = DescriptorProto {
        name: Some("Refund".to_owned()),
        field: vec![field],
        ..DescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("acme/refunds/v1/refund.proto".to_owned()),
        package: Some("acme.refunds.v1".to_owned()),
        message_type: vec![message],
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }
}
