//! A field as the comparison sees it, whether a message declares it or another file adds it as an
//! extension.

use prost_reflect::{
    Cardinality, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor, Syntax,
};

/// What matters of a field to those who exchange it.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) number: u32,
    /// As in the .proto file; of an extension `[package.name]`.
    pub(super) name: String,
    /// As in JSON.
    pub(super) json_name: String,
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    /// What a .proto file has before and behind it, for messages to people.
    around: (&'static str, String),
    /// Whether it is a group, and so delimited by tags and not by a length.
    pub(super) is_group: bool,
    /// What it reads as when it is not set, if the .proto file says so.
    pub(super) default: Option<String>,
}

/// How often a field can be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Zero cannot be told from not set.
    Implicit,
    /// Set or not set.
    Explicit,
    /// A message without it cannot be read.
    Required,
    List,
    Map,
}

impl Field {
    pub(super) fn declared(field: &FieldDescriptor) -> Self {
        let shape = match field.cardinality() {
            _ if field.is_map() => Shape::Map,
            Cardinality::Repeated => Shape::List,
            Cardinality::Required => Shape::Required,
            Cardinality::Optional if field.supports_presence() => Shape::Explicit,
            Cardinality::Optional => Shape::Implicit,
        };
        Self {
            number: field.number(),
            name: field.name().to_owned(),
            json_name: field.json_name().to_owned(),
            kind: field.kind(),
            shape,
            around: around(field),
            is_group: field.is_group(),
            default: field.field_descriptor_proto().default_value.clone(),
        }
    }

    fn extending(field: &ExtensionDescriptor) -> Self {
        let name = format!("[{}]", field.full_name());
        let shape = match field.cardinality() {
            Cardinality::Repeated => Shape::List,
            Cardinality::Required => Shape::Required,
            Cardinality::Optional => Shape::Explicit,
        };
        Self {
            number: field.number(),
            json_name: name.clone(),
            name,
            kind: field.kind(),
            shape,
            around: (label(shape), String::new()),
            is_group: field.is_group(),
            default: field.field_descriptor_proto().default_value.clone(),
        }
    }

    /// As a .proto file would have it: `repeated string tags = 3`.
    pub(super) fn declaration(&self) -> String {
        let (before, behind) = &self.around;
        let (kind, name, number) = (self.type_name(), &self.name, self.number);
        format!("{before}{kind} {name} = {number}{behind}")
    }

    /// As in a .proto file: `int32`, `map<string, acme.Thing>`.
    pub(super) fn type_name(&self) -> String {
        match &self.kind {
            Kind::Message(entry) if self.shape == Shape::Map => format!(
                "map<{}, {}>",
                kind_name(&entry.map_entry_key_field().kind()),
                kind_name(&entry.map_entry_value_field().kind())
            ),
            Kind::Message(_) if self.is_group => format!("group {}", kind_name(&self.kind)),
            kind => kind_name(kind),
        }
    }
}

/// All fields of a message, those that extend it included.
pub(super) fn fields_of(message: &MessageDescriptor) -> Vec<Field> {
    let declared = message.fields().map(|field| Field::declared(&field));
    let extending = message.extensions();
    let extending = extending.map(|field| Field::extending(&field));
    declared.chain(extending.collect::<Vec<_>>()).collect()
}

fn around(field: &FieldDescriptor) -> (&'static str, String) {
    let oneof = field.containing_oneof();
    if let Some(oneof) = oneof.filter(|oneof| !oneof.is_synthetic()) {
        return ("", format!(" in oneof {}", oneof.name()));
    }
    let is_said = field.field_descriptor_proto().proto3_optional()
        || field.parent_file().syntax() == Syntax::Proto2;
    let label = match field.cardinality() {
        _ if field.is_map() => "",
        Cardinality::Optional if !is_said => "",
        Cardinality::Optional => "optional ",
        Cardinality::Required => "required ",
        Cardinality::Repeated => "repeated ",
    };
    (label, String::new())
}

fn label(shape: Shape) -> &'static str {
    match shape {
        Shape::Implicit | Shape::Map => "",
        Shape::Explicit => "optional ",
        Shape::Required => "required ",
        Shape::List => "repeated ",
    }
}

fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(enumeration) => enumeration.full_name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    }
}
