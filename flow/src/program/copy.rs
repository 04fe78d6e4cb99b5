//! A field moved from one message to another as bytes, without decoding either.
//!
//! All occurrences of the source are written under the target's number, in order. That is right
//! because readers of protobuf merge: the last scalar wins, messages merge, lists concatenate. Where
//! it would not be right, [`Copy::new`] declines, and the general way is taken.

use std::sync::Arc;

use prost_reflect::{FieldDescriptor, Kind, Syntax};

use super::Scope;
use super::evaluate::has_explicit_default;
use super::expression::Variable;
use super::frame::bytes_of;
use super::meter::{Cause, Problem};
use super::wire::{Reader, WireError, WireType, put_tag};

/// A copy of a field.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    /// The expression, for messages.
    pub(crate) source: Arc<str>,
    variable: Variable,
    /// Numbers of the fields on the way, the last one that of the field that is copied.
    path: Box<[u32]>,
    /// How a single value of the field is encoded.
    wire_type: WireType,
    /// Whether it is a list that may also come packed.
    packable: bool,
    /// Whether it must be UTF-8.
    text: bool,
    /// Number under which it is written.
    target: u32,
}

impl Copy {
    /// A copy along a path; `None` where bytes cannot simply be moved.
    pub(crate) fn new(
        source: &str,
        variable: Variable,
        path: &[&FieldDescriptor],
        target: &FieldDescriptor,
    ) -> Option<Self> {
        let (last, way) = path.split_last()?;
        // A later member of a oneof clears an earlier one; that cannot be seen from one alone.
        let plain = |field: &&FieldDescriptor| {
            !in_real_oneof(field) && !field.is_group() && !has_explicit_default(field)
        };
        if !path.iter().all(plain) || target.is_group() {
            return None;
        }
        if way.iter().any(|field| field.is_list() || field.is_map()) {
            return None;
        }
        // An unset field reads as zero: where the target tells zero from unset, zero must be written.
        if target.supports_presence() && !last.supports_presence() {
            return None;
        }
        if !same_encoding(last, target) {
            return None;
        }
        let wire_type = wire_type(&last.kind());
        Some(Self {
            source: source.into(),
            variable,
            path: path.iter().map(|field| field.number()).collect(),
            wire_type,
            packable: last.is_list() && wire_type != WireType::Length,
            text: matches!(last.kind(), Kind::String),
            target: target.number(),
        })
    }

    /// How many bytes it may append, at most.
    pub(crate) fn available(&self, scope: &Scope<'_>) -> usize {
        bytes_of(self.variable, scope).map_or(0, <[u8]>::len)
    }

    /// Appends the field. Errors: the source is malformed.
    pub(crate) fn write(&self, scope: &Scope<'_>, out: &mut Vec<u8>) -> Result<(), Problem> {
        match bytes_of(self.variable, scope) {
            Some(bytes) => self.descend(bytes, &self.path, out).map_err(|error| {
                let what = match error {
                    CopyError::Wire(error) => error.to_string(),
                    CopyError::Type(number) => {
                        format!("field {number} is encoded as another type")
                    }
                    CopyError::Text(number) => format!("field {number} is not UTF-8"),
                };
                let text = format!("the message is malformed: {what}");
                Problem::because(Cause::Malformed, text)
            }),
            None => Ok(()),
        }
    }

    fn descend(&self, bytes: &[u8], path: &[u32], out: &mut Vec<u8>) -> Result<(), CopyError> {
        let (number, rest) = path.split_first().expect("a path has at least one field");
        for entry in Reader::new(bytes) {
            let entry = entry.map_err(CopyError::Wire)?;
            if entry.number != *number {
                continue;
            }
            if !rest.is_empty() {
                if entry.wire_type != WireType::Length {
                    return Err(CopyError::Type(*number));
                }
                self.descend(entry.payload, rest, out)?;
                continue;
            }
            let packed = self.packable && entry.wire_type == WireType::Length;
            if entry.wire_type != self.wire_type && !packed {
                return Err(CopyError::Type(*number));
            }
            if self.text && std::str::from_utf8(entry.payload).is_err() {
                return Err(CopyError::Text(*number));
            }
            put_tag(self.target, entry.wire_type, out);
            out.extend_from_slice(entry.raw);
        }
        Ok(())
    }
}

enum CopyError {
    Wire(WireError),
    Type(u32),
    Text(u32),
}

/// Whether a field is a member of a oneof that was written as one: `optional` makes one too.
fn in_real_oneof(field: &FieldDescriptor) -> bool {
    field
        .containing_oneof()
        .is_some_and(|oneof| !oneof.is_synthetic())
}

/// Whether the bytes of one field mean the same as those of another.
fn same_encoding(source: &FieldDescriptor, target: &FieldDescriptor) -> bool {
    if source.is_list() != target.is_list() || source.is_map() != target.is_map() {
        return false;
    }
    match (source.kind(), target.kind()) {
        (Kind::Message(source), Kind::Message(target)) if source.is_map_entry() => {
            let fields = |entry: &prost_reflect::MessageDescriptor| {
                (entry.map_entry_key_field(), entry.map_entry_value_field())
            };
            let ((key, value), (target_key, target_value)) = (fields(&source), fields(&target));
            same_encoding(&key, &target_key) && same_encoding(&value, &target_value)
        }
        // A closed enum of proto2 makes values that it does not know unknown fields: open ones only.
        (Kind::Enum(source), Kind::Enum(target)) => {
            source == target && source.parent_file().syntax() == Syntax::Proto3
        }
        (source, target) => source == target,
    }
}

fn wire_type(kind: &Kind) -> WireType {
    match kind.wire_type() {
        prost::encoding::WireType::Varint => WireType::Varint,
        prost::encoding::WireType::SixtyFourBit => WireType::Fixed64,
        prost::encoding::WireType::ThirtyTwoBit => WireType::Fixed32,
        prost::encoding::WireType::StartGroup
        | prost::encoding::WireType::EndGroup
        | prost::encoding::WireType::LengthDelimited => WireType::Length,
    }
}
