//! Each reason that an error can have is explained in `docs/errors.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where errors are made.
const SOURCES: [&str; 12] = [
    "src",
    "flow/src",
    "feed/src",
    "server/src",
    "calls/src",
    "choreography/src",
    "orchestrator/src",
    "sidecar/src",
    "services/kit/src",
    "services/inventory/src",
    "services/payment/src",
    "services/shipping/src",
];

/// Canonical codes of gRPC are no reasons.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

#[test]
fn each_reason_is_documented() {
    let root = pavane_tests::root();
    let enum_values: BTreeSet<String> = pavane::descriptor_pool()
        .all_enums()
        .flat_map(|one| {
            one.values()
                .map(|value| value.name().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    let mut reasons: BTreeMap<String, PathBuf> = BTreeMap::new();
    for folder in SOURCES {
        each_source(&root.join(folder), &mut |path, text| {
            for literal in text.split('"').filter(|text| is_reason(text)) {
                if !CODES.contains(&literal) && !enum_values.contains(literal) {
                    reasons
                        .entry(literal.to_owned())
                        .or_insert_with(|| path.to_owned());
                }
            }
        });
    }
    assert!(
        reasons.len() > 20,
        "found no reasons: has the way they are written changed?"
    );

    let page = fs::read_to_string(root.join("docs/errors.md")).unwrap_or_default();
    let missing: Vec<_> = reasons
        .iter()
        .filter(|(reason, _)| !page.contains(&format!("`{reason}`")))
        .map(|(reason, path)| {
            format!(
                "`{reason}` ({})",
                path.strip_prefix(root).unwrap_or(path).display()
            )
        })
        .collect();
    assert!(
        missing.is_empty(),
        "docs/errors.md must explain, in backticks, with cause and cure:\n{}",
        missing.join("\n")
    );
}

/// Two words at least, so that no code or constant of one word is taken for a reason; not the
/// name of an environment variable.
fn is_reason(text: &str) -> bool {
    let words = text.split('_').all(|word| {
        !word.is_empty()
            && word
                .chars()
                .all(|one| one.is_ascii_uppercase() || one.is_ascii_digit())
    });
    let variable = ["PAVANE_", "SHOP_", "CARGO_", "RUST_", "OUT_DIR", "NO_COLOR"];
    words && text.contains('_') && !variable.iter().any(|prefix| text.starts_with(prefix))
}

/// Calls `visit` with each source file below a folder and its text up to its tests.
pub(crate) fn each_source(folder: &Path, visit: &mut impl FnMut(&Path, &str)) {
    let entries = fs::read_dir(folder).expect("the folder is part of the repository");
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        let is_test = path
            .file_stem()
            .is_some_and(|stem| stem == "tests" || stem == "testing");
        if is_test {
            continue;
        }
        if path.is_dir() {
            each_source(&path, visit);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source is text");
            visit(&path, text.split("#[cfg(test)]").next().unwrap_or_default());
        }
    }
}
