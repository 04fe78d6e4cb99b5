//! Asks a server for its message types, by gRPC server reflection: v1, or v1alpha where a server has only
//! that. The two differ in nothing but their name.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream;
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use tonic::{Code, Status};
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};
use tonic_reflection::pb::v1alpha;
use v1alpha::server_reflection_client::ServerReflectionClient as ServerReflectionClientV1Alpha;

use super::Set;
use crate::connection::{Connection, unary};
use crate::error::Error;

/// Most files that one server may have.
const MAX_FILES: usize = 10_000;

/// All that the server says it serves.
pub(crate) async fn everything(connection: &Connection) -> Result<Set, Error> {
    let mut files = BTreeMap::new();
    for service in services(connection).await? {
        let request = MessageRequest::FileContainingSymbol(service);
        gather(connection, request, &mut files).await?;
    }
    resolve(connection, files)
}

/// Full names of the services that the server says it serves.
pub(crate) async fn services(connection: &Connection) -> Result<Vec<String>, Error> {
    match ask(connection, MessageRequest::ListServices(String::new())).await? {
        MessageResponse::ListServicesResponse(list) => {
            Ok(list.service.into_iter().map(|found| found.name).collect())
        }
        _ => Err(malformed(connection)),
    }
}

/// The file that defines a symbol and what it imports; `None` if the server cannot say.
pub(crate) async fn file_of(connection: &Connection, symbol: &str) -> Option<Set> {
    let mut files = BTreeMap::new();
    let request = MessageRequest::FileContainingSymbol(symbol.to_owned());
    gather(connection, request, &mut files).await.ok()?;
    resolve(connection, files).ok()
}

/// Adds the files that answer a request, and then the imports that did not come with them.
async fn gather(
    connection: &Connection,
    request: MessageRequest,
    files: &mut BTreeMap<String, FileDescriptorProto>,
) -> Result<(), Error> {
    let mut requests = vec![request];
    while let Some(request) = requests.pop() {
        if let Some(known) = well_known(&request) {
            files.insert(known.name().to_owned(), known);
            continue;
        }
        let MessageResponse::FileDescriptorResponse(answer) = ask(connection, request).await?
        else {
            return Err(malformed(connection));
        };
        for bytes in answer.file_descriptor_proto {
            let file = FileDescriptorProto::decode(&*bytes).map_err(|_| malformed(connection))?;
            files.insert(file.name().to_owned(), file);
        }
        if files.len() > MAX_FILES {
            let message = format!("{} has more than {MAX_FILES} files", connection.address());
            return Err(Error::failed("TOO_MANY_FILES", message));
        }
        if requests.is_empty() {
            let imports = files.values().flat_map(|file| &file.dependency);
            let missing = imports.filter(|name| !files.contains_key(*name)).cloned();
            let missing: BTreeSet<String> = missing.collect();
            requests.extend(missing.into_iter().map(MessageRequest::FileByFilename));
        }
    }
    Ok(())
}

/// Files that come with protobuf itself; not every server has them at hand.
fn well_known(request: &MessageRequest) -> Option<FileDescriptorProto> {
    let MessageRequest::FileByFilename(name) = request else {
        return None;
    };
    let known = name.starts_with("google/protobuf/");
    let pool = known.then(pavane::descriptor_pool)?;
    Some(pool.get_file_by_name(name)?.file_descriptor_proto().clone())
}

async fn ask(connection: &Connection, request: MessageRequest) -> Result<MessageResponse, Error> {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(request),
    };
    let answer = match newer(connection, request.clone()).await {
        Err(status) if status.code() == Code::Unimplemented => older(connection, request).await,
        answer => answer,
    };
    match answer {
        Ok(Some(ServerReflectionResponse {
            message_response: Some(response),
            ..
        })) => match response {
            MessageResponse::ErrorResponse(error) => {
                let code = Code::from_i32(error.error_code);
                Err(connection.error(Status::new(code, error.error_message)))
            }
            response => Ok(response),
        },
        Ok(_) => Err(malformed(connection)),
        Err(status) if status.code() == Code::Unimplemented => {
            let message = format!(
                "{} does not serve reflection (neither v1 nor v1alpha)",
                connection.address()
            );
            Err(Error::failed("NO_REFLECTION", message)
                .with_hint("give the types with --proto or --descriptor-set"))
        }
        Err(status) => Err(connection.error(status)),
    }
}

async fn newer(
    connection: &Connection,
    request: ServerReflectionRequest,
) -> Result<Option<ServerReflectionResponse>, Status> {
    let mut client = ServerReflectionClient::new(connection.channel());
    let requests = unary(stream::iter([request]));
    let answers = client.server_reflection_info(requests).await?;
    answers.into_inner().message().await
}

async fn older(
    connection: &Connection,
    request: ServerReflectionRequest,
) -> Result<Option<ServerReflectionResponse>, Status> {
    let mut client = ServerReflectionClientV1Alpha::new(connection.channel());
    let requests = unary(stream::iter([rewrite(&request)]));
    let answers = client.server_reflection_info(requests).await?;
    let answer = answers.into_inner().message().await?;
    Ok(answer.map(|answer| rewrite(&answer)))
}

/// A message of one version as the same message of the other.
fn rewrite<A: Message, B: Message + Default>(message: &A) -> B {
    B::decode(message.encode_to_vec().as_slice())
        .expect("both versions have the same fields under the same numbers")
}

fn resolve(
    connection: &Connection,
    files: BTreeMap<String, FileDescriptorProto>,
) -> Result<Set, Error> {
    let set = FileDescriptorSet {
        file: files.into_values().collect(),
    };
    let origin = format!("what {} said of its types", connection.address());
    Set::decode(&origin, &set.encode_to_vec())
}

fn malformed(connection: &Connection) -> Error {
    let message = format!(
        "{} answered a reflection request with nonsense",
        connection.address()
    );
    Error::failed("MALFORMED_RESPONSE", message)
}
