//! The contract as it was released last: a descriptor set of `proto/pavane` and what it imports, without
//! comments, which may change. `buf breaking` compares the contract with it.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use prost::Message;
use prost_reflect::{DynamicMessage, Value};

/// Where it is kept.
pub fn path() -> PathBuf {
    crate::kept("released.binpb")
}

/// Writes the contract as it is now, as the one that is released.
///
/// # Errors
///
/// The file cannot be written.
pub fn write() -> Result<()> {
    fs::write(path(), encode()?)?;
    Ok(())
}

/// The contract as it is now. Options that are extensions, such as the rules of fields, are kept: a dynamic
/// message drops nothing.
fn encode() -> Result<Vec<u8>> {
    let files = files();
    let set = pavane::descriptor_pool()
        .get_message_by_name("google.protobuf.FileDescriptorSet")
        .context("the contract imports descriptor.proto")?;
    let mut set = DynamicMessage::decode(set, pavane::FILE_DESCRIPTOR_SET)?;
    let list = set
        .get_field_by_name_mut("file")
        .and_then(Value::as_list_mut)
        .context("a set has files")?;
    list.retain(|file| name(file).is_some_and(|name| files.contains(&name)));
    for file in list.iter_mut().filter_map(Value::as_message_mut) {
        file.clear_field_by_name("source_code_info");
    }
    Ok(set.encode_to_vec())
}

fn name(file: &Value) -> Option<String> {
    let name = file.as_message()?.get_field_by_name("name")?;
    name.as_str().map(str::to_owned)
}

/// Names of the files of `pavane.*`, and of all that they import.
fn files() -> BTreeSet<String> {
    let all = pavane::descriptor_pool().files();
    let mut waiting: VecDeque<_> = all
        .filter(|file| file.package_name().starts_with("pavane."))
        .collect();
    let mut names = BTreeSet::new();
    while let Some(file) = waiting.pop_front() {
        if names.insert(file.name().to_owned()) {
            waiting.extend(file.dependencies());
        }
    }
    names
}
