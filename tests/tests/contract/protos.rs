//! The .proto files.

use std::collections::BTreeMap;
use std::process::Command;

use pavane_tests::tools;
use prost_reflect::{Kind, MessageDescriptor, MethodDescriptor};

fn methods() -> impl Iterator<Item = MethodDescriptor> {
    pavane::descriptor_pool()
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
}

#[test]
fn buf_finds_nothing_to_lint() {
    let Some(buf) = tools::find("buf", "buf_finds_nothing_to_lint") else {
        return;
    };
    let output = Command::new(buf)
        .arg("lint")
        .current_dir(pavane_tests::root())
        .output()
        .expect("buf can be started");
    assert!(
        output.status.success(),
        "buf lint:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn each_method_has_a_request_and_a_response_of_its_own() {
    let mut uses: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for method in methods() {
        let mut check = |message: MessageDescriptor, suffix: &str| {
            if message.name() != format!("{}{suffix}", method.name()) {
                wrong.push(format!(
                    "{} takes or gives {}",
                    method.full_name(),
                    message.full_name()
                ));
            }
            let users = uses.entry(message.full_name().to_owned()).or_default();
            users.push(method.full_name().to_owned());
        };
        check(method.input(), "Request");
        check(method.output(), "Response");
    }
    assert!(!uses.is_empty(), "the descriptor set has no method");
    let shared = uses.iter().filter(|(_, users)| users.len() > 1);
    wrong.extend(shared.map(|(message, users)| format!("{message} is shared by {users:?}")));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn lists_are_paged_as_aip_158_says() {
    for method in methods().filter(|method| method.name().starts_with("List")) {
        let has = |message: MessageDescriptor, fields: &[&str]| {
            for field in fields {
                let found = message.get_field_by_name(field).is_some();
                assert!(found, "{} has no field {field}", message.full_name());
            }
        };
        has(method.input(), &["page_size", "page_token"]);
        has(method.output(), &["next_page_token"]);
    }
}

/// Nobody types base64: whatever a person may have to give as bytes can be given otherwise.
#[test]
fn what_a_person_gives_is_not_only_bytes() {
    for method in methods() {
        for field in method
            .input()
            .fields()
            .filter(|field| field.kind() == Kind::Bytes)
        {
            let others = field.containing_oneof().into_iter();
            let mut others = others.flat_map(|oneof| oneof.fields().collect::<Vec<_>>());
            let is_typed = others.any(|other| other.name().ends_with("_json"));
            assert!(is_typed, "{} has no form to type", field.full_name());
        }
    }
}
