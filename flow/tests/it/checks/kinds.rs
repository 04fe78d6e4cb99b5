//! Steps that are several things or none, and keys that do not belong to what a step is.

use insta::assert_snapshot;

use super::{check_step, check_steps};
use crate::support::rendered;

#[test]
fn a_step_is_one_thing() {
    assert_snapshot!(check_steps("- { id: a }"), @"error REQUIRED 4:5 [id] a step does something: expected one of `call`, `compute`, `wait` and `await` (something is missing)");
    assert_snapshot!(check_steps("- { id: a, call: 5 }"), @r#"error WRONG_KIND 4:18 [5] `steps[0].call` takes text, this is a number (a number); help: put it in quotes: "5""#);
    assert_snapshot!(check_step("wait: { duration: 1s }"), @"error SEVERAL_KINDS 6:3 [wait] a step has exactly one of `call`, `compute`, `wait` and `await`, this has `call` and `wait` (one too many); help: make them steps of their own");
    assert_snapshot!(check_step("compute: \"1\"\n  await: { feed: x, type: test.Inner }"), @"error SEVERAL_KINDS 6:3 [compute] a step has exactly one of `call`, `compute`, `wait` and `await`, this has `call`, `compute` and `await` (one too many); help: make them steps of their own");
    assert_snapshot!(check_steps("- { id: total, compute: '1 + 1' }"), @r"
        error REQUIRED 4:3 [{ id: total, compute: '1 + 1' }] a workflow needs at least one step that is more than a value (something is missing)
        warning UNUSED_VALUE 4:9 [total] nothing uses `total`: it is never computed (not used)
        ");
}

#[test]
fn keys_belong_to_a_kind() {
    assert_snapshot!(check_steps("- id: a\n  wait: { duration: 1s }\n  request: { text: input.a_string }\n  timeout: 5s\n  compensate: { call: test.Tests/Other }"), @r"
        error NOT_WITH_KIND 6:3 [request] `request` does not belong to a step with `wait` (does not belong here); help: besides `wait`, such a step has `id`, `when` and `after`
        error NOT_WITH_KIND 7:3 [timeout] `timeout` does not belong to a step with `wait` (does not belong here); help: how long it takes is said by `wait` itself
        error NOT_WITH_KIND 8:3 [compensate] `compensate` does not belong to a step with `wait` (does not belong here); help: besides `wait`, such a step has `id`, `when` and `after`
        ");
    assert_snapshot!(check_steps("- id: a\n  await: { feed: x, type: test.Inner }\n  timeout: 5s\n  retry: { max_attempts: 2 }\n  for_each: { list: input.texts }"), @r"
        error NOT_WITH_KIND 6:3 [timeout] `timeout` does not belong to a step with `await` (does not belong here); help: write it inside: `await: { timeout: 3600s, ... }`
        error NOT_WITH_KIND 7:3 [retry] `retry` does not belong to a step with `await` (does not belong here); help: besides `await`, such a step has `id`, `when` and `after`
        error NOT_WITH_KIND 8:3 [for_each] `for_each` does not belong to a step with `await` (does not belong here); help: besides `await`, such a step has `id`, `when` and `after`
        ");
    assert_snapshot!(check_steps("- { id: b, call: test.Tests/Other }\n- id: a\n  compute: input.a_string\n  when: input.a_bool\n  after: [b]\n  delivery: at_most_once\n  metadata: { x: input.a_string }"), @r"
        warning UNUSED_VALUE 5:7 [a] nothing uses `a`: it is never computed (not used)
        error NOT_WITH_KIND 7:3 [when] `when` does not belong to a step with `compute` (does not belong here); help: a value is computed only where it is used: `condition ? this : that`
        error NOT_WITH_KIND 8:3 [after] `after` does not belong to a step with `compute` (does not belong here); help: besides `compute`, such a step has `id`
        error NOT_WITH_KIND 9:3 [delivery] `delivery` does not belong to a step with `compute` (does not belong here); help: besides `compute`, such a step has `id`
        error NOT_WITH_KIND 10:3 [metadata] `metadata` does not belong to a step with `compute` (does not belong here); help: besides `compute`, such a step has `id`
        ");
}

#[test]
fn keys_within_have_names() {
    assert_snapshot!(check_step("for_each: { lst: input.texts }"), @r"
        error UNKNOWN_KEY 6:15 [lst] `for_each` has no key `lst` (unknown key); help: a key with a similar name exists: `list`
        error REQUIRED 6:15 [lst] `for_each` needs a `list` to go over (something is missing)
        ");
    assert_snapshot!(check_steps("- { id: a, wait: { for: 1h } }"), @r"
        error UNKNOWN_KEY 4:20 [for] a wait has no key `for` (unknown key); help: its keys are `duration` and `until`
        error REQUIRED 4:20 [for] a wait needs one of `duration` and `until` (something is missing)
        ");
    assert_snapshot!(check_steps("- { id: a, await: { feed: x, typ: test.Inner } }"), @r"
        error REQUIRED 4:21 [feed] `type` is missing: expected the full name of a message, such as `shop.order.v1.OrderPaid` (something is missing)
        error UNKNOWN_KEY 4:30 [typ] `await` has no key `typ` (unknown key); help: a key with a similar name exists: `type`
        ");
    assert_snapshot!(check_step("delivery: exactly_once"), @"error UNKNOWN_ENUM_VALUE 6:13 [exactly_once] `steps[0].delivery` takes `at_least_once` or `at_most_once`, this is `exactly_once` (unknown value)");
    assert_snapshot!(check_step("for_each: input.texts"), @"error WRONG_KIND 6:13 [input.texts] `steps[0].for_each` takes an object, this is text (text)");
    assert_snapshot!(check_steps("- { id: a, wait: 1h }"), @"error WRONG_KIND 4:18 [1h] `steps[0].wait` takes an object, this is text (text)");
}

#[test]
fn mistakes_of_all_kinds_are_reported_in_one_run() {
    assert_snapshot!(rendered("name: test\nimplements: test.Tests/Run\nconstants: { limit: 3 }\nsteps:\n\
         - id: lines\n  call: test.Tests/Other\n  for_each: { list: input.a_string, as: line }\n  request: { text: line.sku }\n\
         - { id: total, compute: input.an_int64 + constants.limt }\n\
         - { id: cool_down, wait: { duration: 5 minutes } }\n\
         - { id: paid, await: { feed: Payments, type: test.Iner } }\n\
         output: { an_int64: totl, a_string: cool_down.text }"), @r"
        error: `list` is a list, this is a string
         --> test.yaml:7:21
          |
        7 |   for_each: { list: input.a_string, as: line }
          |                     ^^^^^^^^^^^^^^ not a list

        error: there is no constant `limt`
         --> test.yaml:9:52
          |
        9 | - { id: total, compute: input.an_int64 + constants.limt }
          |                                                    ^^^^ unknown constant
          |
          = help: a constant with a similar name exists: `limit`

        error: `5 minutes` is not a duration: expected one such as `1h30m`, `45s`, `250ms` or `7d`, or an expression
          --> test.yaml:10:38
           |
        10 | - { id: cool_down, wait: { duration: 5 minutes } }
           |                                      ^^^^^^^^^ not a duration

        error: `Payments` cannot name a feed: it holds `P`, expected lower-case letters, digits, `-`, `_` and `.`, at most 64 bytes
          --> test.yaml:11:30
           |
        11 | - { id: paid, await: { feed: Payments, type: test.Iner } }
           |                              ^^^^^^^^ not a name

        error: there is no message type `test.Iner`
          --> test.yaml:11:46
           |
        11 | - { id: paid, await: { feed: Payments, type: test.Iner } }
           |                                              ^^^^^^^^^ unknown type
           |
           = help: a message type with a similar name exists: `test.Inner`

        error: `totl` is not a step, nor `input`, `execution` or `constants`
          --> test.yaml:12:21
           |
        12 | output: { an_int64: totl, a_string: cool_down.text }
           |                     ^^^^ unknown name
           |
           = help: did you mean `total`?

        error: `cool_down` is a wait, which has no response to refer to
          --> test.yaml:12:37
           |
        12 | output: { an_int64: totl, a_string: cool_down.text }
           |                                     ^^^^^^^^^ has no response
           |
           = help: to begin after it, write `after: [cool_down]`

        7 errors
        ");
}
