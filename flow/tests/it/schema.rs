//! The schema for editors: what is committed is what the contract says, and it knows the shape of
//! definitions.

use pavane_flow::language::schema;
use serde_json::Value;

#[test]
fn the_committed_schema_is_true() {
    let committed = include_str!("../../../docs/workflow.schema.json");
    assert!(
        committed == schema(),
        "run `cargo run -p pavane-cli -- schema > docs/workflow.schema.json`"
    );
}

#[test]
fn it_says_what_the_comments_say() {
    let schema: Value = serde_json::from_str(&schema()).expect("it is JSON");
    let at = |pointer: &str| schema.pointer(pointer).unwrap_or(&Value::Null);
    let step = "/definitions/Step/properties";
    assert_eq!(
        at("/definitions/Workflow/required"),
        &serde_json::json!(["name", "implements"])
    );
    assert_eq!(at("/definitions/Step/required"), &serde_json::json!(["id"]));
    assert_eq!(at("/definitions/Step/oneOf/2/required/0"), "wait");
    assert_eq!(at(&format!("{step}/delivery/enum/1")), "at_most_once");
    assert_eq!(at(&format!("{step}/after/items/type")), "string");
    assert_eq!(
        at(&format!("{step}/metadata/additionalProperties/type")),
        "string"
    );
    let when = at(&format!("{step}/when/description")).as_str();
    assert!(when.is_some_and(|text| text.starts_with("A CEL expression of type bool.")));
    assert_eq!(
        at("/definitions/Step/properties/for_each/allOf/0/$ref"),
        "#/definitions/ForEach"
    );
}
