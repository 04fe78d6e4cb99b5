//! Finds what a reflection request asks for. Pure: descriptors and a request in, an answer out.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use prost_reflect::{DescriptorPool, FileDescriptor};
use tonic::Code;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{
    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse,
    ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
};

use crate::descriptors::{Snapshot, error_details};

/// What was said before on one stream.
#[derive(Default)]
pub(super) struct Told {
    /// The files that were sent: name and hash, for a file may have several versions.
    sent: HashSet<(String, u64)>,
    /// The service that was asked for last: what is asked next is most likely meant as that service
    /// has it.
    service: Option<String>,
}

/// Answers one request.
pub(super) fn answer(
    known: &Snapshot,
    told: &mut Told,
    request: ServerReflectionRequest,
) -> ServerReflectionResponse {
    let answer = match &request.message_request {
        None => Err(error(
            Code::InvalidArgument,
            "the request is empty: expected one of its `message_request` fields".to_owned(),
        )),
        Some(asked) => find(known, told, asked),
    };
    ServerReflectionResponse {
        valid_host: request.host.clone(),
        original_request: Some(request),
        message_response: Some(answer.unwrap_or_else(MessageResponse::ErrorResponse)),
    }
}

/// Where to look for a name: in what the service has that it is part of, or that was asked for last;
/// then in all else that is served.
fn places<'a>(known: &'a Snapshot, told: &mut Told, symbol: &str) -> Vec<&'a DescriptorPool> {
    let parent = symbol.rsplit_once('.').map(|(parent, _)| parent);
    let named = [Some(symbol), parent].into_iter().flatten();
    let mut services = named.filter_map(|name| known.service(name));
    if let Some(service) = services.next() {
        told.service = Some(service.full_name().to_owned());
    }
    let last = told.service.as_ref();
    let meant = last.and_then(|service| known.service(service));
    let meant = meant.map(|service| service.parent_pool());
    // Clients ask for the types in an error's details to show them.
    let others = known.pools().iter().chain([error_details()]);
    meant.into_iter().chain(others).collect()
}

fn find(
    known: &Snapshot,
    told: &mut Told,
    asked: &MessageRequest,
) -> Result<MessageResponse, ErrorResponse> {
    let file = match asked {
        MessageRequest::FileByFilename(name) => places(known, told, "")
            .iter()
            .find_map(|pool| pool.get_file_by_name(name))
            .ok_or_else(|| not_found("file", name))?,
        MessageRequest::FileContainingSymbol(symbol) => places(known, told, symbol)
            .iter()
            .find_map(|pool| file_of_symbol(pool, symbol))
            .ok_or_else(|| not_found("symbol", symbol))?,
        MessageRequest::FileContainingExtension(asked) => {
            let number = asked.extension_number;
            let places = places(known, told, &asked.containing_type);
            let file = u32::try_from(number).ok().and_then(|number| {
                places.iter().find_map(|pool| {
                    let message = pool.get_message_by_name(&asked.containing_type)?;
                    Some(message.get_extension(number)?.parent_file())
                })
            });
            file.ok_or_else(|| {
                not_found("extension", &format!("{}:{number}", asked.containing_type))
            })?
        }
        MessageRequest::AllExtensionNumbersOfType(name) => {
            let message = places(known, told, name)
                .iter()
                .find_map(|pool| pool.get_message_by_name(name))
                .ok_or_else(|| not_found("message", name))?;
            let numbers = message.extensions().map(|extension| extension.number());
            return Ok(MessageResponse::AllExtensionNumbersResponse(
                ExtensionNumberResponse {
                    base_type_name: name.clone(),
                    // Field numbers have 29 bits.
                    extension_number: numbers.map(|number| number as i32).collect(),
                },
            ));
        }
        MessageRequest::ListServices(_) => {
            let names = known.services().map(str::to_owned);
            return Ok(MessageResponse::ListServicesResponse(ListServiceResponse {
                service: names.map(|name| ServiceResponse { name }).collect(),
            }));
        }
    };
    Ok(MessageResponse::FileDescriptorResponse(
        FileDescriptorResponse {
            file_descriptor_proto: with_imports(file, told),
        },
    ))
}

/// The file, and what it imports that was not sent before.
fn with_imports(file: FileDescriptor, told: &mut Told) -> Vec<Vec<u8>> {
    let mut encoded = vec![file.encode_to_vec()];
    told.is_new(&file, &encoded[0]);
    let mut waiting: Vec<FileDescriptor> = file.dependencies().collect();
    let mut seen = HashSet::from([file.name().to_owned()]);
    while let Some(file) = waiting.pop() {
        if !seen.insert(file.name().to_owned()) {
            continue;
        }
        let bytes = file.encode_to_vec();
        if told.is_new(&file, &bytes) {
            encoded.push(bytes);
        }
        waiting.extend(file.dependencies());
    }
    encoded
}

impl Told {
    /// Takes note of a file that is sent. Says whether it was not sent before.
    fn is_new(&mut self, file: &FileDescriptor, encoded: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        encoded.hash(&mut hasher);
        self.sent.insert((file.name().to_owned(), hasher.finish()))
    }
}

/// The file that defines a type, a service, an extension, or a part of one.
fn file_of_symbol(pool: &DescriptorPool, symbol: &str) -> Option<FileDescriptor> {
    if let Some(message) = pool.get_message_by_name(symbol) {
        return Some(message.parent_file());
    }
    if let Some(service) = pool.get_service_by_name(symbol) {
        return Some(service.parent_file());
    }
    if let Some(enumeration) = pool.get_enum_by_name(symbol) {
        return Some(enumeration.parent_file());
    }
    if let Some(extension) = pool.get_extension_by_name(symbol) {
        return Some(extension.parent_file());
    }
    let (parent, name) = symbol.rsplit_once('.')?;
    if let Some(service) = pool.get_service_by_name(parent) {
        let found = service.methods().any(|method| method.name() == name);
        return found.then(|| service.parent_file());
    }
    if let Some(message) = pool.get_message_by_name(parent) {
        let found = message.get_field_by_name(name).is_some()
            || message.oneofs().any(|oneof| oneof.name() == name);
        if found {
            return Some(message.parent_file());
        }
    }
    // A value's full name has the scope of its enum, not the enum.
    pool.all_enums()
        .find(|enumeration| {
            let scope = enumeration.full_name().rsplit_once('.');
            scope.is_some_and(|(scope, _)| scope == parent)
                && enumeration.get_value_by_name(name).is_some()
        })
        .map(|enumeration| enumeration.parent_file())
}

fn not_found(what: &str, name: &str) -> ErrorResponse {
    error(Code::NotFound, format!("no {what} `{name}` here"))
}

fn error(code: Code, error_message: String) -> ErrorResponse {
    ErrorResponse {
        error_code: code.into(),
        error_message,
    }
}
