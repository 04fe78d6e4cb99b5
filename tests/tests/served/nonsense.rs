//! Every method of every server answers nonsense with a canonical code and a documented reason, and goes on.

use std::fs;

use pavane_tests::process::tell;
use prost_reflect::{DescriptorPool, MethodDescriptor};
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

use crate::call::call;
use crate::reflection;
use crate::requests::Requests;
use crate::servers::Servers;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_is_answered_with_a_reason() {
    let servers = Servers::start().await;
    let page = fs::read_to_string(pavane_tests::root().join("docs/errors.md"));
    let page = page.expect("the reasons have a page");
    let mut requests = Requests::new();
    let (mut wrong, mut calls) = (Vec::new(), 0);
    for (server, channel) in servers.channels() {
        for method in methods(&channel).await {
            let path = format!("{}/{}", method.parent_service().full_name(), method.name());
            for (nonsense, body) in requests.of(&method.input()) {
                calls += 1;
                let status = call(&channel, &path, body).await;
                if let Err(problem) = check(&status, &page) {
                    wrong.push(format!("{server} {path}, {nonsense}: {problem}"));
                }
            }
        }
        let mut health = HealthClient::new(channel);
        let checked = health.check(HealthCheckRequest::default()).await;
        checked.expect("the server goes on");
    }
    tell(&format!("{calls} calls"));
    assert!(calls > 1_000, "only {calls} calls: where are the methods?");
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// OK, or what a caller can make something of.
fn check(status: &Status, page: &str) -> Result<(), String> {
    if status.code() == Code::Ok {
        return Ok(());
    }
    let said = format!("{:?}: {}", status.code(), status.message());
    if [Code::Internal, Code::Unknown].contains(&status.code()) {
        return Err(said);
    }
    let info = status.get_details_error_info();
    let info = info.ok_or_else(|| format!("no ErrorInfo, but {said}"))?;
    if info.domain != pavane::error::DOMAIN {
        return Err(format!("the domain is {}, of {said}", info.domain));
    }
    if !page.contains(&format!("`{}`", info.reason)) {
        return Err(format!("docs/errors.md does not have {}", info.reason));
    }
    Ok(())
}

/// All methods of a server, as it describes them itself.
async fn methods(channel: &Channel) -> Vec<MethodDescriptor> {
    let mut methods = Vec::new();
    for service in reflection::services(channel).await {
        let files = reflection::files(channel, &service).await.into_values();
        let decode = |bytes: Vec<u8>| {
            let file: Result<FileDescriptorProto, _> = prost::Message::decode(bytes.as_slice());
            file.expect("it is a file")
        };
        let set = FileDescriptorSet {
            file: files.map(decode).collect(),
        };
        let pool = DescriptorPool::from_file_descriptor_set(set).expect("all imports are there");
        let service = pool.get_service_by_name(&service);
        methods.extend(service.expect("it was asked for").methods());
    }
    methods
}
