//! Writes the rules of the contract as Rust: an `impl Validate` for each message that has some, or that
//! has a message that does; an `impl Received` for whatever a method takes or gives.
//!
//! What is written only walks; how a value is compared, and what is said of it, is in `src/validation`.

mod message;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use protox::prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};

use super::names::type_path;
use super::rules::{self, Error, Ignore};

/// Packages that are imported, and whose messages have no validators.
const IMPORTED: [&str; 3] = ["google.", "buf.", "io."];

/// The validators of every message in `pool`, as one file.
/// Errors: a rule that is not known.
pub(crate) fn write(pool: &DescriptorPool) -> Result<String, Error> {
    let all: Vec<_> = pool.all_messages().filter(is_ours).collect();
    let with_rules = with_rules(&all)?;
    let mut code = String::new();
    for message in all.iter().filter(|it| with_rules.contains(it.full_name())) {
        code.push_str(&message::write(message, &with_rules)?);
    }
    code.push_str(&received(pool, &with_rules));
    code.push_str(&by_name(&all, &with_rules));
    Ok(code)
}

fn is_ours(message: &MessageDescriptor) -> bool {
    let name = message.full_name();
    !message.is_map_entry() && !IMPORTED.iter().any(|package| name.starts_with(package))
}

/// Full names of the messages that have rules, or that have messages that do.
fn with_rules(all: &[MessageDescriptor]) -> Result<BTreeSet<String>, Error> {
    let mut found = BTreeSet::new();
    for message in all {
        let mut has_some = !rules::of_message(message)?.is_empty();
        for oneof in message.oneofs() {
            has_some |= rules::of_oneof(&oneof)?;
        }
        for field in message.fields() {
            let rules = rules::of_field(&field)?;
            has_some |= rules.required || rules.kind.is_some();
        }
        if has_some {
            found.insert(message.full_name().to_owned());
        }
    }
    loop {
        let before = found.len();
        for message in all {
            let mut fields = message.fields();
            let has_one = fields.any(|field| {
                let inner = inner_message(&field);
                inner.is_some_and(|inner| found.contains(inner.full_name()))
                    && rules::of_field(&field).is_ok_and(|rules| rules.ignore != Ignore::Always)
            });
            if has_one {
                found.insert(message.full_name().to_owned());
            }
        }
        if found.len() == before {
            return Ok(found);
        }
    }
}

/// The message that a field is of, or has as elements or as values.
fn inner_message(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    let Kind::Message(message) = field.kind() else {
        return None;
    };
    if !field.is_map() {
        return Some(message);
    }
    match message.map_entry_value_field().kind() {
        Kind::Message(value) => Some(value),
        _ => None,
    }
}

/// What each method takes is checked, what it gives is not.
fn received(pool: &DescriptorPool, with_rules: &BTreeSet<String>) -> String {
    let mut all = BTreeMap::new();
    for method in pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
    {
        all.entry(method.output().full_name().to_owned())
            .or_insert((method.output(), false));
        all.insert(
            method.input().full_name().to_owned(),
            (method.input(), true),
        );
    }
    let mut code = String::new();
    for (name, (message, is_request)) in all {
        let check = match is_request && with_rules.contains(&name) {
            true => " fn check(&self) -> Result<(), Status> { check(self) } ",
            false => "",
        };
        line(
            &mut code,
            &format!("impl Received for {} {{{check}}}", type_path(&message)),
        );
    }
    code
}

fn by_name(all: &[MessageDescriptor], with_rules: &BTreeSet<String>) -> String {
    let mut cases = String::new();
    for message in all.iter().filter(|it| with_rules.contains(it.full_name())) {
        let case = format!(
            "{:?} => violations_of::<{}>(encoded),",
            message.full_name(),
            type_path(message)
        );
        line(&mut cases, &case);
    }
    let names = all.iter().filter(|it| with_rules.contains(it.full_name()));
    let names: Vec<_> = names.map(|it| it.full_name().to_owned()).collect();
    format!(
        "pub(super) const WITH_RULES: &[&str] = &{names:?};\n\
         pub(super) fn by_name(message: &str, encoded: &[u8]) -> Result<Violations, DecodeError> {{\n\
         match message {{\n{cases}_ => Ok(Violations::default()),\n}}\n}}\n"
    )
}

fn line(code: &mut String, line: &str) {
    writeln!(code, "{line}").expect("writing to a string does not fail");
}
