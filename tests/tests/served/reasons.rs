//! Reasons that are provoked nowhere else, by whoever calls our servers. That every documented reason is
//! provoked somewhere, a test of the contract says.

use std::net::TcpListener;

use pavane::feed::v1::feed_service_client::FeedServiceClient;
use pavane::feed::v1::{Filter, SubscribeRequest};
use pavane::metadata::IDEMPOTENCY_KEY;
use pavane::shop::common::v1::{Money, OrderLine};
use pavane::shop::inventory::v1::inventory_service_client::InventoryServiceClient;
use pavane::shop::inventory::v1::{Item, ReserveStockRequest};
use pavane::testing::v1::AddFaultRequest;
use pavane::testing::v1::RunRequest;
use pavane::testing::v1::chain_service_client::ChainServiceClient;
use pavane::testing::v1::fault_service_client::FaultServiceClient;
use pavane::workflow::v1::deploy_workflow_request::Definition;
use pavane::workflow::v1::descriptors::From as Types;
use pavane::workflow::v1::execution_service_client::ExecutionServiceClient;
use pavane::workflow::v1::participant_service_client::ParticipantServiceClient;
use pavane::workflow::v1::workflow_service_client::WorkflowServiceClient;
use pavane::workflow::v1::{
    DeployWorkflowRequest, Descriptors, GetWorkflowRequest, Mode, Resolution, ResolveStepRequest,
    Source, StartExecutionRequest, TakeUpExecutionsRequest,
};
use pavane_tests::http;
use pavane_tests::process::{Ended, Process, documents};
use pavane_tests::shop::{Role, Setup, Shop};
use prost::Message;
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_types::StatusExt;

use crate::call::{call, framed};

#[tokio::test]
async fn the_inventory_says_why_it_does_not_reserve() {
    let shop = shop_with(&[Role::Inventory]).await;
    let item = |(sku, currency): (&str, &str)| Item {
        sku: sku.to_owned(),
        available: 1_000,
        unit_price: Some(Money {
            currency: currency.to_owned(),
            minor_units: 100,
        }),
        ..Item::default()
    };
    shop.stock_up([("cup", "EUR"), ("mug", "USD")].map(item))
        .await;

    let line = |sku: &str| OrderLine {
        sku: sku.to_owned(),
        quantity: 2,
    };
    let mut request = Request::new(ReserveStockRequest {
        order_id: "o-1".to_owned(),
        lines: ["cup", "mug"].map(line).into(),
    });
    let key = "o-1/reserve".parse().expect("it is ASCII");
    request.metadata_mut().insert(IDEMPOTENCY_KEY, key);
    let refused = InventoryServiceClient::new(shop.channel(Role::Inventory))
        .reserve_stock(request)
        .await;
    check(&refused.unwrap_err(), "MIXED_CURRENCIES");
}

#[tokio::test]
async fn a_participant_says_why_it_does_not_take_part() {
    let shop = shop_with(&[Role::Payment]).await;
    let channel = shop.channel(Role::Payment);
    let request = TakeUpExecutionsRequest {
        revision: "0".repeat(64),
        is_last: true,
        ..TakeUpExecutionsRequest::default()
    };
    let refused = ParticipantServiceClient::new(channel.clone())
        .take_up_executions(request)
        .await;
    check(&refused.unwrap_err(), "NOT_PREPARED");

    let alternatives = |any_of| Filter {
        any_of,
        ..Filter::default()
    };
    let request = SubscribeRequest {
        feed: "payment".to_owned(),
        filter: Some(alternatives(vec![alternatives(vec![Filter::default()])])),
        ..SubscribeRequest::default()
    };
    let refused = FeedServiceClient::new(channel.clone())
        .subscribe(request)
        .await;
    check(&refused.unwrap_err(), "INVALID_FILTER");

    let fault = AddFaultRequest {
        method: "shop.payment.v1.PaymentService/ChargeCard".to_owned(),
        count: 1,
        code: 14,
        ..AddFaultRequest::default()
    };
    let mut faults = FaultServiceClient::new(channel);
    let refused = loop {
        if let Err(refused) = faults.add_fault(fault.clone()).await {
            break refused;
        }
    };
    check(&refused, "TOO_MANY_FAULTS");
}

#[tokio::test]
async fn an_orchestrator_says_why_there_is_no_output() {
    let shop = shop_with(&[]).await;
    let channel = shop.channel(Role::Orchestrator);
    let wait = "steps: [{ id: rest, wait: { duration: 0.001s } }]\n\
        output: { payload: \"['only'][int(input.payload)]\" }\n";
    deploy(&channel, wait).await;
    let request = RunRequest {
        payload: "7".to_owned(),
    };
    let failed = ChainServiceClient::new(channel.clone()).run(request).await;
    check(&failed.unwrap_err(), "EXECUTION_FAILED");

    let request = GetWorkflowRequest {
        name: "run".to_owned(),
        revision: "00000000".to_owned(),
    };
    let refused = WorkflowServiceClient::new(channel.clone())
        .get_workflow(request)
        .await;
    check(&refused.unwrap_err(), "UNKNOWN_REVISION");

    let nonsense = call(&channel, "grpc.health.v1.Health/Check", framed(&[0xff])).await;
    check(&nonsense, "MALFORMED_MESSAGE");

    let address = shop.address(Role::Orchestrator);
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let answer = http::post(&address, path, &json!({})).await;
    let reason = &answer.json()["details"][0]["debug"]["reason"];
    assert_eq!(reason, "METHOD_STREAMS", "{}", answer.body);
}

