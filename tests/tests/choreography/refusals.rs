//! What cannot be choreographed is refused before it begins, with the reason, and nothing is lost:
//! it can still be orchestrated.

use pavane::metadata::MODE;
use pavane::shop::order::v1::order_service_client::OrderServiceClient;
use pavane::workflow::v1::execution_service_client::ExecutionServiceClient;
use pavane::workflow::v1::participant_service_client::ParticipantServiceClient;
use pavane::workflow::v1::start_execution_request::Input;
use pavane::workflow::v1::{
    ExecutionState, Member, Mode, PrepareWorkflowRequest, StartExecutionRequest,
};
use pavane_tests::errands::Client;
use pavane_tests::shop::{Role, SERVICES, Setup, Shop};
use pavane_tests::sidecar::Sidecar;
use pavane_tests::until;
use prost::Message;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::steps::{client, describe, open_shop, sound_orders, stock_up, wait_all};
use crate::workflows::{PLACE_ORDER, deploy, deployed, descriptors, place_order};

#[track_caller]
fn check(status: &Status, code: Code, reason: &str, words: &[&str]) {
    let found = status.get_details_error_info();
    let found = found.unwrap_or_else(|| panic!("no reason in {status:?}"));
    assert_eq!(
        (status.code(), &*found.reason),
        (code, reason),
        "{status:?}"
    );
    assert_eq!(found.domain, "pavane", "{status:?}");
    for word in words {
        assert!(
            status.message().contains(word),
            "{word} is not in {:?}",
            status.message()
        );
    }
}

/// A workflow that nobody can divide: it can be deployed, but neither started choreographed nor
/// deployed as choreographed; orchestrated it runs.
async fn check_not_projectable(shop: &Shop, text: &str, reason: &str, words: &[&str]) {
    let deployed = deploy(shop, text).await.expect("it can be orchestrated");
    assert_eq!(deployed.parts, []);
    for word in words {
        let problem = &deployed.choreography_problem;
        assert!(problem.contains(word), "{word} is not in {problem:?}");
    }
    let order = &sound_orders(1)[0];
    let start = |id: &str, mode: Mode| StartExecutionRequest {
        workflow: deployed.name.clone(),
        execution_id: id.to_owned(),
        mode: mode.into(),
        input: Some(Input::InputBytes(order.encode_to_vec().into())),
    };
    let mut executions = ExecutionServiceClient::new(shop.channel(Role::Orchestrator));
    let refused = executions
        .start_execution(start("danced", Mode::Choreographed))
        .await;
    let refused = refused.expect_err("it cannot be choreographed");
    check(&refused, Code::FailedPrecondition, reason, words);
    let unknown = client(shop)
        .get("danced")
        .await
        .expect_err("it was never started");
    assert_eq!(unknown.code(), Code::NotFound);

    let started = executions
        .start_execution(start("conducted", Mode::Orchestrated))
        .await;
    started.expect("it can be orchestrated");
    let outcome = client(shop).wait("conducted").await.expect("it is known");
    outcome.expect("it ends").expect("it succeeds");

    let choreographed = format!("{text}\nmode: choreographed\n");
    let refused = deploy(shop, &choreographed)
        .await
        .expect_err("it cannot be choreographed");
    check(&refused, Code::FailedPrecondition, reason, words);
}

#[tokio::test]
async fn a_compensation_that_belongs_to_another_cannot_be_divided() {
    let shop = open_shop(Setup::default()).await;
    let elsewhere = place_order(&[(
        "shop.payment.v1.PaymentService/RefundCharge",
        "shop.shipping.v1.ShippingService/CancelShipment",
    )]);
    let words = [
        "charge",
        "payment",
        "shipping",
        "shop.shipping.v1.ShippingService",
    ];
    check_not_projectable(&shop, &elsewhere, "COMPENSATION_ELSEWHERE", &words).await;
}

