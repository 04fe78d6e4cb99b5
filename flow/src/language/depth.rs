//! How deep a request, an output or a constant is nested, whether in text or in a message.
//!
//! Looked at before anything goes down into it, and before it is encoded: what is too deep for protobuf
//! could be written, but never be read again.

use prost_types::value::Kind as Json;

use super::limits::MAX_TEMPLATE_DEPTH;
use super::tree::{Content, Node};
use crate::diagnostic::Diagnostic;

/// What is said of a value with too many levels.
pub(super) fn too_deep() -> Diagnostic {
    let message = format!("this is nested more than the allowed {MAX_TEMPLATE_DEPTH} levels deep");
    Diagnostic::error("LIMIT_EXCEEDED", message)
}

/// Whether a value in text has too many levels.
pub(super) fn is_too_deep(node: &Node) -> bool {
    node_exceeds(node, MAX_TEMPLATE_DEPTH)
}

/// Whether a value in a message has too many levels.
pub(super) fn is_json_too_deep(value: &Json) -> bool {
    json_exceeds(value, MAX_TEMPLATE_DEPTH)
}

/// Whether an object has too many levels.
pub(super) fn is_object_too_deep(object: &prost_types::Struct) -> bool {
    object_exceeds(object, MAX_TEMPLATE_DEPTH)
}

fn node_exceeds(node: &Node, levels: usize) -> bool {
    let below = |node: &Node| levels == 0 || node_exceeds(node, levels - 1);
    match &node.content {
        Content::Mapping(entries) => entries.iter().any(|(_, value)| below(value)),
        Content::Sequence(items) => items.iter().any(below),
        Content::Scalar(_) => false,
    }
}

fn json_exceeds(value: &Json, levels: usize) -> bool {
    match value {
        Json::StructValue(object) => object_exceeds(object, levels),
        Json::ListValue(list) => list.values.iter().any(|item| value_exceeds(item, levels)),
        _ => false,
    }
}

fn object_exceeds(object: &prost_types::Struct, levels: usize) -> bool {
    object
        .fields
        .values()
        .any(|value| value_exceeds(value, levels))
}

/// Whether what is in an object or a list, which is a level itself, goes too deep.
fn value_exceeds(value: &prost_types::Value, levels: usize) -> bool {
    let kind = value.kind.as_ref();
    levels == 0 || kind.is_some_and(|kind| json_exceeds(kind, levels - 1))
}
