//! Projections and filters of small plans, and what is said of plans that have none.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use pavane::workflow::v1 as wire;
use prost::Name;

use super::*;
use crate::language::{Definition, compile};
use crate::plan::Work;

const SAMPLE: &str = include_str!("../../../../cli/workflows/place-order.yaml");
const INVENTORY: &str = "shop.inventory.v1.InventoryService";
const PAYMENT: &str = "shop.payment.v1.PaymentService";
const SHIPPING: &str = "shop.shipping.v1.ShippingService";

fn plan(definition: &str) -> Plan {
    let compiled = compile(
        &Definition::parse("test.yaml", definition),
        pavane::descriptor_pool(),
    );
    compiled
        .plan
        .unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

fn shop() -> Owners {
    Owners::new([
        ("inventory", [INVENTORY]),
        ("payment", [PAYMENT]),
        ("shipping", [SHIPPING]),
    ])
}

/// The parts in short: `payment performs charge` and whom it hears.
fn shown(plan: &Plan, projection: &Projection) -> String {
    let mut text = String::new();
    for part in projection.participants().chain([projection.home()]) {
        let ids: Vec<&str> = part.steps.iter().map(|s| &*plan.step(*s).id).collect();
        writeln!(text, "{} performs [{}]", part.name, ids.join(", ")).unwrap();
        for hears in &part.hears {
            let of = |step: &Option<StepIndex>| step.map_or("", |step| &*plan.step(step).id);
            let events = hears.events.iter();
            let events: Vec<String> = events
                .map(|(event, step)| format!("{} {}", of(step), event.name()).trim().to_owned())
                .collect();
            writeln!(text, "  {}: {}", hears.peer, events.join(", ")).unwrap();
        }
    }
    text
}

/// What is said of a definition that cannot be projected, with its line and column.
fn problems(definition: &str, owners: &Owners, home: &str) -> String {
    let plan = plan(definition);
    let definition = Definition::parse("test.yaml", definition);
    let mut text = String::new();
    for problem in Projection::new(&plan, owners, home).expect_err("it cannot be projected") {
        let found = problem.diagnostic(&definition);
        let place = found
            .span
            .map_or_else(String::new, |s| format!("{}:{}", s.line, s.column));
        let (reason, path) = (&found.reason, &found.path);
        writeln!(text, "{reason} {path} {place}\n  {}", found.message).unwrap();
        writeln!(text, "  ({}) {}", found.label, found.help).unwrap();
    }
    text
}

#[test]
fn the_sample_is_divided_among_its_three_services() {
    let plan = plan(SAMPLE);
    let projection = Projection::new(&plan, &shop(), "orchestrator").expect("it can be projected");
    insta::assert_snapshot!(shown(&plan, &projection), @r"
        inventory performs [reserve]
          orchestrator: ExecutionStarted, StepResolved, OutputFailed, CancelRequested, DeadlineExceeded, ExecutionSucceeded, ExecutionFailed, ExecutionCanceled, ExecutionResumed
          payment: charge StepFailed, charge StepSkipped, charge StepAbandoned, charge StepCompensated
          shipping: ship StepFailed, ship StepSkipped, ship StepAbandoned, ship StepCompensated
        payment performs [charge]
          inventory: reserve StepCompleted, reserve StepFailed, reserve StepSkipped, reserve StepAbandoned
          orchestrator: ExecutionStarted, StepResolved, OutputFailed, CancelRequested, DeadlineExceeded, ExecutionSucceeded, ExecutionFailed, ExecutionCanceled, ExecutionResumed
          shipping: ship StepFailed, ship StepSkipped, ship StepAbandoned, ship StepCompensated
        shipping performs [ship]
          inventory: reserve StepFailed
          orchestrator: ExecutionStarted, StepResolved, OutputFailed, CancelRequested, DeadlineExceeded, ExecutionSucceeded, ExecutionFailed, ExecutionCanceled, ExecutionResumed
          payment: charge StepCompleted, charge StepFailed, charge StepSkipped, charge StepAbandoned
        orchestrator performs []
          inventory: reserve StepBegun, reserve StepCompleted, reserve StepFailed, reserve StepSuspended, reserve StepSkipped, reserve StepAbandoned, reserve StepCompensated, reserve CompensationFailed
          payment: charge StepBegun, charge StepCompleted, charge StepFailed, charge StepSuspended, charge StepSkipped, charge StepAbandoned, charge StepCompensated, charge CompensationFailed
          shipping: ship StepBegun, ship StepCompleted, ship StepFailed, ship StepSuspended, ship StepSkipped, ship StepAbandoned, ship StepCompensated, ship CompensationFailed
        ");
    assert_eq!(&*projection.performer(StepIndex(1)).name, "payment");
    assert!(projection.participant("billing").is_none());
    let payment = projection.participant("payment").expect("it has a part");
    assert!(payment.hears_from("billing").is_none());
}

#[test]
fn who_performs_everything_hears_only_the_home() {
    let plan = plan(SAMPLE);
    let owners = Owners::new([("shop", [INVENTORY, PAYMENT, SHIPPING])]);
    let projection = Projection::new(&plan, &owners, "home").expect("it can be projected");
    let shop = projection.participants().next().expect("there is one");
    assert_eq!(shop.steps.len(), 3);
    let peers: Vec<&str> = shop.hears.iter().map(|hears| &*hears.peer).collect();
    assert_eq!(peers, ["home"]);
}

#[test]
fn what_a_compensation_refers_to_is_heard_from_where_it_happened() {
    let plan = plan(&SAMPLE.replace(
        "call: shop.shipping.v1.ShippingService/CancelShipment\n      request: { order_id: input.order_id }",
        "call: shop.shipping.v1.ShippingService/CancelShipment\n      request: { order_id: reserve.reservation_id }",
    ));
    let projection = Projection::new(&plan, &shop(), "home").expect("it can be projected");
    let shipping = projection.participant("shipping").expect("it has a part");
    let heard = &shipping.hears_from("inventory").expect("a peer").events;
    let of_reserve = |event| (event, Some(StepIndex(0)));
    let expected = [
        EventType::StepCompleted,
        EventType::StepFailed,
        EventType::StepSkipped,
    ];
    assert_eq!(heard, &BTreeSet::from(expected.map(of_reserve)));
}

#[test]
fn all_that_stands_in_the_way_is_said_at_once() {
    let elsewhere = SAMPLE.replace(
        "shop.payment.v1.PaymentService/RefundCharge",
        "shop.shipping.v1.ShippingService/CancelShipment",
    );
    let owners = Owners::new([
        ("inventory", [INVENTORY]),
        ("stock", [INVENTORY]),
        ("payment", [PAYMENT]),
        ("shipping", [SHIPPING]),
    ]);
    insta::assert_snapshot!(problems(&elsewhere, &owners, "payment"), @r"
    SERVICE_CLAIMED_TWICE steps[0].call 7:11
      `shop.inventory.v1.InventoryService` is claimed by `inventory` and `stock`, expected one owner
      (has 2 owners) let one of them own `shop.inventory.v1.InventoryService`; replicas of one participant share a name
    NAMED_LIKE_HOME steps[1].call 13:11
      participant `payment`, which owns `shop.payment.v1.PaymentService`, has the name of the home
      (belongs to `payment`) give the participant another name
    COMPENSATION_ELSEWHERE steps[1].compensate.call 18:13
      step `charge` is performed by `payment`, its compensation calls `shop.shipping.v1.ShippingService`, which belongs to `shipping`
      (belongs to `shipping`) who performs a step undoes it: call a method of a service that `payment` owns, or let one participant own both services
    ");
    let misspelt = Owners::new([
        ("inventory", vec!["shop.inventory.v1.InventryService"]),
        ("payment", vec![PAYMENT, PAYMENT]),
        ("payment", vec![PAYMENT]),
    ]);
    insta::assert_snapshot!(problems(SAMPLE, &misspelt, "home"), @r"
    NO_PARTICIPANT steps[0].call 7:11
      no participant owns `shop.inventory.v1.InventoryService`, which step `reserve` calls
      (has no owner) a service with a similar name has an owner: `shop.inventory.v1.InventryService`
    NO_PARTICIPANT steps[2].call 21:11
      no participant owns `shop.shipping.v1.ShippingService`, which step `ship` calls
      (has no owner) add the participant that owns it, or run the workflow orchestrated
    ");
}

#[test]
fn there_is_a_limit_to_participants() {
    let mut definition =
        String::from("name: wide\nimplements: shop.order.v1.OrderService/PlaceOrder\nsteps:\n");
    let mut plan_steps = String::new();
    for n in 0..=MAX_PARTICIPANTS {
        write!(
            plan_steps,
            "  - id: s{n}\n    call: {INVENTORY}/ReserveStock\n    request: {{ order_id: input.order_id }}\n"
        )
        .unwrap();
    }
    definition += &plan_steps;
    definition += "output: { order_id: input.order_id }\n";
    let mut plan = plan(&definition);
    for (n, step) in plan.steps.iter_mut().enumerate() {
        if let Work::Call(call) = &mut step.work {
            call.method.service = format!("test.S{n}").into();
        }
        step.compensation = None;
    }
    let members = (0..=MAX_PARTICIPANTS).map(|n| (format!("p{n}"), [format!("test.S{n}")]));
    let problems = Projection::new(&plan, &Owners::new(members), "home").expect_err("too many");
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        ["the steps belong to 65 participants, more than the allowed 64"]
    );
}

#[test]
fn events_are_named_as_in_the_contract() {
    fn check<M: Name>(event: EventType) {
        assert_eq!(event.full_name(), M::full_name());
        assert_eq!(event.name(), M::NAME);
    }
    check::<wire::ExecutionStarted>(EventType::ExecutionStarted);
    check::<wire::StepCompleted>(EventType::StepCompleted);
    check::<wire::StepFailed>(EventType::StepFailed);
    check::<wire::StepSkipped>(EventType::StepSkipped);
    check::<wire::StepAbandoned>(EventType::StepAbandoned);
    check::<wire::StepCompensated>(EventType::StepCompensated);
    check::<wire::CompensationFailed>(EventType::CompensationFailed);
    check::<wire::OutputFailed>(EventType::OutputFailed);
    check::<wire::CancelRequested>(EventType::CancelRequested);
    check::<wire::DeadlineExceeded>(EventType::DeadlineExceeded);
    check::<wire::ExecutionSucceeded>(EventType::ExecutionSucceeded);
    check::<wire::ExecutionFailed>(EventType::ExecutionFailed);
    check::<wire::ExecutionCanceled>(EventType::ExecutionCanceled);
    check::<wire::ExecutionSuspended>(EventType::ExecutionSuspended);
    check::<wire::ExecutionResumed>(EventType::ExecutionResumed);
}

mod filters {
    use super::*;

    /// The alternatives of a filter in short: `step=place-order/charge: StepFailed`.
    fn shown(filter: &pavane::feed::v1::Filter) -> String {
        assert!(filter.types.is_empty() && filter.attributes.is_empty());
        let mut text = String::new();
        for alternative in &filter.any_of {
            for (name, value) in &alternative.attributes {
                write!(text, "{name}={value}: ").unwrap();
            }
            let types = alternative.types.iter();
            let types: Vec<&str> = types.filter_map(|t| t.rsplit('.').next()).collect();
            writeln!(text, "{}", types.join(" ")).unwrap();
        }
        text
    }

    /// What `name` hears from `peer` in a workflow like the sample, called `workflow`.
    fn hearing(workflow: &str, name: &str, peer: &str) -> (Plan, Hears) {
        let plan = plan(&SAMPLE.replace("name: place-order", &format!("name: {workflow}")));
        let projection = Projection::new(&plan, &shop(), "home").expect("it can be projected");
        let part = projection.participant(name).expect("it has a part");
        let hears = part.hears_from(peer).expect("it is a peer").clone();
        (plan, hears)
    }

    fn check(hearings: &[(Plan, Hears)]) -> String {
        shown(&filter(hearings.iter().map(|(plan, hears)| (plan, hears))))
    }

    #[test]
    fn a_filter_has_an_alternative_for_each_step_and_workflow() {
        insta::assert_snapshot!(check(&[hearing("place-order", "inventory", "payment")]), @"step=place-order/charge: StepFailed StepSkipped StepAbandoned StepCompensated");
        insta::assert_snapshot!(check(&[
            hearing("place-order", "inventory", "home"),
            hearing("replace-order", "inventory", "home"),
            hearing("place-order", "inventory", "home"),
        ]), @r"
        choreography=place-order: ExecutionStarted StepResolved OutputFailed CancelRequested DeadlineExceeded ExecutionSucceeded ExecutionFailed ExecutionCanceled ExecutionResumed
        choreography=replace-order: ExecutionStarted StepResolved OutputFailed CancelRequested DeadlineExceeded ExecutionSucceeded ExecutionFailed ExecutionCanceled ExecutionResumed
        ");
    }

    #[test]
    fn a_filter_with_too_many_alternatives_goes_by_type() {
        let many = |peer, count| -> Vec<_> {
            let names = (0..count).map(|n| format!("w{n}"));
            names
                .map(|name| hearing(&name, "inventory", peer))
                .collect()
        };
        let allowed = check(&many("payment", MAX_ALTERNATIVES));
        assert_eq!(allowed.lines().count(), MAX_ALTERNATIVES);
        insta::assert_snapshot!(check(&many("payment", MAX_ALTERNATIVES + 1)), @"StepFailed StepSkipped StepAbandoned StepCompensated");
        insta::assert_snapshot!(check(&many("home", MAX_ALTERNATIVES + 1)), @"ExecutionStarted StepResolved OutputFailed CancelRequested DeadlineExceeded ExecutionSucceeded ExecutionFailed ExecutionCanceled ExecutionResumed");
        // Steps go first: workflows keep their names for as long as there is room.
        let mut both = many("payment", MAX_ALTERNATIVES);
        both.push(hearing("w0", "inventory", "home"));
        let both = check(&both);
        assert_eq!(both.lines().count(), 2, "{both}");
        assert!(both.contains("choreography=w0: ExecutionStarted"), "{both}");
    }
}
