//! What reflection serves is what is compiled in, to the byte: options and comments included.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream;
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use tonic::transport::Channel;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::servers::Servers;

/// Comes with a workflow, in a message that keeps everything but options that are extensions.
const DEPLOYED: &str = "shop.order.v1.OrderService";

/// Served by `pavane bench` alone, which measures with it.
const MEASURED: [&str; 4] = [
    "pavane.testing.v1.ChainService",
    "pavane.testing.v1.FirstLinkService",
    "pavane.testing.v1.SecondLinkService",
    "pavane.testing.v1.ThirdLinkService",
];

/// The files of health and reflection.
const OTHERS: [&str; 3] = [
    "health.proto",
    "reflection_v1.proto",
    "reflection_v1alpha.proto",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_served_is_what_is_compiled_in() {
    let servers = Servers::start().await;
    let compiled = compiled();
    let mut served_somewhere = BTreeSet::new();
    for (server, channel) in servers.channels() {
        let services = services(&channel).await;
        for service in &services {
            for (name, bytes) in files(&channel, service).await {
                let Some(expected) = compiled.get(&name) else {
                    // Of health and of reflection itself.
                    assert!(OTHERS.contains(&name.as_str()), "{name} is not compiled in");
                    continue;
                };
                let is_same = if service == DEPLOYED {
                    file(&bytes) == file(expected)
                } else {
                    bytes == *expected
                };
                assert!(
                    is_same,
                    "{server} serves another {name} for {service} than is compiled in:\n{}",
                    difference(expected, &bytes),
                );
            }
        }
        served_somewhere.extend(services);
    }
    let nowhere: Vec<_> = pavane::descriptor_pool()
        .services()
        .map(|service| service.full_name().to_owned())
        .filter(|name| !served_somewhere.contains(name) && !MEASURED.contains(&name.as_str()))
        .collect();
    assert!(nowhere.is_empty(), "no server lists {nowhere:?}");
}

/// The encoded files of the descriptor set in the contract, by name.
fn compiled() -> BTreeMap<String, Vec<u8>> {
    /// The same as a `FileDescriptorSet`, with files left as they are.
    #[derive(Clone, PartialEq, prost::Message)]
    struct Raw {
        #[prost(bytes = "vec", repeated, tag = "1")]
        file: Vec<Vec<u8>>,
    }
    let raw = Raw::decode(pavane::FILE_DESCRIPTOR_SET).expect("it is a set of files");
    let set = FileDescriptorSet::decode(pavane::FILE_DESCRIPTOR_SET).expect("it is a set of files");
    let names = set.file.iter().map(|file| file.name().to_owned());
    names.zip(raw.file).collect()
}

/// Names of the services that a server lists.
pub(crate) async fn services(channel: &Channel) -> Vec<String> {
    let asked = MessageRequest::ListServices(String::new());
    match ask(channel, asked).await {
        MessageResponse::ListServicesResponse(list) => list
            .service
            .into_iter()
            .map(|service| service.name)
            .collect(),
        other => panic!("a list was asked for: {other:?}"),
    }
}

/// The file of a service and all that it imports, encoded, by name.
pub(crate) async fn files(channel: &Channel, service: &str) -> BTreeMap<String, Vec<u8>> {
    let asked = MessageRequest::FileContainingSymbol(service.to_owned());
    match ask(channel, asked).await {
        MessageResponse::FileDescriptorResponse(files) => files
            .file_descriptor_proto
            .into_iter()
            .map(|bytes| (file(&bytes).name().to_owned(), bytes))
            .collect(),
        other => panic!("the file of {service} was asked for: {other:?}"),
    }
}

async fn ask(channel: &Channel, asked: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(asked),
    };
    let answers = ServerReflectionClient::new(channel.clone())
        .max_decoding_message_size(16 << 20)
        .server_reflection_info(stream::iter([request]))
        .await;
    let mut answers = answers.expect("reflection is served").into_inner();
    let answer = answers.message().await.expect("a question is answered");
    let answer = answer.and_then(|answer| answer.message_response);
    answer.expect("an answer says something")
}

fn file(bytes: &[u8]) -> FileDescriptorProto {
    FileDescriptorProto::decode(bytes).expect("it is a file")
}

/// What a person would want to see.
fn difference(expected: &[u8], found: &[u8]) -> String {
    let show = |bytes: &[u8]| {
        let file = file(bytes);
        let comments = file.source_code_info.map_or(0, |info| {
            let commented = info.location.iter();
            commented
                .filter(|location| location.leading_comments.is_some())
                .count()
        });
        format!(
            "{} bytes, {} messages, {} services, {comments} comments",
            bytes.len(),
            file.message_type.len(),
            file.service.len(),
        )
    };
    format!("expected {}\nfound    {}", show(expected), show(found))
}