#[tokio::test]
async fn two_who_claim_one_step_are_both_named() {
    let mut shop = Shop::prepare();
    let (beside, target) = (shop.spare_address(), shop.address(Role::Payment));
    let claimed = Role::Payment.service().expect("it has one");
    let _sidecar = Sidecar::start(shop.data(), "cashier", &beside, &target, &[claimed]).await;
    let setup = Setup {
        orchestrator: vec!["--participant".to_owned(), beside],
        ..Setup::default()
    };
    shop.open(setup, &SERVICES).await;
    stock_up(&shop).await;
    let words = ["cashier", "payment", claimed];
    check_not_projectable(&shop, PLACE_ORDER, "SERVICE_CLAIMED_TWICE", &words).await;
}

#[tokio::test]
async fn a_service_that_nobody_owns_cannot_be_given_to_anybody() {
    // The orchestrator itself serves it, and is no participant.
    let mut shop = Shop::prepare();
    let own = format!(
        "shop.order.v1.OrderService={}",
        shop.address(Role::Orchestrator)
    );
    let setup = Setup {
        orchestrator: vec!["--target".to_owned(), own],
        ..Setup::default()
    };
    shop.open(setup, &SERVICES).await;
    stock_up(&shop).await;
    let nested = "
name: order-twice
implements: pavane.testing.v1.ChainService/Run
steps:
  - id: order
    call: shop.order.v1.OrderService/PlaceOrder
    request: { order_id: input.payload }
output: { payload: order.order_id }
";
    let deployed = deploy(&shop, nested).await.expect("it can be orchestrated");
    for word in ["no participant", "shop.order.v1.OrderService"] {
        assert!(deployed.choreography_problem.contains(word), "{deployed:?}");
    }
    let choreographed = format!("{nested}mode: choreographed\n");
    let refused = deploy(&shop, &choreographed)
        .await
        .expect_err("nobody performs it");
    check(
        &refused,
        Code::FailedPrecondition,
        "NO_PARTICIPANT",
        &["shop.order.v1.OrderService"],
    );
}

