//! What becomes of steps that are more than one call, or none: lists, values, waits, events.

use std::time::Duration;

use bytes::Bytes;
use pavane_flow::Timestamp;
use pavane_flow::plan::{Plan, StepIndex, Work};
use pavane_flow::program::{EventInfo, ExecutionInfo, Pause, Scope};
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};

use crate::support::{check, compiled, message, plan};

/// A workflow of `test.Tests/Run` with these lines after `implements`.
fn workflow(lines: &str) -> String {
    format!("name: test\nimplements: test.Tests/Run\n{lines}\n")
}

/// An encoded message from JSON.
fn encoded(descriptor: MessageDescriptor, json: &str) -> Bytes {
    let mut json = serde_json::Deserializer::from_str(json);
    let message = DynamicMessage::deserialize(descriptor, &mut json).expect("it is JSON");
    message.encode_to_vec().into()
}

/// JSON, whatever the order of its keys.
fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("it is JSON")
}

/// An encoded message as JSON.
fn decoded(descriptor: MessageDescriptor, bytes: &Bytes) -> serde_json::Value {
    let message = DynamicMessage::decode(descriptor, &**bytes).expect("it is a message");
    let options = prost_reflect::SerializeOptions::new().use_proto_field_name(true);
    let json = message.serialize_with_options(serde_json::value::Serializer, &options);
    json.expect("a message has JSON")
}

