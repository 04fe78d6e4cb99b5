//! The functions of CEL's standard library.

use super::{Family, ORDERED, TEXT, either, global, method};
use crate::language::overloads::shape::Shape;
use crate::program::function::{self, calendar, conversion, text};

const DATE: &[&[Shape]] = &[&[Shape::Timestamp], TEXT];
const TIME: &[&[Shape]] = &[&[Shape::Timestamp, Shape::Duration], TEXT];

pub(super) const FAMILIES: &[Family] = &[
    either(
        "size",
        function::size,
        &[&[
            Shape::String,
            Shape::Bytes,
            Shape::List(&Shape::Any),
            Shape::Map,
        ]],
        Shape::Int,
    ),
    method("contains", text::contains, &[TEXT, TEXT], Shape::Bool),
    method("startsWith", text::starts_with, &[TEXT, TEXT], Shape::Bool),
    method("endsWith", text::ends_with, &[TEXT, TEXT], Shape::Bool),
    either("matches", text::matches, &[TEXT, TEXT], Shape::Bool),
    global(
        "bool",
        conversion::to_bool,
        &[&[Shape::Bool, Shape::String]],
        Shape::Bool,
    ),
    global(
        "int",
        conversion::to_int,
        &[&[
            Shape::Int,
            Shape::Uint,
            Shape::Double,
            Shape::String,
            Shape::Timestamp,
        ]],
        Shape::Int,
    ),
    global(
        "uint",
        conversion::to_uint,
        &[&[Shape::Uint, Shape::Int, Shape::Double, Shape::String]],
        Shape::Uint,
    ),
    global(
        "double",
        conversion::to_double,
        &[&[Shape::Double, Shape::Int, Shape::Uint, Shape::String]],
        Shape::Double,
    ),
    global("string", conversion::to_string, &[ORDERED], Shape::String),
    global(
        "bytes",
        conversion::to_bytes,
        &[&[Shape::Bytes, Shape::String]],
        Shape::Bytes,
    ),
    global(
        "timestamp",
        conversion::to_timestamp,
        &[&[Shape::Timestamp, Shape::String, Shape::Int]],
        Shape::Timestamp,
    ),
    global(
        "duration",
        conversion::to_duration,
        &[&[Shape::Duration, Shape::String]],
        Shape::Duration,
    ),
    global("dyn", function::dynamic, &[&[Shape::Any]], Shape::Dyn),
    global("type", function::type_of, &[&[Shape::Any]], Shape::Type),
    method("getFullYear", calendar::full_year, DATE, Shape::Int).or_one_less(),
    method("getMonth", calendar::month, DATE, Shape::Int).or_one_less(),
    method("getDate", calendar::day, DATE, Shape::Int).or_one_less(),
    method("getDayOfMonth", calendar::day_of_month, DATE, Shape::Int).or_one_less(),
    method("getDayOfWeek", calendar::day_of_week, DATE, Shape::Int).or_one_less(),
    method("getDayOfYear", calendar::day_of_year, DATE, Shape::Int).or_one_less(),
    method("getHours", calendar::hours, TIME, Shape::Int).or_one_less(),
    method("getMinutes", calendar::minutes, TIME, Shape::Int).or_one_less(),
    method("getSeconds", calendar::seconds, TIME, Shape::Int).or_one_less(),
    method("getMilliseconds", calendar::milliseconds, TIME, Shape::Int).or_one_less(),
];