#[tokio::test]
async fn an_unknown_mode_is_told_and_nothing_is_started() {
    let shop = open_shop(Setup::default()).await;
    let order = sound_orders(1).remove(0);
    let mut request = Request::new(order.clone());
    request
        .metadata_mut()
        .insert(MODE, "improvised".parse().expect("ASCII"));
    let id = order.order_id.parse().expect("ASCII");
    request
        .metadata_mut()
        .insert(pavane::metadata::EXECUTION_ID, id);
    let mut front_door = OrderServiceClient::new(shop.channel(Role::Orchestrator));
    let refused = front_door
        .place_order(request)
        .await
        .expect_err("there is no such mode");
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    for word in ["pavane-mode", "improvised", "orchestrated", "choreographed"] {
        assert!(
            refused.message().contains(word),
            "{word} is not in {:?}",
            refused.message()
        );
    }
    let unknown = client(&shop)
        .get(&order.order_id)
        .await
        .expect_err("nothing was started");
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn an_id_that_was_orchestrated_is_not_choreographed_besides() {
    let shop = open_shop(Setup::default()).await;
    let order = sound_orders(1).remove(0);
    let mut conducted = Client::new(shop.channel(Role::Orchestrator), Mode::Orchestrated);
    conducted.start(&order).await.expect("it can be started");
    let refused = client(&shop)
        .start(&order)
        .await
        .expect_err("it is orchestrated");
    assert_eq!(refused.code(), Code::AlreadyExists, "{refused:?}");
    let outcome = conducted.wait(&order.order_id).await.expect("it is known");
    outcome.expect("it ends").expect("it succeeds");
}

/// A revision that was deployed while a participant was away is not choreographed until it is back
/// and prepared; what was started before goes on.
#[tokio::test]
async fn a_participant_without_the_revision_is_named_and_prepared_when_it_is_back() {
    let mut shop = open_shop(Setup::default()).await;
    let orders = sound_orders(2);
    let [before, after] = &orders[..] else {
        unreachable!("there are two")
    };
    shop.kill(Role::Shipping).await;
    let mut client = client(&shop);
    client
        .start(before)
        .await
        .expect("all are prepared for the first revision");

    let second = place_order(&[("timeout: 2s", "timeout: 3s")]);
    let deployed = deploy(&shop, &second)
        .await
        .expect("it can be orchestrated");
    let problem = &deployed.choreography_problem;
    assert!(
        problem.contains(&shop.address(Role::Shipping)),
        "{problem:?}"
    );
    let refused = client
        .start(after)
        .await
        .expect_err("shipping has no part in it yet");
    let address = shop.address(Role::Shipping);
    check(
        &refused,
        Code::FailedPrecondition,
        "NO_PARTICIPANT",
        &[&address],
    );

    shop.revive(Role::Shipping).await;
    // Its parts are asked for again, once its server is reached again.
    let start = || async { self::client(&shop).start(after).await };
    let started = until(start, Result::is_ok).await;
    started.expect("it was waited for");
    wait_all(&shop, &orders, |_| true).await;
    let parts = describe(&shop, Role::Shipping).await.parts;
    assert_eq!(parts.len(), 2, "{parts:?}");
    let states = client
        .get(&after.order_id)
        .await
        .expect("it is known")
        .state();
    assert_eq!(states, ExecutionState::Succeeded);
}

/// What a participant says to whoever prepares it for what it cannot do.
#[tokio::test]
async fn a_preparation_that_cannot_be_is_refused_by_the_participant() {
    let shop = open_shop(Setup::default()).await;
    let known = deployed(&shop, "place-order").await;
    let identity = |described: pavane::workflow::v1::GetParticipantResponse, role: Role| Member {
        target: shop.address(role),
        ..described.participant.expect("it says who it is")
    };
    let payment = identity(describe(&shop, Role::Payment).await, Role::Payment);
    let inventory = identity(describe(&shop, Role::Inventory).await, Role::Inventory);
    let shipping = identity(describe(&shop, Role::Shipping).await, Role::Shipping);
    let home = Member {
        name: "somewhere".to_owned(),
        services: Vec::new(),
        ..shipping.clone()
    };
    let sound = PrepareWorkflowRequest {
        workflow: known.workflow.clone(),
        descriptors: Some(descriptors()),
        revision: known.revision.clone(),
        home: Some(home),
        participants: vec![inventory, payment, shipping],
    };
    let prepare = async |change: &dyn Fn(&mut PrepareWorkflowRequest)| {
        let mut request = sound.clone();
        change(&mut request);
        let mut client = ParticipantServiceClient::new(shop.channel(Role::Payment));
        let refused = client.prepare_workflow(request).await;
        refused.expect_err("it cannot be prepared for this")
    };
    let refused = prepare(&|request| request.revision = "0".repeat(64)).await;
    check(
        &refused,
        Code::InvalidArgument,
        "OTHER_REVISION",
        &["place-order", &known.revision],
    );
    let refused = prepare(&|request| {
        let claimed = request.participants[1].services.clone();
        request.participants[2].services.extend(claimed);
    })
    .await;
    let words = ["payment", "shipping", "shop.payment.v1.PaymentService"];
    check(
        &refused,
        Code::FailedPrecondition,
        "SERVICE_CLAIMED_TWICE",
        &words,
    );
    let refused =
        prepare(&|request| request.participants[1].incarnation = "another".to_owned()).await;
    check(
        &refused,
        Code::FailedPrecondition,
        "OTHER_INCARNATION",
        &["payment", "another"],
    );
    let refused =
        prepare(&|request| request.participants[0].incarnation = "another".to_owned()).await;
    check(
        &refused,
        Code::FailedPrecondition,
        "OTHER_INCARNATION",
        &["inventory", "another"],
    );
    let refused = prepare(&|request| request.workflow = None).await;
    check(
        &refused,
        Code::InvalidArgument,
        "INVALID_REQUEST",
        &["workflow"],
    );

    // Nothing of it was kept.
    let parts = describe(&shop, Role::Payment).await.parts;
    let homes: Vec<_> = parts.iter().map(|part| &*part.home).collect();
    assert_eq!(homes, ["orchestrator"]);
}
