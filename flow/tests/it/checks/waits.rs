//! Waits, for a time and for events, and events that start executions.

use insta::assert_snapshot;

use super::check_steps;
use crate::support::check;

fn check_wait(wait: &str) -> String {
    check_steps(&format!("- {{ id: a, wait: {{ {wait} }} }}"))
}

fn check_await(wait: &str) -> String {
    check_steps(&format!("- {{ id: a, await: {{ {wait} }} }}"))
}

fn check_start(start: &str) -> String {
    check(&format!(
        "name: test\nimplements: test.Tests/Run\nstart: {{ {start} }}\n\
         steps: [{{ id: a, call: test.Tests/Other }}]"
    ))
}

#[test]
fn how_long_and_until_when() {
    assert_snapshot!(check_wait(""), @"error REQUIRED 4:18 [{  } ] a wait needs one of `duration` and `until` (something is missing)");
    assert_snapshot!(check_wait("duration: 1h, until: input.time"), @"error SEVERAL_KINDS 4:34 [until] a wait has either `duration` or `until`, this has both (one too many)");
    assert_snapshot!(check_wait("duration: 1 hour"), @"error INVALID_DURATION 4:30 [1 hour] `1 hour` is not a duration: expected one such as `1h30m`, `45s`, `250ms` or `7d`, or an expression (not a duration)");
    assert_snapshot!(check_wait("duration: -5s"), @"error INVALID_DURATION 4:30 [-5s] `-5s` is not a duration: expected one such as `1h30m`, `45s`, `250ms` or `7d`, or an expression (not a duration)");
    assert_snapshot!(check_wait("duration: input.an_int64"), @"error TYPE_MISMATCH 4:30 [input.an_int64] `duration` is a duration, this is an int (not a duration)");
    assert_snapshot!(check_wait("duration: \"'90s'\""), @"error TYPE_MISMATCH 4:31 ['90s'] `duration` is a duration, this is a string (not a duration); help: convert it: `duration(...)`");
    assert_snapshot!(check_wait("until: '2026-12-24T18:00:00Z'"), @r#"error EXPRESSION_SYNTAX 4:27 ['2026-12-24T18:00:00Z' ] `2026-12-24T18:00:00Z` is not an expression (not an expression); help: write it as one: "timestamp('2026-12-24T18:00:00Z')""#);
    assert_snapshot!(check_wait("until: input.a_string"), @"error TYPE_MISMATCH 4:27 [input.a_string] `until` is a timestamp, this is a string (not a timestamp); help: convert it: `timestamp(...)`");
    assert_snapshot!(check_wait("until: input.duration"), @"error TYPE_MISMATCH 4:27 [input.duration] `until` is a timestamp, this is a duration (not a timestamp)");
    assert_snapshot!(check_wait("until: a.time"), @"error NO_RESPONSE 4:27 [a] `a` is a wait, which has no response to refer to (has no response); help: to begin after it, write `after: [a]`");
}

#[test]
fn a_wait_has_no_response() {
    assert_snapshot!(check_steps("- { id: pause, wait: { duration: 1s } }\n- { id: b, call: test.Tests/Other, request: { text: pause.text } }"), @"error NO_RESPONSE 5:53 [pause] `pause` is a wait, which has no response to refer to (has no response); help: to begin after it, write `after: [pause]`");
    assert_snapshot!(check_steps("- { id: pause, wait: { duration: 1s } }\n- { id: b, call: test.Tests/Other, when: pause }"), @"error NO_RESPONSE 5:42 [pause] `pause` is a wait, which has no response to refer to (has no response); help: to begin after it, write `after: [pause]`");
}

#[test]
fn which_event() {
    assert_snapshot!(check_await(""), @r"
        error REQUIRED 4:19 [{  } ] `type` is missing: expected the full name of a message, such as `shop.order.v1.OrderPaid` (something is missing)
        error REQUIRED 4:19 [{  } ] `feed` is missing: expected the name of a feed (something is missing)
        ");
    assert_snapshot!(check_await("feed: Shop Events, type: test.Inner"), @"error INVALID_NAME 4:27 [Shop Events] `Shop Events` cannot name a feed: it holds `S`, expected lower-case letters, digits, `-`, `_` and `.`, at most 64 bytes (not a name)");
    assert_snapshot!(check_await("feed: shop, type: test.Iner"), @"error UNKNOWN_TYPE 4:39 [test.Iner] there is no message type `test.Iner` (unknown type); help: a message type with a similar name exists: `test.Inner`");
    assert_snapshot!(check_await("feed: shop, type: shop.orders.v1.PlaceOrderRequest"), @"error UNKNOWN_TYPE 4:39 [shop.orders.v1.PlaceOrderRequest] there is no message type `shop.orders.v1.PlaceOrderRequest` (unknown type); help: write `shop.order.v1.PlaceOrderRequest`");
    assert_snapshot!(check_await("feed: shop, type: test.Inner, subject: input.an_int64"), @"error TYPE_MISMATCH 4:60 [input.an_int64] `subject` is a string, this is an int (not a string); help: convert it: `string(...)`");
    assert_snapshot!(check_await("feed: shop, type: test.Inner, match: data.number"), @"error TYPE_MISMATCH 4:58 [data.number] `match` is a bool, this is an int (not a bool)");
    assert_snapshot!(check_await("feed: shop, type: test.Inner, match: 'data.nmber > 1 && event.subjct != \"\"'"), @r"
        error UNKNOWN_FIELD 4:64 [nmber] `Inner` has no field `nmber` (unknown field); help: a field with a similar name exists: `number` (int64)
        error UNKNOWN_FIELD 4:83 [subjct] `Event` has no field `subjct` (unknown field); help: a field with a similar name exists: `subject` (string)
        ");
    assert_snapshot!(check_await("feed: shop, type: test.Inner, subject: event.subject"), @"error UNKNOWN_NAME 4:60 [event] `event` is not a step, nor `input` or `execution` (unknown name); help: an awaited event is looked at in `match` alone; its data is what the step's id stands for");
    assert_snapshot!(check_await("feed: shop, type: test.Inner, match: a.number > 1"), @"error SELF_REFERENCE 4:58 [a] step `a` refers to its own response (this very step)");
    assert_snapshot!(check_await("feed: shop, type: test.Inner, timeout: 0s"), @"error OUT_OF_RANGE 4:60 [0s] `timeout` is at least `0.001s`, this is `0s` (out of range)");
    assert_snapshot!(check_steps("- { id: data, call: test.Tests/Other }\n- { id: b, await: { feed: shop, type: test.Inner } }"), @"error NAME_TAKEN 4:9 [data] `data` cannot be the id of a step where another awaits an event: in its `match` that is called so (taken already)");
    assert_snapshot!(check_steps("- { id: b, await: { feed: shop, type: test.Inner } }\n- { id: c, call: test.Tests/Other, request: { text: b.txt, number: data.number } }"), @r"
        error UNKNOWN_FIELD 5:55 [txt] `Inner` has no field `txt` (unknown field); help: a field with a similar name exists: `text` (string)
        error UNKNOWN_NAME 5:68 [data] `data` is not a step, nor `input` or `execution` (unknown name); help: an awaited event is looked at in `match` alone; its data is what the step's id stands for
        ");
}

#[test]
fn what_starts_executions() {
    assert_snapshot!(check_start(""), @r"
        error REQUIRED 3:8 [{  }] `type` is missing: expected the full name of a message, such as `shop.order.v1.OrderPaid` (something is missing)
        error REQUIRED 3:8 [{  }] `feed` is missing: expected the name of a feed (something is missing)
        ");
    assert_snapshot!(check_start("feed: shop, type: test.Inner, match: input.a_bool, input: { a_string: a.text }"), @r"
        error UNKNOWN_NAME 3:47 [input] `input` is not `data` or `event` (unknown name)
        error UNKNOWN_NAME 3:80 [a] `a` is not `data` or `event` (unknown name)
        ");
    assert_snapshot!(check_start("feed: shop, type: test.Inner, input: { a_strin: data.text, an_int64: data.text, time: event.time }"), @r"
        error UNKNOWN_FIELD 3:49 [a_strin] `Everything` has no field `a_strin` (unknown field); help: a field with a similar name exists: `a_string` (string)
        error TYPE_MISMATCH 3:79 [data.text] `Everything.an_int64` is an int64, this is a string (another type); help: convert it: `int(...)`, `uint(...)` or `double(...)`
        ");
    assert_snapshot!(check_start("feed: shop, type: test.Nothing, input: { a_string: data.whatever }"), @"error UNKNOWN_TYPE 3:28 [test.Nothing] there is no message type `test.Nothing` (unknown type)");
    assert_snapshot!(check_start("feed: shop, type: test.Inner, match: execution.id != ''"), @"error UNKNOWN_NAME 3:47 [execution] `execution` is not `data` or `event` (unknown name)");
}
