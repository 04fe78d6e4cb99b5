//! PrepareWorkflow: what is refused, and what waits for it.

use pavane::workflow::v1::participant_service_client::ParticipantServiceClient;
use pavane::workflow::v1::{GetParticipantRequest, Member, PrepareWorkflowRequest};
use tonic::Code;
use tonic::transport::Endpoint;

use crate::support::{PAYMENT, Shop, reason, well};

/// What the payment service answers to a request that is changed so.
async fn check_refused(
    shop: &Shop,
    change: impl FnOnce(&mut PrepareWorkflowRequest),
    expected: (Code, &str),
    said: &str,
) {
    let mut request = shop.request();
    change(&mut request);
    let error = shop.payment.runtime().prepare(request).await.unwrap_err();
    let message = error.to_string();
    let (code, reason) = reason(error);
    assert_eq!((code, &*reason), expected, "{message}");
    assert!(message.contains(said), "{message}");
    assert!(shop.payment.describe().parts.is_empty());
}

#[tokio::test]
async fn a_part_that_cannot_be_done_is_refused_with_the_reason() {
    let shop = Shop::open(well).await;
    let another = "1".repeat(64);
    check_refused(
        &shop,
        |request| request.revision = another,
        (Code::InvalidArgument, "OTHER_REVISION"),
        "compiles to revision",
    )
    .await;
    check_refused(
        &shop,
        |request| request.workflow.as_mut().unwrap().steps[1].after = vec!["shop".to_owned()],
        (Code::InvalidArgument, "INVALID_DEFINITION"),
        "shop",
    )
    .await;
    check_refused(
        &shop,
        |request| request.home = None,
        (Code::InvalidArgument, "INVALID_PREPARATION"),
        "home must be set",
    )
    .await;
    check_refused(
        &shop,
        |request| request.participants[0].services.push(PAYMENT.to_owned()),
        (Code::FailedPrecondition, "SERVICE_CLAIMED_TWICE"),
        "`inventory` and `payment`",
    )
    .await;
    check_refused(
        &shop,
        |request| {
            request.participants[1]
                .services
                .push("acme.Extra".to_owned())
        },
        (Code::FailedPrecondition, "SERVICE_NOT_OWNED"),
        "does not own `acme.Extra`",
    )
    .await;
    check_refused(
        &shop,
        |request| request.participants[1].incarnation = "elsewhere".to_owned(),
        (Code::FailedPrecondition, "OTHER_INCARNATION"),
        "feed `payment` of `payment`",
    )
    .await;
    check_refused(
        &shop,
        |request| request.participants[0].incarnation = "elsewhere".to_owned(),
        (Code::FailedPrecondition, "OTHER_INCARNATION"),
        "feed `inventory` of `inventory`",
    )
    .await;
    check_refused(
        &shop,
        |request| request.participants[1].name = "bank".to_owned(),
        (Code::FailedPrecondition, "NOT_A_MEMBER"),
        "`payment` performs no step",
    )
    .await;
    check_refused(
        &shop,
        |request| request.participants[0].target = "nowhere".to_owned(),
        (Code::InvalidArgument, "INVALID_TARGET"),
        "expected host:port",
    )
    .await;
    check_refused(
        &shop,
        |request| request.participants[0].target = "127.0.0.1:1".to_owned(),
        (Code::Unavailable, "PARTICIPANT_UNREACHABLE"),
        "`inventory` cannot be reached at 127.0.0.1:1",
    )
    .await;
}

#[tokio::test]
async fn executions_of_an_unknown_revision_wait_until_it_is_prepared() {
    let mut shop = Shop::open(well).await;
    // Payment listens, since it knows another revision of the workflow.
    let mut other = shop.request();
    let workflow = other.workflow.as_mut().unwrap();
    workflow.description = "as it was".to_owned();
    other.revision = revision_of(&other);
    shop.payment.runtime().prepare(other).await.unwrap();
    for node in [&shop.inventory, &shop.shipping, &shop.home] {
        node.runtime().prepare(shop.request()).await.unwrap();
    }
    // What comes before the start, of a revision that it does not know, is none of its business.
    shop.inventory.stop().await;
    shop.start("order-1").await;
    shop.log.wait_for("payment hears order-1/started", 1).await;
    shop.inventory.run().await;
    shop.log
        .wait_for("payment hears order-1/reserve/completed", 1)
        .await;
    let unknown = &shop.payment.describe().unknown_revisions[0];
    assert_eq!((&*unknown.workflow, unknown.executions), ("place-order", 1));
    assert_eq!(unknown.revision, shop.request().revision);

    // It is not forgotten over a restart either.
    shop.payment.stop().await;
    shop.payment.run().await;
    let prepared = shop.payment.runtime().prepare(shop.request()).await;
    assert_eq!(prepared.unwrap().steps, ["charge"]);
    assert_eq!(shop.outcome("order-1").await, "ExecutionSucceeded");
    assert!(shop.payment.describe().unknown_revisions.is_empty());
}

#[tokio::test]
async fn a_participant_describes_its_parts_and_peers() {
    let shop = Shop::prepared(well).await;
    shop.start("order-1").await;
    shop.outcome("order-1").await;
    let endpoint = Endpoint::from_shared(format!("http://{}", shop.payment.address())).unwrap();
    let mut client = ParticipantServiceClient::new(endpoint.connect().await.unwrap());
    let described = client.get_participant(GetParticipantRequest {}).await;
    let described = described.unwrap().into_inner();
    let expected = Member {
        target: String::new(),
        ..shop.payment.member()
    };
    assert_eq!(described.participant, Some(expected));
    assert_eq!(described.parts.len(), 1);
    assert_eq!(described.parts[0].steps, ["charge"]);
    assert_eq!(described.parts[0].home, "orchestrator");
    let peers: Vec<_> = described.peers.iter().map(|peer| &*peer.name).collect();
    assert_eq!(peers, ["inventory", "orchestrator", "shipping"]);
    for peer in &described.peers {
        assert!(!peer.cursor.is_empty() && peer.problem.is_empty());
    }
}

#[tokio::test]
async fn a_participant_is_not_taken_from_a_home_that_is_still_there() {
    let mut shop = Shop::prepared(well).await;
    let other = Shop::open(well).await;
    let request = PrepareWorkflowRequest {
        home: Some(other.home.member()),
        ..shop.request()
    };
    let prepared = shop.payment.runtime().prepare(request.clone()).await;
    let (code, reason) = reason(prepared.unwrap_err());
    assert_eq!((code, &*reason), (Code::FailedPrecondition, "NAME_IN_USE"));
    shop.start("order-1").await;
    assert_eq!(shop.outcome("order-1").await, "ExecutionSucceeded");

    shop.home.stop().await;
    shop.payment.runtime().prepare(request).await.unwrap();
}

fn revision_of(request: &PrepareWorkflowRequest) -> String {
    let definition = request.workflow.clone().unwrap().into();
    let compiled = pavane_flow::language::compile(&definition, pavane::descriptor_pool());
    compiled.plan.unwrap().revision.to_string()
}
