//! The types of expressions, and how messages name them.

use std::fmt;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use crate::program::wrapped;

/// The type of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    /// Of what is wrong already: fits everywhere, so that a mistake is reported once.
    Unknown,
    /// Known only when evaluated.
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    /// Of the name of a type.
    Kind,
    List(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Message(MessageDescriptor),
    /// A scalar that can be null: `google.protobuf.Int64Value` and the like.
    Wrapper(Box<Type>),
    /// The variable `execution`.
    Execution,
}

impl Type {
    /// The type of a field as an expression reads it.
    pub(super) fn of_field(field: &FieldDescriptor) -> Self {
        if field.is_list() {
            return Self::List(Box::new(Self::of_kind(&field.kind())));
        }
        match field.kind() {
            Kind::Message(entry) if field.is_map() => Self::Map(
                Box::new(Self::of_kind(&entry.map_entry_key_field().kind())),
                Box::new(Self::of_kind(&entry.map_entry_value_field().kind())),
            ),
            kind => Self::of_kind(&kind),
        }
    }

    /// The type of a single value of a field.
    pub(super) fn of_kind(kind: &Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bool,
            Kind::Int32
            | Kind::Int64
            | Kind::Sint32
            | Kind::Sint64
            | Kind::Sfixed32
            | Kind::Sfixed64
            | Kind::Enum(_) => Self::Int,
            Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64 => Self::Uint,
            Kind::Float | Kind::Double => Self::Double,
            Kind::String => Self::String,
            Kind::Bytes => Self::Bytes,
            Kind::Message(descriptor) => Self::of_message(descriptor),
        }
    }

    /// The type of a message as an expression reads it.
    pub(super) fn of_message(descriptor: &MessageDescriptor) -> Self {
        if let Some(field) = wrapped(descriptor) {
            return Self::Wrapper(Box::new(Self::of_kind(&field.kind())));
        }
        match descriptor.full_name() {
            "google.protobuf.Timestamp" => Self::Timestamp,
            "google.protobuf.Duration" => Self::Duration,
            "google.protobuf.Struct" => Self::Map(Box::new(Self::String), Box::new(Self::Dyn)),
            "google.protobuf.Value" => Self::Dyn,
            "google.protobuf.ListValue" => Self::List(Box::new(Self::Dyn)),
            _ => Self::Message(descriptor.clone()),
        }
    }

    /// Whether nothing more can be said of it before it is evaluated.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Unknown | Self::Dyn)
    }

    /// The type without its being nullable: operators work on what a wrapper holds.
    pub(super) fn unwrapped(&self) -> &Self {
        match self {
            Self::Wrapper(inner) => inner,
            other => other,
        }
    }

    /// Whether a value of this type may be used where one of another is expected.
    pub(super) fn fits(&self, expected: &Self) -> bool {
        match (self, expected) {
            (left, right) if left.is_open() || right.is_open() => true,
            (Self::List(left), Self::List(right)) => left.fits(right),
            (Self::Map(left_key, left), Self::Map(right_key, right)) => {
                left_key.fits(right_key) && left.fits(right)
            }
            (Self::Null, Self::Message(_) | Self::Wrapper(_)) => true,
            (Self::Null, Self::Timestamp | Self::Duration) => true,
            (left, right) => left.unwrapped() == right.unwrapped(),
        }
    }

    /// The type of something that is of either; `dyn` if they have nothing in common.
    pub(super) fn join(self, other: Self) -> Self {
        if self.fits(&other) && !self.is_open() {
            other
        } else if other.fits(&self) {
            self
        } else {
            Self::Dyn
        }
    }
}

impl fmt::Display for Type {
    /// With its article, as in `this is an int`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown | Self::Dyn => f.write_str("of a type known only when evaluated"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("a bool"),
            Self::Int => f.write_str("an int"),
            Self::Uint => f.write_str("a uint"),
            Self::Double => f.write_str("a double"),
            Self::String => f.write_str("a string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Timestamp => f.write_str("a timestamp"),
            Self::Duration => f.write_str("a duration"),
            Self::Kind => f.write_str("a type"),
            Self::List(element) if element.is_open() => f.write_str("a list"),
            Self::List(element) => write!(f, "a list, each element {element}"),
            Self::Map(_, value) if value.is_open() => f.write_str("a map"),
            Self::Map(key, value) => write!(f, "a map, each key {key} and each value {value}"),
            Self::Message(descriptor) => write!(f, "a {}", descriptor.full_name()),
            Self::Wrapper(inner) => write!(f, "{inner} or null"),
            Self::Execution => f.write_str("the execution"),
        }
    }
}
