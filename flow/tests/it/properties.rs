//! What holds for any input: copies mean what evaluation means, and nothing panics.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use prost_reflect::{DynamicMessage, Kind, MapKey, MessageDescriptor, Value};

use crate::support::{compiled, computing, evaluate, message, plan};

/// Where a field of the input is copied to, and whether it goes by bytes.
const COPIES: &[(&str, &str, bool)] = &[
    ("a_double", "a_double", true),
    ("an_int32", "an_int32", true),
    ("an_int64", "an_int32", false),
    ("an_int64", "inner.number", true),
    ("an_int64", "inner.inner.number", true),
    ("a_uint32", "a_uint32", true),
    ("a_sint64", "a_sint64", true),
    ("a_fixed32", "a_fixed32", true),
    ("a_sfixed64", "a_sfixed64", true),
    ("a_bool", "a_bool", true),
    ("a_string", "a_string", true),
    ("a_string", "inner.inner.inner.text", true),
    ("a_string", "left", false),
    ("a_string", "maybe_text", true),
    ("some_bytes", "some_bytes", true),
    ("color", "color", true),
    ("inner", "inner", true),
    ("inner", "inner.inner", true),
    ("inner", "middle", false),
    ("an_int64", "middle.number", false),
    ("middle", "inner", true),
    ("right", "an_int64", false),
    ("right", "maybe_number", true),
    ("inners", "inners", true),
    ("numbers", "numbers", true),
    ("unpacked", "unpacked", true),
    ("texts", "texts", true),
    ("texts", "inner.texts", true),
    ("colors", "colors", true),
    ("counts", "counts", true),
    ("by_number", "by_number", true),
    ("by_flag", "by_flag", true),
    ("maybe_text", "maybe_text", true),
    ("maybe_text", "a_string", false),
    ("maybe_number", "inner.maybe", false),
    ("time", "time", true),
    ("duration", "duration", true),
    ("wrapped", "wrapped", true),
    ("object", "object", true),
    ("any", "any", true),
];

/// A message of the type, with some of its fields set.
fn messages(descriptor: MessageDescriptor, depth: u32) -> BoxedStrategy<DynamicMessage> {
    let (fields, strategies): (Vec<_>, Vec<_>) = descriptor
        .fields()
        .filter_map(|field| {
            let values = prop::option::of(values(&field, depth)?);
            Some((field, values))
        })
        .unzip();
    // All fields side by side: nested in one another, shrinking would overflow the stack.
    strategies
        .prop_map(move |values| {
            let mut message = DynamicMessage::new(descriptor.clone());
            for (field, value) in fields.iter().zip(values) {
                if let Some(value) = value {
                    message.set_field(field, value);
                }
            }
            message
        })
        .boxed()
}

fn values(field: &prost_reflect::FieldDescriptor, depth: u32) -> Option<BoxedStrategy<Value>> {
    if field.is_map() {
        let kind = field.kind();
        let entry = kind.as_message().expect("a map has entries");
        let key = entry.map_entry_key_field().kind();
        let keys = single(&key, depth)?.prop_map(|key| key.into_map_key().expect("it is a key"));
        let values = single(&entry.map_entry_value_field().kind(), depth)?;
        let map = prop::collection::hash_map(keys, values, 0..3);
        return Some(map.prop_map(Value::Map).boxed());
    }
    let one = single(&field.kind(), depth)?;
    Some(if field.is_list() {
        vec(one, 0..4).prop_map(Value::List).boxed()
    } else {
        one
    })
}

