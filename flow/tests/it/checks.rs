//! What is said of definitions that are wrong. The snapshots are read by eye: they are what a person
//! sees.

mod kinds;
mod lists;
mod sending;
mod values;
mod waits;

use insta::assert_snapshot;

use crate::support::{check, check_output, computing, rendered};

/// A workflow with these steps, in the lines of a YAML list.
fn check_steps(steps: &str) -> String {
    check(&format!(
        "name: test\nimplements: test.Tests/Run\nsteps:\n{steps}\n"
    ))
}

/// A workflow with one step, with this line besides its id and its call.
fn check_step(line: &str) -> String {
    check_steps(&format!("- id: a\n  call: test.Tests/Other\n  {line}"))
}

#[test]
fn text_that_is_no_definition() {
    assert_snapshot!(check(""), @"error SYNTAX 1:1 [] there is no definition here");
    assert_snapshot!(check("a: [1"), @"error SYNTAX 1:6 [] this is not YAML: while parsing a flow sequence, expected ',' or ']'; help: an expression that holds `: ` or ` #`, that stands in `{ }` or `[ ]` and holds `,`, `[`, `{` or `?`, or that begins with `!`, `&`, `*`, `{` or `[`, must be put in double quotes");
    assert_snapshot!(check("- 1"), @"error WRONG_KIND 1:1 [- 1] a definition takes an object, this is a list (a list)");
    assert_snapshot!(check("name: a\n---\nname: b"), @"error SEVERAL_DOCUMENTS 2:1 [---] a file holds one workflow, this is a second document; help: put each workflow into a file of its own");
    assert_snapshot!(check("name: &x a\nimplements: *x"), @"error ANCHOR 1:7 [&x a] YAML anchors and aliases (`&name`, `*name`) are not supported; help: write the value out; an expression that begins with `*` or `&` is put in quotes");
    assert_snapshot!(check_step("when: !input.a_bool"), @r#"error TAG 6:9 [!input.a_bool] `!input.a_bool` is a YAML tag here; help: an expression that begins with `!` must be put in quotes: "!input.paid""#);
    assert_snapshot!(check_step("request: { text: input.a_bool ? input.a_string : '' }"), @"error SYNTAX 6:50 [:] this is not YAML: while parsing a flow mapping, did not find expected ',' or '}'; help: an expression that holds `: ` or ` #`, that stands in `{ }` or `[ ]` and holds `,`, `[`, `{` or `?`, or that begins with `!`, `&`, `*`, `{` or `[`, must be put in double quotes");
    assert_snapshot!(check(&"[".repeat(100)), @"error LIMIT_EXCEEDED 1:66 [[] this is nested more than 64 levels deep");
}

#[test]
fn keys_and_kinds() {
    assert_snapshot!(check_step("compensat: {}"), @"error UNKNOWN_KEY 6:3 [compensat] a step has no key `compensat` (unknown key); help: a key with a similar name exists: `compensate`");
    assert_snapshot!(check_step("colour: red"), @"error UNKNOWN_KEY 6:3 [colour] a step has no key `colour` (unknown key); help: its keys are `id`, `call`, `request`, `after`, `when`, `timeout`, `retry`, `compensate`, `for_each`, `compute`, `wait`, `await`, `metadata` and `delivery`");
    assert_snapshot!(check_step("id: b"), @"error DUPLICATE_KEY 6:3 [id] `id` is given twice (given before); help: it was first given in line 4");
    assert_snapshot!(check_step("timeout: 2 s"), @"error INVALID_DURATION 6:12 [2 s] `2 s` is not a duration: expected seconds such as `2s` or `0.25s` (not a duration); help: write `2s`");
    assert_snapshot!(check_step("timeout: soon"), @"error INVALID_DURATION 6:12 [soon] `soon` is not a duration: expected seconds such as `2s` or `0.25s` (not a duration)");
    assert_snapshot!(check_step("retry: { max_attempts: many }"), @"error WRONG_KIND 6:26 [many] `steps[0].retry.max_attempts` takes a whole number, this is text (text)");
    assert_snapshot!(check_step("retry: { max_attempts: -1 }"), @"error OUT_OF_RANGE 6:26 [-1] `steps[0].retry.max_attempts` takes a whole number from 0 to 4294967295, this is -1");
    assert_snapshot!(check_step("after: b"), @"error WRONG_KIND 6:10 [b] `steps[0].after` takes a list, this is text (text)");
    assert_snapshot!(check_step("when: true"), @r#"error WRONG_KIND 6:9 [true] `steps[0].when` takes text, this is a boolean (a boolean); help: put it in quotes: "true""#);
    let steps = "steps: [{ id: a, call: test.Tests/Other }]";
    let moded = |mode| {
        check(&format!(
            "name: a\nimplements: test.Tests/Run\n{steps}\nmode: {mode}"
        ))
    };
    assert_snapshot!(moded("choreographed"), @"");
    assert_snapshot!(moded("MODE_CHOREOGRAPHED"), @"");
    assert_snapshot!(moded("choreografed"), @"error UNKNOWN_ENUM_VALUE 4:7 [choreografed] `mode` takes `orchestrated` or `choreographed`, this is `choreografed` (unknown value); help: did you mean `choreographed`?");
    assert_snapshot!(moded("2"), @"error WRONG_KIND 4:7 [2] `mode` takes a name, this is a number (a number)");
    assert_snapshot!(check_step("request: [1]"), @"error WRONG_KIND 6:12 [[1]] `steps[0].request` takes an object with a value for each field, this is a list (a list)");
    assert_snapshot!(check("name: 5\nimplements: test.Tests/Run\nsteps: 3"), @r#"
        error WRONG_KIND 1:7 [5] `name` takes text, this is a number (a number); help: put it in quotes: "5"
        error WRONG_KIND 3:8 [3] `steps` takes a list, this is a number (a number)
        "#);
    assert_snapshot!(check_output("an_int64: 12345678901234567890"), @r#"error OUT_OF_RANGE 6:13 [12345678901234567890] 12345678901234567890 is not exact in JSON as a number (not exact in JSON); help: write it as an expression, in quotes: "12345678901234567890""#);
    assert_snapshot!(check_steps("- a\n- id: b\n  call: test.Tests/Other"), @"error WRONG_KIND 4:3 [a] `steps[0]` takes an object, this is text (text)");
}

#[test]
fn names() {
    assert_snapshot!(check("{}"), @r"
        error REQUIRED 1:1 [{}] a workflow needs a name (something is missing)
        error REQUIRED 1:1 [{}] `implements` is missing: expected a method such as `shop.order.v1.OrderService/PlaceOrder` (something is missing)
        error REQUIRED 1:1 [{}] a workflow needs at least one step (something is missing)
        ");
    assert_snapshot!(
        check("name: Place Order\nimplements: test.Tests/Run\nsteps: [{id: a, call: test.Tests/Other}]"),
        @"error INVALID_NAME 1:7 [Place Order] `Place Order` cannot name a workflow: it holds `P`, expected lower-case letters, digits and `-`, beginning with a letter, at most 64 bytes (not a name); help: write `place-order`"
    );
    assert_snapshot!(check_steps("- { id: reserveStock, call: test.Tests/Other }\n- { id: b, call: test.Tests/Other, request: { text: reserveStock.text } }"), @"error INVALID_NAME 4:9 [reserveStock] `reserveStock` cannot be the id of a step: it holds `S`, expected lower-case letters, digits and `_`, beginning with a letter, at most 64 bytes (not an id); help: write `reserve_stock`");
    assert_snapshot!(check_steps("- { id: input, call: test.Tests/Other }"), @"error RESERVED_WORD 4:9 [input] `input` cannot be the id of a step: expressions use it otherwise (reserved)");
    assert_snapshot!(check_steps("- { id: a, call: test.Tests/Other }\n- { id: a, call: test.Tests/Other }"), @"error DUPLICATE_STEP 5:9 [a] another step is called `a` as well (taken already)");
    assert_snapshot!(check_steps("- { id: a }"), @"error REQUIRED 4:5 [id] a step does something: expected one of `call`, `compute`, `wait` and `await` (something is missing)");
    assert_snapshot!(check_steps("- { id: a, call: test.Tests.Other }"), @"error INVALID_METHOD 4:18 [test.Tests.Other] `test.Tests.Other` is not a method: expected a service, `/` and a method (not a method); help: write `test.Tests/Other`");
    assert_snapshot!(check_steps("- { id: a, call: /test.Tests/Other }"), @"error INVALID_METHOD 4:18 [/test.Tests/Other] `/test.Tests/Other` is not a method: it begins with `/` (not a method); help: write `test.Tests/Other`");
    assert_snapshot!(check_steps("- { id: a, call: test.Tests/Othr }"), @"error UNKNOWN_METHOD 4:29 [Othr] `test.Tests` has no method `Othr` (unknown method); help: a method with a similar name exists: `Other`");
    assert_snapshot!(check_steps("- { id: a, call: test.Tests/Nonsense }"), @"error UNKNOWN_METHOD 4:29 [Nonsense] `test.Tests` has no method `Nonsense` (unknown method); help: its methods are `Run`, `Other` and `Watch`");
    assert_snapshot!(check_steps("- { id: a, call: tests.Tests/Other }"), @"error UNKNOWN_SERVICE 4:18 [tests.Tests] there is no service `tests.Tests` (unknown service); help: write `test.Tests`");
    assert_snapshot!(check_steps("- { id: a, call: shop.payments.v1.PaymentService/ChargeCard }"), @"error UNKNOWN_SERVICE 4:18 [shop.payments.v1.PaymentService] there is no service `shop.payments.v1.PaymentService` (unknown service); help: write `shop.payment.v1.PaymentService`");
    assert_snapshot!(check_steps("- { id: a, call: test.Tests/Watch }"), @"error STREAMING_METHOD 4:29 [Watch] `test.Tests/Watch` is a streaming method, only unary methods can be called (streaming)");
}

#[test]
fn ranges() {
    assert_snapshot!(check_step("timeout: 0s"), @"error OUT_OF_RANGE 6:12 [0s] `timeout` is from `0.001s` to `3600s`, this is `0s` (out of range)");
    assert_snapshot!(check_step("timeout: 7200s"), @"error OUT_OF_RANGE 6:12 [7200s] `timeout` is from `0.001s` to `3600s`, this is `7200s` (out of range)");
    assert_snapshot!(check_step("timeout: -1s"), @"error OUT_OF_RANGE 6:12 [-1s] `timeout` is from `0.001s` to `3600s`, this is negative (out of range)");
    assert_snapshot!(check_step("retry: { max_attempts: 2000 }"), @"error OUT_OF_RANGE 6:26 [2000] `max_attempts` is at most 1000, this is 2000 (out of range)");
    assert_snapshot!(check_step("retry: { initial_backoff: 5s, max_backoff: 1s }"), @"error OUT_OF_RANGE 6:46 [1s] `max_backoff` is 1s, less than `initial_backoff`, which is 5s (out of range)");
    assert_snapshot!(check_step("retry: { backoff_multiplier: 0.5 }"), @"error OUT_OF_RANGE 6:32 [0.5] `backoff_multiplier` is from 1 to 100, this is 0.5 (out of range)");
    assert_snapshot!(check_step("retry: { retryable_codes: [unavailable, OK, NOPE] }"), @r"
        error UNKNOWN_CODE 6:30 [unavailable] there is no status code `unavailable` (unknown code); help: a code with a similar name exists: `UNAVAILABLE`
        error UNKNOWN_CODE 6:43 [OK] `OK` is no failure to retry (not a failure)
        error UNKNOWN_CODE 6:47 [NOPE] there is no status code `NOPE` (unknown code)
        ");
}

#[test]
fn the_graph() {
    assert_snapshot!(check_step("after: [b]"), @"error UNKNOWN_STEP 6:11 [b] there is no step `b` (unknown step)");
    assert_snapshot!(check_step("after: [a]"), @"error SELF_REFERENCE 6:11 [a] step `a` cannot come after itself (this very step)");
    assert_snapshot!(check_step("request: { text: a.text }"), @"error SELF_REFERENCE 6:20 [a] step `a` refers to its own response (this very step)");
    assert_snapshot!(check_steps(
        "- { id: a, call: test.Tests/Other, request: { text: b.text } }\n\
         - { id: b, call: test.Tests/Other, after: [c, c] }\n\
         - { id: c, call: test.Tests/Other, when: a.number > 0 }"
    ), @r"
        error CYCLE 4:53 [b] steps wait for each other in a circle: `a -> b -> c -> a` (`a` waits for `b` here); help: `a -> b` means that `a` refers to `b`, or is `after` it: one of them must not
        error DUPLICATE_STEP 5:47 [c] `c` is given twice in `after` (given before)
        ");
    assert_snapshot!(check_steps(
        "- id: a\n  call: test.Tests/Other\n  compensate: { call: test.Tests/Other, request: { text: a.text } }\n\
         - id: b\n  call: test.Tests/Other\n  compensate: { call: test.Tests/Other, request: { text: a.text } }\n\
         - id: c\n  call: test.Tests/Other\n  after: [a]\n  compensate: { call: test.Tests/Other, request: { text: a.text, number: b.number } }"
    ), @r"
        error COMPENSATION_NEEDS_RESPONSE 6:58 [a] the compensation of `a` uses the response of `a`, which is not known if the call was lost (may not be known); help: use what the step's request was computed from, such as `input`; its `idempotency-key` names the call as well
        error COMPENSATION_NEEDS_RESPONSE 9:58 [a] the compensation of `b` uses the response of `a`, which `b` does not depend on (may not be known); help: only `input` and `execution` are known by then
        error COMPENSATION_NEEDS_RESPONSE 13:74 [b] the compensation of `c` uses the response of `b`, which `c` does not depend on (may not be known); help: only `input`, `execution` and `a` are known by then
        ");
    assert_snapshot!(check(
        "name: test\nimplements: test.Tests/Run\nsteps:\n\
         - { id: a, call: test.Tests/Other, when: input.a_bool }\n\
         - { id: b, call: test.Tests/Other, request: { text: a.text } }\n\
         output: { a_string: a.text, an_int64: b.number, texts: a.texts }"
    ), @r"
        warning MAY_BE_SKIPPED 6:21 [a] `a` may be skipped (it has a `when`); then this reads as empty (may be empty)
        warning MAY_BE_SKIPPED 6:39 [b] `b` may be skipped (it needs `a`, which has a `when`); then this reads as empty (may be empty)
        ");
    assert_snapshot!(check_steps("- { id: a, call: test.Tests/Run, request: {} }"), @"warning CALLS_ITSELF 4:18 [test.Tests/Run] this is the method that the workflow implements: every execution starts another (calls itself)");
}

#[test]
fn fields() {
    assert_snapshot!(check_output("a_strin: input.a_string"), @"error UNKNOWN_FIELD 6:3 [a_strin] `Everything` has no field `a_strin` (unknown field); help: a field with a similar name exists: `a_string` (string)");
    assert_snapshot!(check_output("a_string: input.a_strin"), @"error UNKNOWN_FIELD 6:19 [a_strin] `Everything` has no field `a_strin` (unknown field); help: a field with a similar name exists: `a_string` (string)");
    assert_snapshot!(check_output("a_string: input.inner.txt"), @"error UNKNOWN_FIELD 6:25 [txt] `Inner` has no field `txt` (unknown field); help: a field with a similar name exists: `text` (string)");
    assert_snapshot!(check_output("a_string: input.aString"), @"error UNKNOWN_FIELD 6:19 [aString] `Everything` has no field `aString` (unknown field); help: a field with a similar name exists: `a_string` (string)");
    assert_snapshot!(check_output("a_string: inptu.a_string"), @"error UNKNOWN_NAME 6:13 [inptu] `inptu` is not a step, nor `input` or `execution` (unknown name); help: did you mean `input`?");
    assert_snapshot!(check_output("a_string: EUR"), @r#"error UNKNOWN_NAME 6:13 [EUR] `EUR` is not a step, nor `input` or `execution` (unknown name); help: a text is written in quotes within quotes: "'EUR'""#);
    assert_snapshot!(check_output("a_string: execution.ids"), @"error UNKNOWN_FIELD 6:23 [ids] `execution` has no field `ids` (unknown field); help: a field with a similar name exists: `id`");
    assert_snapshot!(check_output("inner: { text: other.text, number: input.numbr }"), @"error UNKNOWN_FIELD 6:44 [numbr] `Everything` has no field `numbr` (unknown field)");
    assert_snapshot!(check_output("left: input.a_string\nright: 5"), @"error SEVERAL_OF_ONEOF 7:3 [right] only one field of the oneof `test.Everything.choice` can be set, this is the second (besides `left`); help: leave out `left` or `right`");
    assert_snapshot!(check_output("a_string: input.texts.size"), @"error UNKNOWN_FIELD 6:25 [size] a list, each element a string has no fields, so no `size` (unknown field); help: call it: `.size()`");
}

#[test]
fn types_of_fields() {
    assert_snapshot!(check_output("a_string: input.an_int64"), @"error TYPE_MISMATCH 6:13 [input.an_int64] `Everything.a_string` is a string, this is an int (another type); help: convert it: `string(...)`");
    assert_snapshot!(check_output("an_int32: input.an_int64 * 2"), @"");
    assert_snapshot!(check_output("an_int64: input.a_double"), @"error TYPE_MISMATCH 6:13 [input.a_double] `Everything.an_int64` is an int64, this is a double (another type); help: convert it: `int(...)`");
    assert_snapshot!(check_output("a_uint64: '1'"), @"error TYPE_MISMATCH 6:14 [1] `Everything.a_uint64` is a uint64, this is an int (another type); help: convert it: `uint(...)`; 1 is an int, 1u a uint");
    assert_snapshot!(check_output("a_double: input.an_int32"), @"error TYPE_MISMATCH 6:13 [input.an_int32] `Everything.a_double` is a double, this is an int (another type); help: convert it: `double(...)`; 1 is an int, 1.0 a double");
    assert_snapshot!(check_output("inner: input.a_string"), @"error TYPE_MISMATCH 6:10 [input.a_string] `Everything.inner` is a test.Inner, this is a string (another type)");
    assert_snapshot!(check_output("inner: input"), @"error TYPE_MISMATCH 6:10 [input] `Everything.inner` is a test.Inner, this is a test.Everything (another type)");
    assert_snapshot!(check_output("texts: input.numbers"), @"error TYPE_MISMATCH 6:10 [input.numbers] `Everything.texts` is a repeated string, this is a list, each element an int (another type)");
    assert_snapshot!(check_output("texts: input.a_string"), @"error TYPE_MISMATCH 6:10 [input.a_string] `Everything.texts` is a repeated string, this is a string (another type)");
    assert_snapshot!(check_output("a_string: input.texts"), @"error TYPE_MISMATCH 6:13 [input.texts] `Everything.a_string` is a string, this is a list, each element a string (another type)");
    assert_snapshot!(check_output("some_bytes: \"'abc'\""), @"error TYPE_MISMATCH 6:16 ['abc'] `Everything.some_bytes` is bytes, this is a string (another type); help: convert it: `bytes(...)`, or write b'...'");
    assert_snapshot!(check_output("color: \"'GREEN'\""), @"error UNKNOWN_ENUM_VALUE 6:11 ['GREEN'] `test.Color` has no value `GREEN` (unknown value); help: its values are `COLOR_UNSPECIFIED`, `RED` and `BLUE`");
    assert_snapshot!(check_output("color: input.a_string"), @r#"error TYPE_MISMATCH 6:10 [input.a_string] `Everything.color` is a test.Color, this is a string (another type); help: a value of an enum is named by a text, as in "'NAME'", is an int, or made of either: `test.Color(...)`"#);
    assert_snapshot!(check_output("time: \"'2026-01-01T00:00:00Z'\""), @"error TYPE_MISMATCH 6:10 ['2026-01-01T00:00:00Z'] `Everything.time` is a google.protobuf.Timestamp, this is a string (another type); help: convert it: `timestamp(...)`");
    assert_snapshot!(check_output("counts: { a: input.a_string }"), @"error TYPE_MISMATCH 6:16 [input.a_string] `Everything.counts[]` is an int64, this is a string (another type); help: convert it: `int(...)`, `uint(...)` or `double(...)`");
    assert_snapshot!(check_output("by_number: { a: { text: \"''\" } }"), @"error TYPE_MISMATCH 6:16 [a] the keys of `Everything.by_number` are of type int32, this is not (not a key)");
    assert_snapshot!(check_output("any_json: input.some_bytes"), @"error TYPE_MISMATCH 6:13 [input.some_bytes] `Everything.any_json` is a google.protobuf.Value, this is bytes (another type)");
}

#[test]
fn literals() {
    assert_snapshot!(check_output("an_int32: 3000000000"), @"error OUT_OF_RANGE 6:13 [3000000000] 3000000000 is out of the range of `test.Everything.an_int32`, an int32 (out of range)");
    assert_snapshot!(check_output("an_int32: 1.5"), @"error OUT_OF_RANGE 6:13 [1.5] `Everything.an_int32` is of type int32, it cannot be 1.5 (not a whole number)");
    assert_snapshot!(check_output("a_uint32: -1"), @"error OUT_OF_RANGE 6:13 [-1] `Everything.a_uint32` is of type uint32, it cannot be -1 (out of range)");
    assert_snapshot!(check_output("a_string: 5"), @"error TYPE_MISMATCH 6:13 [5] `Everything.a_string` is a string, this is a number (another type)");
    assert_snapshot!(check_output("inner: 5"), @"error TYPE_MISMATCH 6:10 [5] `Everything.inner` is a test.Inner, this is a number (another type)");
    assert_snapshot!(check_output("texts: { a: 1 }"), @"error TYPE_MISMATCH 6:12 [a] `Everything.texts` is a repeated string, this is an object (another type)");
    assert_snapshot!(check_output("an_int32: [1]"), @"error TYPE_MISMATCH 6:13 [[1]] `Everything.an_int32` is an int32, this is a list (another type)");
    assert_snapshot!(check_output("a_string: null"), @"error TYPE_MISMATCH 6:13 [null] `Everything.a_string` cannot be set to null (null); help: leave the field out");
    assert_snapshot!(check_output("a_bool: 1"), @"error TYPE_MISMATCH 6:11 [1] `Everything.a_bool` is a bool, this is a number (another type)");
    assert_snapshot!(check_output("an_int32: '3000000000'"), @"error NO_VALUE 6:14 [3000000000] the expression has no value: 3000000000 is out of the range of `test.Everything.an_int32`, an int32 (has no value)");
    assert_snapshot!(check_output("an_int64: 1 / 0"), @"error NO_VALUE 6:13 [1 / 0] the expression has no value: division by zero (has no value)");
}

#[test]
fn expressions() {
    assert_snapshot!(check_output("an_int64: input.an_int64 +"), @"error EXPRESSION_SYNTAX 6:28 [+] the expression ends too soon (something is missing)");
    assert_snapshot!(check_output("an_int64: input.an_int64 +* 2"), @"error EXPRESSION_SYNTAX 6:29 [*] `*` is not expected here (unexpected)");
    assert_snapshot!(check_output("a_bool: input.an_int64 = 2"), @"error EXPRESSION_SYNTAX 6:26 [=] `=` is not expected here (unexpected); help: equality is written `==`");
    assert_snapshot!(check_output("a_bool: input.a_bool and input.a_bool"), @"error EXPRESSION_SYNTAX 6:24 [and] `and` is not expected here (unexpected); help: logic is written `&&`, `||` and `!`");
    assert_snapshot!(check_output("a_string: \"'abc\""), @"error EXPRESSION_SYNTAX 6:14 ['abc] a text is not closed (begins here)");
    assert_snapshot!(check_output("a_string: ''"), @r#"error EXPRESSION_SYNTAX 6:14 ['] an expression is empty; help: a text that is empty is written in quotes within quotes: "''""#);
    assert_snapshot!(check_output("an_int64: '99999999999999999999'"), @"error EXPRESSION_SYNTAX 6:14 [99999999999999999999] `99999999999999999999` is not a valid int (out of range)");
    assert_snapshot!(check_output("an_int64: input.an_int64 + input.a_double"), @"error TYPE_MISMATCH 6:28 [+] `+` does not work between an int and a double (no such operation); help: convert one side: `double(...)` or `int(...)`; 1 is an int, 1.0 a double");
    assert_snapshot!(check_output("a_string: input.a_string + input.an_int32"), @"error TYPE_MISMATCH 6:28 [+] `+` does not work between a string and an int (no such operation); help: convert one side: `string(...)`");
    assert_snapshot!(check_output("a_bool: input.a_string == 5"), @"error TYPE_MISMATCH 6:26 [==] a string never equals an int (no such operation); help: convert one side: `string(...)`");
    assert_snapshot!(check_output("a_bool: input.inner < input.inner"), @"error TYPE_MISMATCH 6:23 [<] a test.Inner and a test.Inner have no order (no such operation)");
    assert_snapshot!(check_output("a_bool: input.a_bool && input.a_string"), @"error TYPE_MISMATCH 6:27 [input.a_string] `&&` takes bools, this is a string (not a bool)");
    assert_snapshot!(check_output("a_string: \"input.a_bool ? input.a_string : 5\""), @"error TYPE_MISMATCH 6:46 [5] both sides of `:` are of one type, but one is a string, this is an int (another type)");
    assert_snapshot!(check_output("a_string: input.numbers['a']"), @"error TYPE_MISMATCH 6:27 ['a'] the index of a list is an int, this is a string (not an int)");
    assert_snapshot!(check_output("a_bool: input.a_string in input.numbers"), @"error TYPE_MISMATCH 6:26 [in] a string is never in this: there, each is an int (no such operation)");
    assert_snapshot!(check_output("an_int64: siz(input.texts)"), @"error UNKNOWN_FUNCTION 6:13 [siz] there is no function `siz` (unknown function); help: a function with a similar name exists: `size`");
    assert_snapshot!(check_output("an_int64: size(input.an_int64)"), @"error TYPE_MISMATCH 6:18 [input.an_int64] `size` takes a string, bytes, a list or a map, this is an int (another type)");
    assert_snapshot!(check_output("an_int64: size(input.texts, 1)"), @"error WRONG_CALL 6:13 [size] `size` takes 1 argument, this is 2 (another number)");
    assert_snapshot!(check_output("a_bool: contains(input.a_string, 'a')"), @"error WRONG_CALL 6:11 [contains] `contains` is called as `x.contains()` (called otherwise)");
    assert_snapshot!(check_output("a_bool: input.a_string.matches('(')"), @"error INVALID_PATTERN 6:34 ['('] `(` is not a regular expression: unclosed group (not a pattern)");
    assert_snapshot!(check_output("a_bool: input.inners.all(x, x.txt == '')"), @"error UNKNOWN_FIELD 6:33 [txt] `Inner` has no field `txt` (unknown field); help: a field with a similar name exists: `text` (string)");
    assert_snapshot!(check_output("a_bool: input.inners.all(x, x.text)"), @"error TYPE_MISMATCH 6:31 [x.text] the condition of `all` is a bool, this is a string (not a bool)");
    assert_snapshot!(check_output("a_bool: has(input)"), @"error WRONG_CALL 6:11 [has] `has` takes a field, as in `has(input.address)` (called otherwise)");
    assert_snapshot!(check_output("inner: \"test.Inner{text: 5, numbr: 1}\""), @r"
        error TYPE_MISMATCH 6:28 [5] `Inner.text` is a string, this is an int (another type); help: convert it: `string(...)`
        error UNKNOWN_FIELD 6:31 [numbr] `Inner` has no field `numbr` (unknown field); help: a field with a similar name exists: `number` (int64)
        ");
    assert_snapshot!(check_output("inner: \"Inner{text: 'a'}\""), @"error UNKNOWN_TYPE 6:11 [Inner] there is no message type `Inner` (unknown type); help: write `test.Inner`");
    assert_snapshot!(check_output("color: test.Color.GREN"), @"error UNKNOWN_ENUM_VALUE 6:21 [GREN] `test.Color` has no value `GREN` (unknown value); help: its values are `COLOR_UNSPECIFIED`, `RED` and `BLUE`");
    assert_snapshot!(check_output(&format!("an_int64: {}1{}", "(".repeat(40), ")".repeat(40))), @"error LIMIT_EXCEEDED 6:45 [(] the expression is nested deeper than the allowed 32 brackets");
    assert_snapshot!(check_output(&format!("an_int64: 1{}", " + 1".repeat(200))), @"error LIMIT_EXCEEDED 6:13 [1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1] the expression has a chain of more than the allowed 128 operators");
}

#[test]
fn places_in_long_texts() {
    assert_snapshot!(rendered(&computing("a_string: >-\n  input.a_string +\n    input.totel")), @r"
        error: `Everything` has no field `totel`
         --> test.yaml:8:13
          |
        8 |       input.totel
          |             ^^^^^ unknown field

        1 error
        ");
    assert_snapshot!(rendered(&computing("a_string: |\n  'é' + input.a_string\n    + input.totel")), @r"
        error: `Everything` has no field `totel`
         --> test.yaml:8:15
          |
        8 |       + input.totel
          |               ^^^^^ unknown field

        1 error
        ");
    assert_snapshot!(rendered(&computing("a_string: \"'\\\"' + input.totel\"")), @r#"
        error: `Everything` has no field `totel`
         --> test.yaml:6:27
          |
        6 |   a_string: "'\"' + input.totel"
          |                           ^^^^^ unknown field

        1 error
        "#);
    assert_snapshot!(rendered(&computing("a_string: '''é'' + input.totel'")), @r"
        error: `Everything` has no field `totel`
         --> test.yaml:6:28
          |
        6 |   a_string: '''é'' + input.totel'
          |                            ^^^^^ unknown field

        1 error
        ");
}

#[test]
fn several_mistakes_are_reported_in_one_run_and_in_order() {
    assert_snapshot!(rendered(
        "name: Test\nimplements: test.Tests/Rum\nsteps:\n- id: a\n  call: test.Tests/Othr\n  timeout: 2 s\n\
         - id: b\n  call: test.Tests/Other\n  request: { text: a.whatever, number: input.whatever }\n  colour: 1\n\
         output: { x: inptu.y }"
    ), @r"
        error: `Test` cannot name a workflow: it holds `T`, expected lower-case letters, digits and `-`, beginning with a letter, at most 64 bytes
         --> test.yaml:1:7
          |
        1 | name: Test
          |       ^^^^ not a name
          |
          = help: write `test`

        error: `test.Tests` has no method `Rum`
         --> test.yaml:2:24
          |
        2 | implements: test.Tests/Rum
          |                        ^^^ unknown method
          |
          = help: a method with a similar name exists: `Run`

        error: `test.Tests` has no method `Othr`
         --> test.yaml:5:20
          |
        5 |   call: test.Tests/Othr
          |                    ^^^^ unknown method
          |
          = help: a method with a similar name exists: `Other`

        error: `2 s` is not a duration: expected seconds such as `2s` or `0.25s`
         --> test.yaml:6:12
          |
        6 |   timeout: 2 s
          |            ^^^ not a duration
          |
          = help: write `2s`

        error: a step has no key `colour`
          --> test.yaml:10:3
           |
        10 |   colour: 1
           |   ^^^^^^ unknown key
           |
           = help: its keys are `id`, `call`, `request`, `after`, `when`, `timeout`, `retry`, `compensate`, `for_each`, `compute`, `wait`, `await`, `metadata` and `delivery`

        error: `inptu` is not a step, nor `input` or `execution`
          --> test.yaml:11:14
           |
        11 | output: { x: inptu.y }
           |              ^^^^^ unknown name
           |
           = help: did you mean `input`?

        6 errors
        ");
}
