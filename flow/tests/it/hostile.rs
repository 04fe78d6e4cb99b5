//! Definitions and descriptor sets that somebody made to do harm. Found by `cargo xtask fuzz`.

use pavane::workflow::v1::{DeployedWorkflow, ListWorkflowsResponse};
use pavane_flow::descriptors::{InvalidDescriptors, MAX_IMPORT_DEPTH, pool};
use prost::Message;
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MessageOptions};

use crate::support::{check, compiled, computed};

const HEAD: &str = "name: test\nimplements: test.Tests/Run\n";
const STEPS: &str = "steps: [{ id: a, call: test.Tests/Other }]\n";

/// So many objects within each other, of a type that contains itself.
fn inner(levels: usize) -> String {
    format!(
        "{}{{ number: 1 }}{}",
        "{ inner: ".repeat(levels - 1),
        " }".repeat(levels - 1)
    )
}

#[test]
fn what_is_deployed_can_be_read_again_however_deep_it_is() {
    let list = format!("{}1{}", "[".repeat(24), "]".repeat(24));
    let object = format!("{}1{}", "{ a: ".repeat(24), " }".repeat(24));
    for text in [
        format!(
            "{HEAD}steps:\n- id: a\n  call: test.Tests/Other\n  compensate:\n    call: test.Tests/Other\n    \
             request: {}\n",
            inner(24)
        ),
        format!("{HEAD}constants: {{ a: {list} }}\n{STEPS}"),
        format!("{HEAD}constants: {{ a: {object} }}\n{STEPS}"),
    ] {
        let compiled = compiled(&text);
        assert!(compiled.plan.is_some(), "{}", check(&text));
        let listed = ListWorkflowsResponse {
            workflows: vec![DeployedWorkflow {
                workflow: Some(compiled.workflow),
                ..DeployedWorkflow::default()
            }],
            ..ListWorkflowsResponse::default()
        };
        let read = ListWorkflowsResponse::decode(listed.encode_to_vec().as_slice());
        assert_eq!(read, Ok(listed));
    }
}

#[test]
fn what_could_not_be_read_again_is_refused() {
    let deep = "this is nested more than the allowed 24 levels deep";
    let list = format!("{}1{}", "[".repeat(50), "]".repeat(50));
    for text in [
        format!("{HEAD}constants: {{ a: {list} }}\n{STEPS}"),
        format!("{HEAD}{STEPS}output: {{ inner: {} }}\n", inner(24)),
        format!("{HEAD}{STEPS}output: {{ inner: {} }}\n", inner(50)),
        format!("{HEAD}{STEPS}output: {{ object: {{ a: {list} }} }}\n"),
    ] {
        let said = check(&text);
        assert!(
            said.contains("LIMIT_EXCEEDED") && said.contains(deep),
            "{said}"
        );
    }
}

#[test]
fn what_could_not_be_read_again_is_refused_in_a_message_too() {
    let mut deep = prost_types::Value::default();
    for _ in 0..25 {
        let values = vec![deep];
        let list = prost_types::ListValue { values };
        deep = prost_types::Value {
            kind: Some(prost_types::value::Kind::ListValue(list)),
        };
    }
    let mut workflow = compiled(&format!("{HEAD}{STEPS}")).workflow;
    workflow.constants.insert("a".to_owned(), deep);
    let definition = pavane_flow::language::Definition::from(workflow);
    let compiled = pavane_flow::language::compile(&definition, crate::support::pool());
    assert_eq!(compiled.diagnostics[0].reason, "LIMIT_EXCEEDED");
    assert_eq!(compiled.diagnostics[0].path, "constants.a");
}

fn file(name: &str, imports: &[String]) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(name.to_owned()),
        syntax: Some("proto3".to_owned()),
        dependency: imports.to_vec(),
        public_dependency: (0..imports.len() as i32).collect(),
        ..FileDescriptorProto::default()
    }
}

/// Files each of which imports the next.
fn chain(length: usize) -> Vec<FileDescriptorProto> {
    let name = |at: usize| format!("f{at}.proto");
    let all = (0..length).map(|at| match at + 1 < length {
        true => file(&name(at), &[name(at + 1)]),
        false => file(&name(at), &[]),
    });
    all.collect()
}

