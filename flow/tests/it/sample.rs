//! The sample workflow: compiles, has the right graph, and moves its fields without decoding.

use std::time::Duration;

use bytes::Bytes;
use pavane::shop::common::v1::{Address, Money, OrderLine};
use pavane::shop::inventory::v1::ReserveStockResponse;
use pavane::shop::order::v1::{PlaceOrderRequest, PlaceOrderResponse};
use pavane::shop::payment::v1::{ChargeCardRequest, RefundChargeRequest};
use pavane::shop::shipping::v1::{CreateShipmentRequest, CreateShipmentResponse};
use pavane::workflow::v1::Workflow;
use pavane_flow::Timestamp;
use pavane_flow::language::{Definition, compile};
use pavane_flow::plan::StepIndex;
use pavane_flow::program::{ExecutionInfo, Scope};
use prost::Message;

use crate::support::{check, plan, pool};

const SAMPLE: &str = include_str!("../../../cli/workflows/place-order.yaml");

#[test]
fn the_sample_has_nothing_wrong_with_it() {
    assert_eq!(check(SAMPLE), "");
}

#[test]
fn the_plan_of_the_sample_is_what_it_says() {
    let plan = plan(SAMPLE);
    assert_eq!(plan.name.as_ref(), "place-order");
    assert_eq!(
        plan.implements.to_string(),
        "shop.order.v1.OrderService/PlaceOrder"
    );
    assert_eq!(plan.revision.0.len(), 64);
    let [reserve, charge, ship] = plan.steps.as_slice() else {
        panic!("there are three steps");
    };
    let (first, second, third) = (StepIndex(0), StepIndex(1), StepIndex(2));
    assert_eq!(reserve.dependencies, []);
    assert_eq!(reserve.descendants, [second, third]);
    assert_eq!(charge.data_dependencies, [first]);
    assert_eq!(ship.data_dependencies, []);
    assert_eq!(ship.dependencies, [second]);
    assert_eq!(
        charge.call().expect("a call").timeout,
        Duration::from_secs(2)
    );
    // An outage delays orders; it does not fail them.
    assert_eq!(charge.call().expect("a call").retry.max_attempts, None);
    assert_eq!(
        charge.call().expect("a call").retry.max_backoff,
        Duration::from_secs(2)
    );
    assert_eq!(
        ship.call().expect("a call").timeout,
        Duration::from_secs(10)
    );
    let undo = charge.compensation.as_ref().expect("it has one");
    assert_eq!(
        undo.method.path.as_ref(),
        "/shop.payment.v1.PaymentService/RefundCharge"
    );
    assert_eq!(undo.retry.max_attempts, None);
    assert!(undo.retry.is_retryable(13) && !undo.retry.is_retryable(3));
    assert!(
        charge.call().expect("a call").retry.is_retryable(14)
            && !charge.call().expect("a call").retry.is_retryable(13)
    );
    for call in plan.steps.iter().flat_map(|step| step.calls()) {
        assert!(call.request.is_wire_copy());
    }
    assert!(plan.output_program.is_wire_copy());
}

#[test]
fn the_requests_of_the_sample_hold_what_they_should() {
    let plan = plan(SAMPLE);
    let input = PlaceOrderRequest {
        order_id: "order-1".to_owned(),
        lines: vec![
            OrderLine {
                sku: "a".to_owned(),
                quantity: 2,
            },
            OrderLine::default(),
        ],
        card_token: "tok".to_owned(),
        address: Some(Address {
            city: "Ulm".to_owned(),
            ..Address::default()
        }),
    };
    let total = Some(Money {
        currency: "EUR".to_owned(),
        minor_units: 5_990,
    });
    let reserved = ReserveStockResponse {
        reservation_id: "r".to_owned(),
        total: total.clone(),
    };
    let shipped = CreateShipmentResponse {
        tracking_number: "t-1".to_owned(),
    };
    let bytes = Bytes::from(input.encode_to_vec());
    let outputs = [
        Some(reserved.encode_to_vec().into()),
        None,
        Some(shipped.encode_to_vec().into()),
    ];
    let scope = Scope {
        input: &bytes,
        outputs: &outputs,
        execution: ExecutionInfo {
            id: "e",
            workflow: "place-order",
            revision: "r",
            create_time: Timestamp::default(),
        },
        element: None,
        event: None,
    };
    let request = plan.steps[1]
        .call()
        .expect("a call")
        .request
        .evaluate(&scope)
        .expect("it has a value");
    let charge = ChargeCardRequest {
        order_id: "order-1".to_owned(),
        amount: total.clone(),
        card_token: "tok".to_owned(),
    };
    assert_eq!(request, charge.encode_to_vec());
    let request = plan.steps[2]
        .call()
        .expect("a call")
        .request
        .evaluate(&scope)
        .expect("it has a value");
    let ship = CreateShipmentRequest {
        order_id: "order-1".to_owned(),
        lines: input.lines,
        address: input.address,
    };
    assert_eq!(CreateShipmentRequest::decode(request), Ok(ship));
    let undo = plan.steps[1].compensation.as_ref().expect("it has one");
    let request = undo.request.evaluate(&scope).expect("it has a value");
    let refund = RefundChargeRequest {
        order_id: "order-1".to_owned(),
    };
    assert_eq!(request, refund.encode_to_vec());
    let output = PlaceOrderResponse {
        order_id: "order-1".to_owned(),
        tracking_number: "t-1".to_owned(),
        charged: total,
    };
    assert_eq!(
        plan.evaluate_output(&scope),
        Ok(output.encode_to_vec().into())
    );
}

#[test]
fn text_and_message_have_the_same_revision_and_another_content_another() {
    let revision = |workflow: Workflow| {
        let compiled = compile(&Definition::from(workflow), pool());
        compiled.plan.expect("it is right").revision
    };
    let definition = Definition::parse("", SAMPLE);
    let mut workflow = definition.workflow().clone();
    let first = revision(workflow.clone());
    assert_eq!(first, plan(SAMPLE).revision);
    workflow.steps[0].after.clear();
    assert_eq!(revision(workflow.clone()), first);
    workflow.description.push('.');
    assert_ne!(revision(workflow), first);
}
