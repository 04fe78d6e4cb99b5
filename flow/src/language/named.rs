//! The methods and messages that a definition names.

use prost_reflect::{DescriptorPool, MessageDescriptor, MethodDescriptor, ServiceDescriptor};

use super::names::required;
use super::report::Report;
use crate::diagnostic::Diagnostic;
use crate::plan::Method;

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
