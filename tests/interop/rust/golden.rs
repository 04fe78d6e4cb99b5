//! The golden vectors (`tests/contract/vectors`), by the contract's descriptors. That the generated types
//! agree with them is for the contract's own tests.

use std::error::Error;

use pavane_contract::vectors::{self, Vector, canonical};
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::{Value, json};

/// Which vectors came out other than they are.
pub(crate) fn check() -> Result<Value, Box<dyn Error>> {
    let vectors = vectors::all()?;
    let mut wrong = Vec::new();
    for vector in &vectors {
        if !is_right(vector)? {
            wrong.push(format!("{}/{}", vector.message, vector.name));
        }
    }
    Ok(json!({ "count": vectors.len(), "wrong": wrong }))
}

fn is_right(vector: &Vector) -> Result<bool, Box<dyn Error>> {
    let message = pavane::descriptor_pool().get_message_by_name(&vector.message);
    let Some(message) = message else {
        return Ok(false);
    };
    let (bytes, json) = (vector.bytes()?, vector.json()?);
    let decoded = DynamicMessage::decode(message.clone(), bytes.as_slice())?;
    let parsed = DynamicMessage::deserialize(message.clone(), json.clone())?;
    Ok(encode(&message, &decoded)? == bytes
        && serde_json::to_value(&decoded)? == json
        && encode(&message, &parsed)? == bytes)
}

/// With the entries of maps in the order of their keys.
fn encode(message: &MessageDescriptor, value: &DynamicMessage) -> Result<Vec<u8>, Box<dyn Error>> {
    Ok(canonical(message, &value.encode_to_vec())?)
}
