//! What is shown of the sample and of a diamond with conditions, in each form.

use pavane_flow::choreography::projection::Projection;

use super::*;
use crate::render::Paint;

mod drawings;

const SAMPLE: &str = include_str!("../../../workflows/place-order.yaml");

/// Two ways from `reserve` to `ship`, one of which may not be taken.
const DIAMOND: &str = r#"
name: ship-gift
implements: shop.order.v1.OrderService/PlaceOrder
steps:
  - id: reserve
    call: shop.inventory.v1.InventoryService/ReserveStock
    request: { order_id: input.order_id, lines: input.lines }
    compensate:
      call: shop.inventory.v1.InventoryService/ReleaseStock
      request: { order_id: input.order_id }
  - id: charge
    when: reserve.total.minor_units > 0 && input.card_token != "free"
    call: shop.payment.v1.PaymentService/ChargeCard
    request: { order_id: input.order_id, amount: reserve.total, card_token: input.card_token }
    compensate:
      call: shop.payment.v1.PaymentService/RefundCharge
      request: { order_id: input.order_id }
  - id: count
    call: shop.inventory.v1.InventoryService/ListItems
    after: [reserve]
  - id: ship
    call: shop.shipping.v1.ShippingService/CreateShipment
    request: { order_id: input.order_id, lines: input.lines, address: input.address }
    after: [charge, count]
    compensate:
      call: shop.shipping.v1.ShippingService/CancelShipment
      request: { order_id: reserve.reservation_id }
output: { order_id: input.order_id, tracking_number: ship.tracking_number, charged: reserve.total }
"#;

/// Shows a definition; `parties` divide it, an empty list by its services.
fn shown<T>(text: &str, parties: Option<&[&str]>, show: impl Fn(&View<'_>) -> T) -> T {
    let definition = Definition::parse("test.yaml", text);
    let compiled = compile(&definition, pavane::descriptor_pool());
    let plan = compiled
        .plan
        .unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics));
    let projection = parties.map(|parties| {
        let parties = parties.iter().map(|party| party.parse().unwrap());
        let owners = parties::owners(&plan, &parties.collect::<Vec<_>>()).unwrap();
        Projection::new(&plan, &owners, parties::HOME).unwrap()
    });
    show(&View {
        plan: &plan,
        workflow: &compiled.workflow,
        projection: projection.as_ref(),
    })
}

fn text(definition: &str, parties: Option<&[&str]>) -> String {
    shown(definition, parties, |view| text::show(view, Paint::PLAIN))
}

