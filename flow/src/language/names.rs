//! The names of a definition: of the workflow and its steps, and of the methods that they call.

use prost_reflect::{DescriptorPool, MessageDescriptor, MethodDescriptor, ServiceDescriptor};

use super::limits::{MAX_DESCRIPTION_BYTES, MAX_NAME_BYTES};
use super::report::Report;
use crate::diagnostic::Diagnostic;
use crate::plan::Method;

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
    if RESERVED.contains(&id) {
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

/// Finds a message by the full name that a definition gives it.
pub(super) fn find_message(
    name: &str,
    path: &str,
    pool: &DescriptorPool,
    report: &mut Report<'_>,
) -> Option<MessageDescriptor> {
    if name.is_empty() {
        let message = "`type` is missing: expected the full name of a message, such as \
                       `shop.order.v1.OrderPaid`";
        required(path, message, report);
        return None;
    }
    let found = pool.get_message_by_name(name);
    if found.as_ref().is_some_and(|found| !found.is_map_entry()) {
        return found;
    }
    let message = format!("there is no message type `{name}`");
    let found = Diagnostic::error("UNKNOWN_TYPE", message).label("unknown type");
    // The right name with the wrong package is the commonest mistake.
    let short = name.rsplit('.').next().unwrap_or(name);
    let mut messages = pool.all_messages();
    let found = match messages.find(|message| message.name() == short) {
        Some(same) => found.help(format!("write `{}`", same.full_name())),
        None => {
            let names: Vec<_> = pool
                .all_messages()
                .map(|message| message.full_name().to_owned())
                .collect();
            found.nearest(name, "a message type", names.iter().map(String::as_str))
        }
    };
    report.add(path, found);
    None
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

/// Finds a unary method by the name that a definition gives it.
pub(super) fn find_method(
    name: &str,
    path: &str,
    pool: &DescriptorPool,
    report: &mut Report<'_>,
) -> Option<MethodDescriptor> {
    if name.is_empty() {
        let key = path.rsplit('.').next().unwrap_or(path);
        let message = format!(
            "`{key}` is missing: expected a method such as `shop.order.v1.OrderService/PlaceOrder`"
        );
        required(path, &message, report);
        return None;
    }
    let Some((service_name, method_name)) = name.split_once('/') else {
        let message = format!("`{name}` is not a method: expected a service, `/` and a method");
        let mut found = Diagnostic::error("INVALID_METHOD", message).label("not a method");
        if let Some((service, method)) = name.rsplit_once('.')
            && pool.get_service_by_name(service).is_some()
        {
            found.help = format!("write `{service}/{method}`");
        }
        report.add(path, found);
        return None;
    };
    if service_name.is_empty() {
        let message = format!("`{name}` is not a method: it begins with `/`");
        let found = Diagnostic::error("INVALID_METHOD", message).label("not a method");
        report.add(path, found.help(format!("write `{method_name}`")));
        return None;
    }
    let Some(service) = pool.get_service_by_name(service_name) else {
        let range = 0..service_name.len();
        report.add_inside(path, name, range, unknown_service(service_name, pool));
        return None;
    };
    let Some(method) = service
        .methods()
        .find(|method| method.name() == method_name)
    else {
        let range = service_name.len() + 1..name.len();
        report.add_inside(path, name, range, unknown_method(method_name, &service));
        return None;
    };
    if method.is_client_streaming() || method.is_server_streaming() {
        let message = format!("`{name}` is a streaming method, only unary methods can be called");
        let range = service_name.len() + 1..name.len();
        let found = Diagnostic::error("STREAMING_METHOD", message).label("streaming");
        report.add_inside(path, name, range, found);
        return None;
    }
    Some(method)
}

fn unknown_service(name: &str, pool: &DescriptorPool) -> Diagnostic {
    let services: Vec<ServiceDescriptor> = pool.services().collect();
    let message = format!("there is no service `{name}`");
    let found = Diagnostic::error("UNKNOWN_SERVICE", message).label("unknown service");
    // The right name with the wrong package is the commonest mistake.
    let short = name.rsplit('.').next().unwrap_or(name);
    let same_name = services.iter().find(|service| service.name() == short);
    match same_name {
        Some(service) => found.help(format!("write `{}`", service.full_name())),
        None if services.is_empty() => found.help("the descriptors hold no services at all"),
        None => found.nearest(
            name,
            "a service",
            services.iter().map(ServiceDescriptor::full_name),
        ),
    }
}

fn unknown_method(name: &str, service: &ServiceDescriptor) -> Diagnostic {
    let methods: Vec<MethodDescriptor> = service.methods().collect();
    let names: Vec<_> = methods.iter().map(MethodDescriptor::name).collect();
    let message = format!("`{}` has no method `{name}`", service.full_name());
    let mut found = Diagnostic::error("UNKNOWN_METHOD", message)
        .label("unknown method")
        .nearest(name, "a method", names.iter().copied());
    if found.help.is_empty() && !names.is_empty() && names.len() <= 12 {
        found.help = format!("its methods are {}", super::decode::quoted_list(&names));
    }
    found
}

/// The method as plans have it.
pub(super) fn to_method(descriptor: &MethodDescriptor) -> Method {
    let service = descriptor.parent_service().full_name();
    Method {
        service: service.into(),
        path: format!("/{service}/{}", descriptor.name()).into(),
    }
}
