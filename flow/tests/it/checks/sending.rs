//! What calls are sent with, and the defaults of a workflow.

use insta::assert_snapshot;

use super::check_step;
use crate::support::check;

fn check_defaults(defaults: &str, step: &str) -> String {
    check(&format!(
        "name: test\nimplements: test.Tests/Run\ndefaults: {{ {defaults} }}\n\
         steps:\n- id: a\n  call: test.Tests/Other\n  {step}"
    ))
}

#[test]
fn names_of_metadata() {
    assert_snapshot!(check_step("metadata: { X-Tenant: input.a_string }"), @"error INVALID_NAME 6:15 [X-Tenant] `X-Tenant` cannot name metadata: it holds `X`, expected lower-case letters, digits, `-`, `_` and `.` (not a name); help: write `x-tenant`");
    assert_snapshot!(check_step("metadata: { 'x tenant': input.a_string }"), @"error INVALID_NAME 6:15 ['x tenant'] `x tenant` cannot name metadata: it holds ` `, expected lower-case letters, digits, `-`, `_` and `.` (not a name)");
    assert_snapshot!(check_step("metadata: { token-bin: input.a_string }"), @"error BINARY_METADATA 6:15 [token-bin] `token-bin` is binary metadata, and what expressions make here is text (binary); help: leave off `-bin`, and send bytes as text: `base64.encode(...)`");
    assert_snapshot!(check_step("metadata: { grpc-timeout: input.a_string, idempotency-key: input.a_string, te: input.a_string }"), @r"
        error RESERVED_METADATA 6:15 [grpc-timeout] `grpc-timeout` is set by gRPC or Pavane, and by nobody else (reserved)
        error RESERVED_METADATA 6:45 [idempotency-key] `idempotency-key` is set by gRPC or Pavane, and by nobody else (reserved)
        error RESERVED_METADATA 6:78 [te] `te` is set by gRPC or Pavane, and by nobody else (reserved)
        ");
    assert_snapshot!(check_step("metadata: { x-a: input.a_string, x-a: input.a_string }"), @"error DUPLICATE_KEY 6:36 [x-a] `x-a` is given twice (given before); help: it was first given in line 6");
    let many: Vec<_> = (0..33).map(|n| format!("x-{n}: input.a_string")).collect();
    assert_snapshot!(check_step(&format!("metadata: {{ {} }}", many.join(", "))), @"error LIMIT_EXCEEDED 6:3 [metadata] 33 entries of metadata are more than the allowed 32");
}

#[test]
fn values_of_metadata() {
    assert_snapshot!(check_step("metadata: { x-count: input.an_int64 }"), @"error TYPE_MISMATCH 6:24 [input.an_int64] `x-count` is a string, this is an int (not a string); help: convert it: `string(...)`");
    assert_snapshot!(check_step("metadata: { x-count: 5 }"), @r#"error WRONG_KIND 6:24 [5] `steps[0].metadata.x-count` takes text, this is a number (a number); help: put it in quotes: "5""#);
    assert_snapshot!(check_step("metadata: { x-text: a.text }"), @"error SELF_REFERENCE 6:23 [a] step `a` refers to its own response (this very step)");
    assert_snapshot!(check_step("metadata: { x-text: input.a_strin }\n  compensate: { call: test.Tests/Other, metadata: { x-text: a.text, x-Y: item } }"), @r#"
        error UNKNOWN_FIELD 6:29 [a_strin] `Everything` has no field `a_strin` (unknown field); help: a field with a similar name exists: `a_string` (string)
        error COMPENSATION_NEEDS_RESPONSE 7:61 [a] the compensation of `a` uses the response of `a`, which is not known if the call was lost (may not be known); help: use what the step's request was computed from, such as `input`; its `idempotency-key` names the call as well
        error INVALID_NAME 7:69 [x-Y] `x-Y` cannot name metadata: it holds `Y`, expected lower-case letters, digits, `-`, `_` and `.` (not a name); help: write `x-y`
        error UNKNOWN_NAME 7:74 [item] `item` is not a step, nor `input` or `execution` (unknown name); help: a text is written in quotes within quotes: "'item'"
        "#);
}

#[test]
fn defaults_have_ranges() {
    assert_snapshot!(check_defaults("timeout: 2h", ""), @"error INVALID_DURATION 3:22 [2h] `2h` is not a duration: expected seconds such as `2s` or `0.25s` (not a duration); help: write `7200s`");
    assert_snapshot!(check_defaults("timeout: 7200s", ""), @"error OUT_OF_RANGE 3:22 [7200s] `timeout` is from `0.001s` to `3600s`, this is `7200s` (out of range)");
    assert_snapshot!(check_defaults("retry: { max_attempts: 5000, retryable_codes: [NOPE] }, compensation_retry: { backoff_multiplier: 0.1 }", ""), @r"
        error OUT_OF_RANGE 3:36 [5000] `max_attempts` is at most 1000, this is 5000 (out of range)
        error UNKNOWN_CODE 3:60 [NOPE] there is no status code `NOPE` (unknown code)
        error OUT_OF_RANGE 3:111 [0.1] `backoff_multiplier` is from 1 to 100, this is 0.1 (out of range)
        ");
    assert_snapshot!(check_defaults("retry: { initial_backoff: 5s, max_backoff: 1s }", ""), @"error OUT_OF_RANGE 3:56 [1s] `max_backoff` is 1s, less than `initial_backoff`, which is 5s (out of range)");
    assert_snapshot!(check_defaults("retry: { max_backoff: 1s }", "retry: { initial_backoff: 5s }"), @"error OUT_OF_RANGE 7:29 [5s] `max_backoff` is 1s, less than `initial_backoff`, which is 5s (out of range)");
    assert_snapshot!(check_defaults("retry: { initial_backoff: 5s }", "retry: { max_backoff: 1s }"), @"error OUT_OF_RANGE 7:25 [1s] `max_backoff` is 1s, less than `initial_backoff`, which is 5s (out of range)");
    assert_snapshot!(check_defaults("metadata: { x-total: a.text, te: input.a_string, x-id: execution.id }", ""), @r"
        error DEFAULTS_NEED_RESPONSE 3:34 [a] what every call is sent with cannot use the response of a step, for it may not be there yet (not known to every step); help: use `input`, `execution` or `constants`, or say it of the steps that know it
        error RESERVED_METADATA 3:42 [te] `te` is set by gRPC or Pavane, and by nobody else (reserved)
        ");
    assert_snapshot!(check_defaults("retries: {}", ""), @"error UNKNOWN_KEY 3:13 [retries] `defaults` has no key `retries` (unknown key); help: its keys are `timeout`, `retry`, `compensation_retry` and `metadata`");
}
