//! Which files of many a definition needs. Folders hold what others need as well, and a server that is
//! sent all of it must keep it.

use std::collections::{BTreeMap, BTreeSet};

use pavane::workflow::v1::Workflow;
use pavane_flow::language::Definition;
use prost_reflect::{DescriptorPool, FileDescriptor};
use prost_types::FileDescriptorProto;

/// Options of descriptors are extended by those who generate code.
const FROZEN: &str = "google.protobuf.";

/// The files that define what the definition names and `named`, with all that they import. If it names a
/// service that nothing defines, all files: the right name may be in any of them.
pub(super) fn files(
    pool: &DescriptorPool,
    definition: &str,
    named: &BTreeSet<String>,
) -> Vec<FileDescriptorProto> {
    let parsed = Definition::parse("", definition);
    let services = services_of(parsed.workflow());
    let known: Option<Vec<FileDescriptor>> = services
        .iter()
        .map(|name| Some(pool.get_service_by_name(name)?.parent_file()))
        .collect();
    let Some(mut waiting) = known.filter(|files| !files.is_empty()) else {
        return pool.file_descriptor_protos().cloned().collect();
    };
    waiting.extend(named.iter().filter_map(|name| pool.get_file_by_name(name)));
    let messages = pool.all_messages();
    let messages = messages.filter(|message| definition.contains(message.full_name()));
    waiting.extend(messages.map(|message| message.parent_file()));
    let enums = pool.all_enums();
    let enums = enums.filter(|found| definition.contains(found.full_name()));
    waiting.extend(enums.map(|found| found.parent_file()));

    let mut files: BTreeMap<String, FileDescriptor> = BTreeMap::new();
    while !waiting.is_empty() {
        while let Some(file) = waiting.pop() {
            if files.insert(file.name().to_owned(), file.clone()).is_none() {
                waiting.extend(file.dependencies());
            }
        }
        let extending = pool.all_extensions().filter(|extension| {
            let extended = extension.containing_message();
            !extended.full_name().starts_with(FROZEN)
                && files.contains_key(extended.parent_file().name())
        });
        let extending = extending.map(|extension| extension.parent_file());
        waiting.extend(extending.filter(|file| !files.contains_key(file.name())));
    }
    let files = files.values();
    files
        .map(|file| file.file_descriptor_proto().clone())
        .collect()
}

/// The services whose methods a definition names.
fn services_of(workflow: &Workflow) -> BTreeSet<String> {
    let calls = workflow.steps.iter().flat_map(|step| {
        let undo = step.compensate.as_ref().map(|undo| &undo.call);
        [Some(&step.call), undo]
    });
    let methods = std::iter::once(Some(&workflow.implements)).chain(calls);
    let services = methods
        .flatten()
        .filter_map(|method| method.rsplit_once('/'));
    services.map(|(service, _)| service.to_owned()).collect()
}
