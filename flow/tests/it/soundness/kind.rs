//! The types of which random expressions are, and where the schema has values of them.

/// A type of expressions.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    Color,
    Inner,
    Amount,
    Any,
    /// An int or null.
    Wrapped,
    List(Box<Kind>),
    Map(Box<Kind>, Box<Kind>),
    Optional(Box<Kind>),
}

use Kind::{
    Amount, Any, Bool, Bytes, Color, Double, Duration, Inner, Int, String as Text, Timestamp, Uint,
    Wrapped,
};

pub(super) const SCALARS: [Kind; 13] = [
    Bool, Int, Uint, Double, Text, Bytes, Timestamp, Duration, Color, Inner, Amount, Any, Wrapped,
];

pub(super) fn list(element: Kind) -> Kind {
    Kind::List(Box::new(element))
}

pub(super) fn map(key: Kind, value: Kind) -> Kind {
    Kind::Map(Box::new(key), Box::new(value))
}

pub(super) fn optional(inner: Kind) -> Kind {
    Kind::Optional(Box::new(inner))
}

impl Kind {
    /// The field of the output that takes it.
    pub(super) fn field(&self) -> Option<&'static str> {
        Some(match self {
            Bool => "a_bool",
            Int => "an_int64",
            Uint => "a_uint64",
            Double => "a_double",
            Text => "a_string",
            Bytes => "some_bytes",
            Timestamp => "time",
            Duration => "duration",
            Color => "color",
            Inner => "inner",
            Amount => "amount",
            Any => "any",
            Wrapped => "wrapped",
            Kind::List(element) => match **element {
                Inner => "inners",
                Int => "numbers",
                Text => "texts",
                Color => "colors",
                Amount => "amounts",
                _ => return None,
            },
            Kind::Map(key, value) => match (&**key, &**value) {
                (Text, Int) => "counts",
                (Int, Inner) => "by_number",
                (Bool, Text) => "by_flag",
                (Uint, Text) => "by_version",
                _ => return None,
            },
            Kind::Optional(inner) if !matches!(**inner, Kind::Optional(_)) => {
                return inner.field();
            }
            Kind::Optional(_) => return None,
        })
    }

    /// Paths of the schema that are of it.
    pub(super) fn paths(&self) -> Vec<&'static str> {
        match self {
            Bool => vec!["input.a_bool", "has(input.inner)", "has(input.left)"],
            Int => vec![
                "input.an_int32",
                "input.an_int64",
                "input.a_sfixed32",
                "input.inner.number",
                "input.right",
                "other.number",
                "input.maybe_number",
            ],
            Uint => vec!["input.a_uint32", "input.a_fixed64"],
            Double => vec!["input.a_double", "input.a_float"],
            Text => vec![
                "input.a_string",
                "input.inner.inner.text",
                "input.left",
                "input.maybe_text",
                "execution.id",
            ],
            Bytes => vec!["input.some_bytes"],
            Timestamp => vec!["input.time", "execution.create_time"],
            Duration => vec!["input.duration"],
            Color => vec!["input.color"],
            Inner => vec!["input.inner", "input.middle", "other", "input.inner.inner"],
            Amount => vec!["input.amount"],
            Any => vec!["input.any"],
            Wrapped => vec!["input.wrapped"],
            Kind::List(element) => match **element {
                Inner => vec!["input.inners"],
                Int => vec!["input.numbers", "input.unpacked"],
                Text => vec!["input.texts", "input.inner.texts"],
                Color => vec!["input.colors"],
                Amount => vec!["input.amounts"],
                _ => vec![],
            },
            Kind::Map(key, value) => match (&**key, &**value) {
                (Text, Int) => vec!["input.counts"],
                (Int, Inner) => vec!["input.by_number"],
                (Bool, Text) => vec!["input.by_flag"],
                (Uint, Text) => vec!["input.by_version"],
                _ => vec![],
            },
            Kind::Optional(inner) => match **inner {
                Text => vec![
                    "input.?maybe_text",
                    "input.inner.?text",
                    "input.?inner.inner.text",
                ],
                Int => vec!["input.?wrapped", "input.?right", "input.counts[?'a']"],
                Inner => vec!["input.?inner", "input.inners[?0]", "input.by_number[?1]"],
                Bool => vec!["input.?a_bool"],
                _ => vec![],
            },
        }
    }

    /// Literals, or calls without operands.
    pub(super) fn literals(&self) -> Vec<&'static str> {
        match self {
            Bool => vec!["true", "false"],
            Int => vec!["0", "1", "2", "-1", "9223372036854775807"],
            Uint => vec!["0u", "1u", "7u"],
            Double => vec!["0.0", "1.5", "-2.0"],
            Text => vec!["''", "'a'", "'7'", "'tür'", "'UTC'", "'RED'", "'1.19'"],
            Bytes => vec!["b''", "b'a'"],
            Timestamp => vec!["timestamp('2026-11-23T01:02:03Z')", "timestamp(0)"],
            Duration => vec!["duration('90s')", "duration('-1h')"],
            Color => vec!["test.Color.RED", "test.Color(2)", "test.Color('BLUE')"],
            Inner => vec!["test.Inner{}", "test.Inner{text: 'x', number: 3}"],
            Amount => vec![
                "test.Amount{units: 1}",
                "test.Amount{currency_code: 'EUR', nanos: 5}",
            ],
            Any => vec![
                "google.protobuf.Any{}",
                "test.Everything{any: test.Inner{}}.any",
            ],
            Wrapped => vec![
                "google.protobuf.Int64Value{value: 3}",
                "test.Everything{}.wrapped",
            ],
            // A sum of no amounts at all is of no type.
            Kind::List(element) if **element == Amount => vec!["[test.Amount{}]"],
            Kind::List(_) => vec!["[]"],
            Kind::Map(..) => vec!["{}"],
            Kind::Optional(_) => vec!["optional.none()"],
        }
    }

    /// Whether it has an order.
    pub(super) fn has_order(&self) -> bool {
        matches!(
            self,
            Bool | Int | Uint | Double | Text | Bytes | Timestamp | Duration | Color
        )
    }
}