/// Does something in a scope with an input and the responses of steps.
fn in_scope<T>(input: &str, outputs: &[Option<Bytes>], run: impl FnOnce(&Scope<'_>) -> T) -> T {
    let input = encoded(message("test.Everything"), input);
    run(&Scope {
        input: &input,
        outputs,
        execution: ExecutionInfo {
            id: "e-1",
            workflow: "test",
            revision: "abc",
            create_time: Timestamp::from_nanos(0),
        },
        element: None,
        event: None,
    })
}

/// The requests of the first step, which goes over a list.
fn requests(plan: &Plan, input: &str) -> Vec<serde_json::Value> {
    let step = plan.step(StepIndex(0));
    let for_each = step.for_each.as_ref().expect("it goes over a list");
    let call = step.call().expect("it calls");
    in_scope(input, &[None], |scope| {
        let elements = for_each.elements.evaluate(scope).expect("it is a list");
        let requests = elements.iter().map(|element| {
            let mut scope = *scope;
            scope.element = Some(element);
            let request = call.request.evaluate(&scope).expect("it has a value");
            decoded(message("test.Inner"), &request)
        });
        requests.collect()
    })
}

/// A step over this list, whose requests have these fields.
fn over(list: &str, request: &str) -> Plan {
    plan(&workflow(&format!(
        "steps:\n- id: a\n  call: test.Tests/Other\n  for_each: {{ list: {list} }}\n  request: {request}"
    )))
}

#[test]
fn each_element_makes_a_request() {
    let inners = over("input.inners", "{ text: item.text, number: item.number }");
    assert!(
        inners.steps[0]
            .call()
            .is_some_and(|call| call.request.is_wire_copy())
    );
    let input = r#"{"inners": [{"text": "x"}, {"number": "7"}]}"#;
    let expected = [r#"{"text":"x"}"#, r#"{"number":"7"}"#].map(json);
    assert_eq!(requests(&inners, input), expected);
    assert!(requests(&inners, "{}").is_empty());
}

#[test]
fn elements_can_be_of_many_types() {
    let input = r#"{
        "texts": ["x", "y"], "numbers": ["1", "0"], "colors": ["RED"], "counts": {"b": "2", "a": "1"},
        "inners": [{"texts": ["p", "q"]}], "object": {"k": [true, {"deep": "v"}]},
        "by_number": {"3": {"text": "three"}}
    }"#;
    for (list, request, expected) in [
        (
            "input.texts",
            "{ text: item }",
            &[r#"{"text":"x"}"#, r#"{"text":"y"}"#][..],
        ),
        (
            "input.numbers",
            "{ number: item }",
            &[r#"{"number":"1"}"#, "{}"],
        ),
        (
            "input.colors",
            "{ number: item, text: item.name() }",
            &[r#"{"text":"RED","number":"1"}"#],
        ),
        (
            "\"input.counts.map(k, k)\"",
            "{ text: item }",
            &[r#"{"text":"a"}"#, r#"{"text":"b"}"#],
        ),
        (
            "\"[input.counts]\"",
            "{ number: item.b }",
            &[r#"{"number":"2"}"#],
        ),
        (
            "\"[input.by_number]\"",
            "{ text: \"item[3].text\" }",
            &[r#"{"text":"three"}"#],
        ),
        (
            "\"input.inners.map(i, i.texts)\"",
            "{ texts: item }",
            &[r#"{"texts":["p","q"]}"#],
        ),
        (
            "\"[true, false]\"",
            "{ text: string(item) }",
            &[r#"{"text":"true"}"#, r#"{"text":"false"}"#],
        ),
        (
            "\"[1.5]\"",
            "{ text: string(item) }",
            &[r#"{"text":"1.5"}"#],
        ),
        ("\"[2u]\"", "{ number: int(item) }", &[r#"{"number":"2"}"#]),
        (
            "\"[duration('90s')]\"",
            "{ number: item.getMinutes() }",
            &[r#"{"number":"1"}"#],
        ),
        (
            "\"[timestamp(0)]\"",
            "{ number: item.getFullYear() }",
            &[r#"{"number":"1970"}"#],
        ),
        (
            "\"[input.object]\"",
            "{ text: \"item.k[1].deep\" }",
            &[r#"{"text":"v"}"#],
        ),
    ] {
        let expected: Vec<_> = expected.iter().map(|text| json(text)).collect();
        assert_eq!(requests(&over(list, request), input), expected, "{list}");
    }
}

#[test]
fn responses_of_a_list_are_a_list() {
    let plan = plan(&workflow(
        "steps:\n- { id: a, call: test.Tests/Other, for_each: { list: input.texts, as: text, \
         max_concurrency: 3 }, request: { text: text } }\n\
         - { id: b, call: test.Tests/Other, for_each: { list: a }, request: { inner: item } }\n\
         output: { inners: a, an_int64: \"a.map(x, x.number).sum()\", texts: \"b.map(x, x.text)\" }",
    ));
    let step = &plan.steps[0];
    let for_each = step.for_each.as_ref().expect("it goes over a list");
    assert_eq!(for_each.max_concurrency, 3);
    assert_eq!(plan.steps[1].data_dependencies, [StepIndex(0)]);
    let responses = step.response().expect("it has one").clone();
    let first = encoded(
        responses.clone(),
        r#"{"items": [{"number": 4, "text": "x"}, {"number": 5}]}"#,
    );
    let second = encoded(
        plan.steps[1].response().expect("it has one").clone(),
        r#"{"items": [{"text": "done"}]}"#,
    );
    let output = in_scope("{}", &[Some(first), Some(second)], |scope| {
        plan.evaluate_output(scope).expect("it has a value")
    });
    assert_eq!(
        decoded(message("test.Everything"), &output),
        json(
            r#"{"an_int64":"9","inners":[{"text":"x","number":"4"},{"number":"5"}],"texts":["done"]}"#
        )
    );
}

#[test]
fn to_undo_elements_the_list_must_be_known() {
    let text = |compensate: &str| {
        workflow(&format!(
            "steps:\n- {{ id: a, call: test.Tests/Other }}\n- id: b\n  call: test.Tests/Other\n  \
             for_each: {{ list: a.texts }}\n  request: {{ text: item }}\n  {compensate}"
        ))
    };
    let compensated = "compensate: { call: test.Tests/Other, request: { text: item } }";
    assert_eq!(
        plan(&text(compensated)).steps[1].compensation_references,
        [StepIndex(0)]
    );
    assert_eq!(plan(&text("")).steps[1].compensation_references, []);
}

#[test]
fn values_are_computed_where_they_are_used() {
    let plan = plan(&workflow(
        "steps:\n- { id: doubled, compute: \"total * 2\" }\n\
         - { id: total, compute: input.an_int64 + a.number }\n\
         - { id: a, call: test.Tests/Other, request: { text: address.text } }\n\
         - { id: address, compute: input.inner }\n\
         - { id: b, call: test.Tests/Other, when: \"doubled > 2\", request: { inner: address } }\n\
         - { id: never, compute: \"1 / a.number\" }\n\
         output: { an_int64: doubled, numbers: [doubled, total], \
         a_bool: \"total > 0 || never > 0\", inners: \"[1, 2].map(total, test.Inner{number: total})\" }",
    ));
    let ids: Vec<_> = plan
        .steps
        .iter()
        .map(|step| (&*step.id, step.position))
        .collect();
    assert_eq!(ids, [("a", 2), ("b", 4)]);
    assert_eq!(plan.steps[1].data_dependencies, [StepIndex(0)]);
    let copies = |step: usize| {
        plan.steps[step]
            .call()
            .expect("it calls")
            .request
            .is_wire_copy()
    };
    assert!(
        copies(0) && copies(1),
        "a value that is only a path is copied"
    );
    let a = encoded(message("test.Inner"), r#"{"number": 0}"#);
    let output = in_scope(r#"{"an_int64": 20}"#, &[Some(a), None], |scope| {
        plan.evaluate_output(scope).expect("it has a value")
    });
    assert_eq!(
        decoded(message("test.Everything"), &output),
        json(
            r#"{"an_int64":"40","a_bool":true,"inners":[{"number":"1"},{"number":"2"}],"numbers":["40","20"]}"#
        )
    );
}

#[test]
fn a_value_without_a_value_says_which_one() {
    let plan = plan(&workflow(
        "steps:\n- { id: share, compute: 1 / input.an_int64 }\n- { id: a, call: test.Tests/Other }\n\
         output: { an_int64: share + 1 }",
    ));
    let error = in_scope("{}", &[None], |scope| plan.evaluate_output(scope)).err();
    let error = error.expect("it divides by zero").to_string();
    assert_eq!(error, "`share + 1` has no value: `share`: division by zero");
}

#[test]
fn a_field_is_left_unset_through_a_value_as_well() {
    let plan = plan(&workflow(
        "steps:\n- { id: either, compute: \"input.a_bool ? input.inner : input.middle\" }\n\
         - { id: a, call: test.Tests/Other }\noutput: { inner: either }",
    ));
    let output = in_scope("{}", &[None], |scope| {
        plan.evaluate_output(scope).expect("it has a value")
    });
    assert_eq!(decoded(message("test.Everything"), &output), json("{}"));
}

#[test]
fn values_of_values_are_computed_once() {
    // As a tree it would have a million million leaves.
    let mut steps =
        "steps:\n- { id: a, call: test.Tests/Other }\n- { id: v0, compute: input.an_int64 + 0 }\n"
            .to_owned();
    for n in 1..=40 {
        steps += &format!("- {{ id: v{n}, compute: v{} + v{} }}\n", n - 1, n - 1);
    }
    let plan = plan(&workflow(&format!("{steps}output: {{ an_int64: v40 }}")));
    let output = in_scope(r#"{"an_int64": 1}"#, &[None], |scope| {
        plan.evaluate_output(scope).expect("it has a value")
    });
    assert_eq!(
        decoded(message("test.Everything"), &output),
        json(r#"{"an_int64":"1099511627776"}"#)
    );
}

#[test]
fn waits_are_literals_or_expressions() {
    let plan = plan(&workflow(
        "constants: { pause: 90 }\nsteps:\n\
         - { id: a, call: test.Tests/Other }\n\
         - { id: fixed, wait: { duration: 1h30m }, after: [a] }\n\
         - { id: computed, wait: { duration: \"duration(string(constants.pause) + 's')\" } }\n\
         - { id: until, wait: { until: input.time }, when: a.number > 0 }",
    ));
    let end = |step: usize, input| {
        let Work::Wait(pause) = &plan.steps[step].work else {
            panic!("it waits");
        };
        let now = Timestamp::from_nanos(1_000_000_000);
        in_scope(input, &[const { None }; 4], |scope| {
            pause.end(now, scope).expect("it has a value")
        })
    };
    let seconds = |seconds: i64| Timestamp::from_nanos(seconds * 1_000_000_000);
    assert!(
        matches!(&plan.steps[1].work, Work::Wait(Pause::Fixed(length)) if *length == Duration::from_secs(5_400))
    );
    assert_eq!(end(1, "{}"), seconds(5_401));
    assert_eq!(end(2, "{}"), seconds(91));
    assert_eq!(
        end(3, r#"{"time": "1970-01-02T00:00:00Z"}"#),
        seconds(86_400)
    );
    assert_eq!(plan.steps[1].dependencies, [StepIndex(0)]);
    assert_eq!(plan.steps[3].data_dependencies, [StepIndex(0)]);
}

#[test]
fn constants_have_types() {
    let plan = plan(&workflow(
        "constants: { limit: 3, rate: 0.5, name: \"it's\", on: true, names: [x, y], sizes: { s: 1, m: 2 }, \
         mixed: [1, x] }\n\
         steps: [{ id: a, call: test.Tests/Other }]\n\
         output: { an_int64: constants.limit, a_double: constants.rate * 2.0, a_string: constants.name, \
         a_bool: constants.on, texts: constants.names, counts: constants.sizes, \
         maybe_text: \"constants.mixed[1]\", numbers: [constants.sizes.m] }",
    ));
    let output = in_scope("{}", &[None], |scope| {
        plan.evaluate_output(scope).expect("it has a value")
    });
    assert_eq!(
        decoded(message("test.Everything"), &output),
        json(
            r#"{"a_double":1.0,"an_int64":"3","a_bool":true,"a_string":"it's","numbers":["2"],"texts":["x","y"],"counts":{"m":"2","s":"1"},"maybe_text":"x"}"#
        )
    );
}

#[test]
fn defaults_hold_where_a_step_says_nothing() {
    let plan = plan(&workflow(
        "defaults:\n  timeout: 3s\n  retry: { max_attempts: 4, initial_backoff: 1s }\n  \
         compensation_retry: { max_attempts: 9 }\n  \
         metadata: { tenant: input.a_string, x-source: \"'pavane'\" }\n\
         steps:\n- id: a\n  call: test.Tests/Other\n  timeout: 1s\n  retry: { max_attempts: 2 }\n  \
         metadata: { tenant: \"'own'\" }\n  compensate: { call: test.Tests/Other }\n\
         - { id: b, call: test.Tests/Other }",
    ));
    let call = |step: usize| plan.steps[step].call().expect("it calls");
    let undo = plan.steps[0].compensation.as_ref().expect("it has one");
    assert_eq!(call(0).timeout, Duration::from_secs(1));
    assert_eq!(call(1).timeout, Duration::from_secs(3));
    assert_eq!(undo.timeout, Duration::from_secs(3));
    assert!(!call(1).has_default_timeout);
    assert_eq!(call(0).retry.max_attempts, Some(2));
    assert_eq!(call(0).retry.initial_backoff, Duration::from_secs(1));
    assert_eq!(call(1).retry.max_attempts, Some(4));
    assert_eq!(undo.retry.max_attempts, Some(9));
    assert_eq!(undo.retry.initial_backoff, Duration::from_millis(100));
    let metadata = |call: &pavane_flow::plan::Call| {
        in_scope(r#"{"a_string": "acme"}"#, &[None, None], |scope| {
            let entries = call.metadata.iter();
            let entries = entries.map(|(name, text)| {
                format!("{name}={}", text.evaluate(scope).expect("it has a value"))
            });
            entries.collect::<Vec<_>>()
        })
    };
    assert_eq!(metadata(call(0)), ["tenant=own", "x-source=pavane"]);
    assert_eq!(metadata(call(1)), ["tenant=acme", "x-source=pavane"]);
    assert_eq!(metadata(undo), ["tenant=acme", "x-source=pavane"]);
}

#[test]
fn a_call_can_be_made_at_most_once() {
    let of = |delivery: &str| {
        let text = format!("steps: [{{ id: a, call: test.Tests/Other, delivery: {delivery} }}]");
        let plan = plan(&workflow(&text));
        plan.steps[0].call().expect("it calls").at_most_once
    };
    assert!(of("at_most_once"));
    assert!(of("DELIVERY_AT_MOST_ONCE"));
    assert!(!of("at_least_once"));
}

#[test]
fn awaited_events_are_looked_at() {
    let plan = plan(&workflow(
        "steps:\n- { id: a, call: test.Tests/Other }\n- id: paid\n  await:\n    feed: payment\n    \
         type: test.Inner\n    subject: input.a_string\n    \
         match: \"event.subject == input.a_string && data.number > a.number\"\n    timeout: 3600s\n\
         output: { a_string: paid.text }",
    ));
    let Work::Await(wait) = &plan.steps[1].work else {
        panic!("it awaits an event");
    };
    assert_eq!(&*wait.events.feed, "payment");
    assert_eq!(wait.timeout, Some(Duration::from_secs(3_600)));
    assert_eq!(plan.steps[1].data_dependencies, [StepIndex(0)]);
    let a = encoded(message("test.Inner"), r#"{"number": 1}"#);
    let event = encoded(message("pavane.feed.v1.Event"), r#"{"subject": "o-1"}"#);
    let matches = |number: i64| {
        let data = encoded(message("test.Inner"), &format!(r#"{{"number": {number}}}"#));
        in_scope(
            r#"{"a_string": "o-1"}"#,
            &[Some(a.clone()), None],
            |scope| {
                let mut scope = *scope;
                scope.event = Some(EventInfo {
                    event: &event,
                    data: &data,
                });
                let condition = wait.events.condition.as_ref().expect("there is one");
                condition.evaluate(&scope).expect("it has a value")
            },
        )
    };
    assert!(matches(2));
    assert!(!matches(1));
}

#[test]
fn an_event_can_start_executions() {
    let plan = plan(&workflow(
        "constants: { least: 5 }\nstart:\n  feed: shop\n  type: test.Inner\n  \
         match: data.number >= constants.least\n  input: { a_string: event.subject, inner: data }\n\
         steps: [{ id: a, call: test.Tests/Other }]",
    ));
    let start = plan.start.as_ref().expect("there is one");
    let event = encoded(message("pavane.feed.v1.Event"), r#"{"subject": "o-1"}"#);
    let data = encoded(message("test.Inner"), r#"{"number": 6}"#);
    let input = in_scope("{}", &[None], |scope| {
        let mut scope = *scope;
        scope.event = Some(EventInfo {
            event: &event,
            data: &data,
        });
        let condition = start.events.condition.as_ref().expect("there is one");
        assert_eq!(condition.evaluate(&scope), Ok(true));
        start.input.evaluate(&scope).expect("it has a value")
    });
    assert_eq!(
        decoded(message("test.Everything"), &input),
        json(r#"{"a_string":"o-1","inner":{"number":"6"}}"#)
    );
}

#[test]
fn the_revision_knows_nothing_of_the_types_of_lists() {
    let text = |steps: &str| {
        compiled(&workflow(steps))
            .plan
            .expect("it is right")
            .revision
    };
    let list = "steps: [{ id: a, call: test.Tests/Other, for_each: { list: input.texts } }]";
    assert_eq!(text(list), text(list));
    let constants = "constants: { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }\n\
         steps: [{ id: a, call: test.Tests/Other }]";
    for _ in 0..20 {
        assert_eq!(text(constants), text(constants));
    }
}

#[test]
fn a_warning_sees_through_values_and_lists() {
    let said = check(&workflow(
        "steps:\n- { id: a, call: test.Tests/Other, when: input.a_bool }\n\
         - { id: total, compute: a.number + 1 }\n\
         - { id: b, call: test.Tests/Other, for_each: { list: a.texts } }\n\
         output: { an_int64: total, inners: b }",
    ));
    assert_eq!(said.matches("warning MAY_BE_SKIPPED").count(), 2, "{said}");
}