fn single(kind: &Kind, depth: u32) -> Option<BoxedStrategy<Value>> {
    Some(match kind {
        Kind::Double => any::<f64>().prop_map(Value::F64).boxed(),
        Kind::Float => any::<f32>().prop_map(Value::F32).boxed(),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => any::<i32>().prop_map(Value::I32).boxed(),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => any::<i64>().prop_map(Value::I64).boxed(),
        Kind::Uint32 | Kind::Fixed32 => any::<u32>().prop_map(Value::U32).boxed(),
        Kind::Uint64 | Kind::Fixed64 => any::<u64>().prop_map(Value::U64).boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::String => ".{0,5}".prop_map(Value::String).boxed(),
        Kind::Bytes => vec(any::<u8>(), 0..5)
            .prop_map(|b| Value::Bytes(b.into()))
            .boxed(),
        Kind::Enum(_) => (0..5).prop_map(Value::EnumNumber).boxed(),
        Kind::Message(descriptor) => match descriptor.full_name() {
            // Seconds and nanoseconds have ranges that expressions check and copies do not.
            "google.protobuf.Timestamp" | "google.protobuf.Duration" => {
                let descriptor = descriptor.clone();
                (0..1_000_000_i64, 0..1_000_000_000)
                    .prop_map(move |(seconds, nanos)| {
                        let mut message = DynamicMessage::new(descriptor.clone());
                        message.set_field_by_number(1, Value::I64(seconds));
                        message.set_field_by_number(2, Value::I32(nanos));
                        Value::Message(message)
                    })
                    .boxed()
            }
            "google.protobuf.Struct" => {
                let descriptor = descriptor.clone();
                prop::collection::hash_map(".{0,3}", any::<bool>(), 0..3)
                    .prop_map(move |entries| Value::Message(object(&descriptor, entries)))
                    .boxed()
            }
            "google.protobuf.Value" | "google.protobuf.ListValue" => return None,
            _ if depth == 0 => return None,
            _ => messages(descriptor.clone(), depth - 1)
                .prop_map(Value::Message)
                .boxed(),
        },
    })
}

fn object(
    descriptor: &MessageDescriptor,
    entries: std::collections::HashMap<String, bool>,
) -> DynamicMessage {
    let value_type = message("google.protobuf.Value");
    let entries = entries.into_iter().map(|(key, flag)| {
        let mut value = DynamicMessage::new(value_type.clone());
        value.set_field_by_name("bool_value", Value::Bool(flag));
        (MapKey::String(key), Value::Message(value))
    });
    let mut object = DynamicMessage::new(descriptor.clone());
    object.set_field_by_number(1, Value::Map(entries.collect()));
    object
}

/// Bytes with the same meaning for a reader, or with a meaning that only merging makes.
fn encodings() -> impl Strategy<Value = Bytes> {
    let descriptor = message("test.Everything");
    vec(messages(descriptor, 3), 1..3).prop_map(|messages| {
        let mut bytes = Vec::new();
        for message in messages {
            message.encode(&mut bytes).expect("a vector has room");
        }
        bytes.into()
    })
}

