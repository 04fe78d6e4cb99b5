//! Steps over lists.

use insta::assert_snapshot;

use super::{check_step, check_steps};

#[test]
fn what_can_be_gone_over() {
    assert_snapshot!(check_step("for_each: { list: input.a_string }"), @"error TYPE_MISMATCH 6:21 [input.a_string] `list` is a list, this is a string (not a list)");
    assert_snapshot!(check_step("for_each: { list: input.counts }"), @"error TYPE_MISMATCH 6:21 [input.counts] `list` is a list, this is a map, each key a string and each value an int (not a list); help: the keys of a map are a list: `x.map(key, key)`");
    assert_snapshot!(check_step("for_each: { list: 'input.inners.map(x, x.texts.map(y, [y]))' }"), @"error INVALID_LIST 6:22 [input.inners.map(x, x.texts.map(y, [y]))] a step cannot go over this list: each element is a list, each element a list, each element a string (of such elements); help: make it one list: `x.flatten()`");
    assert_snapshot!(check_step("for_each: { list: '[optional.of(1)]' }"), @"error INVALID_LIST 6:22 [[optional.of(1)]] a step cannot go over this list: each element is an optional, its value an int (of such elements); help: keep those that have a value: `.filter(x, x.hasValue()).map(x, x.value())`");
    assert_snapshot!(check_step("for_each: { as: line }"), @"error REQUIRED 6:15 [as] `for_each` needs a `list` to go over (something is missing)");
    assert_snapshot!(check_step("for_each: { list: input.texts, max_concurrency: 5000 }"), @"error OUT_OF_RANGE 6:51 [5000] `max_concurrency` is at most 1000, this is 5000 (out of range)");
    assert_snapshot!(check_step("for_each: { list: 'input.inners.filtr(x, true)' }"), @r"
        error UNKNOWN_FUNCTION 6:35 [filtr] there is no function `filtr` (unknown function); help: a function with a similar name exists: `filter`
        error UNKNOWN_NAME 6:41 [x] `x` is not a step, nor `input` or `execution` (unknown name)
        ");
}

#[test]
fn what_elements_are_called() {
    assert_snapshot!(check_step("for_each: { list: input.texts, as: Line }"), @"error INVALID_NAME 6:38 [Line] `Line` cannot name an element: it holds `L`, expected lower-case letters, digits and `_`, beginning with a letter, at most 64 bytes (not a name); help: write `line`");
    assert_snapshot!(check_step("for_each: { list: input.texts, as: map }"), @"error RESERVED_WORD 6:38 [map] `map` cannot name an element: expressions use it otherwise (reserved)");
    assert_snapshot!(check_step("for_each: { list: input.texts, as: a }"), @"error NAME_TAKEN 6:38 [a] an element cannot be called `a`, which means something already (taken already); help: choose another name with `as`");
    assert_snapshot!(check_steps("- { id: item, call: test.Tests/Other }\n- { id: b, call: test.Tests/Other, for_each: { list: input.texts } }"), @"error NAME_TAKEN 5:36 [for_each] an element cannot be called `item`, which means something already (taken already); help: choose another name with `as`");
    assert_snapshot!(check_step("for_each: { list: input.texts, as: constants }"), @"error RESERVED_WORD 6:38 [constants] `constants` cannot name an element: expressions use it otherwise (reserved)");
}

#[test]
fn where_elements_are_known() {
    assert_snapshot!(check_step("for_each: { list: input.inners }\n  request: { text: item.txt, number: itm.number }"), @r"
        error UNKNOWN_FIELD 7:25 [txt] `Inner` has no field `txt` (unknown field); help: a field with a similar name exists: `text` (string)
        error UNKNOWN_NAME 7:38 [itm] `itm` is not a step, nor `input`, `execution` or `item` (unknown name); help: did you mean `item`?
        ");
    assert_snapshot!(check_step("for_each: { list: input.inners }\n  when: item.number > 0"), @"error UNKNOWN_NAME 7:9 [item] `item` is not a step, nor `input` or `execution` (unknown name); help: an element is known in `request`, `metadata` and `compensate` of the step with `for_each`");
    assert_snapshot!(check_steps("- { id: a, call: test.Tests/Other, for_each: { list: input.inners } }\n- { id: b, call: test.Tests/Other, request: { inner: item } }"), @"error UNKNOWN_NAME 5:54 [item] `item` is not a step, nor `input` or `execution` (unknown name); help: an element is known in `request`, `metadata` and `compensate` of the step with `for_each`");
    assert_snapshot!(check_steps("- { id: v, compute: item.text }\n- { id: a, call: test.Tests/Other, for_each: { list: input.inners }, request: { text: v } }"), @"error UNKNOWN_NAME 4:21 [item] `item` is not a step, nor `input` or `execution` (unknown name); help: an element is known in `request`, `metadata` and `compensate` of the step with `for_each`");
}

#[test]
fn what_responses_are() {
    assert_snapshot!(check_steps("- { id: a, call: test.Tests/Other, for_each: { list: input.inners } }\n- { id: b, call: test.Tests/Other, request: { text: a.text } }"), @"error UNKNOWN_FIELD 5:55 [text] a list, each element a test.Inner has no fields, so no `text` (unknown field); help: index it, as in `[0]`, or use `map`, `filter`");
    assert_snapshot!(check_steps("- { id: a, call: test.Tests/Other, for_each: { list: a } }"), @"error SELF_REFERENCE 4:54 [a] step `a` refers to its own response (this very step)");
    assert_snapshot!(check_step("for_each: { list: input.inners }\n  compensate: { call: test.Tests/Other, request: { text: 'item.text + a[0].text' } }"), @"error COMPENSATION_NEEDS_RESPONSE 7:71 [a] the compensation of `a` uses the response of `a`, which is not known if the call was lost (may not be known); help: use what the step's request was computed from, such as `input`; its `idempotency-key` names the call as well");
    assert_snapshot!(check_steps("- { id: a, call: test.Tests/Othr, for_each: { list: input.texts } }\n- { id: b, call: test.Tests/Other, request: { texts: 'a.map(x, x.text)', number: item } }"), @r"
        error UNKNOWN_METHOD 4:29 [Othr] `test.Tests` has no method `Othr` (unknown method); help: a method with a similar name exists: `Other`
        error UNKNOWN_NAME 5:82 [item] `item` is not a step, nor `input` or `execution` (unknown name); help: an element is known in `request`, `metadata` and `compensate` of the step with `for_each`
        ");
}
