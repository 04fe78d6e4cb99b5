//! What is said of wrong expressions, what those that are right are of, and how they fail: beyond the
//! examples of the documentation.

use insta::assert_snapshot;

use crate::support::{check_output, computed};

/// What is said of an expression for a field.
fn said(field: &str, expression: &str) -> String {
    let quoted = serde_json::Value::from(expression).to_string();
    check_output(&format!("{field}: {quoted}"))
}

/// What an expression for a field gives.
fn given(field: &str, expression: &str, input: &str) -> String {
    let quoted = serde_json::Value::from(expression).to_string();
    match computed(&format!("{field}: {quoted}"), input) {
        Ok(output) => output,
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn functions_say_what_they_take() {
    assert_snapshot!(said("an_int64", "math.abs('a')"), @"error TYPE_MISMATCH 6:23 ['a'] `math.abs` takes an int, a uint or a double, this is a string (another type)");
    assert_snapshot!(said("an_int64", "math.abz(1)"), @"error UNKNOWN_FUNCTION 6:19 [abz] there is no function `math.abz` (unknown function); help: a function with a similar name exists: `math.abs`");
    assert_snapshot!(said("an_int64", "input.texts.sum()"), @"error TYPE_MISMATCH 6:14 [input.texts] `sum` takes a list, each element an int, a uint, a double or a duration, this is a list, each element a string (another type)");
    assert_snapshot!(said("an_int64", "input.inners.sum(i, i.text)"), @"error TYPE_MISMATCH 6:34 [i.text] `sum` takes numbers or durations, this is a string (another type)");
    assert_snapshot!(said("texts", "input.texts.sortBy(t, input.inner)"), @"error TYPE_MISMATCH 6:33 [input.inner] `sortBy` sorts by what has an order, this is a test.Inner (no order)");
    assert_snapshot!(said("an_int64", "max(input.inners).number"), @"error TYPE_MISMATCH 6:18 [input.inners] `max` takes a value with an order or a list, each element a value with an order, this is a list, each element a test.Inner (another type)");
    assert_snapshot!(said("a_string", "input.a_string.substring('1')"), @"error TYPE_MISMATCH 6:39 ['1'] `substring` takes an int, this is a string (another type)");
    assert_snapshot!(said("a_string", "input.a_string.substring()"), @"error WRONG_CALL 6:29 [substring] `substring` takes 1 argument, this is 0 (another number)");
    assert_snapshot!(said("a_string", "input.numbers.join(', ')"), @"error TYPE_MISMATCH 6:14 [input.numbers] `join` takes a list, each element a string, this is a list, each element an int (another type)");
    assert_snapshot!(said("a_string", "'%d of %d'.format([1])"), @"error INVALID_FORMAT 6:14 ['%d of %d'] the format takes 2 values, these are 1 (not such a format)");
    assert_snapshot!(said("a_string", "'%y'.format([1])"), @"error INVALID_FORMAT 6:14 ['%y'] `%y` stands for nothing: there are %s, %d, %f, %e, %b, %o, %x, %X and %% (not such a format)");
    assert_snapshot!(said("a_bool", "sets.contains([1], ['a'])"), @"error TYPE_MISMATCH 6:31 [['a']] `sets.contains` takes a list, each element an int like the first, this is a list, each element a string (another type)");
    assert_snapshot!(said("numbers", "input.numbers + input.texts"), @"error TYPE_MISMATCH 6:27 [+] `+` does not work between a list, each element an int and a list, each element a string (no such operation)");
    assert_snapshot!(said("an_int64", "cel.bind(1, 2, 3)"), @"error TYPE_MISMATCH 6:23 [1] `cel.bind` takes a name here (not a name)");
    assert_snapshot!(said("counts", "input.texts.transformMap(t, 1)"), @"error WRONG_CALL 6:24 [transformMap] `transformMap` takes two names and an expression, as in `map.transformMap(k, v, ...)` (called otherwise)");
    assert_snapshot!(said("counts", "input.texts.transformMapEntry(i, t, t)"), @"error TYPE_MISMATCH 6:48 [t] `transformMapEntry` makes maps, this is a string (not a map)");
}

#[test]
fn optionals_must_be_asked() {
    assert_snapshot!(said("an_int64", "input.?inner.number + 1"), @"error TYPE_MISMATCH 6:34 [+] `+` does not work between an optional, its value an int and an int (no such operation)");
    assert_snapshot!(said("a_string", "input.?inner.txt.orValue('')"), @"error UNKNOWN_FIELD 6:27 [txt] `Inner` has no field `txt` (unknown field); help: a field with a similar name exists: `text` (string)");
    assert_snapshot!(said("a_string", "input.a_string.orValue('')"), @"error TYPE_MISMATCH 6:14 [input.a_string] `orValue` takes an optional, this is a string (ask for it by `.?field` or `[?index]`)");
    assert_snapshot!(said("an_int64", "input.?an_int64.orValue('')"), @"error TYPE_MISMATCH 6:38 [''] `orValue` takes an int as well, this is a string (another type)");
    assert_snapshot!(said("texts", "[?input.a_string]"), @"error TYPE_MISMATCH 6:13 [input.a_string] `?` takes an optional, this is a string (not an optional)");
    assert_snapshot!(said("inner", "test.Inner{text: input.?a_string}"), @"error TYPE_MISMATCH 6:28 [input.?a_string] `Inner.text` is a string, this is an optional, its value a string (another type)");
    assert_snapshot!(said("inner", "test.Inner{?text: input.a_string}"), @"error TYPE_MISMATCH 6:29 [input.a_string] `?` takes an optional, this is a string (not an optional)");
    assert_snapshot!(said("a_string", "input.?inner.?text.optFlatMap(t, t)"), @"error TYPE_MISMATCH 6:47 [t] `optFlatMap` makes an optional, this is a string (not an optional)");
    assert_eq!(given("a_string", "input.?inner.text", "{}"), "{}");
    assert_eq!(
        given(
            "a_string",
            "input.?inner.text",
            r#"{"inner": {"text": "x"}}"#
        ),
        r#"{"a_string":"x"}"#
    );
    assert_eq!(
        given("maybe_number", "input.?inner.maybe.optMap(m, 5)", "{}"),
        "{}"
    );
}

#[test]
fn enums_keep_to_themselves() {
    assert_snapshot!(said("any_json", "input.color == google.protobuf.NullValue.NULL_VALUE"), @"error TYPE_MISMATCH 6:26 [==] a test.Color never equals a google.protobuf.NullValue (no such operation)");
    assert_snapshot!(said("color", "google.protobuf.NullValue(0)"), @"error TYPE_MISMATCH 6:11 [google.protobuf.NullValue(0)] `Everything.color` is a test.Color, this is a google.protobuf.NullValue (another type)");
    assert_snapshot!(said("color", "test.Color('GREEN')"), @"error UNKNOWN_ENUM_VALUE 6:22 ['GREEN'] `test.Color` has no value `GREEN` (unknown value); help: its values are `COLOR_UNSPECIFIED`, `RED` and `BLUE`");
    assert_snapshot!(said("color", "test.Color(1.0)"), @"error TYPE_MISMATCH 6:22 [1.0] `test.Color` takes an int or a string, this is a double (another type)");
    assert_snapshot!(said("a_string", "input.an_int64.name()"), @"error TYPE_MISMATCH 6:14 [input.an_int64] `name` takes a value of an enum, this is an int (make it one: `package.Enum(x)`)");
    assert_eq!(
        given("an_int64", "input.color + 1", r#"{"color": "RED"}"#),
        r#"{"an_int64":"2"}"#
    );
    assert_eq!(
        given("color", "input.an_int64", r#"{"an_int64": "2"}"#),
        r#"{"color":"BLUE"}"#
    );
    assert_eq!(
        given("colors", "input.colors.sort()", r#"{"colors": [2, 1]}"#),
        r#"{"colors":["RED","BLUE"]}"#
    );
}

#[test]
fn messages_in_an_any_have_a_type() {
    assert_snapshot!(said("a_string", "input.any.text"), @"error UNKNOWN_FIELD 6:24 [text] `Any` has no field `text` (unknown field); help: its fields are `type_url` and `value`");
    assert_snapshot!(said("a_string", "input.any.unpack(test.Iner).text"), @"error UNKNOWN_TYPE 6:31 [test.Iner] there is no message type `test.Iner` (unknown type); help: a type with a similar name exists: `test.Inner`");
    assert_snapshot!(said("a_string", "input.any.unpack('test.Inner').text"), @"error TYPE_MISMATCH 6:31 ['test.Inner'] `unpack` takes a type: `x.unpack(package.Message)` (not a type)");
    assert_snapshot!(said("a_string", "input.inner.unpack(test.Inner).text"), @"error TYPE_MISMATCH 6:14 [input.inner] `unpack` takes a google.protobuf.Any, this is a test.Inner (another type)");
    assert_snapshot!(said("any", "input.a_string"), @"error TYPE_MISMATCH 6:9 [input.a_string] `Everything.any` is a google.protobuf.Any, this is a string (another type)");
    assert_eq!(
        given(
            "any",
            "test.Inner{number: input.an_int64}",
            r#"{"an_int64": "7"}"#
        ),
        r#"{"any":{"@type":"type.googleapis.com/test.Inner","number":"7"}}"#
    );
    assert_eq!(
        given("any", "input.inner", r#"{"inner": {"text": "x"}}"#),
        r#"{"any":{"@type":"type.googleapis.com/test.Inner","text":"x"}}"#
    );
    let packed = r#"{"any": {"@type": "type.googleapis.com/test.Inner", "text": "x"}}"#;
    assert_eq!(
        given("inner", "input.any.unpack(test.Inner)", packed),
        r#"{"inner":{"text":"x"}}"#
    );
    assert_snapshot!(given("amount", "input.any.unpack(test.Amount)", packed), @"error: `input.any.unpack(test.Amount)` has no value: the Any holds a `test.Inner`, not a `test.Amount`");
    assert_snapshot!(given("amount", "input.any.unpack(test.Amount)", "{}"), @"error: `input.any.unpack(test.Amount)` has no value: the Any is empty, not a `test.Amount`");
}

#[test]
fn amounts_are_exact_or_have_no_value() {
    assert_snapshot!(said("amount", "money.sum(input.numbers)"), @"error TYPE_MISMATCH 6:22 [input.numbers] `money.sum` takes a list of amounts, this is a list, each element an int (another type); help: an amount is a message with `units` (int64), `nanos` (int32) and perhaps `currency_code` (string)");
    assert_snapshot!(said("amount", "money.add(input.amount, input.inner)"), @"error TYPE_MISMATCH 6:36 [input.inner] `money.add` takes a test.Amount, this is a test.Inner (another type)");
    assert_snapshot!(said("amount", "money.multiply(input.amount, 1.5)"), @"error TYPE_MISMATCH 6:41 [1.5] `money.multiply` takes an int, a uint or a text such as '1.19', this is a double (another type)");
    assert_snapshot!(said("amount", "money.times(input.amount, 2)"), @"error UNKNOWN_FUNCTION 6:18 [times] there is no function `money.times` (unknown function)");
    assert_snapshot!(said("amount", "money.add(input.amount)"), @"error WRONG_CALL 6:18 [add] `money.add` takes 2 arguments, this is 1 (called otherwise)");
    assert_snapshot!(said("amount", "money.fromMinorUnits('test.Amount', 5, 2)"), @"error TYPE_MISMATCH 6:33 ['test.Amount'] `money.fromMinorUnits` takes the type of the amount first (not a type)");
    let input = r#"{"amount": {"currency_code": "EUR", "units": "9223372036854775807", "nanos": 999999999},
        "amounts": [{"currency_code": "EUR", "nanos": 1}, {"currency_code": "USD"}]}"#;
    let given = |expression| given("amount", expression, input);
    assert_snapshot!(given("money.add(input.amount, input.amounts[0])"), @"error: `money.add(input.amount, input.amounts[0])` has no value: the amount is out of range");
    assert_snapshot!(given("money.sum(input.amounts)"), @"error: `money.sum(input.amounts)` has no value: amounts in `EUR` and `USD` do not go together");
    assert_snapshot!(given("money.multiply(input.amount, '1,19')"), @"error: `money.multiply(input.amount, '1,19')` has no value: `1,19` is not a decimal number of at most 18 digits such as `1.19`");
    assert_snapshot!(given("money.multiply(input.amount, '0.5')"), @r#"{"amount":{"currency_code":"EUR","units":"4611686018427387904"}}"#);
    assert_snapshot!(given("money.round(input.amount, 10)"), @"error: `money.round(input.amount, 10)` has no value: an amount has 0 to 9 digits, not 10");
    assert_snapshot!(given("money.round(input.amount, 2, 'floor')"), @"error: `money.round(input.amount, 2, 'floor')` has no value: `floor` is no way to round: it is `half_up`, `half_even`, `down` or `up`");
    assert_snapshot!(given("money.round(input.amount, 2, 'down')"), @r#"{"amount":{"currency_code":"EUR","nanos":990000000,"units":"9223372036854775807"}}"#);
    assert_snapshot!(given("money.negate(money.round(input.amounts[0], 8, 'up'))"), @r#"{"amount":{"currency_code":"EUR","nanos":-10}}"#);
}

#[test]
fn what_was_accepted_by_mistake_is_refused_or_right() {
    // Keys of maps are of their own type in macros.
    assert_eq!(
        given(
            "a_uint64",
            "input.by_version.map(k, k + 1u)[0]",
            r#"{"by_version": {"4": "x"}}"#
        ),
        r#"{"a_uint64":"5"}"#
    );
    // JSON takes no messages and no bytes, wherever they stand in it.
    assert_snapshot!(check_output("object: { a: { b: input.inner } }"), @"error TYPE_MISMATCH 6:21 [input.inner] a test.Inner has no place in JSON (another type)");
    assert_snapshot!(check_output("any_json: [input.some_bytes]"), @"error TYPE_MISMATCH 6:14 [input.some_bytes] bytes has no place in JSON (another type)");
    assert_snapshot!(said("list", "[input.inner]"), @"error TYPE_MISMATCH 6:10 [[input.inner]] `Everything.list` is a google.protobuf.ListValue, this is a list, each element a test.Inner (another type)");
    // What is null beside a message stays so.
    let nullable = "(input.a_bool ? null : input.inner)";
    assert_eq!(
        given(
            "a_bool",
            &format!("{nullable} == null"),
            r#"{"a_bool": true}"#
        ),
        r#"{"a_bool":true}"#
    );
    assert_snapshot!(given("a_string", &format!("{nullable}.text + ''"), r#"{"a_bool": true}"#), @"error: `(input.a_bool ? null : input.inner).text + ''` has no value: null has no field `text`");
    // An element of nothing is of no type, which is no reason to forget about it.
    assert_snapshot!(said("a_string", "[][0]"), @"error NO_VALUE 6:14 [[][0]] the expression has no value: the index is outside of a list of 0 (has no value)");
    assert_snapshot!(said("a_string", "{}[input.inner]"), @"error TYPE_MISMATCH 6:17 [input.inner] the key of a map cannot be a test.Inner (another type)");
    assert_eq!(given("numbers", "[] + [1]", "{}"), r#"{"numbers":["1"]}"#);
}

#[test]
fn brackets_of_optionals_are_not_conditionals() {
    let chain = format!("input{}.number", ".?inner".repeat(40));
    assert_eq!(given("an_int64", &chain, "{}"), "{}");
    let nested = format!("{}1{}", "true ? ".repeat(33), " : 0".repeat(33));
    assert!(said("an_int64", &nested).contains("LIMIT_EXCEEDED"));
}

#[test]
fn what_functions_make_is_bounded() {
    let text = "x".repeat(100_000);
    let input = format!(r#"{{"a_string": "{text}"}}"#);
    let check = |field: &str, expression: &str| {
        let result = given(field, expression, &input);
        let is_refused = result.contains("more than the allowed");
        assert!(
            is_refused,
            "{expression}: {}",
            &result[..result.len().min(200)]
        );
    };
    check("an_int64", "size(lists.range(100001 + size(input.texts)))");
    check(
        "an_int64",
        "size(lists.range(100000).map(x, lists.range(100000 + size(input.texts))).flatten())",
    );
    check("a_string", "input.a_string.replace('', input.a_string)");
    check(
        "a_string",
        "lists.range(1000).map(x, input.a_string).join()",
    );
    check(
        "a_string",
        "lists.range(100000).map(x, 'aaaaaaaaaaaaaaaa').join(',')",
    );
    check(
        "an_int64",
        "size((input.a_string + input.a_string).split(''))",
    );
    check(
        "a_string",
        "'%s%s%s%s%s%s%s%s%s%s%s'.format(lists.range(11).map(x, input.a_string))",
    );
    check(
        "an_int64",
        "size(lists.range(2000).map(x, [x, size(input.texts)]).distinct())",
    );
    check(
        "a_bool",
        "sets.contains(lists.range(2000 + size(input.texts)), lists.range(2000))",
    );
    check(
        "an_int64",
        "size(lists.range(1000).map(x, input.a_string.reverse()))",
    );
    check(
        "an_int64",
        "lists.range(100000).sum(x, timestamp(x).getHours('Europe/Berlin'))",
    );
}
