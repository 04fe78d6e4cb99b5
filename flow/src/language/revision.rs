//! The revision of a workflow: the hash of what was deployed and of the types it was checked against.
//!
//! Two deployments with the same revision behave alike; a comment in a .proto file changes nothing.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

use pavane::workflow::v1::Workflow;
use prost::Message;
use prost_reflect::{FileDescriptor, Kind, MessageDescriptor};
use sha2::{Digest, Sha256};

use crate::plan::Revision;

/// The revision of a workflow that uses these messages.
pub(super) fn revision(
    workflow: &Workflow,
    messages: impl IntoIterator<Item = MessageDescriptor>,
) -> Revision {
    let mut hash = Sha256::new();
    // Its maps are ordered: the same definition is always encoded the same way.
    update(&mut hash, &workflow.encode_to_vec());
    for file in files(messages).values() {
        let mut file = file.file_descriptor_proto().clone();
        file.source_code_info = None;
        update(&mut hash, &file.encode_to_vec());
    }
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
    }
    Revision(text.into())
}

/// Adds bytes and their length, so that no two lists of parts look the same.
fn update(hash: &mut Sha256, bytes: &[u8]) {
    let length = u64::try_from(bytes.len()).expect("no memory holds more");
    hash.update(length.to_be_bytes());
    hash.update(bytes);
}

/// The files of all types that can be reached from these messages, by name.
fn files(
    messages: impl IntoIterator<Item = MessageDescriptor>,
) -> BTreeMap<String, FileDescriptor> {
    let mut files = BTreeMap::new();
    let mut seen = HashSet::new();
    let mut open: Vec<MessageDescriptor> = messages.into_iter().collect();
    while let Some(message) = open.pop() {
        if !seen.insert(message.full_name().to_owned()) {
            continue;
        }
        for field in message.fields() {
            match field.kind() {
                Kind::Message(message) => open.push(message),
                Kind::Enum(enumeration) => {
                    let file = enumeration.parent_file();
                    files.insert(file.name().to_owned(), file);
                }
                _ => {}
            }
        }
        let file = message.parent_file();
        files.insert(file.name().to_owned(), file);
    }
    files
}
