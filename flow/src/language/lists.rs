//! The types of steps over lists: elements and responses are held by messages that no .proto file has.
//!
//! They live in a file of their own, in a copy of the descriptors. Nobody outside sees them: what is
//! written with them is read with them, and the revision knows nothing of them.

use prost_reflect::prost_types::field_descriptor_proto::{Label, Type as Scalar};
use prost_reflect::prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MessageOptions,
};
use prost_reflect::{DescriptorPool, FieldDescriptor, MessageDescriptor, MethodDescriptor};

use super::types::Type;
use crate::plan::StepIndex;

/// Package of the messages.
const PACKAGE: &str = "pavane.private.lists";
const FILE: &str = "pavane/private/lists.proto";

/// The messages of steps over lists.
pub(super) struct Lists {
    file: FileDescriptorProto,
}

/// The type of a field: its scalar, and its name if it has one.
struct FieldType {
    scalar: Scalar,
    name: Option<String>,
}

impl Lists {
    /// No messages.
    pub(super) fn new() -> Self {
        let file = FileDescriptorProto {
            name: Some(FILE.to_owned()),
            package: Some(PACKAGE.to_owned()),
            syntax: Some("proto3".to_owned()),
            ..FileDescriptorProto::default()
        };
        Self { file }
    }

    /// Adds the message with the responses of a step.
    pub(super) fn add_responses(&mut self, step: StepIndex, method: &MethodDescriptor) {
        let response = FieldType::message(method.output().full_name());
        let field = response.field("items", 1, Label::Repeated);
        self.add(responses_name(step), field, Vec::new());
    }

    /// Adds the message with an element of a list. Gives whether there can be such a message.
    pub(super) fn add_element(&mut self, step: StepIndex, kind: &Type) -> bool {
        let name = element_name(step);
        let field = |kind: FieldType, label| kind.field("value", 1, label);
        match kind {
            Type::List(inner) if !inner.is_open() => match FieldType::of(inner) {
                Some(kind) => self.add(name, field(kind, Label::Repeated), Vec::new()),
                None => return false,
            },
            Type::Map(key, value) if !value.is_open() || **key != Type::String => {
                let (Some(key), Some(value)) = (FieldType::of(key), FieldType::of(value)) else {
                    return false;
                };
                let entry = DescriptorProto {
                    name: Some("ValueEntry".to_owned()),
                    field: vec![
                        key.field("key", 1, Label::Optional),
                        value.field("value", 2, Label::Optional),
                    ],
                    options: Some(MessageOptions {
                        map_entry: Some(true),
                        ..MessageOptions::default()
                    }),
                    ..DescriptorProto::default()
                };
                let kind = FieldType::message(&format!("{PACKAGE}.{name}.ValueEntry"));
                self.add(name, field(kind, Label::Repeated), vec![entry]);
            }
            kind => match FieldType::of(kind) {
                Some(kind) => self.add(name, field(kind, Label::Optional), Vec::new()),
                None => return false,
            },
        }
        true
    }

    fn add(&mut self, name: String, field: FieldDescriptorProto, nested: Vec<DescriptorProto>) {
        self.file.message_type.push(DescriptorProto {
            name: Some(name),
            field: vec![field],
            nested_type: nested,
            ..DescriptorProto::default()
        });
    }

    /// The pool with these messages. Errors: there are others of their names already.
    pub(super) fn added_to(&self, pool: &DescriptorPool) -> Result<DescriptorPool, String> {
        let mut pool = pool.clone();
        let mut file = self.file.clone();
        for name in self.type_names() {
            let Some(message) = named(&pool, name) else {
                continue;
            };
            if !file.dependency.contains(&message) {
                file.dependency.push(message);
            }
        }
        let known = DescriptorPool::global();
        for dependency in &file.dependency {
            if pool.get_file_by_name(dependency).is_none()
                && let Some(known) = known.get_file_by_name(dependency)
            {
                let file = known.file_descriptor_proto().clone();
                pool.add_file_descriptor_proto(file)
                    .map_err(|error| error.to_string())?;
            }
        }
        if pool.get_file_by_name(FILE).is_some() {
            return Err(format!("there is a file {FILE} already"));
        }
        pool.add_file_descriptor_proto(file)
            .map_err(|error| error.to_string())?;
        Ok(pool)
    }

