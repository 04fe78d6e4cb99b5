//! Values that are computed, and constants.

use insta::assert_snapshot;

use super::check_steps;
use crate::support::check;

fn check_with(constants: &str, output: &str) -> String {
    check(&format!(
        "name: test\nimplements: test.Tests/Run\nconstants: {{ {constants} }}\n\
         steps: [{{ id: a, call: test.Tests/Other }}]\noutput: {{ {output} }}"
    ))
}

/// A step, these values, and an output.
fn check_values(values: &str, output: &str) -> String {
    check(&format!(
        "name: test\nimplements: test.Tests/Run\nsteps:\n- {{ id: a, call: test.Tests/Other }}\n\
         {values}\noutput: {{ {output} }}"
    ))
}

#[test]
fn values_are_checked_once_where_they_are_written() {
    assert_snapshot!(check_values("- { id: v, compute: a.txt }", "a_string: v, texts: '[v]'"), @"error UNKNOWN_FIELD 5:23 [txt] `Inner` has no field `txt` (unknown field); help: a field with a similar name exists: `text` (string)");
    assert_snapshot!(check_values("- { id: v, compute: \"a.number + 'x'\" }\n- { id: w, compute: v + 1 }", "an_int64: w"), @"error TYPE_MISMATCH 5:31 [+] `+` does not work between an int and a string (no such operation); help: convert one side: `string(...)`");
    assert_snapshot!(check_values("- { id: v, compute: '1 +' }", "an_int64: v"), @"error EXPRESSION_SYNTAX 5:24 [+] the expression ends too soon (something is missing)");
    assert_snapshot!(check_values("- { id: v, compute: a.text }", "an_int64: v"), @"error TYPE_MISMATCH 6:21 [v] `Everything.an_int64` is an int64, this is a string (another type); help: convert it: `int(...)`, `uint(...)` or `double(...)`");
    assert_snapshot!(check_values("- { id: v, compute: execution }", "a_string: v.id"), @"error TYPE_MISMATCH 5:21 [execution] `execution` is no value by itself (not a value); help: use one of its fields: `execution.id`");
}

#[test]
fn values_are_not_computed_from_themselves() {
    assert_snapshot!(check_values("- { id: v, compute: w + 1 }\n- { id: w, compute: 'x * 2' }\n- { id: x, compute: v - 1 }", "an_int64: v"), @"error CYCLE 7:21 [v] values are computed from each other in a circle: `v -> w -> x -> v` (computed from `v` here)");
    assert_snapshot!(check_values("- { id: v, compute: v + 1 }", "an_int64: v"), @"error CYCLE 5:21 [v] values are computed from each other in a circle: `v -> v` (computed from `v` here)");
    assert_snapshot!(check_steps("- { id: a, call: test.Tests/Other, request: { number: v } }\n- { id: v, compute: a.number }"), @"error SELF_REFERENCE 4:55 [v] step `a` refers to its own response (this very step)");
    assert_snapshot!(check_steps("- { id: a, call: test.Tests/Other, request: { number: v } }\n- { id: v, compute: b.number }\n- { id: b, call: test.Tests/Other, request: { text: a.text } }"), @"error CYCLE 4:55 [v] steps wait for each other in a circle: `a -> b -> a` (`a` waits for `b` here); help: `a -> b` means that `a` refers to `b`, or is `after` it: one of them must not");
}

