//! Files that fit together, and a part of a set.
//!
//! Files are compared by what matters to those who exchange messages. Comments, options for code
//! generators and JSON names that are spelled out although they are the default differ between
//! compilers, so they do not count.

use std::collections::{BTreeMap, HashMap};

use prost_reflect::{DescriptorError, DescriptorPool, FileDescriptor};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

/// The well-known types: frozen, but their files differ in comments and details from release to
/// release of protobuf. The first to come is taken.
const FROZEN: &str = "google/protobuf/";

/// The part of `pool` whose packages are `packages` or lie in them (`pavane` has `pavane.feed.v1`),
/// with what it imports. A server that knows no more than it needs conflicts with nobody else's
/// files.
pub fn select(pool: &DescriptorPool, packages: &[&str]) -> DescriptorPool {
    let selected = |file: &FileDescriptor| {
        let name = file.package_name();
        packages.iter().any(|package| {
            let rest = name.strip_prefix(package);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    let mut waiting: Vec<_> = pool.files().filter(selected).collect();
    let mut files = BTreeMap::new();
    while let Some(file) = waiting.pop() {
        if files.insert(file.name().to_owned(), file.clone()).is_none() {
            waiting.extend(file.dependencies());
        }
    }
    build(files.values()).expect("files of one pool with all their imports fit together")
}

/// Files that fit together.
#[derive(Default)]
pub(super) struct Group {
    files: BTreeMap<String, FileDescriptor>,
    /// What they define outside of messages, and in which of them.
    names: HashMap<String, String>,
}

impl Group {
    /// Whether these files agree with those that are here.
    pub(super) fn fits(&self, files: &[FileDescriptor]) -> bool {
        files.iter().all(|file| {
            let is_same = self
                .files
                .get(file.name())
                .is_none_or(|known| file.name().starts_with(FROZEN) || agree(known, file));
            let defined_here = |name: &String| {
                let by = self.names.get(name);
                by.is_none_or(|by| by == file.name())
            };
            is_same && names_of(file).iter().all(defined_here)
        })
    }

    /// Adds files that fit. Those that are here stay.
    pub(super) fn add(&mut self, files: Vec<FileDescriptor>) {
        for file in files {
            for name in names_of(&file) {
                self.names.insert(name, file.name().to_owned());
            }
            self.files.entry(file.name().to_owned()).or_insert(file);
        }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &FileDescriptor> {
        self.files.values()
    }
}

/// Full names of what a file defines outside of messages.
fn names_of(file: &FileDescriptor) -> Vec<String> {
    let messages = file.messages().map(|found| found.full_name().to_owned());
    let enums = file.enums().map(|found| found.full_name().to_owned());
    let services = file.services().map(|found| found.full_name().to_owned());
    let extensions = file.extensions().map(|found| found.full_name().to_owned());
    let types = messages.chain(enums).chain(services);
    types.chain(extensions).collect()
}

pub(super) fn build<'a>(
    files: impl Iterator<Item = &'a FileDescriptor>,
) -> Result<DescriptorPool, DescriptorError> {
    let mut encoded = Vec::new();
    for file in files {
        // Field 1 of a FileDescriptorSet. Encoded by hand: prost's own type drops custom options.
        prost::encoding::bytes::encode(1, &file.encode_to_vec(), &mut encoded);
    }
    DescriptorPool::decode(encoded.as_slice())
}

fn agree(one: &FileDescriptor, other: &FileDescriptor) -> bool {
    let (one, other) = (one.file_descriptor_proto(), other.file_descriptor_proto());
    one == other || essence(one) == essence(other)
}

fn essence(file: &FileDescriptorProto) -> FileDescriptorProto {
    let mut file = file.clone();
    file.source_code_info = None;
    file.options = None;
    file.extension.iter_mut().for_each(forget_default_json_name);
    file.message_type
        .iter_mut()
        .for_each(forget_default_json_names);
    file
}

fn forget_default_json_names(message: &mut DescriptorProto) {
    message.field.iter_mut().for_each(forget_default_json_name);
    message
        .extension
        .iter_mut()
        .for_each(forget_default_json_name);
    message
        .nested_type
        .iter_mut()
        .for_each(forget_default_json_names);
}

fn forget_default_json_name(field: &mut FieldDescriptorProto) {
    let default = field.name.as_deref().map(lower_camel_case);
    if field.json_name == default {
        field.json_name = None;
    }
}

/// The JSON name that protobuf gives to a field.
fn lower_camel_case(name: &str) -> String {
    let mut after_underscore = false;
    name.chars()
        .filter_map(|character| {
            let upper = std::mem::replace(&mut after_underscore, character == '_');
            match character {
                '_' => None,
                _ if upper => Some(character.to_ascii_uppercase()),
                _ => Some(character),
            }
        })
        .collect()
}
