//! Descriptors read from the services themselves, by server reflection.

use std::collections::{BTreeMap, BTreeSet};

use http::uri::PathAndQuery;
use pavane_calls::{Calls, Target, Way};
use pavane_flow::evolution::Origin;
use prost::Message;
use prost_types::FileDescriptorProto;
use tonic::client::Grpc;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1;
use v1::server_reflection_request::MessageRequest;
use v1::server_reflection_response::MessageResponse;

use crate::Error;

/// The two versions differ in nothing but their name; many servers have only the older one.
const PATHS: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// Most files that a target may describe its services with.
const MOST_FILES: usize = 10_000;

/// The files that define these services, each asked of its target. One that has no target, as the one
/// that a workflow is to implement, is asked of the targets of the others; if none of them describes it,
/// it is left out, and the checker says what is missing.
pub(crate) async fn descriptors(
    calls: &Calls,
    services: &BTreeSet<String>,
) -> Result<Vec<Origin>, Error> {
    // Those at one target are asked for together: its files are one set.
    let mut by_target: BTreeMap<String, (&Target, Files)> = BTreeMap::new();
    let mut homeless = Vec::new();
    for service in services {
        let Some(target) = calls.targets().get(service) else {
            homeless.push(service);
            continue;
        };
        let failed = |problem: String| Error::ReflectionFailed {
            service: service.clone(),
            target: target.to_string(),
            problem,
        };
        let new = || (target, Files::new());
        let (_, files) = by_target.entry(target.to_string()).or_insert_with(new);
        let way = calls.way(target).await?;
        read_service(way, service, files).await.map_err(failed)?;
    }
    for service in homeless {
        for (target, files) in by_target.values_mut() {
            let mut found = files.clone();
            let way = calls.way(target).await?;
            if read_service(way, service, &mut found).await.is_ok() {
                *files = found;
                break;
            }
        }
    }
    let origins = by_target.into_iter().map(|(name, (_, files))| Origin {
        name,
        files: files.into_values().collect(),
    });
    Ok(origins.collect())
}

/// Files by name.
type Files = BTreeMap<String, FileDescriptorProto>;

/// Adds the file that defines the service, and all that it imports.
async fn read_service(way: Way, service: &str, files: &mut Files) -> Result<(), String> {
    let symbol = MessageRequest::FileContainingSymbol(service.to_owned());
    let mut missing = take_in(ask(&way, symbol).await?, files);
    while let Some(file) = missing.pop() {
        if files.contains_key(&file) {
            continue;
        }
        if files.len() >= MOST_FILES {
            return Err(format!("it has more than {MOST_FILES} files"));
        }
        let found = match well_known(&file) {
            Some(known) => vec![known],
            None => ask(&way, MessageRequest::FileByFilename(file.clone())).await?,
        };
        missing.extend(take_in(found, files));
        if !files.contains_key(&file) {
            return Err(format!(
                "it does not have the file `{file}`, which another one imports"
            ));
        }
    }
    Ok(())
}

/// Files that come with protobuf itself; not every server has them at hand.
fn well_known(file: &str) -> Option<FileDescriptorProto> {
    let known = file
        .starts_with("google/protobuf/")
        .then(pavane::descriptor_pool)?;
    Some(
        known
            .get_file_by_name(file)?
            .file_descriptor_proto()
            .clone(),
    )
}

/// Keeps the files, and names the imports that they lack.
fn take_in(found: Vec<FileDescriptorProto>, files: &mut Files) -> Vec<String> {
    let mut imports = Vec::new();
    for file in found {
        imports.extend(file.dependency.iter().cloned());
        files.insert(file.name().to_owned(), file);
    }
    imports.retain(|import| !files.contains_key(import));
    imports
}

async fn ask(way: &Way, request: MessageRequest) -> Result<Vec<FileDescriptorProto>, String> {
    let [newer, older] = PATHS;
    let answer = match ask_at(newer, way, request.clone()).await {
        Err(status) if status.code() == Code::Unimplemented => ask_at(older, way, request).await,
        answer => answer,
    };
    let answer = answer.map_err(|status| status.message().to_owned())?;
    match answer.and_then(|answer| answer.message_response) {
        Some(MessageResponse::FileDescriptorResponse(found)) => found
            .file_descriptor_proto
            .iter()
            .map(|file| FileDescriptorProto::decode(file.as_slice()).map_err(|e| e.to_string()))
            .collect(),
        Some(MessageResponse::ErrorResponse(error)) => Err(error.error_message),
        Some(_) | None => Err("it did not answer the question".to_owned()),
    }
}

async fn ask_at(
    path: &'static str,
    way: &Way,
    request: MessageRequest,
) -> Result<Option<v1::ServerReflectionResponse>, Status> {
    let request = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(request),
    };
    let mut grpc = Grpc::new(way.clone());
    grpc.ready()
        .await
        .map_err(|error| Status::from_error(Box::new(error)))?;
    let codec = ProstCodec::<v1::ServerReflectionRequest, v1::ServerReflectionResponse>::default();
    let requests = Request::new(tokio_stream::once(request));
    let path = PathAndQuery::from_static(path);
    grpc.streaming(requests, path, codec)
        .await?
        .into_inner()
        .message()
        .await
}