#[test]
fn values_are_no_steps() {
    assert_snapshot!(check_values("- { id: v, compute: a.text }\n- { id: b, call: test.Tests/Other, after: [v] }", "a_string: v"), @"error UNKNOWN_STEP 6:44 [v] `v` is a value, which nothing can come after (not a step that runs); help: name the steps that it is computed from");
    assert_snapshot!(check_values("- { id: v, compute: a.text }", "a_string: a.text"), @"warning UNUSED_VALUE 5:9 [v] nothing uses `v`: it is never computed (not used)");
    assert_snapshot!(check_steps("- id: a\n  call: test.Tests/Other\n  compensate: { call: test.Tests/Other, request: { text: v } }\n- { id: v, compute: a.text }"), @"error COMPENSATION_NEEDS_RESPONSE 6:58 [v] the compensation of `a` uses the response of `a`, which is not known if the call was lost (may not be known); help: use what the step's request was computed from, such as `input`; its `idempotency-key` names the call as well");
    assert_snapshot!(check_values("- { id: data, call: test.Tests/Other }\n- { id: v, compute: data.number + 1 }\n- { id: b, await: { feed: f, type: test.Inner, match: v > 1 } }", "an_int64: v"), @"error NAME_TAKEN 5:9 [data] `data` cannot be the id of a step where another awaits an event: in its `match` that is called so (taken already)");
    let mut chain = "- { id: v0, compute: input.an_int64 + 1 }".to_owned();
    for n in 1..140 {
        chain += &format!("\n- {{ id: v{n}, compute: v{} + 1 }}", n - 1);
    }
    assert_snapshot!(check_values(&chain, "an_int64: v139"), @"error LIMIT_EXCEEDED 68:23 [v62 + 1] with the values that it uses, the expression has a chain of more than the allowed 128 operators");
}

#[test]
fn constants_are_known_by_name_and_type() {
    assert_snapshot!(check_with("limit: 3", "an_int64: constants.limt"), @"error UNKNOWN_CONSTANT 5:31 [limt] there is no constant `limt` (unknown constant); help: a constant with a similar name exists: `limit`");
    assert_snapshot!(check_with("limit: 3", "a_string: constants.limit"), @"error TYPE_MISMATCH 5:21 [constants.limit] `Everything.a_string` is a string, this is an int (another type); help: convert it: `string(...)`");
    assert_snapshot!(check_with("limit: 3.5", "an_int64: constants.limit"), @"error TYPE_MISMATCH 5:21 [constants.limit] `Everything.an_int64` is an int64, this is a double (another type); help: convert it: `int(...)`");
    assert_snapshot!(check_with("limit: 3", "an_int64: constants"), @"error INCOMPLETE_NAME 5:21 [constants] `constants` is used with the name of one (which one?); help: write `constants.limit`");
    assert_snapshot!(check_with("sizes: { s: 1 }", "a_string: constants.sizes.s"), @"error TYPE_MISMATCH 5:21 [constants.sizes.s] `Everything.a_string` is a string, this is an int (another type); help: convert it: `string(...)`");
    assert_snapshot!(check_with("limit: 5000000000", "an_int32: constants.limit"), @"error NO_VALUE 5:21 [constants.limit] the expression has no value: 5000000000 is out of the range of `test.Everything.an_int32`, an int32 (has no value)");
    assert_snapshot!(check_with("maxSize: 1, in: 2", "an_int64: constants.maxSize"), @r"
        error INVALID_NAME 3:14 [maxSize] `maxSize` cannot name a constant: it holds `S`, expected lower-case letters, digits and `_`, beginning with a letter, at most 64 bytes (not a name); help: write `max_size`
        error INVALID_NAME 3:26 [in] `in` cannot name a constant: expressions use it otherwise, expected lower-case letters, digits and `_`, beginning with a letter, at most 64 bytes (not a name)
        ");
    assert_snapshot!(check_with("big: 12345678901234567890", "an_int64: constants.big"), @"error OUT_OF_RANGE 3:19 [12345678901234567890] 12345678901234567890 is not exact in JSON as a number (not exact in JSON); help: let a step `compute` it");
    assert_snapshot!(check_values("", "an_int64: constants.limit"), @"error UNKNOWN_NAME 6:21 [constants] `constants` is not a step, nor `input` or `execution` (unknown name)");
    assert_snapshot!(check_steps("- { id: constants, call: test.Tests/Other }"), @"error RESERVED_WORD 4:9 [constants] `constants` cannot be the id of a step: expressions use it otherwise (reserved)");
}