#[tokio::test]
async fn an_orchestrator_says_why_a_workflow_cannot_be_choreographed() {
    let shop = shop_with(&[]).await;
    let channel = shop.channel(Role::Orchestrator);
    let start = async |id: &str| {
        let request = StartExecutionRequest {
            workflow: "run".to_owned(),
            execution_id: id.to_owned(),
            mode: Mode::Choreographed.into(),
            ..StartExecutionRequest::default()
        };
        let refused = ExecutionServiceClient::new(channel.clone())
            .start_execution(request)
            .await;
        refused.unwrap_err()
    };
    deploy(&channel, "steps: [{ id: rest, wait: { duration: 1s } }]").await;
    check(&start("x-1").await, "NOBODY_WAITS");
    let hear = "steps: [{ id: hear, await: { feed: orchestrator, \
        type: pavane.workflow.v1.ExecutionSucceeded } }]";
    deploy(&channel, hear).await;
    check(&start("x-2").await, "AWAITS_EVENT");
}

#[tokio::test]
async fn an_orchestrator_says_why_an_element_is_not_skipped() {
    let mut shop = Shop::prepare();
    let setup = Setup {
        workflows: Vec::new(),
        // Nobody is there: the first element is tried again and again, and the second one has to wait.
        orchestrator: ["--target", "pavane.testing.v1.FirstLinkService=127.0.0.1:1"]
            .map(str::to_owned)
            .into(),
        ..Setup::default()
    };
    shop.open(setup, &[]).await;
    let channel = shop.channel(Role::Orchestrator);
    let steps = "steps:\n\
        - id: each\n  \
          for_each: { list: \"['a', 'b']\", max_concurrency: 1 }\n  \
          call: pavane.testing.v1.FirstLinkService/First\n  \
          request: { payload: item }\n";
    deploy(&channel, steps).await;
    let mut executions = ExecutionServiceClient::new(channel);
    let request = StartExecutionRequest {
        workflow: "run".to_owned(),
        execution_id: "x-1".to_owned(),
        ..StartExecutionRequest::default()
    };
    executions
        .start_execution(request)
        .await
        .expect("it starts");
    let request = ResolveStepRequest {
        execution_id: "x-1".to_owned(),
        step: "each".to_owned(),
        element: Some(1),
        resolution: Resolution::Skipped.into(),
        reason: "it is not needed".to_owned(),
        ..ResolveStepRequest::default()
    };
    let refused = executions.resolve_step(request).await;
    check(&refused.unwrap_err(), "ELEMENT_NOT_SKIPPED");
}

#[tokio::test]
async fn the_command_line_says_why_it_does_not_start() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("there are ports");
    let address = taken.local_addr().expect("it has one");
    let folder = TempDir::new().expect("there is room");
    let data = folder.path().to_string_lossy().into_owned();
    let run = async |arguments: &[&str]| {
        let arguments = arguments.iter().chain(&["--output", "json"]);
        Process::start("pavane", arguments).ended().await
    };
    let ended = run(&[
        "serve",
        "--data-dir",
        &data,
        "--listen",
        &address.to_string(),
    ])
    .await;
    assert_eq!(reason(&ended), "ADDRESS_IN_USE", "{}", ended.stderr);
    let ended = run(&["demo", "--port-base", &address.port().to_string()]).await;
    assert_eq!(reason(&ended), "CANNOT_START", "{}", ended.stderr);
    // A file is no folder.
    let file = folder.path().join("file");
    std::fs::write(&file, "no store").expect("there is room");
    let file = file.to_string_lossy();
    let ended = run(&["serve", "--data-dir", &file, "--listen", "127.0.0.1:0"]).await;
    assert_eq!(reason(&ended), "CANNOT_SERVE", "{}", ended.stderr);
}

/// An orchestrator without workflows, and these services.
async fn shop_with(services: &[Role]) -> Shop {
    let mut shop = Shop::prepare();
    let setup = Setup {
        workflows: Vec::new(),
        ..Setup::default()
    };
    shop.open(setup, services).await;
    shop
}

/// Deploys a workflow called `run`, of these steps.
async fn deploy(orchestrator: &Channel, steps: &str) {
    let text = format!("name: run\nimplements: pavane.testing.v1.ChainService/Run\n{steps}");
    let source = Source {
        file_name: "run.yaml".to_owned(),
        text,
    };
    let set = Message::decode(pavane::FILE_DESCRIPTOR_SET).expect("it is a set");
    let request = DeployWorkflowRequest {
        definition: Some(Definition::Source(source)),
        descriptors: Some(Descriptors {
            from: Some(Types::FileDescriptorSet(set)),
        }),
        ..DeployWorkflowRequest::default()
    };
    let deployed = WorkflowServiceClient::new(orchestrator.clone())
        .deploy_workflow(request)
        .await;
    deployed.expect("the workflow is sound");
}

fn check(status: &Status, reason: &str) {
    let info = status.get_details_error_info();
    let info = info.unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
    assert_eq!(info.reason, reason, "{status:?}");
    assert_eq!(info.domain, pavane::error::DOMAIN);
}

/// The reason that a command gave up for.
fn reason(ended: &Ended) -> Value {
    let said = format!("{}\n{}", ended.stdout, ended.stderr);
    let start = said.find('{').unwrap_or_default();
    let found = documents(&said[start..]);
    found
        .first()
        .map_or(Value::Null, |found| found["error"]["reason"].clone())
}
