//! What health says of a server and its services, from its start to its end.

use tonic::Code;
use tonic_health::pb::health_check_response::ServingStatus::{self, *};
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::support::{reason, start};

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.into(),
    }
}

async fn next(watch: &mut tonic::Streaming<HealthCheckResponse>) -> Option<ServingStatus> {
    watch
        .message()
        .await
        .unwrap()
        .map(|message| message.status())
}

#[tokio::test]
async fn what_is_served_is_serving() {
    let server = start().await;
    let mut client = HealthClient::new(server.channel().await);
    for service in ["", "pavane.testing.v1.FaultService"] {
        let response = client.check(of(service)).await.unwrap();
        assert_eq!(response.get_ref().status(), Serving, "{service}");
    }
    let status = client.check(of("pavane.testing.v1.FaultServise")).await;
    let status = status.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(reason(&status), "UNKNOWN_SERVICE");
    insta::assert_snapshot!(status.message(), @"no service `pavane.testing.v1.FaultServise` here: did you mean `pavane.testing.v1.FaultService`?");
    server.stop().await;
}

#[tokio::test]
async fn a_watcher_sees_every_change_and_the_end() {
    let server = start().await;
    let mut client = HealthClient::new(server.channel().await);
    let mut watch = client.watch(of("acme")).await.unwrap().into_inner();
    assert_eq!(next(&mut watch).await, Some(ServiceUnknown));
    server.health.serving("acme");
    assert_eq!(next(&mut watch).await, Some(Serving));
    server.health.not_serving("acme");
    assert_eq!(next(&mut watch).await, Some(NotServing));
    server.health.remove("acme");
    assert_eq!(next(&mut watch).await, Some(ServiceUnknown));
    server.health.serving("acme");
    assert_eq!(next(&mut watch).await, Some(Serving));

    server.shutdown.cancel();
    assert_eq!(next(&mut watch).await, Some(NotServing));
    assert_eq!(next(&mut watch).await, None);
    server.task.await.unwrap().unwrap();
}