#[test]
fn steps_are_a_table_below_the_way_that_they_take() {
    insta::assert_snapshot!(text(SAMPLE, None), @r"
    place-order   reserve -> charge -> ship   (3 steps, 3 compensations)

    step      calls                            undone by                        uses      after
    reserve   InventoryService/ReserveStock    InventoryService/ReleaseStock
    charge    PaymentService/ChargeCard        PaymentService/RefundCharge      reserve
    ship      ShippingService/CreateShipment   ShippingService/CancelShipment             charge
    ");
    insta::assert_snapshot!(text(DIAMOND, None), @r#"
    ship-gift   reserve -> charge | count -> ship   (4 steps, 3 compensations)

    step      calls                            undone by                        uses      after           when
    reserve   InventoryService/ReserveStock    InventoryService/ReleaseStock
    charge    PaymentService/ChargeCard        PaymentService/RefundCharge      reserve                   reserve.total.minor_units > 0 && input.card_token != "free"
    count     InventoryService/ListItems                                                  reserve
    ship      ShippingService/CreateShipment   ShippingService/CancelShipment             charge, count
    "#);
}

#[test]
fn a_projection_says_who_hears_whom_and_what_for() {
    insta::assert_snapshot!(text(SAMPLE, Some(&[])), @r"
    place-order   reserve -> charge -> ship   (3 steps, 3 compensations, 3 participants)

    inventory   performs reserve
      orchestrator   start, end, and what ends it early
      payment        charge failed, skipped, abandoned, compensated   before reserve is undone
      shipping       ship failed, skipped, abandoned, compensated     before reserve is undone

    payment   performs charge
      orchestrator   start, end, and what ends it early
      inventory      reserve completed, failed, skipped, abandoned   before charge begins
      shipping       ship failed, skipped, abandoned, compensated    before charge is undone

    shipping   performs ship
      orchestrator   start, end, and what ends it early
      inventory      reserve failed                                 to stop if it fails
      payment        charge completed, failed, skipped, abandoned   before ship begins

    orchestrator   starts executions, declares their outcome
      hears all of every step
    ");
    insta::assert_snapshot!(text(DIAMOND, Some(&[])), @r"
    ship-gift   reserve -> charge | count -> ship   (4 steps, 3 compensations, 3 participants)

    inventory   performs reserve, count
      orchestrator   start, end, and what ends it early
      payment        charge failed, skipped, abandoned, compensated   before reserve is undone
      shipping       ship failed, skipped, abandoned, compensated     before reserve is undone

    payment   performs charge
      orchestrator   start, end, and what ends it early
      inventory      reserve completed, failed, skipped, abandoned   before charge begins
                     count failed                                    to stop if it fails
      shipping       ship failed, skipped, abandoned, compensated    before charge is undone

    shipping   performs ship
      orchestrator   start, end, and what ends it early
      inventory      reserve completed, failed, skipped             for the compensation of ship
                     count completed, failed, skipped, abandoned    before ship begins
      payment        charge completed, failed, skipped, abandoned   before ship begins

    orchestrator   starts executions, declares their outcome
      hears all of every step
    ");
}

#[test]
fn participants_own_what_they_are_said_to_own() {
    let parties = [
        "shop=InventoryService,ShippingService",
        "bank=PaymentService",
    ];
    insta::assert_snapshot!(text(SAMPLE, Some(&parties)), @r"
    place-order   reserve -> charge -> ship   (3 steps, 3 compensations, 2 participants)

    shop   performs reserve, ship
      orchestrator   start, end, and what ends it early
      bank           charge completed, failed, skipped, abandoned, compensated   before ship begins; before reserve is undone

    bank   performs charge
      orchestrator   start, end, and what ends it early
      shop           reserve completed, failed, skipped, abandoned   before charge begins
                     ship failed, skipped, abandoned, compensated    before charge is undone

    orchestrator   starts executions, declares their outcome
      hears all of every step
    ");
}

#[test]
fn programs_are_given_all_of_it() {
    let plain = shown(DIAMOND, None, json::show);
    insta::assert_snapshot!(format!("{:#}", plain["steps"][3]), @r#"
    {
      "after": [
        "charge",
        "count"
      ],
      "call": "shop.shipping.v1.ShippingService/CreateShipment",
      "compensation": {
        "call": "shop.shipping.v1.ShippingService/CancelShipment",
        "uses": [
          "reserve"
        ]
      },
      "id": "ship",
      "uses": [],
      "when": ""
    }
    "#);
    assert_eq!(plain["workflow"], "ship-gift");
    let condition = "reserve.total.minor_units > 0 && input.card_token != \"free\"";
    assert_eq!(plain["steps"][1]["when"], condition);
    assert_eq!(plain["steps"][2]["compensation"], serde_json::Value::Null);
    assert!(plain.get("participants").is_none());
    let projected = shown(DIAMOND, Some(&[]), json::show);
    assert_eq!(projected["steps"][3]["participant"], "shipping");
    assert_eq!(projected["home"]["name"], "orchestrator");
    assert_eq!(projected["home"]["steps"].as_array().map(Vec::len), Some(0));
    let shipping = &projected["participants"][2];
    assert_eq!(shipping["name"], "shipping");
    insta::assert_snapshot!(shipping["hears"][2].to_string(), @r#"{"events":[{"step":"charge","type":"pavane.workflow.v1.StepCompleted"},{"step":"charge","type":"pavane.workflow.v1.StepFailed"},{"step":"charge","type":"pavane.workflow.v1.StepSkipped"},{"step":"charge","type":"pavane.workflow.v1.StepAbandoned"}],"peer":"payment"}"#);
}
