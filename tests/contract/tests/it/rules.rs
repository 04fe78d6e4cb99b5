//! Each rule of the contract is enforced: a message that breaks it is refused with the field's path.

use std::collections::BTreeSet;

use pavane::validation::{messages_with_rules, violations};
use pavane_contract::broken;
use prost::Message;
use prost_reflect::MessageDescriptor;

fn with_rules() -> impl Iterator<Item = MessageDescriptor> {
    messages_with_rules().iter().map(|name| {
        let message = pavane::descriptor_pool().get_message_by_name(name);
        message.expect("what has rules is in the contract")
    })
}

#[test]
fn what_keeps_all_rules_is_accepted() {
    for message in with_rules() {
        let sound = broken::sound(&message);
        let found = violations(message.full_name(), &sound.encode_to_vec()).unwrap();
        assert!(found.is_empty(), "{sound:?}: {found:?}");
    }
}

#[test]
fn each_broken_rule_is_found_where_it_is() {
    for message in with_rules() {
        for broken in broken::all(&message) {
            let found = violations(message.full_name(), &broken.encoded()).unwrap();
            let paths: Vec<_> = found.iter().map(|(path, _)| path).collect();
            assert_eq!(paths, [broken.path.as_str()], "{broken:?}: {found:?}");
        }
    }
}

#[test]
fn each_rule_that_is_written_is_broken_by_something() {
    // No unsigned number is less.
    let unbreakable = |rule: &str| rule == "uint32.gte" || rule == "uint64.gte";
    let mut written = 0;
    for message in with_rules() {
        let all = broken::all(&message);
        for (field, rule) in broken::rules_of(&message) {
            let is_of = |path: &str| path == field || path.starts_with(&format!("{field}["));
            let covered = all.iter().any(|one| one.rule == rule && is_of(&one.path));
            let full_name = message.full_name();
            assert!(covered || unbreakable(&rule), "{full_name}.{field}: {rule}");
            written += 1;
        }
    }
    assert!(written > 100, "there are {written} rules");
}

/// Every message of which a request is made has a validator: what is not looked at cannot be refused.
#[test]
fn all_messages_that_have_rules_are_looked_at() {
    let looked_at: BTreeSet<&str> = messages_with_rules().iter().copied().collect();
    for message in pavane::descriptor_pool().all_messages() {
        let name = message.full_name().to_owned();
        let is_ours = name.starts_with("pavane.") || name.starts_with("shop.");
        if is_ours && !broken::rules_of(&message).is_empty() {
            assert!(looked_at.contains(name.as_str()), "{name}");
        }
    }
}
