//! The method of its own that a workflow gets: its fields are the plain ones of the requests and responses
//! of the methods that it calls. It imports nothing, so that it can be compiled wherever those are known
//! from.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::names;

/// The fields of a message of its own.
#[derive(Debug, Default)]
pub(super) struct Fields {
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    name: String,
    /// `optional string`, as it is declared.
    declared: String,
    source: FieldDescriptor,
}

impl Fields {
    /// Takes up the plain fields of a message of a step.
    pub(super) fn take(&mut self, step: &str, message: &MessageDescriptor) {
        for source in message.fields() {
            let Some(declared) = declared(&source) else {
                continue;
            };
            if self.of(&source).is_some() {
                continue;
            }
            let is_taken = self.fields.iter().any(|field| field.name == source.name());
            let name = match is_taken {
                true => format!("{step}_{}", source.name()),
                false => source.name().to_owned(),
            };
            if !self.fields.iter().any(|field| field.name == name) {
                self.fields.push(Field {
                    name,
                    declared,
                    source,
                });
            }
        }
    }

    /// The name of the field that stands for one of a step: another step's field of the same name and
    /// type is the same.
    pub(super) fn of(&self, source: &FieldDescriptor) -> Option<&str> {
        let same = |field: &&Field| {
            field.source == *source
                || (field.source.name() == source.name()
                    && Some(&field.declared) == declared(source).as_ref())
        };
        let field = self.fields.iter().find(same)?;
        Some(&field.name)
    }

    /// Names, and the fields that they stand for.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &FieldDescriptor)> {
        self.fields
            .iter()
            .map(|field| (field.name.as_str(), &field.source))
    }

    /// `message NAME { ... }`.
    pub(super) fn message(&self, name: &str) -> String {
        let fields = (1..)
            .zip(&self.fields)
            .map(|(number, field)| format!("  {} {} = {number};\n", field.declared, field.name));
        let fields: String = fields.collect();
        if fields.is_empty() {
            return format!("message {name} {{}}\n");
        }
        format!("message {name} {{\n{fields}}}\n")
    }
}

/// `repeated string`; `None` where it is not plain, or expressions cannot name it.
fn declared(field: &FieldDescriptor) -> Option<String> {
    let is_choice = field
        .containing_oneof()
        .is_some_and(|oneof| !oneof.is_synthetic());
    if is_choice || field.is_map() || names::is_reserved(field.name()) {
        return None;
    }
    let kind = scalar(&field.kind())?;
    Some(match (field.is_list(), field.is_required()) {
        (true, _) => format!("repeated {kind}"),
        // One that is set to nothing must not count as one that is not set.
        (false, true) => format!("optional {kind}"),
        (false, false) => kind.to_owned(),
    })
}

/// `int64`; `None` of messages and enums.
pub(super) fn scalar(kind: &Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Double => "double",
        Kind::Float => "float",
        Kind::Int32 => "int32",
        Kind::Int64 => "int64",
        Kind::Uint32 => "uint32",
        Kind::Uint64 => "uint64",
        Kind::Sint32 => "sint32",
        Kind::Sint64 => "sint64",
        Kind::Fixed32 => "fixed32",
        Kind::Fixed64 => "fixed64",
        Kind::Sfixed32 => "sfixed32",
        Kind::Sfixed64 => "sfixed64",
        Kind::Bool => "bool",
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Message(_) | Kind::Enum(_) => return None,
    })
}
