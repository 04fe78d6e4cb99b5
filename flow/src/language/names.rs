//! The names of a definition: of the workflow and its steps, and of the methods that they call.

use super::limits::{MAX_DESCRIPTION_BYTES, MAX_NAME_BYTES};
use super::report::Report;
use crate::diagnostic::Diagnostic;

/// Words that cannot be the id of a step, for they mean something in expressions.
const RESERVED: &[&str] = &[
    "input",
    "execution",
    "constants",
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
    "has",
    "all",
    "exists",
    "exists_one",
    "map",
    "filter",
    "bool",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "list",
    "null_type",
    "type",
    "dyn",
    "google",
];

/// Whether a word means something in expressions, so that no step can be called by it.
pub fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

/// Checks the name of a workflow.
pub(super) fn check_workflow_name(name: &str, report: &mut Report<'_>) {
    let path = "name";
    if name.is_empty() {
        required(path, "a workflow needs a name", report);
        return;
    }
    let problem = format_problem(name, '-');
    if let Some(problem) = problem {
        let message = format!(
            "`{name}` cannot name a workflow: {problem}, expected lower-case letters, digits and `-`, \
             beginning with a letter, at most {MAX_NAME_BYTES} bytes"
        );
        let found = Diagnostic::error("INVALID_NAME", message).label("not a name");
        report.add(path, proposed(found, name, '-'));
    }
}

/// Checks the description of a workflow.
pub(super) fn check_description(description: &str, report: &mut Report<'_>) {
    if description.len() > MAX_DESCRIPTION_BYTES {
        let message = format!(
            "a description of {} bytes is longer than the allowed {MAX_DESCRIPTION_BYTES}",
            description.len()
        );
        report.add("description", Diagnostic::error("LIMIT_EXCEEDED", message));
    }
}

/// Checks the id of a step. Gives whether it can be referred to by it.
pub(super) fn check_step_id(id: &str, path: &str, report: &mut Report<'_>) -> bool {
    if id.is_empty() {
        required(path, "a step needs an id", report);
        return false;
    }
    if is_reserved(id) {
        let message = format!("`{id}` cannot be the id of a step: expressions use it otherwise");
        let found = Diagnostic::error("RESERVED_WORD", message).label("reserved");
        report.add(path, found);
        return false;
    }
    let Some(problem) = format_problem(id, '_') else {
        return true;
    };
    let message = format!(
        "`{id}` cannot be the id of a step: {problem}, expected lower-case letters, digits and `_`, \
         beginning with a letter, at most {MAX_NAME_BYTES} bytes"
    );
    let found = Diagnostic::error("INVALID_NAME", message).label("not an id");
    report.add(path, proposed(found, id, '_'));
    // As an identifier of the expression language it can be found all the same: one mistake is enough.
    id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Checks the name of a constant.
pub(super) fn check_constant_name(name: &str, path: &str, report: &mut Report<'_>) {
    // What can follow a point in expressions is any name but these.
    let is_word = matches!(name, "true" | "false" | "null" | "in");
    let problem = match format_problem(name, '_') {
        None if is_word => "expressions use it otherwise".to_owned(),
        None => return,
        Some(problem) => problem,
    };
    let message = format!(
        "`{name}` cannot name a constant: {problem}, expected lower-case letters, digits and `_`, \
         beginning with a letter, at most {MAX_NAME_BYTES} bytes"
    );
    let mut found = Diagnostic::error("INVALID_NAME", message).label("not a name");
    if !is_word {
        found = proposed(found, name, '_');
    }
    report.add_to_key(path, found);
}

/// Checks what a step over a list calls an element. Gives whether it can be referred to by it.
pub(super) fn check_element_name(name: &str, path: &str, report: &mut Report<'_>) -> bool {
    if RESERVED.contains(&name) {
        let message = format!("`{name}` cannot name an element: expressions use it otherwise");
        let found = Diagnostic::error("RESERVED_WORD", message).label("reserved");
        report.add(path, found);
        return false;
    }
    let Some(problem) = format_problem(name, '_') else {
        return true;
    };
    let message = format!(
        "`{name}` cannot name an element: {problem}, expected lower-case letters, digits and `_`, \
         beginning with a letter, at most {MAX_NAME_BYTES} bytes"
    );
    let found = Diagnostic::error("INVALID_NAME", message).label("not a name");
    report.add(path, proposed(found, name, '_'));
    false
}

/// Checks the name of a feed.
pub(super) fn check_feed_name(name: &str, path: &str, report: &mut Report<'_>) {
    if name.is_empty() {
        required(
            path,
            "`feed` is missing: expected the name of a feed",
            report,
        );
        return;
    }
    let allowed =
        |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    let problem = match name.chars().find(|c| !allowed(c)) {
        Some(wrong) => format!("it holds `{wrong}`"),
        None if name.len() > MAX_NAME_BYTES => format!("it has {} bytes", name.len()),
        None => return,
    };
    let message = format!(
        "`{name}` cannot name a feed: {problem}, expected lower-case letters, digits, `-`, `_` and \
         `.`, at most {MAX_NAME_BYTES} bytes"
    );
    report.add(
        path,
        Diagnostic::error("INVALID_NAME", message).label("not a name"),
    );
}

fn format_problem(name: &str, separator: char) -> Option<String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == separator;
    if name.len() > MAX_NAME_BYTES {
        Some(format!("it has {} bytes", name.len()))
    } else if let Some(wrong) = name.chars().find(|c| !allowed(*c)) {
        Some(format!("it holds `{wrong}`"))
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        Some("it does not begin with a letter".to_owned())
    } else {
        None
    }
}

/// Proposes the nearest name that is allowed.
fn proposed(found: Diagnostic, name: &str, separator: char) -> Diagnostic {
    let mut proposal = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && proposal.ends_with(|c: char| c.is_ascii_lowercase()) {
            proposal.push(separator);
        }
        if c.is_ascii_alphanumeric() {
            proposal.push(c.to_ascii_lowercase());
        } else if !proposal.is_empty() && !proposal.ends_with(separator) {
            proposal.push(separator);
        }
    }
    let proposal = proposal.trim_end_matches(separator);
    if proposal.is_empty() || format_problem(proposal, separator).is_some() {
        return found;
    }
    found.help(format!("write `{proposal}`"))
}

/// Reports what is missing, unless something is there that was refused.
pub(super) fn required(path: &str, message: &str, report: &mut Report<'_>) {
    if !report.was_refused(path) {
        report.add(
            path,
            Diagnostic::error("REQUIRED", message).label("something is missing"),
        );
    }
}
