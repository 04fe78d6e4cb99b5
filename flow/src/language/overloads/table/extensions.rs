//! The functions of CEL's usual extensions, by the names that they have there, and aggregates.

use super::{ANY_LIST, Family, INT, NUMBERS, ORDERED, TEXT, either, global, method};
use crate::language::overloads::shape::Shape;
use crate::program::function::{
    aggregate, encoding, format, lists, math, optional, sets, split, text,
};

const SAME: Shape = Shape::Same(&[]);
const LIST: Shape = Shape::List(&SAME);
const ORDERED_LIST: Shape = Shape::List(&Shape::Same(ORDERED));
/// Values of one type, or one list of them.
const EXTREMES: &[&[Shape]] = &[&[Shape::Same(ORDERED), ORDERED_LIST]];
const SUMMABLE: &[Shape] = &[Shape::Int, Shape::Uint, Shape::Double, Shape::Duration];
const SUMS: &[&[Shape]] = &[&[Shape::List(&Shape::Same(SUMMABLE))]];
const DOUBLE: &[&[Shape]] = &[&[Shape::Double]];
const NUMBER: Shape = Shape::Same(NUMBERS);
const WHOLE: Shape = Shape::Same(&[Shape::Int, Shape::Uint]);
const OPTIONAL: Shape = Shape::Optional(&SAME);
const BOTH_LISTS: &[&[Shape]] = &[ANY_LIST, ANY_LIST];

pub(super) const FAMILIES: &[Family] = &[
    either("min", aggregate::min, EXTREMES, Shape::Same(&[])).or_more(),
    either("max", aggregate::max, EXTREMES, Shape::Same(&[])).or_more(),
    // The checker adds what the sum of nothing is.
    either("sum", aggregate::sum, SUMS, Shape::Same(&[])),
    either("avg", aggregate::average, SUMS, Shape::Double),
    // Texts.
    method("charAt", text::char_at, &[TEXT, INT], Shape::String),
    method("indexOf", text::index_of, &[TEXT, TEXT, INT], Shape::Int).or_one_less(),
    method(
        "lastIndexOf",
        text::last_index_of,
        &[TEXT, TEXT, INT],
        Shape::Int,
    )
    .or_one_less(),
    method(
        "substring",
        text::substring,
        &[TEXT, INT, INT],
        Shape::String,
    )
    .or_one_less(),
    method(
        "replace",
        text::replace,
        &[TEXT, TEXT, TEXT, INT],
        Shape::String,
    )
    .or_one_less(),
    method("lowerAscii", text::lower_ascii, &[TEXT], Shape::String),
    method("upperAscii", text::upper_ascii, &[TEXT], Shape::String),
    method("trim", text::trim, &[TEXT], Shape::String),
    global("strings.quote", text::quote, &[TEXT], Shape::String),
    method(
        "format",
        format::format,
        &[TEXT, &[Shape::List(&Shape::Any)]],
        Shape::String,
    ),
    method(
        "split",
        split::split,
        &[TEXT, TEXT, INT],
        Shape::List(&Shape::String),
    )
    .or_one_less(),
    method(
        "join",
        split::join,
        &[&[Shape::List(&Shape::String)], TEXT],
        Shape::String,
    )
    .or_one_less(),
    method(
        "reverse",
        split::reverse,
        &[&[Shape::String, LIST]],
        Shape::First,
    ),
    // Lists.
    global(
        "lists.range",
        lists::range,
        &[INT],
        Shape::List(&Shape::Int),
    ),
    method("slice", lists::slice, &[ANY_LIST, INT, INT], LIST),
    // The checker knows the type that is left.
    method("flatten", lists::flatten, &[ANY_LIST, INT], Shape::First).or_one_less(),
    method("distinct", lists::distinct, &[ANY_LIST], LIST),
    method("sort", lists::sort, &[&[ORDERED_LIST]], Shape::First),
    method("first", lists::first, &[ANY_LIST], OPTIONAL),
    method("last", lists::last, &[ANY_LIST], OPTIONAL),
    global("sets.contains", sets::contains, BOTH_LISTS, Shape::Bool),
    global("sets.equivalent", sets::equivalent, BOTH_LISTS, Shape::Bool),
    global("sets.intersects", sets::intersects, BOTH_LISTS, Shape::Bool),
    // Numbers.
    global("math.least", aggregate::min, EXTREMES, Shape::Same(&[])).or_more(),
    global("math.greatest", aggregate::max, EXTREMES, Shape::Same(&[])).or_more(),
    global("math.ceil", math::ceil, DOUBLE, Shape::Double),
    global("math.floor", math::floor, DOUBLE, Shape::Double),
    global("math.round", math::round, DOUBLE, Shape::Double),
    global("math.trunc", math::trunc, DOUBLE, Shape::Double),
    global("math.abs", math::abs, &[&[NUMBER]], NUMBER),
    global("math.sign", math::sign, &[&[NUMBER]], NUMBER),
    global("math.sqrt", math::sqrt, &[NUMBERS], Shape::Double),
    global("math.isInf", math::is_inf, DOUBLE, Shape::Bool),
    global("math.isNaN", math::is_nan, DOUBLE, Shape::Bool),
    global("math.isFinite", math::is_finite, DOUBLE, Shape::Bool),
    global("math.bitAnd", math::bit_and, &[&[WHOLE], &[WHOLE]], WHOLE),
    global("math.bitOr", math::bit_or, &[&[WHOLE], &[WHOLE]], WHOLE),
    global("math.bitXor", math::bit_xor, &[&[WHOLE], &[WHOLE]], WHOLE),
    global("math.bitNot", math::bit_not, &[&[WHOLE]], WHOLE),
    global(
        "math.bitShiftLeft",
        math::shift_left,
        &[&[WHOLE], INT],
        WHOLE,
    ),
    global(
        "math.bitShiftRight",
        math::shift_right,
        &[&[WHOLE], INT],
        WHOLE,
    ),
    // Bytes.
    global(
        "base64.encode",
        encoding::encode,
        &[&[Shape::Bytes]],
        Shape::String,
    ),
    global("base64.decode", encoding::decode, &[TEXT], Shape::Bytes),
    // What may be missing.
    global("optional.of", optional::of, &[&[SAME]], OPTIONAL),
    global("optional.none", optional::none, &[], OPTIONAL),
    global(
        "optional.ofNonZeroValue",
        optional::of_non_zero,
        &[&[SAME]],
        OPTIONAL,
    ),
    method("hasValue", optional::has_value, &[&[OPTIONAL]], Shape::Bool),
    method("value", optional::value, &[&[OPTIONAL]], SAME),
];