    /// The names of all types that the messages refer to.
    fn type_names(&self) -> impl Iterator<Item = &str> {
        let messages = self.file.message_type.iter();
        let fields = messages.flat_map(|message| {
            let nested = message.nested_type.iter();
            message
                .field
                .iter()
                .chain(nested.flat_map(|entry| &entry.field))
        });
        fields.filter_map(|field| Some(field.type_name.as_deref()?.trim_start_matches('.')))
    }
}

/// The file that defines a type, in a pool or as everyone knows it.
fn named(pool: &DescriptorPool, name: &str) -> Option<String> {
    let find = |pool: &DescriptorPool| {
        let message = pool
            .get_message_by_name(name)
            .map(|found| found.parent_file());
        let found = message.or_else(|| Some(pool.get_enum_by_name(name)?.parent_file()));
        found.map(|file| file.name().to_owned())
    };
    find(pool).or_else(|| find(&DescriptorPool::global()))
}

fn element_name(step: StepIndex) -> String {
    format!("Element{}", step.0)
}

fn responses_name(step: StepIndex) -> String {
    format!("Responses{}", step.0)
}

/// The field that holds an element of the list of a step.
pub(super) fn element(pool: &DescriptorPool, step: StepIndex) -> Option<FieldDescriptor> {
    let name = format!("{PACKAGE}.{}", element_name(step));
    pool.get_message_by_name(&name)?.get_field(1)
}

/// The message with the responses of a step.
pub(super) fn responses(pool: &DescriptorPool, step: StepIndex) -> Option<MessageDescriptor> {
    let name = format!("{PACKAGE}.{}", responses_name(step));
    pool.get_message_by_name(&name)
}

impl FieldType {
    fn scalar(scalar: Scalar) -> Self {
        Self { scalar, name: None }
    }

    fn message(name: &str) -> Self {
        Self {
            scalar: Scalar::Message,
            name: Some(format!(".{name}")),
        }
    }

    /// The type of a field that can hold single values of a type, if there is one.
    fn of(kind: &Type) -> Option<Self> {
        Some(match kind {
            Type::Bool => Self::scalar(Scalar::Bool),
            Type::Int => Self::scalar(Scalar::Int64),
            Type::Uint => Self::scalar(Scalar::Uint64),
            Type::Double => Self::scalar(Scalar::Double),
            Type::String => Self::scalar(Scalar::String),
            Type::Bytes => Self::scalar(Scalar::Bytes),
            Type::Timestamp => Self::message("google.protobuf.Timestamp"),
            Type::Duration => Self::message("google.protobuf.Duration"),
            Type::Message(descriptor) => Self::message(descriptor.full_name()),
            Type::Enum(descriptor) => Self {
                scalar: Scalar::Enum,
                name: Some(format!(".{}", descriptor.full_name())),
            },
            Type::Unknown | Type::Never | Type::Dyn | Type::Null => {
                Self::message("google.protobuf.Value")
            }
            Type::List(inner) if inner.is_open() => Self::message("google.protobuf.ListValue"),
            Type::Map(key, value) if value.is_open() && **key == Type::String => {
                Self::message("google.protobuf.Struct")
            }
            Type::Wrapper(inner) => match &**inner {
                Type::Bool => Self::message("google.protobuf.BoolValue"),
                Type::Int | Type::Enum(_) => Self::message("google.protobuf.Int64Value"),
                Type::Uint => Self::message("google.protobuf.UInt64Value"),
                Type::Double => Self::message("google.protobuf.DoubleValue"),
                Type::String => Self::message("google.protobuf.StringValue"),
                Type::Bytes => Self::message("google.protobuf.BytesValue"),
                other => return Self::of(other),
            },
            Type::List(_) | Type::Map(..) | Type::Kind | Type::Optional(_) | Type::Execution => {
                return None;
            }
        })
    }

    fn field(self, name: &str, number: i32, label: Label) -> FieldDescriptorProto {
        FieldDescriptorProto {
            name: Some(name.to_owned()),
            json_name: Some(name.to_owned()),
            number: Some(number),
            label: Some(label.into()),
            r#type: Some(self.scalar.into()),
            type_name: self.name,
            ..FieldDescriptorProto::default()
        }
    }
}
