//! Workflows over services whose types are proto2: presence, defaults, required fields, groups, closed
//! enums and extensions.

use pavane_flow::diagnostic::{Renderer, Style};
use pavane_flow::language::{Definition, compile};
use pavane_flow::proto2;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};

use crate::support::evaluate;

const TYPES: &str = "
syntax = 'proto2';
package old;
enum Color { RED = 1; BLUE = 2; }
message Inner { required string id = 1; }
message Order {
  optional int32 count = 1 [default = 5];
  optional string note = 2;
  optional Color color = 3 [default = BLUE];
  optional group Part = 4 { optional string name = 1; }
  optional Inner inner = 5;
  repeated Inner inners = 6;
  map<string, Inner> by_name = 7;
  extensions 100 to 200;
}
extend Order { optional string extra = 100; }
message Strict { required string id = 1; required Inner inner = 2; }
service Orders { rpc Run(Order) returns (Order); rpc Be(Strict) returns (Strict); }
";

fn pool() -> DescriptorPool {
    let files = crate::evolution::protox_parse(TYPES);
    DescriptorPool::from_file_descriptor_set(files).expect("it is sound")
}

/// A workflow that makes an order of an order, and calls `Be` with this request.
fn definition(request: &str, output: &str) -> Definition {
    let text = format!(
        "name: test\nimplements: old.Orders/Run\nsteps:\n\
         - {{ id: be, call: old.Orders/Be, request: {request} }}\noutput: {output}\n"
    );
    Definition::parse("test.yaml", &text)
}

const STRICT: &str = "{ id: \"'a'\", inner: { id: \"'b'\" } }";

/// The output of such a workflow, as JSON, of an input in the text format.
fn computed(output: &str, input: &str) -> String {
    let pool = pool();
    let compiled = compile(&definition(STRICT, output), &pool);
    let found = compiled.diagnostics;
    let plan = compiled.plan.unwrap_or_else(|| panic!("{found:?}"));
    let order = pool.get_message_by_name("old.Order").expect("it has one");
    let mut json = serde_json::Deserializer::from_str(input);
    let input = DynamicMessage::deserialize(order.clone(), &mut json).expect("it is an order");
    let bytes = evaluate(&plan, &input.encode_to_vec().into(), &[None]).expect("it has a value");
    let output = DynamicMessage::decode(order, bytes).expect("it is an order");
    serde_json::to_string(&output).expect("a message has JSON")
}

#[test]
fn presence_is_seen_and_kept() {
    assert_eq!(computed("{ note: input.note }", "{}"), "{}");
    assert_eq!(
        computed("{ note: input.note }", r#"{"note": ""}"#),
        r#"{"note":""}"#
    );
    let output = "{ note: \"has(input.note) ? 'set' : 'unset'\" }";
    assert_eq!(computed(output, r#"{"note": ""}"#), r#"{"note":"set"}"#);
    assert_eq!(computed(output, "{}"), r#"{"note":"unset"}"#);
}

#[test]
fn what_is_not_set_reads_as_its_default() {
    assert_eq!(
        computed("{ count: input.count + 1 }", "{}"),
        r#"{"count":6}"#
    );
    // The two sides may have other defaults: what it reads as is what is sent.
    assert_eq!(computed("{ count: input.count }", "{}"), r#"{"count":5}"#);
    let output = "{ note: \"input.color == old.Color.BLUE ? 'blue' : 'red'\" }";
    assert_eq!(computed(output, "{}"), r#"{"note":"blue"}"#);
    assert_eq!(computed(output, r#"{"color": "RED"}"#), r#"{"note":"red"}"#);
}

#[test]
fn groups_and_extensions_pass() {
    let input = r#"{"part":{"name":"a"}}"#;
    assert_eq!(computed("{ part: input.part }", input), input);
    assert_eq!(
        computed("{ note: input.part.name }", input),
        r#"{"note":"a"}"#
    );
    let extended = r#"{"[old.extra]":"more"}"#;
    assert_eq!(computed("{ note: input.note }", extended), "{}");
    assert_eq!(
        computed("{ inner: input.inner }", r#"{"inner":{"id":"x"}}"#),
        r#"{"inner":{"id":"x"}}"#
    );
}

/// What is said of templates.
fn missing(request: &str, output: &str) -> String {
    let definition = definition(request, output);
    let found = proto2::check(&definition, &pool());
    let renderer = Renderer {
        file_name: "test.yaml",
        source: definition.text(),
        style: Style::PLAIN,
    };
    renderer.render(&found)
}

#[test]
fn a_required_field_that_is_not_set_is_a_mistake() {
    assert_eq!(
        missing(
            STRICT,
            "{ inners: [ { id: \"'a'\" } ], by_name: { a: { id: \"'b'\" } } }"
        ),
        ""
    );
    let found = missing(
        "{ id: \"'a'\", inner: {} }",
        "{ inners: [ {} ], by_name: { a: {} } }",
    );
    insta::assert_snapshot!(found, @r#"
    error: `Inner.id` is required, and not set here
     --> test.yaml:4:63
      |
    4 | - { id: be, call: old.Orders/Be, request: { id: "'a'", inner: {} } }
      |                                                               ^^^ something is missing
      |
      = help: add `id`: a message without it cannot be read

    error: `Inner.id` is required, and not set here
     --> test.yaml:5:21
      |
    5 | output: { inners: [ {} ], by_name: { a: {} } }
      |                     ^^^ something is missing
      |
      = help: add `id`: a message without it cannot be read

    error: `Inner.id` is required, and not set here
     --> test.yaml:5:41
      |
    5 | output: { inners: [ {} ], by_name: { a: {} } }
      |                                         ^^^ something is missing
      |
      = help: add `id`: a message without it cannot be read

    3 errors
    "#);
    assert!(missing("{ inner: be.inner }", "{}").contains("`Strict.id` is required"));
}

#[test]
fn a_group_is_copied_whole_or_not_at_all() {
    assert_eq!(missing(STRICT, "{ part: input.part }"), "");
    insta::assert_snapshot!(missing(STRICT, "{ part: { name: \"'b'\" } }"), @r#"
    error: `Order.part` is a group, which cannot be put together here
     --> test.yaml:5:19
      |
    5 | output: { part: { name: "'b'" } }
      |                   ^^^^ a group
      |
      = help: copy one whole, such as `input.part`

    1 error
    "#);
}

#[test]
fn a_request_that_is_left_out_misses_all_that_is_required() {
    let text =
        "name: test\nimplements: old.Orders/Run\nsteps:\n- { id: be, call: old.Orders/Be }\n";
    let definition = Definition::parse("test.yaml", text);
    let found = proto2::check(&definition, &pool());
    let said: Vec<_> = found.iter().map(|found| found.message.as_str()).collect();
    let expected = [
        "`Strict.id` is required, and not set here",
        "`Strict.inner` is required, and not set here",
    ];
    assert_eq!(said, expected);
    assert_eq!(found[0].span.map(|span| span.line), Some(4));
}
