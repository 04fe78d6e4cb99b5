//! The table of functions.

use super::{Call, Family, Function, Shape};

pub(super) const SCALARS: &[Shape] = &[
    Shape::Bool,
    Shape::Int,
    Shape::Uint,
    Shape::Double,
    Shape::String,
    Shape::Bytes,
    Shape::Timestamp,
    Shape::Duration,
];
const TEXT: &[Shape] = &[Shape::String];
const DATE: &[&[Shape]] = &[&[Shape::Timestamp]];
const TIME: &[&[Shape]] = &[&[Shape::Timestamp, Shape::Duration]];

const fn family(
    name: &'static str,
    call: Call,
    function: Function,
    arguments: &'static [&'static [Shape]],
    result: Shape,
) -> Family {
    Family {
        name,
        call,
        function,
        arguments,
        result,
    }
}

pub(super) const FAMILIES: &[Family] = &[
    family(
        "size",
        Call::Either,
        Function::Size,
        &[&[Shape::String, Shape::Bytes, Shape::List, Shape::Map]],
        Shape::Int,
    ),
    family(
        "contains",
        Call::Method,
        Function::Contains,
        &[TEXT, TEXT],
        Shape::Bool,
    ),
    family(
        "startsWith",
        Call::Method,
        Function::StartsWith,
        &[TEXT, TEXT],
        Shape::Bool,
    ),
    family(
        "endsWith",
        Call::Method,
        Function::EndsWith,
        &[TEXT, TEXT],
        Shape::Bool,
    ),
    family(
        "matches",
        Call::Either,
        Function::Matches,
        &[TEXT, TEXT],
        Shape::Bool,
    ),
    family(
        "bool",
        Call::Global,
        Function::Bool,
        &[&[Shape::Bool, Shape::String]],
        Shape::Bool,
    ),
    family(
        "int",
        Call::Global,
        Function::Int,
        &[&[
            Shape::Int,
            Shape::Uint,
            Shape::Double,
            Shape::String,
            Shape::Timestamp,
        ]],
        Shape::Int,
    ),
    family(
        "uint",
        Call::Global,
        Function::Uint,
        &[&[Shape::Uint, Shape::Int, Shape::Double, Shape::String]],
        Shape::Uint,
    ),
    family(
        "double",
        Call::Global,
        Function::Double,
        &[&[Shape::Double, Shape::Int, Shape::Uint, Shape::String]],
        Shape::Double,
    ),
    family(
        "string",
        Call::Global,
        Function::String,
        &[SCALARS],
        Shape::String,
    ),
    family(
        "bytes",
        Call::Global,
        Function::Bytes,
        &[&[Shape::Bytes, Shape::String]],
        Shape::Bytes,
    ),
    family(
        "timestamp",
        Call::Global,
        Function::Timestamp,
        &[&[Shape::Timestamp, Shape::String, Shape::Int]],
        Shape::Timestamp,
    ),
    family(
        "duration",
        Call::Global,
        Function::Duration,
        &[&[Shape::Duration, Shape::String]],
        Shape::Duration,
    ),
    family(
        "dyn",
        Call::Global,
        Function::Dyn,
        &[&[Shape::Any]],
        Shape::Any,
    ),
    family(
        "type",
        Call::Global,
        Function::Type,
        &[&[Shape::Any]],
        Shape::Type,
    ),
    family(
        "getFullYear",
        Call::Method,
        Function::FullYear,
        DATE,
        Shape::Int,
    ),
    family("getMonth", Call::Method, Function::Month, DATE, Shape::Int),
    family("getDate", Call::Method, Function::Date, DATE, Shape::Int),
    family(
        "getDayOfMonth",
        Call::Method,
        Function::DayOfMonth,
        DATE,
        Shape::Int,
    ),
    family(
        "getDayOfWeek",
        Call::Method,
        Function::DayOfWeek,
        DATE,
        Shape::Int,
    ),
    family(
        "getDayOfYear",
        Call::Method,
        Function::DayOfYear,
        DATE,
        Shape::Int,
    ),
    family("getHours", Call::Method, Function::Hours, TIME, Shape::Int),
    family(
        "getMinutes",
        Call::Method,
        Function::Minutes,
        TIME,
        Shape::Int,
    ),
    family(
        "getSeconds",
        Call::Method,
        Function::Seconds,
        TIME,
        Shape::Int,
    ),
    family(
        "getMilliseconds",
        Call::Method,
        Function::Milliseconds,
        TIME,
        Shape::Int,
    ),
];
