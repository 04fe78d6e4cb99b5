//! What calls are sent with besides their requests: names, and expressions that make texts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::environment::Environment;
use super::limits::{MAX_METADATA, MAX_NAME_BYTES};
use super::report::Report;
use super::template::{Compiler, Reference};
use crate::diagnostic::Diagnostic;
use crate::program::TextExpression;

/// Metadata by name, compiled.
pub(super) type Metadata = Vec<(Arc<str>, TextExpression)>;

/// Compiles metadata, what is inherited included: what is given under a name stands.
pub(super) fn compile(
    given: &BTreeMap<String, String>,
    inherited: &Metadata,
    path: &str,
    environment: &Environment<'_>,
    expressions: &mut usize,
    report: &mut Report<'_>,
) -> (Metadata, Vec<Reference>) {
    let inherited_only = inherited
        .iter()
        .filter(|(name, _)| !given.contains_key(&**name));
    let mut metadata: Metadata = inherited_only.cloned().collect();
    let mut references = Vec::new();
    let count = metadata.len() + given.len();
    if count > MAX_METADATA {
        let message =
            format!("{count} entries of metadata are more than the allowed {MAX_METADATA}");
        report.add_to_key(path, Diagnostic::error("LIMIT_EXCEEDED", message));
    }
    for (name, text) in given {
        let path = format!("{path}.{name}");
        check_name(name, &path, report);
        let compiler = Compiler::new(environment, report, expressions);
        let (text, others) = compiler.text(text, &path, name);
        references.extend(others);
        metadata.extend(text.map(|text| (name.as_str().into(), text)));
    }
    metadata.sort_by(|(left, _), (right, _)| left.cmp(right));
    (metadata, references)
}

/// Compiles the metadata of a workflow's defaults. Reports what refers to steps: it is sent before any
/// has completed.
pub(super) fn defaults(
    given: &BTreeMap<String, String>,
    environment: &Environment<'_>,
    expressions: &mut usize,
    report: &mut Report<'_>,
) -> Metadata {
    let path = "defaults.metadata";
    let none = Metadata::new();
    let (metadata, references) = compile(given, &none, path, environment, expressions, report);
    let mut reported = BTreeSet::new();
    for reference in references {
        if reported.insert(reference.path.clone()) {
            let message = "what every call is sent with cannot use the response of a step, for it \
                           may not be there yet";
            let found = Diagnostic::error("DEFAULTS_NEED_RESPONSE", message)
                .label("not known to every step")
                .help(
                    "use `input`, `execution` or `constants`, or say it of the steps that know it",
                );
            report.add_at(&reference.path, reference.span, found);
        }
    }
    metadata
}

fn check_name(name: &str, path: &str, report: &mut Report<'_>) {
    let is_allowed =
        |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    let wrong = name.chars().find(|c| !is_allowed(c));
    let found = if let Some(wrong) = wrong {
        let message = format!(
            "`{name}` cannot name metadata: it holds `{wrong}`, expected lower-case letters, digits, \
             `-`, `_` and `.`"
        );
        let found = Diagnostic::error("INVALID_NAME", message).label("not a name");
        let lower = name.to_ascii_lowercase();
        if lower.chars().all(|c| is_allowed(&c)) {
            found.help(format!("write `{lower}`"))
        } else {
            found
        }
    } else if name.is_empty() || name.len() > MAX_NAME_BYTES {
        let message = format!(
            "the name of metadata has 1 to {MAX_NAME_BYTES} bytes, this has {}",
            name.len()
        );
        Diagnostic::error("INVALID_NAME", message).label("not a name")
    } else if name.ends_with("-bin") {
        let message =
            format!("`{name}` is binary metadata, and what expressions make here is text");
        Diagnostic::error("BINARY_METADATA", message)
            .label("binary")
            .help("leave off `-bin`, and send bytes as text: `base64.encode(...)`")
    } else if pavane::metadata::is_reserved(name) {
        let message = format!("`{name}` is set by gRPC or Pavane, and by nobody else");
        Diagnostic::error("RESERVED_METADATA", message).label("reserved")
    } else {
        return;
    };
    report.add_to_key(path, found);
}
