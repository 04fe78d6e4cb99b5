//! What programs compute, and how they fail.

use bytes::Bytes;
use insta::assert_snapshot;

use crate::support::{computed, computing, evaluate, plan};

/// The output that an expression for one field gives, with an empty input.
fn check(field: &str, expression: &str) -> String {
    check_with(field, expression, "{}")
}

/// The same with an input in JSON.
fn check_with(field: &str, expression: &str, input: &str) -> String {
    let quoted = serde_json::Value::from(expression).to_string();
    match computed(&format!("{field}: {quoted}"), input) {
        Ok(output) => output,
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn operators_compute_and_never_wrap() {
    let input = r#"{"an_int64": "7", "a_uint64": "3", "a_double": 2.5, "a_string": "abc"}"#;
    let check = |field: &str, expression: &str| check_with(field, expression, input);
    assert_eq!(
        check("an_int64", "input.an_int64 * 2 - 1"),
        r#"{"an_int64":"13"}"#
    );
    assert_eq!(
        check("an_int64", "-input.an_int64 % 4"),
        r#"{"an_int64":"-3"}"#
    );
    assert_eq!(
        check("a_uint64", "input.a_uint64 / 2u"),
        r#"{"a_uint64":"1"}"#
    );
    assert_eq!(
        check("a_double", "input.a_double + 0.5"),
        r#"{"a_double":3.0}"#
    );
    assert_eq!(
        check("a_string", "input.a_string + '!'"),
        r#"{"a_string":"abc!"}"#
    );
    assert_eq!(
        check("a_bool", "input.an_int64 > 6.5 && !(1 in [2, 3])"),
        r#"{"a_bool":true}"#
    );
    assert_eq!(
        check("a_string", "input.an_int64 == 7 ? 'yes' : 'no'"),
        r#"{"a_string":"yes"}"#
    );
    assert_snapshot!(check("an_int64", "9223372036854775807 + input.an_int64"), @"error: `9223372036854775807 + input.an_int64` has no value: the result is out of the range of int");
    assert_snapshot!(check("an_int64", "1 / (input.an_int64 - 7)"), @"error: `1 / (input.an_int64 - 7)` has no value: division by zero");
    assert_snapshot!(check("a_uint64", "input.a_uint64 - 4u"), @"error: `input.a_uint64 - 4u` has no value: the result is out of the range of uint");
    assert_snapshot!(check("an_int32", "input.an_int64 * 1000000000"), @"error: `input.an_int64 * 1000000000` has no value: 7000000000 is out of the range of `test.Everything.an_int32`, an int32");
    assert_snapshot!(check("an_int64", "int(input.a_string)"), @"error: `int(input.a_string)` has no value: `abc` is not an int");
    assert_snapshot!(check("an_int64", "input.numbers[2]"), @"error: `input.numbers[2]` has no value: the index is outside of a list of 0");
}

#[test]
fn logic_needs_only_the_side_that_decides() {
    let fails = "1 / input.an_int64 > 0";
    assert_eq!(
        check("a_bool", &format!("true || {fails}")),
        r#"{"a_bool":true}"#
    );
    assert_eq!(
        check("a_bool", &format!("{fails} || true")),
        r#"{"a_bool":true}"#
    );
    assert_eq!(
        check("a_bool", &format!("!({fails} && false)")),
        r#"{"a_bool":true}"#
    );
    assert_snapshot!(check("a_bool", &format!("{fails} || false")), @"error: `1 / input.an_int64 > 0 || false` has no value: division by zero");
}

#[test]
fn functions_and_macros() {
    let input = r#"{"texts": ["a", "bb"], "numbers": ["3", "1"], "a_string": "abc",
        "inners": [{"text": "x", "number": "1"}, {"text": "y"}], "counts": {"b": "2", "a": "1"},
        "time": "2026-11-23T01:02:03.500Z", "duration": "90s"}"#;
    let check = |field: &str, expression: &str| check_with(field, expression, input);
    assert_eq!(
        check("an_int64", "size(input.texts) + input.a_string.size()"),
        r#"{"an_int64":"5"}"#
    );
    assert_eq!(
        check("texts", "input.texts.filter(t, size(t) > 1)"),
        r#"{"texts":["bb"]}"#
    );
    assert_eq!(
        check("texts", "input.inners.map(i, i.text + '!')"),
        r#"{"texts":["x!","y!"]}"#
    );
    assert_eq!(
        check("texts", "input.inners.map(i, i.number > 0, i.text)"),
        r#"{"texts":["x"]}"#
    );
    assert_eq!(
        check("a_bool", "input.numbers.all(n, n > 0)"),
        r#"{"a_bool":true}"#
    );
    assert_eq!(
        check("a_bool", "input.numbers.exists(n, n == 3)"),
        r#"{"a_bool":true}"#
    );
    assert_eq!(check("a_bool", "input.numbers.exists_one(n, n > 0)"), "{}");
    assert_eq!(
        check("texts", "input.counts.map(k, k)"),
        r#"{"texts":["a","b"]}"#
    );
    assert_eq!(
        check("an_int64", "input.counts['b'] + input.counts.a"),
        r#"{"an_int64":"3"}"#
    );
    assert_eq!(
        check("an_int64", "max(input.numbers) - min(4, 2)"),
        r#"{"an_int64":"1"}"#
    );
    assert_eq!(
        check("a_bool", "input.a_string.matches('^a.c$')"),
        r#"{"a_bool":true}"#
    );
    assert_eq!(
        check("a_bool", "input.a_string.startsWith('ab')"),
        r#"{"a_bool":true}"#
    );
    assert_eq!(
        check("an_int64", "input.time.getFullYear()"),
        r#"{"an_int64":"2026"}"#
    );
    assert_eq!(
        check("a_string", "string(input.time + input.duration)"),
        r#"{"a_string":"2026-11-23T01:03:33.500Z"}"#
    );
    assert_eq!(
        check("duration", "input.duration + duration('1h')"),
        r#"{"duration":"3690s"}"#
    );
    assert_eq!(
        check("a_string", "string(type(input.a_string) == string)"),
        r#"{"a_string":"true"}"#
    );
    assert_eq!(
        check("a_string", "execution.id + '/' + execution.workflow"),
        r#"{"a_string":"e-1/test"}"#
    );
    assert_eq!(
        check("time", "execution.create_time"),
        r#"{"time":"1970-01-01T00:00:01.500Z"}"#
    );
}

#[test]
fn what_is_not_set_reads_as_protobuf_says() {
    assert_eq!(
        check("a_string", "input.inner.inner.text + 'x'"),
        r#"{"a_string":"x"}"#
    );
    assert_eq!(
        check("a_bool", "!has(input.inner) && !has(input.maybe_text)"),
        r#"{"a_bool":true}"#
    );
    assert_eq!(
        check("a_bool", "input.wrapped == null"),
        r#"{"a_bool":true}"#
    );
    assert_eq!(check("inner", "input.inner"), "{}");
    assert_eq!(check("maybe_text", "input.maybe_text"), "{}");
    assert_eq!(
        check("maybe_text", "input.a_string"),
        r#"{"maybe_text":""}"#
    );
    assert_eq!(check("wrapped", "input.wrapped"), "{}");
    assert_eq!(check("an_int64", "input.wrapped"), "{}");
    assert_eq!(
        check("a_string", "other.text + 'skipped'"),
        r#"{"a_string":"skipped"}"#
    );
    let set = r#"{"inner": {}, "maybe_text": "", "wrapped": "0"}"#;
    assert_eq!(
        check_with("a_bool", "has(input.inner) && has(input.maybe_text)", set),
        r#"{"a_bool":true}"#
    );
    assert_eq!(
        check_with("maybe_text", "input.maybe_text", set),
        r#"{"maybe_text":""}"#
    );
    assert_eq!(
        check_with("maybe_number", "input.wrapped", set),
        r#"{"maybe_number":"0"}"#
    );
}

#[test]
fn templates_of_every_shape() {
    let check = |template: &str, input: &str| computed(template, input).expect("it has a value");
    assert_snapshot!(check("a_double: 1.5\nan_int32: -2\na_uint64: 7\na_bool: true\ncolor: 1\na_float: 2", "{}"), @r#"{"a_bool":true,"a_double":1.5,"a_float":2.0,"a_uint64":"7","an_int32":-2,"color":"RED"}"#);
    assert_snapshot!(check("inner: { text: \"'a'\", inner: { number: 5 } }\ninners: [{ text: input.a_string }, {}, \"test.Inner{number: 3}\"]", r#"{"a_string": "s"}"#), @r#"{"inner":{"inner":{"number":"5"},"text":"a"},"inners":[{"text":"s"},{},{"number":"3"}]}"#);
    assert_snapshot!(check("numbers: [1, input.an_int64, 0]\ntexts: [\"'a'\", input.a_string]\ncolors: [1, \"'BLUE'\", test.Color.RED]", r#"{"an_int64": "9"}"#), @r#"{"colors":["RED","BLUE","RED"],"numbers":["1","9","0"],"texts":["a",""]}"#);
    assert_snapshot!(check("counts: { a: 1, b: input.an_int64 }\nby_number: { 5: { text: \"'five'\" } }\nby_flag: { true: \"'yes'\" }", r#"{"an_int64": "9"}"#), @r#"{"by_flag":{"true":"yes"},"by_number":{"5":{"text":"five"}},"counts":{"a":"1","b":"9"}}"#);
    assert_snapshot!(check("wrapped: 5\nwrapped_text: input.a_string\ntime: timestamp('2026-01-01T00:00:00Z')\nduration: { seconds: 2 }", r#"{"a_string": "w"}"#), @r#"{"duration":"2s","time":"2026-01-01T00:00:00Z","wrapped":"5","wrapped_text":"w"}"#);
    assert_snapshot!(check("object: { a: 1, b: [true, null, input.a_string], c: { d: input.an_int64 } }\nany_json: input.texts\nlist: [1, \"'x'\"]", r#"{"a_string": "s", "an_int64": "4", "texts": ["t"]}"#), @r#"{"any_json":["t"],"list":[1.0,"x"],"object":{"a":1.0,"b":[true,null,"s"],"c":{"d":4.0}}}"#);
    assert_snapshot!(check("an_int64: int(input.object.a.b) + 1\na_string: input.any_json\na_bool: \"'z' in input.object\"", r#"{"object": {"a": {"b": 41}}, "any_json": "dyn"}"#), @r#"{"a_string":"dyn","an_int64":"42"}"#);
    assert_snapshot!(check("right: 5", "{}"), @r#"{"right":"5"}"#);
    assert_snapshot!(check("color: \"'BLUE'\"", "{}"), @r#"{"color":"BLUE"}"#);
}

#[test]
fn evaluation_is_bounded() {
    let numbers = vec![r#""1""#; 2_000].join(",");
    let input = format!(
        r#"{{"numbers": [{numbers}], "a_string": "{}"}}"#,
        "x".repeat(1_000)
    );
    let check = |field: &str, expression: &str| check_with(field, expression, &input);
    assert_snapshot!(check("an_int64", "size(input.numbers.map(a, size(input.numbers.map(b, b))))"), @"error: `size(input.numbers.map(a, size(input.numbers.map(b, b))))` has no value: it takes more than the allowed 1000000 steps");
    let doubled = "(input.a_string + input.a_string)".to_owned();
    let mut text = doubled;
    for _ in 0..14 {
        text = format!("[{text}].map(x, x + x)[0]");
    }
    assert!(check("a_string", &text).contains("bytes are more than the allowed"));
    let mut list = "[input.numbers + input.numbers]".to_owned();
    for _ in 0..8 {
        list = format!("{list}.map(x, x + x)");
    }
    assert!(check("an_int64", &format!("size({list}[0])")).contains("more than the allowed"));
    let mut nested = "[[1]]".to_owned();
    for _ in 0..40 {
        nested = format!("{nested}.map(x, [x, x])");
    }
    assert!(check("a_bool", &format!("{nested} == {nested}")).contains("more than the allowed"));
}

#[test]
fn the_deepest_expression_that_is_allowed_is_evaluated() {
    let sum = format!("input.an_int64{}", " + 1".repeat(125));
    assert_eq!(check("an_int64", &sum), r#"{"an_int64":"125"}"#);
    let nested = format!("{}input.an_int64 + 1{}", "[".repeat(20), "][0]".repeat(20));
    assert_eq!(check("an_int64", &nested), r#"{"an_int64":"1"}"#);
    let brackets = format!("{}input.an_int64 + 1{}", "(".repeat(32), ")".repeat(32));
    assert_eq!(check("an_int64", &brackets), r#"{"an_int64":"1"}"#);
}

#[test]
fn malformed_messages_are_errors() {
    let check = |output: &str, bytes: &'static [u8]| {
        let plan = plan(&computing(output));
        let result = evaluate(&plan, &Bytes::from_static(bytes), &[None]);
        result.expect_err("it is malformed")
    };
    let copied = "a_string: input.a_string";
    assert_snapshot!(check(copied, b"\x72\x05ab"), @"`input.a_string` has no value: the message is malformed: it ends in the middle of a field");
    assert_snapshot!(check(copied, b"\x70\x05"), @"`input.a_string` has no value: the message is malformed: field 14 is encoded as another type");
    assert_snapshot!(check(copied, b"\x72\x01\xff"), @"`input.a_string` has no value: the message is malformed: field 14 is not UTF-8");
    assert_snapshot!(check("a_string: input.inner.text", b"\x8a\x01\x02\x0a\x05"), @"`input.inner.text` has no value: the message is malformed: it ends in the middle of a field");
    assert_snapshot!(check("a_string: input.a_string + ''", b"\x72\x05ab"), @"`input.a_string + ''` has no value: the bytes are not a test.Everything: failed to decode Protobuf message: buffer underflow");
    assert_snapshot!(check("time: input.time + duration('1s')", b"\xea\x01\x0c\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x10\x05"), @"`input.time + duration('1s')` has no value: the result is out of the range of timestamp");
}