#[test]
fn files_that_import_each_other_are_refused() {
    for files in [
        vec![file("a", &["a".to_owned()])],
        vec![file("a", &["b".to_owned()]), file("b", &["a".to_owned()])],
        chain(MAX_IMPORT_DEPTH + 2),
    ] {
        assert!(matches!(
            pool(files),
            Err(InvalidDescriptors::Imports { .. })
        ));
    }
    let allowed = pool(chain(MAX_IMPORT_DEPTH + 1)).unwrap();
    assert_eq!(allowed.files().len(), MAX_IMPORT_DEPTH + 1);
}

#[test]
fn public_imports_that_multiply_are_refused() {
    let name = |at: usize| format!("f{at}.proto");
    let entangled = |count: usize| -> Vec<FileDescriptorProto> {
        let imports = |at: usize| (at + 1..count).map(name).collect::<Vec<_>>();
        (0..count).map(|at| file(&name(at), &imports(at))).collect()
    };
    assert!(pool(entangled(12)).is_ok());
    let refused = pool(entangled(60));
    assert!(matches!(refused, Err(InvalidDescriptors::Imports { .. })));
    // Imports that are not public do not.
    let mut plain = entangled(60);
    plain
        .iter_mut()
        .for_each(|file| file.public_dependency.clear());
    assert!(pool(plain).is_ok());
}

#[test]
fn a_syntax_that_is_none_is_refused() {
    for syntax in ["proto4", "editions", ""] {
        let mut file = file("a", &[]);
        file.syntax = Some(syntax.to_owned());
        let error = pool(vec![file]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("proto2 and proto3 are understood"),
            "{error}"
        );
    }
}

#[test]
fn a_well_known_type_with_other_fields_is_refused() {
    let any = prost_reflect::DescriptorPool::global()
        .get_file_by_name("google/protobuf/any.proto")
        .unwrap();
    let any = any.file_descriptor_proto().clone();
    assert!(pool(vec![any.clone()]).is_ok());
    let mut other = any;
    other.message_type[0].field[1].r#type = Some(1);
    let refused = pool(vec![other]);
    assert!(matches!(refused, Err(InvalidDescriptors::WellKnown { .. })));
}

#[test]
fn a_name_that_is_too_long_is_refused() {
    let mut package = file("a", &[]);
    package.package = Some("a.".repeat(10_000) + "a");
    let mut message = file("a", &[]);
    message.message_type.push(DescriptorProto {
        name: Some("M".repeat(513)),
        ..DescriptorProto::default()
    });
    for file in [package, message] {
        let refused = pool(vec![file]);
        assert!(matches!(refused, Err(InvalidDescriptors::Name { .. })));
    }
}

#[test]
fn an_entry_of_a_map_that_is_none_is_refused() {
    let named = |name: &str, number| FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        r#type: Some(9),
        ..FieldDescriptorProto::default()
    };
    for fields in [
        vec![],
        vec![named("key", 1)],
        vec![named("key", 1), named("value", 3)],
    ] {
        let mut file = file("a", &[]);
        file.message_type.push(DescriptorProto {
            name: Some("M".to_owned()),
            field: fields,
            options: Some(MessageOptions {
                map_entry: Some(true),
                ..MessageOptions::default()
            }),
            ..DescriptorProto::default()
        });
        let refused = matches!(pool(vec![file]), Err(InvalidDescriptors::MapEntry { .. }));
        assert!(refused);
    }
}

#[test]
fn a_file_may_be_there_twice_if_it_is_the_same() {
    let one = file("a", &[]);
    assert!(pool(vec![one.clone(), one.clone()]).is_ok());
    let other = FileDescriptorProto {
        package: Some("b".to_owned()),
        ..one.clone()
    };
    assert!(matches!(
        pool(vec![one, other]),
        Err(InvalidDescriptors::Twice { .. })
    ));
}

#[test]
fn a_list_that_is_shared_is_paid_for_when_json_copies_it() {
    let nested = |levels| {
        let body = (0..levels).fold("x".to_owned(), |body, _| {
            format!("cel.bind(x, x.map(y, [y, y]), {body})")
        });
        computed(&format!("any_json: \"cel.bind(x, [[]], {body})\""), "{}")
    };
    assert!(nested(4).is_ok(), "{:?}", nested(4));
    let problem = nested(15).expect_err("65,535 values of 2 KB each");
    assert!(problem.contains("steps"), "{problem}");
}
