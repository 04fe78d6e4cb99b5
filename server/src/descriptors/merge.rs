//! Many sets of descriptors made one, if they agree; and a part of one.
//!
//! Files are compared by what matters to those who exchange messages. Comments, options for code
//! generators and JSON names that are spelled out although they are the default differ between
//! compilers, so they do not count.

use std::collections::BTreeMap;

use prost_reflect::{DescriptorError, DescriptorPool, FileDescriptor};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use crate::Error;

/// The well-known types: frozen, but their files differ in comments and details from release to
/// release of protobuf. The first to come is taken.
const FROZEN: &str = "google/protobuf/";

/// The union of `pools`. Custom options are kept.
///
/// # Errors
///
/// [`Error::FileConflict`] if files of one name differ, [`Error::TypeConflict`] if files of
/// different names define the same name.
pub fn merge<'a>(
    pools: impl IntoIterator<Item = &'a DescriptorPool>,
) -> Result<DescriptorPool, Error> {
    let mut files: BTreeMap<String, FileDescriptor> = BTreeMap::new();
    for file in pools.into_iter().flat_map(DescriptorPool::files) {
        match files.get(file.name()) {
            None => {
                files.insert(file.name().to_owned(), file);
            }
            Some(known) if file.name().starts_with(FROZEN) || agree(known, &file) => {}
            Some(_) => {
                return Err(Error::FileConflict {
                    file: file.name().to_owned(),
                });
            }
        }
    }

    build(files.values()).map_err(|error| Error::TypeConflict {
        detail: match error.file() {
            Some(file) => format!("{file}: {error}"),
            None => error.to_string(),
        },
    })
}

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

fn build<'a>(
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
