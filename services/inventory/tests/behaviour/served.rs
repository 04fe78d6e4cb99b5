//! What is served beside the inventory itself, and what is not.

use pavane::shop::inventory::v1::ListItemsRequest;
use pavane::shop::inventory::v1::inventory_service_client::InventoryServiceClient;
use pavane::testing::v1::ClearFaultsRequest;
use pavane::testing::v1::fault_service_client::FaultServiceClient;
use shop_inventory::{Options, Service};
use tempfile::TempDir;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::{Shop, check_status};

async fn reflected(channel: Channel) -> Vec<String> {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut reflection = ServerReflectionClient::new(channel);
    let answer = reflection
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap();
    let answer = answer
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap()
        .message_response;
    match answer.unwrap() {
        MessageResponse::ListServicesResponse(list) => list
            .service
            .into_iter()
            .map(|service| service.name)
            .collect(),
        other => panic!("unexpected answer {other:?}"),
    }
}

#[tokio::test]
async fn reflection_lists_what_is_served_and_nothing_else() {
    let shop = Shop::open().await;
    assert_eq!(
        reflected(shop.channel.clone()).await,
        [
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
            "pavane.feed.v1.FeedService",
            "pavane.testing.v1.FaultService",
            "pavane.workflow.v1.ParticipantService",
            "shop.inventory.v1.InventoryService",
        ]
    );
}

#[tokio::test]
async fn health_speaks_for_the_server_and_each_service() {
    let shop = Shop::open().await;
    let mut health = HealthClient::new(shop.channel.clone());
    for service in [
        "",
        "shop.inventory.v1.InventoryService",
        "pavane.feed.v1.FeedService",
    ] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let answer = health.check(request).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
}

#[tokio::test]
async fn faults_that_were_not_allowed_do_not_exist() {
    let folder = TempDir::new().unwrap();
    let participant = pavane_kit::Options::new(([127, 0, 0, 1], 0).into(), folder.path());
    let handle = Service::start(Options {
        participant,
        seed_catalog: true,
    })
    .await
    .unwrap();
    let endpoint = Endpoint::from_shared(format!("http://{}", handle.local_addr())).unwrap();
    let channel = endpoint.connect().await.unwrap();
    let mut faults = FaultServiceClient::new(channel.clone());
    let refused = faults.clear_faults(ClearFaultsRequest {}).await;
    check_status(refused, Code::Unimplemented, "UNKNOWN_METHOD");
    let known = reflected(channel.clone()).await;
    assert!(
        !known.iter().any(|name| name.contains("FaultService")),
        "{known:?}"
    );

    let mut inventory = InventoryServiceClient::new(channel);
    let items = inventory
        .list_items(ListItemsRequest::default())
        .await
        .unwrap();
    assert_eq!(items.into_inner().items.len(), 20, "the seeded catalog");
}
