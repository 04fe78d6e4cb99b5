//! Which methods a first workflow calls, and what probably undoes them. Guesses by names: a person looks
//! at the result.

use prost_reflect::{DescriptorPool, MethodDescriptor};

use super::names;

/// Packages of the machinery, which no workflow is about.
const MACHINERY: [&str; 4] = ["grpc.", "google.", "envoy.", "pavane."];
/// First words of methods that undo.
const UNDO: [&str; 10] = [
    "cancel", "release", "refund", "undo", "void", "revert", "rollback", "delete", "remove",
    "close",
];
/// First words of methods that only look.
const LOOK: [&str; 7] = [
    "get", "list", "search", "find", "watch", "check", "describe",
];
/// Steps of a first workflow.
const STEPS: usize = 2;

/// `package.Service/Method`.
pub(super) fn name(method: &MethodDescriptor) -> String {
    format!("{}/{}", method.parent_service().full_name(), method.name())
}

/// All unary methods, by the names of their services, and of each service as they are declared.
pub(super) fn methods(pool: &DescriptorPool) -> Vec<MethodDescriptor> {
    let mut services: Vec<_> = pool.services().collect();
    services.retain(|service| {
        let name = service.full_name();
        !MACHINERY.iter().any(|package| name.starts_with(package))
    });
    services.sort_by(|a, b| a.full_name().cmp(b.full_name()));
    let methods = services.iter().flat_map(|service| service.methods());
    let unary =
        |method: &MethodDescriptor| !method.is_client_streaming() && !method.is_server_streaming();
    methods.filter(unary).collect()
}

/// One method of each of the first services, or two of the only one; never of the service that the
/// workflow itself is a part of, if there are others.
pub(super) fn steps(
    methods: &[MethodDescriptor],
    implements: Option<&MethodDescriptor>,
) -> Vec<MethodDescriptor> {
    let own = implements.map(|method| method.parent_service());
    let mut others: Vec<_> = methods.to_vec();
    others.retain(|method| Some(method.parent_service()) != own);
    if others.is_empty() {
        others = methods.to_vec();
        others.retain(|method| Some(method) != implements);
    }
    // Stable: among equals the first that is declared.
    others.sort_by_key(|method| merit(method, methods));
    let mut chosen: Vec<MethodDescriptor> = Vec::new();
    for method in &others {
        let service = method.parent_service();
        if !chosen.iter().any(|other| other.parent_service() == service) {
            chosen.push(method.clone());
        }
    }
    for method in others {
        let undoes = is_first_word(&method, &UNDO);
        if chosen.len() == 1 && !undoes && !chosen.contains(&method) {
            chosen.push(method);
        }
    }
    chosen.truncate(STEPS);
    chosen
}

/// The smaller the better: first those that can be undone.
fn merit(method: &MethodDescriptor, methods: &[MethodDescriptor]) -> u8 {
    if is_first_word(method, &UNDO) {
        3
    } else if is_first_word(method, &LOOK) {
        2
    } else {
        u8::from(undo_of(method, methods).is_none())
    }
}

/// The method of the same service that most probably undoes this one.
pub(super) fn undo_of(
    method: &MethodDescriptor,
    methods: &[MethodDescriptor],
) -> Option<MethodDescriptor> {
    let candidates = methods.iter().filter(|other| {
        other.parent_service() == method.parent_service() && is_first_word(other, &UNDO)
    });
    let rated = candidates.map(|other| (likeness(method, other), other));
    let best = rated.max_by_key(|(likeness, _)| *likeness)?;
    (best.0 > 0).then(|| best.1.clone())
}

/// How many words of their names and fields of their requests a method and one that may undo it share; 0
/// if the other is about something else.
fn likeness(method: &MethodDescriptor, undo: &MethodDescriptor) -> usize {
    let (of_method, of_undo) = (names::snake(method.name()), names::snake(undo.name()));
    let about: Vec<&str> = of_undo.split('_').skip(1).collect();
    let words = about
        .iter()
        .filter(|word| of_method.split('_').any(|found| found == **word))
        .count();
    if words == 0 && !about.is_empty() {
        return 0;
    }
    let fields = method.input();
    let fields = fields.fields().filter(|field| {
        let found = undo.input().get_field_by_name(field.name());
        found.is_some_and(|found| found.kind() == field.kind())
    });
    2 * words + fields.count()
}

fn is_first_word(method: &MethodDescriptor, words: &[&str]) -> bool {
    let name = names::snake(method.name());
    let first = name.split('_').next().unwrap_or_default();
    words.contains(&first)
}
