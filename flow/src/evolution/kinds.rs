//! Which scalar types can be read as which others: by the bytes, and by JSON.

use prost_reflect::Kind;

use super::Way;

/// Why values that are written as one type cannot be read as another; `None`: they can. Messages, and
/// enums on both sides, are not for here.
pub(super) fn problem(written: &Kind, read: &Kind, way: Way, json: bool) -> Option<&'static str> {
    if written == read {
        return None;
    }
    on_the_wire(written, read).or_else(|| json.then(|| in_json(written, read, way)).flatten())
}

/// Types whose bytes mean the same, as far as the reader's type reaches.
fn on_the_wire(written: &Kind, read: &Kind) -> Option<&'static str> {
    const ENCODED_OTHERWISE: &str = "the two are encoded differently: it cannot be read";
    const CUT: &str = "what does not fit into the smaller type is cut off";
    const SIGN: &str = "values beyond the range that both have read as others";
    match (written, read) {
        (Kind::Bool, Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64)
        | (Kind::Int32 | Kind::Enum(_), Kind::Int64)
        | (Kind::Enum(_), Kind::Int32)
        | (Kind::Uint32, Kind::Uint64 | Kind::Int64)
        | (Kind::Sint32, Kind::Sint64)
        | (Kind::String, Kind::Bytes) => None,
        (Kind::Int32, Kind::Enum(read)) if is_open(read) => None,
        (Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64, Kind::Enum(_)) => {
            Some("numbers that the enum does not know are lost")
        }
        (Kind::Bytes, Kind::String) => Some("bytes that are not UTF-8 cannot be read"),
        (Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64, Kind::Bool) => {
            Some("every number but 0 reads as true")
        }
        (Kind::Int64 | Kind::Uint64, Kind::Int32 | Kind::Uint32) | (Kind::Sint64, Kind::Sint32) => {
            Some(CUT)
        }
        (
            Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 | Kind::Enum(_),
            Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64,
        )
        | (Kind::Fixed32, Kind::Sfixed32)
        | (Kind::Sfixed32, Kind::Fixed32)
        | (Kind::Fixed64, Kind::Sfixed64)
        | (Kind::Sfixed64, Kind::Fixed64) => Some(SIGN),
        _ => Some(ENCODED_OTHERWISE),
    }
}

/// What is written in JSON in another way. Readers are servers with the whole mapping, who take a number
/// for a 64-bit type, or clients, who may know only what they have seen.
fn in_json(written: &Kind, read: &Kind, way: Way) -> Option<&'static str> {
    match (json_of(written), json_of(read)) {
        (one, other) if one == other => None,
        (Json::Number | Json::Text64, Json::Number | Json::Text64) if way == Way::Request => None,
        (Json::Number, Json::Text64) | (Json::Text64, Json::Number) => {
            Some("in JSON a 64-bit number is a string, a 32-bit one is not")
        }
        _ => Some("in JSON the two are written differently"),
    }
}

/// What a value is in JSON.
#[derive(PartialEq)]
enum Json {
    Bool,
    Number,
    /// A string of digits.
    Text64,
    Float,
    Text,
    Base64,
    Name,
    Object,
}

fn json_of(kind: &Kind) -> Json {
    match kind {
        Kind::Bool => Json::Bool,
        Kind::Int32 | Kind::Uint32 | Kind::Sint32 | Kind::Fixed32 | Kind::Sfixed32 => Json::Number,
        Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64 => Json::Text64,
        Kind::Float | Kind::Double => Json::Float,
        Kind::String => Json::Text,
        Kind::Bytes => Json::Base64,
        Kind::Enum(_) => Json::Name,
        Kind::Message(_) => Json::Object,
    }
}

/// Whether an enum keeps numbers that it does not know.
pub(super) fn is_open(enumeration: &prost_reflect::EnumDescriptor) -> bool {
    enumeration.parent_file().syntax() == prost_reflect::Syntax::Proto3
}
