//! The types of expressions, and how messages name them.

use std::fmt;

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use crate::program::wrapped;

/// The type of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    /// Of what is wrong already: fits everywhere, so that a mistake is reported once.
    Unknown,
    /// Of what never is: the elements of an empty list. Fits everywhere.
    Never,
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
    /// What can be null: `google.protobuf.Int64Value` and the like, and a message or null.
    Wrapper(Box<Type>),
    /// A number of an enum. An int is one as well.
    Enum(EnumDescriptor),
    /// What may be missing.
    Optional(Box<Type>),
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
            | Kind::Sfixed64 => Self::Int,
            Kind::Enum(descriptor) => Self::Enum(descriptor.clone()),
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
        matches!(self, Self::Unknown | Self::Never | Self::Dyn)
    }

    /// The type without its being nullable, and an enum as the int that it is: what operators work on.
    pub(super) fn unwrapped(&self) -> &Self {
        static INT: Type = Type::Int;
        match self {
            Self::Wrapper(inner) => inner.unwrapped(),
            Self::Enum(_) => &INT,
            other => other,
        }
    }

    /// The type without its being nullable.
    pub(super) fn non_null(&self) -> &Self {
        match self {
            Self::Wrapper(inner) => inner,
            other => other,
        }
    }

    /// Whether `<` works on it, as far as one can say.
    pub(super) fn has_order(&self) -> bool {
        let kind = self.unwrapped();
        kind.is_open()
            || matches!(
                kind,
                Self::Bool
                    | Self::Int
                    | Self::Uint
                    | Self::Double
                    | Self::String
                    | Self::Bytes
                    | Self::Timestamp
                    | Self::Duration
            )
    }

    /// Whether a null can be of the type.
    fn takes_null(&self) -> bool {
        matches!(
            self,
            Self::Null | Self::Wrapper(_) | Self::Message(_) | Self::Timestamp | Self::Duration
        )
    }

    /// Whether a value of this type may be used where one of another is expected.
    pub(super) fn fits(&self, expected: &Self) -> bool {
        match (self, expected) {
            (left, right) if left.is_open() || right.is_open() => true,
            (Self::List(left), Self::List(right)) => left.fits(right),
            (Self::Optional(left), Self::Optional(right)) => left.fits(right),
            (Self::Map(left_key, left), Self::Map(right_key, right)) => {
                left_key.fits(right_key) && left.fits(right)
            }
            (Self::Null, right) => right.takes_null(),
            (Self::Wrapper(left), right) => left.fits(right.non_null()),
            (left, Self::Wrapper(right)) => left.fits(right),
            (Self::Enum(left), Self::Enum(right)) => left == right,
            (left, right) => left.unwrapped() == right.unwrapped(),
        }
    }

    /// The type of something that is of either; `dyn` if they have nothing in common.
    pub(super) fn join(self, other: Self) -> Self {
        let nullable = |kind: Self| match kind {
            kind @ (Self::Wrapper(_) | Self::Null | Self::Dyn | Self::Unknown) => kind,
            kind => Self::Wrapper(Box::new(kind)),
        };
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Never, kind) | (kind, Self::Never) => kind,
            (Self::Null, kind) | (kind, Self::Null) if kind.takes_null() => nullable(kind),
            (Self::Wrapper(left), Self::Wrapper(right)) => nullable(left.join(*right)),
            (Self::Wrapper(left), right) => nullable(left.join(right)),
            (left, Self::Wrapper(right)) => nullable(left.join(*right)),
            (Self::List(left), Self::List(right)) => Self::List(Box::new(left.join(*right))),
            (Self::Optional(left), Self::Optional(right)) => {
                Self::Optional(Box::new(left.join(*right)))
            }
            (Self::Map(left_key, left), Self::Map(right_key, right)) => Self::Map(
                Box::new(left_key.join(*right_key)),
                Box::new(left.join(*right)),
            ),
            (left, right) if left == right => left,
            (left, right) if left.unwrapped() == right.unwrapped() => left.unwrapped().clone(),
            _ => Self::Dyn,
        }
    }
}

impl fmt::Display for Type {
    /// With its article, as in `this is an int`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown | Self::Never | Self::Dyn => {
                f.write_str("of a type known only when evaluated")
            }
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
            Self::Enum(descriptor) => write!(f, "a {}", descriptor.full_name()),
            Self::Optional(inner) if inner.is_open() => f.write_str("an optional"),
            Self::Optional(inner) => write!(f, "an optional, its value {inner}"),
            Self::Wrapper(inner) => write!(f, "{inner} or null"),
            Self::Execution => f.write_str("the execution"),
        }
    }
}
