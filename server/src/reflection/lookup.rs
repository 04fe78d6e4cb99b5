//! Finds what a reflection request asks for. Pure: descriptors and a request in, an answer out.

use std::collections::HashSet;

use prost_reflect::{DescriptorPool, FileDescriptor};
use tonic::Code;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{
    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse,
    ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
};

use crate::descriptors::{Snapshot, error_details};

/// Answers one request. `sent` holds the names of the files that this stream has sent already.
pub(super) fn answer(
    known: &Snapshot,
    sent: &mut HashSet<String>,
    request: ServerReflectionRequest,
) -> ServerReflectionResponse {
    let answer = match &request.message_request {
        None => Err(error(
            Code::InvalidArgument,
            "the request is empty: expected one of its `message_request` fields".to_owned(),
        )),
        Some(asked) => find(known, sent, asked),
    };
    ServerReflectionResponse {
        valid_host: request.host.clone(),
        original_request: Some(request),
        message_response: Some(answer.unwrap_or_else(MessageResponse::ErrorResponse)),
    }
}

fn find(
    known: &Snapshot,
    sent: &mut HashSet<String>,
    asked: &MessageRequest,
) -> Result<MessageResponse, ErrorResponse> {
    let pool = &known.pool;
    let file = match asked {
        // Clients ask for the types in an error's details to show them.
        MessageRequest::FileByFilename(name) => pool
            .get_file_by_name(name)
            .or_else(|| error_details().get_file_by_name(name))
            .ok_or_else(|| not_found("file", name))?,
        MessageRequest::FileContainingSymbol(symbol) => file_of_symbol(pool, symbol)
            .or_else(|| file_of_symbol(error_details(), symbol))
            .ok_or_else(|| not_found("symbol", symbol))?,
        MessageRequest::FileContainingExtension(asked) => u32::try_from(asked.extension_number)
            .ok()
            .and_then(|number| {
                let message = pool.get_message_by_name(&asked.containing_type)?;
                Some(message.get_extension(number)?.parent_file())
            })
            .ok_or_else(|| {
                let number = asked.extension_number;
                not_found("extension", &format!("{}:{number}", asked.containing_type))
            })?,
        MessageRequest::AllExtensionNumbersOfType(name) => {
            let message = pool
                .get_message_by_name(name)
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
            let names = known.services.keys().cloned();
            return Ok(MessageResponse::ListServicesResponse(ListServiceResponse {
                service: names.map(|name| ServiceResponse { name }).collect(),
            }));
        }
    };
    Ok(MessageResponse::FileDescriptorResponse(
        FileDescriptorResponse {
            file_descriptor_proto: with_imports(file, sent),
        },
    ))
}

/// The file, and what it imports that was not sent before.
fn with_imports(file: FileDescriptor, sent: &mut HashSet<String>) -> Vec<Vec<u8>> {
    sent.insert(file.name().to_owned());
    let mut encoded = Vec::new();
    let mut waiting = vec![file];
    while let Some(file) = waiting.pop() {
        encoded.push(file.encode_to_vec());
        for import in file.dependencies() {
            if sent.insert(import.name().to_owned()) {
                waiting.push(import);
            }
        }
    }
    encoded
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
