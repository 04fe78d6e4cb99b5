//! The tables of functions: those of CEL, and those of its usual extensions.

use super::shape::Shape;
use super::{Call, Family};
use crate::program::Apply;

mod extensions;
mod standard;

pub(super) const TABLES: [&[Family]; 2] = [standard::FAMILIES, extensions::FAMILIES];

const TEXT: &[Shape] = &[Shape::String];
const INT: &[Shape] = &[Shape::Int];
const ANY_LIST: &[Shape] = &[Shape::List(&Shape::Same(&[]))];
const NUMBERS: &[Shape] = &[Shape::Int, Shape::Uint, Shape::Double];
/// What has an order.
const ORDERED: &[Shape] = &[
    Shape::Bool,
    Shape::Int,
    Shape::Uint,
    Shape::Double,
    Shape::String,
    Shape::Bytes,
    Shape::Timestamp,
    Shape::Duration,
];

/// What a function takes: for each argument, what it may be.
type Arguments = &'static [&'static [Shape]];

const fn family(
    name: &'static str,
    call: Call,
    apply: Apply,
    arguments: Arguments,
    result: Shape,
) -> Family {
    Family {
        name,
        call,
        apply,
        arguments,
        optional: 0,
        is_variadic: false,
        result,
    }
}

const fn global(name: &'static str, apply: Apply, arguments: Arguments, result: Shape) -> Family {
    family(name, Call::Global, apply, arguments, result)
}

const fn method(name: &'static str, apply: Apply, arguments: Arguments, result: Shape) -> Family {
    family(name, Call::Method, apply, arguments, result)
}

const fn either(name: &'static str, apply: Apply, arguments: Arguments, result: Shape) -> Family {
    family(name, Call::Either, apply, arguments, result)
}

impl Family {
    /// The same with its last argument optional.
    const fn or_one_less(self) -> Self {
        Self {
            optional: 1,
            ..self
        }
    }

    /// The same with its last argument repeated as often as one likes.
    const fn or_more(self) -> Self {
        Self {
            is_variadic: true,
            ..self
        }
    }
}