/// What a message says, however it is encoded: a zero that is written is as good as none.
fn normal(bytes: &[u8]) -> DynamicMessage {
    let descriptor = message("test.Everything");
    let decoded = DynamicMessage::decode(descriptor.clone(), bytes).expect("it is a message");
    let encoded = decoded.encode_to_vec();
    DynamicMessage::decode(descriptor, encoded.as_slice()).expect("it is a message")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_copy_on_the_wire_means_what_evaluation_means(input in encodings()) {
        for (target, source, by_bytes) in COPIES {
            let template = format!("{target}: input.{source}");
            let copied = plan(&computing(&template));
            prop_assert_eq!(copied.output_program.is_wire_copy(), *by_bytes, "{}", &template);
            // The same through a conditional, which is no path, so that it has to be evaluated.
            let template = format!("{target}: \"execution.id != '' ? input.{source} : input.{source}\"");
            let evaluated = plan(&computing(&template));
            prop_assert!(!evaluated.output_program.is_wire_copy());
            let decode = |bytes: Result<Bytes, String>| bytes.map(|bytes| normal(&bytes));
            let copied = decode(evaluate(&copied, &input, &[None]));
            let evaluated = decode(evaluate(&evaluated, &input, &[None]));
            if evaluated.is_ok() {
                // Not printed: the descriptor in a message of a recursive type prints for ever.
                prop_assert!(copied == evaluated, "{} differs", template);
            }
        }
    }

    #[test]
    fn nothing_panics_on_arbitrary_bytes(
        input in vec(any::<u8>(), 0..60),
        cut in any::<prop::sample::Index>(),
        valid in encodings(),
    ) {
        let truncated = valid.slice(..cut.index(valid.len() + 1));
        let output = "inner: input.inner\ntexts: input.inner.texts\ncounts: input.counts\n\
                      an_int64: size(input.inners) + input.inner.number\n\
                      time: input.time + input.duration\nany_json: input.object";
        let plan = plan(&computing(output));
        for bytes in [Bytes::from(input), truncated] {
            let _ = evaluate(&plan, &bytes, &[Some(bytes.clone())]);
            let _ = pavane_flow::language::json::validate(&message("test.Everything"), &bytes);
        }
    }

    #[test]
    fn what_is_valid_can_be_decoded(input in encodings(), cut in any::<prop::sample::Index>()) {
        use pavane_flow::language::json::validate;
        let descriptor = message("test.Everything");
        prop_assert_eq!(validate(&descriptor, &input), Ok(()));
        let truncated = input.slice(..cut.index(input.len() + 1));
        let decoded = DynamicMessage::decode(descriptor.clone(), truncated.clone());
        prop_assert_eq!(validate(&descriptor, &truncated).is_ok(), decoded.is_ok());
    }

    #[test]
    fn any_text_is_compiled_or_refused(text in any_definition()) {
        let compiled = compiled(&text);
        let has_errors = compiled.diagnostics.iter().any(|found| found.is_error());
        prop_assert_eq!(compiled.plan.is_none(), has_errors);
    }

    #[test]
    fn any_expression_is_compiled_or_refused(tokens in vec(token(), 1..12), glue in "[ ]{0,1}") {
        let expression = serde_json::Value::from(tokens.join(&glue)).to_string();
        let compiled = compiled(&computing(&format!("any_json: {expression}")));
        let has_errors = compiled.diagnostics.iter().any(|found| found.is_error());
        prop_assert_eq!(compiled.plan.is_none(), has_errors);
        if let Some(plan) = compiled.plan {
            let _ = evaluate(&plan, &Bytes::new(), &[None]);
        }
    }
}

/// Texts from random ones to definitions with random damage.
fn any_definition() -> impl Strategy<Value = String> {
    let whole = computing("a_string: \"'é' + input.inner.text\"\ncounts: { a: 1 }\ninners: [{}]");
    let damaged = (
        any::<prop::sample::Index>(),
        0..8_usize,
        "[a-z:{}\\[\\]\"'\\-,#&*!|>\n é]{0,4}",
    );
    let damaged = damaged.prop_map(move |(at, length, patch)| {
        let characters: Vec<char> = whole.chars().collect();
        let start = at.index(characters.len());
        let end = (start + length).min(characters.len());
        let (before, after) = (&characters[..start], &characters[end..]);
        before
            .iter()
            .copied()
            .chain(patch.chars())
            .chain(after.iter().copied())
            .collect()
    });
    prop_oneof![3 => damaged, 1 => "\\PC{0,40}", 1 => "[a-z:{}\\[\\]\"', \n-]{0,40}"]
}

/// Pieces from which expressions are made, right and wrong.
fn token() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "input",
        ".",
        "other",
        "inner",
        "text",
        "numbers",
        "execution",
        "id",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "?",
        "+",
        "-",
        "*",
        "/",
        "%",
        "!",
        "&&",
        "||",
        "==",
        "<",
        "in",
        "1",
        "2u",
        "1.5",
        "'a'",
        "b'x'",
        "null",
        "true",
        "size",
        "map",
        "all",
        "has",
        "x",
        "test.Inner",
        "é",
        "\"",
        "'",
        "\\",
        "`",
        "9223372036854775807",
        "-9223372036854775808",
        "0",
        "duration",
        "'1h'",
        "matches",
        "input.numbers.map(x, x)",
        "input.inner",
        "input.an_int64",
        "input.a_string",
        "dyn(",
        "object",
    ];
    prop_oneof![8 => prop::sample::select(KNOWN).prop_map(str::to_owned), 1 => "\\PC{1,3}"]
}
