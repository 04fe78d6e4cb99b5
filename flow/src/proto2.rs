//! What proto2 asks of templates. A message without its required fields cannot be read, so one that does
//! not name them is a mistake; what a named field's expression gives may still be unset, which shows when it
//! runs. A group can be copied whole, and not put together.

use prost_reflect::{Cardinality, DescriptorPool, Kind, MessageDescriptor, MethodDescriptor};
use prost_types::Struct;
use prost_types::value::Kind as Json;

use crate::diagnostic::Diagnostic;
use crate::language::Definition;

/// What is wrong with the requests and the output of a definition by the rules of proto2, each at its place.
/// Methods that are not known are passed over: others say so.
pub fn check(definition: &Definition, pool: &DescriptorPool) -> Vec<Diagnostic> {
    let workflow = definition.workflow();
    let mut search = Search {
        definition,
        found: Vec::new(),
    };
    for (position, step) in workflow.steps.iter().enumerate() {
        if let Some(method) = method(pool, &step.call) {
            let path = format!("steps[{position}].request");
            search.template(step.request.as_ref(), &method.input(), &path);
        }
        let Some(compensate) = &step.compensate else {
            continue;
        };
        if let Some(method) = method(pool, &compensate.call) {
            let path = format!("steps[{position}].compensate.request");
            search.template(compensate.request.as_ref(), &method.input(), &path);
        }
    }
    if let Some(method) = method(pool, &workflow.implements) {
        search.template(workflow.output.as_ref(), &method.output(), "output");
    }
    search.found
}

struct Search<'a> {
    definition: &'a Definition,
    found: Vec<Diagnostic>,
}

impl Search<'_> {
    fn template(&mut self, template: Option<&Struct>, message: &MessageDescriptor, path: &str) {
        let nothing = Struct::default();
        let fields = &template.unwrap_or(&nothing).fields;
        for field in message.fields() {
            let given = fields.get(field.name());
            let Some(given) = given.or_else(|| fields.get(field.json_name())) else {
                if field.cardinality() == Cardinality::Required {
                    self.missing(field.name(), message, path);
                }
                continue;
            };
            let Kind::Message(inner) = field.kind() else {
                continue;
            };
            let path = format!("{path}.{}", field.name());
            if field.is_group() && !matches!(given.kind, Some(Json::StringValue(_))) {
                self.group(field.name(), message, &path);
                continue;
            }
            match &given.kind {
                Some(Json::StructValue(entries)) if field.is_map() => {
                    self.entries(entries, &inner, &path);
                }
                Some(Json::StructValue(template)) => self.template(Some(template), &inner, &path),
                Some(Json::ListValue(list)) => {
                    for (index, value) in list.values.iter().enumerate() {
                        if let Some(Json::StructValue(template)) = &value.kind {
                            let path = format!("{path}[{index}]");
                            self.template(Some(template), &inner, &path);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn entries(&mut self, entries: &Struct, entry: &MessageDescriptor, path: &str) {
        let Kind::Message(value_type) = entry.map_entry_value_field().kind() else {
            return;
        };
        for (key, value) in &entries.fields {
            if let Some(Json::StructValue(template)) = &value.kind {
                self.template(Some(template), &value_type, &format!("{path}.{key}"));
            }
        }
    }

    fn group(&mut self, field: &str, message: &MessageDescriptor, path: &str) {
        let text = format!(
            "`{}.{field}` is a group, which cannot be put together here",
            message.name()
        );
        let found = Diagnostic::error("GROUP_TEMPLATE", text).label("a group");
        let found = found.help("copy one whole, such as `input.part`");
        self.found.push(found.at(path, self.definition.place(path)));
    }

    fn missing(&mut self, field: &str, message: &MessageDescriptor, path: &str) {
        let text = format!("`{}.{field}` is required, and not set here", message.name());
        let found = Diagnostic::error("REQUIRED", text).label("something is missing");
        let found = found.help(format!(
            "add `{field}`: a message without it cannot be read"
        ));
        self.found.push(found.at(path, self.definition.place(path)));
    }
}

fn method(pool: &DescriptorPool, name: &str) -> Option<MethodDescriptor> {
    let (service, method) = name.split_once('/')?;
    let service = pool.get_service_by_name(service)?;
    service.methods().find(|found| found.name() == method)
}
