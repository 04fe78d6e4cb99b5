//! Where each type is described, and how a page refers to it.

use std::collections::HashMap;

use prost_reflect::{EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor};

use super::{Packages, requests_and_responses, services};

/// Page and anchor of each message and enum of ours.
#[derive(Debug)]
pub(super) struct Links(HashMap<String, (String, String)>);

impl Links {
    pub(super) fn new(packages: &Packages) -> Self {
        let mut links = HashMap::new();
        for (package, files) in packages {
            for file in files {
                for message in with_nested(file.messages()) {
                    let page = page_of(files, package, &top_level(&message));
                    let place = (page, anchor(&short_name(&message)));
                    links.insert(message.full_name().to_owned(), place);
                }
                for one in enums(file) {
                    let page = match one.parent_message() {
                        Some(parent) => page_of(files, package, &top_level(&parent)),
                        None => format!("{package}/types.md"),
                    };
                    let place = (page, anchor(&short_enum_name(&one)));
                    links.insert(one.full_name().to_owned(), place);
                }
            }
        }
        Self(links)
    }

    /// A reference to a type, on a page one folder below `docs/reference`.
    pub(super) fn reference(&self, name: &str, shown: &str) -> String {
        match self.0.get(name) {
            Some((page, anchor)) => format!("[{shown}](../{page}#{anchor})"),
            None => format!("`{name}`"),
        }
    }

    /// The type of a field, as a .proto file says it.
    pub(super) fn type_of(&self, field: &FieldDescriptor) -> String {
        if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
            let key = self.kind(&entry.map_entry_key_field().kind());
            let value = self.kind(&entry.map_entry_value_field().kind());
            return format!("map of {key} to {value}");
        }
        let kind = self.kind(&field.kind());
        let is_optional = field.field_descriptor_proto().proto3_optional();
        match (field.is_list(), is_optional) {
            (true, _) => format!("repeated {kind}"),
            (false, true) => format!("optional {kind}"),
            (false, false) => kind,
        }
    }

    fn kind(&self, kind: &Kind) -> String {
        match kind {
            Kind::Message(message) => self.reference(message.full_name(), &short_name(message)),
            Kind::Enum(one) => self.reference(one.full_name(), &short_enum_name(one)),
            scalar => format!("{scalar:?}"),
        }
    }
}

/// The page of a message that is not in another: that of the service whose request or response it is.
fn page_of(files: &[FileDescriptor], package: &str, message: &MessageDescriptor) -> String {
    let service = services(files)
        .find(|service| requests_and_responses(service).contains(message.full_name()));
    let page = service.map_or("types".to_owned(), |service| service.name().to_owned());
    format!("{package}/{page}.md")
}

/// Messages and what is defined in them, except entries of maps.
pub(super) fn with_nested(
    messages: impl Iterator<Item = MessageDescriptor>,
) -> Vec<MessageDescriptor> {
    let mut all = Vec::new();
    for message in messages.filter(|message| !message.is_map_entry()) {
        all.push(message.clone());
        all.extend(with_nested(message.child_messages()));
    }
    all
}

/// The enums of a file, those within messages too.
pub(super) fn enums(file: &FileDescriptor) -> Vec<EnumDescriptor> {
    let nested = with_nested(file.messages()).into_iter();
    let nested = nested.flat_map(|message| message.child_enums().collect::<Vec<_>>());
    file.enums().chain(nested).collect()
}

/// The message that is not in another, in which this one is.
fn top_level(message: &MessageDescriptor) -> MessageDescriptor {
    let parent = message.parent_message();
    parent.map_or_else(|| message.clone(), |parent| top_level(&parent))
}

/// The name without the package.
pub(super) fn short_name(message: &MessageDescriptor) -> String {
    without_package(message.full_name(), message.package_name())
}

/// The name without the package.
pub(super) fn short_enum_name(one: &EnumDescriptor) -> String {
    without_package(one.full_name(), one.package_name())
}

fn without_package(name: &str, package: &str) -> String {
    let name = name.strip_prefix(package).unwrap_or(name);
    name.trim_start_matches('.').to_owned()
}

/// The anchor that a heading gets.
pub(super) fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace('.', "")
}
