//! The golden vectors, read and written again by Rust: as generated types and by descriptors.

use std::fs;

use pavane_contract::vectors::{self, Vector, canonical};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};

use crate::types;

#[test]
fn every_message_and_every_field_has_a_vector() {
    let missing = vectors::missing().expect("there is an index");
    assert!(
        missing.is_empty(),
        "`cargo xtask contract vectors` writes {missing:#?}"
    );
}

#[test]
fn the_index_names_all_files() {
    let folder = pavane_contract::kept("vectors");
    let mut files = 0;
    for message in fs::read_dir(folder).expect("there are vectors") {
        let path = message.expect("the folder can be read").path();
        if path.is_dir() {
            files += fs::read_dir(path).expect("it is a folder").count();
        }
    }
    assert_eq!(files, 2 * all().len(), "two files for each vector");
}

#[test]
fn generated_types_keep_every_byte() {
    let types = types::table();
    check(|vector, message, bytes| {
        let again = types.get(vector.message.as_str());
        let again = again.ok_or("types.rs does not name the message")?;
        let again = again(bytes).map_err(|error| error.to_string())?;
        is_same(message, bytes, &again)
    });
}

#[test]
fn dynamic_messages_keep_every_byte() {
    check(|_, message, bytes| {
        let value = decode(message, bytes)?;
        is_same(message, bytes, &value.encode_to_vec())
    });
}

#[test]
fn bytes_and_json_say_the_same() {
    check(|vector, message, bytes| {
        let expected = vector.json().expect("the index names what there is");
        let value = decode(message, bytes)?;
        let json = serde_json::to_value(&value).map_err(|error| error.to_string())?;
        if json != expected {
            return Err(format!("the bytes say {json}\nthe JSON is {expected}"));
        }
        let value = DynamicMessage::deserialize(message.clone(), expected);
        let value = value.map_err(|error| error.to_string())?;
        is_same(message, bytes, &value.encode_to_vec())
    });
}

/// That the vectors bite: read by a contract in which one field has another number, some vector of its
/// message is not what it was.
#[test]
fn a_field_with_another_number_is_noticed() {
    let mut set = prost_types::FileDescriptorSet::decode(pavane::FILE_DESCRIPTOR_SET)
        .expect("the contract is a descriptor set");
    let file = set
        .file
        .iter_mut()
        .find(|file| file.name() == "pavane/feed/v1/event.proto")
        .expect("there are events");
    let field = file.message_type[0]
        .field
        .iter_mut()
        .find(|field| field.name() == "causation_id")
        .expect("events have causes");
    field.number = Some(99);
    let other = DescriptorPool::from_file_descriptor_set(set).expect("99 is free");
    let event = other
        .get_message_by_name("pavane.feed.v1.Event")
        .expect("it is there");
    let differs = all().into_iter().any(|vector| {
        vector.message == event.full_name() && {
            let bytes = vector.bytes().expect("the index names what there is");
            let value = decode(&event, &bytes).expect("unknown fields can be read");
            let json = serde_json::to_value(&value).expect("an event has JSON");
            json != vector.json().expect("the index names what there is")
        }
    });
    assert!(differs);
}

fn all() -> std::collections::BTreeSet<Vector> {
    vectors::all().expect("there is an index")
}

/// Every vector, and what is wrong with it.
fn check(is_right: impl Fn(&Vector, &MessageDescriptor, &[u8]) -> Result<(), String>) {
    let mut wrong = Vec::new();
    for vector in all() {
        let bytes = vector.bytes().expect("the index names what there is");
        let message = pavane::descriptor_pool().get_message_by_name(&vector.message);
        let checked = match message {
            Some(message) => is_right(&vector, &message, &bytes),
            None => Err("the contract has no such message any more".to_owned()),
        };
        if let Err(problem) = checked {
            wrong.push(format!("{} {}: {problem}", vector.message, vector.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn decode(message: &MessageDescriptor, bytes: &[u8]) -> Result<DynamicMessage, String> {
    DynamicMessage::decode(message.clone(), bytes).map_err(|error| error.to_string())
}

fn is_same(message: &MessageDescriptor, expected: &[u8], found: &[u8]) -> Result<(), String> {
    let found = canonical(message, found).map_err(|error| error.to_string())?;
    if found == expected {
        return Ok(());
    }
    Err(format!("expected {expected:02x?}\nfound    {found:02x?}"))
}
