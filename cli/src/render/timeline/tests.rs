//! Timelines as a person sees them.

use pavane::workflow::v1::{self as workflow, Failure};
use prost::Message;
use prost_types::{Any, Struct, Value, value};

use super::*;

const START: i64 = 1_795_396_329;

fn at(micros: i64) -> Option<Timestamp> {
    let nanos = i32::try_from(micros % 1_000_000 * 1000).expect("below a billion");
    Some(Timestamp {
        seconds: START + micros / 1_000_000,
        nanos,
    })
}

fn event(micros: i64, name: &str, data: &impl Message) -> Event {
    let name = format!("pavane.workflow.v1.{name}");
    let type_url = format!("type.googleapis.com/{name}");
    let data = Some(Any {
        type_url,
        value: data.encode_to_vec(),
    });
    Event {
        r#type: name,
        time: at(micros),
        data,
        ..Event::default()
    }
}

fn step(id: &str, service: &str, state: StepState) -> StepStatus {
    let call = format!("shop.{}.v1.{service}/Do", service.to_lowercase());
    StepStatus {
        id: id.to_owned(),
        call,
        state: state as i32,
        ..StepStatus::default()
    }
}

fn text(fields: &[(&str, &str)]) -> Struct {
    let value = |text: &str| Value {
        kind: Some(value::Kind::StringValue(text.to_owned())),
    };
    Struct {
        fields: fields
            .iter()
            .map(|(name, text)| ((*name).to_owned(), value(text)))
            .collect(),
    }
}

fn declined() -> Failure {
    Failure {
        code: 9,
        message: "address is not serviceable".to_owned(),
        details: Vec::new(),
    }
}

fn order(state: ExecutionState) -> Execution {
    Execution {
        id: "order-1-0042".to_owned(),
        workflow: "place-order".to_owned(),
        revision: "7b0c91e2".repeat(8),
        state: state as i32,
        create_time: at(0),
        ..Execution::default()
    }
}

fn show(execution: &Execution) -> String {
    let now = at(41_000_000).expect("is set");
    timeline(&execution.id, execution, &now, Paint::PLAIN)
}

#[test]
fn a_compensated_execution_says_what_was_done_and_undone() {
    let name = |step: &str| step.to_owned();
    let mut reserve = step("reserve", "InventoryService", StepState::Compensated);
    reserve.output = Some(text(&[("reservationId", "r-0042")]));
    let execution = Execution {
        end_time: at(5200),
        steps: vec![
            reserve,
            step("charge", "PaymentService", StepState::Compensated),
            step("ship", "ShippingService", StepState::Failed),
        ],
        events: vec![
            event(
                0,
                "ExecutionStarted",
                &workflow::ExecutionStarted::default(),
            ),
            event(
                900,
                "StepCompleted",
                &workflow::StepCompleted {
                    step: name("reserve"),
                    attempts: 1,
                    ..Default::default()
                },
            ),
            event(
                2100,
                "StepCompleted",
                &workflow::StepCompleted {
                    step: name("charge"),
                    attempts: 3,
                    ..Default::default()
                },
            ),
            event(
                3000,
                "StepFailed",
                &workflow::StepFailed {
                    step: name("ship"),
                    failure: Some(declined()),
                    ambiguous: false,
                    attempts: 1,
                    element: None,
                },
            ),
            event(
                4200,
                "StepCompensated",
                &workflow::StepCompensated {
                    step: name("charge"),
                    attempts: 1,
                    element: None,
                },
            ),
            event(
                5100,
                "StepCompensated",
                &workflow::StepCompensated {
                    step: name("reserve"),
                    attempts: 2,
                    element: None,
                },
            ),
            event(
                5200,
                "ExecutionFailed",
                &workflow::ExecutionFailed {
                    step: name("ship"),
                    failure: Some(declined()),
                    compensated: vec![name("reserve"), name("charge")],
                },
            ),
        ],
        ..order(ExecutionState::Failed)
    };
    insta::assert_snapshot!(show(&execution), @r"
    order-1-0042   compensated   place-order @7b0c91e2   orchestrated   5.2 ms
      +0.0 ms   started
      +0.9 ms   reserve   completed     inventory   reservation r-0042
      +2.1 ms   charge    completed     payment     after 3 attempts
      +3.0 ms   ship      failed        shipping    FAILED_PRECONDITION: address is not serviceable
      +4.2 ms   charge    compensated   payment
      +5.1 ms   reserve   compensated   inventory   after 2 attempts
      +5.2 ms   failed                              FAILED_PRECONDITION: address is not serviceable
    ");
}

#[test]
fn a_running_execution_says_what_it_waits_for() {
    let mut charge = step("charge", "PaymentService", StepState::BackingOff);
    charge.attempts = 3;
    charge.last_failure = Some(Failure {
        code: 14,
        message: "connection refused".to_owned(),
        details: Vec::new(),
    });
    charge.next_attempt_time = at(42_500_000);
    let mut ship = step("ship", "ShippingService", StepState::Pending);
    ship.depends_on = vec!["reserve".to_owned(), "charge".to_owned()];
    let execution = Execution {
        steps: vec![
            step("reserve", "InventoryService", StepState::Completed),
            charge,
            ship,
        ],
        events: vec![
            event(
                0,
                "ExecutionStarted",
                &workflow::ExecutionStarted::default(),
            ),
            event(
                900,
                "StepCompleted",
                &workflow::StepCompleted {
                    step: "reserve".to_owned(),
                    ..Default::default()
                },
            ),
        ],
        ..order(ExecutionState::Running)
    };
    insta::assert_snapshot!(show(&execution), @r"
    order-1-0042   running   place-order @7b0c91e2   orchestrated   for 41 s
      +0.0 ms   started
      +0.9 ms   reserve   completed     inventory
                charge    backing off   payment     attempt 3 failed: UNAVAILABLE: connection refused; next in 1.50 s
                ship      waiting       shipping    for charge
    ");
}

#[test]
fn a_suspended_execution_says_what_to_do() {
    let execution = Execution {
        steps: vec![step(
            "reserve",
            "InventoryService",
            StepState::CompensationFailed,
        )],
        events: vec![
            event(
                0,
                "StepFailed",
                &workflow::StepFailed {
                    step: "reserve".to_owned(),
                    failure: Some(declined()),
                    ambiguous: true,
                    attempts: 5,
                    element: None,
                },
            ),
            event(
                10_000,
                "ExecutionSuspended",
                &workflow::ExecutionSuspended {
                    round: 1,
                    steps: vec!["reserve".to_owned()],
                },
            ),
        ],
        ..order(ExecutionState::Suspended)
    };
    insta::assert_snapshot!(show(&execution), @r"
    order-1-0042   suspended   place-order @7b0c91e2   orchestrated   for 41 s
       +0.0 ms   reserve     failed   inventory   FAILED_PRECONDITION: address is not serviceable (after 5 attempts) (its effect may have happened)
      +10.0 ms   suspended                        an operator is needed for reserve
    hint: mend the service, then: pavane retry order-1-0042
    ");
}

#[test]
fn an_event_that_cannot_be_read_is_still_a_line() {
    let mut garbled = event(5, "StepFailed", &workflow::StepFailed::default());
    garbled.data = Some(Any {
        type_url: String::new(),
        value: vec![0xff; 4],
    });
    let unknown = Event {
        r#type: "acme.v1.Surprise".to_owned(),
        ..Event::default()
    };
    let execution = Execution {
        events: vec![garbled, unknown],
        ..order(ExecutionState::Running)
    };
    insta::assert_snapshot!(show(&execution), @r"
    order-1-0042   running   place-order @7b0c91e2   orchestrated   for 41 s
      +0.0 ms   StepFailed
      +0.0 ms   Surprise
    ");
}

fn counted(id: &str, state: StepState, total: u32, completed: u32) -> StepStatus {
    let mut status = step(id, "CatalogService", state);
    status.element_counts = Some(workflow::ElementCounts {
        total,
        completed,
        ..Default::default()
    });
    status
}

fn looked_up(micros: i64, element: Option<u32>) -> Event {
    let said = workflow::StepCompleted {
        step: "look_up".to_owned(),
        attempts: u32::from(element.is_some()),
        element,
        ..Default::default()
    };
    event(micros, "StepCompleted", &said)
}

#[test]
fn the_elements_of_a_list_are_one_line_unless_they_are_asked_for() {
    let events = (0..7).map(|element| looked_up(900, Some(element)));
    let execution = Execution {
        steps: vec![
            counted("look_up", StepState::Completed, 7, 7),
            counted("price", StepState::Running, 7, 3),
        ],
        events: events.chain([looked_up(2000, None)]).collect(),
        ..order(ExecutionState::Running)
    };
    insta::assert_snapshot!(show(&execution), @r"
    order-1-0042   running   place-order @7b0c91e2   orchestrated   for 41 s
      +2.0 ms   look_up   completed   catalog   7 of 7
                price     running     catalog   3 of 7
    ");

    let mut detailed = execution;
    detailed.events.truncate(1);
    let element = |element, state: StepState| workflow::ElementStatus {
        element,
        state: state.into(),
        ..Default::default()
    };
    let states = [StepState::Completed, StepState::Running, StepState::Pending];
    let elements = (0..).zip(states);
    detailed.steps[1].elements = elements.map(|(at, state)| element(at, state)).collect();
    insta::assert_snapshot!(show(&detailed), @r"
    order-1-0042   running   place-order @7b0c91e2   orchestrated   for 41 s
      +0.9 ms   look_up[0]   completed   catalog
                price        running     catalog   3 of 7
                price[1]     running     catalog
                price[2]     waiting     catalog
    ");
}

#[test]
fn what_waits_says_for_what_and_until_when() {
    let mut cool_off = step("cool_off", "X", StepState::Waiting);
    cool_off.call = String::new();
    cool_off.until_time = at(101_000_000);
    let mut paid = step("paid", "X", StepState::Waiting);
    paid.call = String::new();
    paid.awaited_event = Some(workflow::AwaitedEvent {
        feed: "orders".to_owned(),
        r#type: "shop.order.v1.OrderPaid".to_owned(),
        subject: "order-1-0042".to_owned(),
    });
    let begun = |step: &str, until_time| workflow::StepBegun {
        step: step.to_owned(),
        until_time,
        round: 1,
        ..Default::default()
    };
    let execution = Execution {
        steps: vec![cool_off, paid],
        events: vec![
            event(100, "StepBegun", &begun("cool_off", at(101_000_000))),
            event(200, "StepBegun", &begun("paid", None)),
        ],
        ..order(ExecutionState::Running)
    };
    insta::assert_snapshot!(show(&execution), @r"
    order-1-0042   running   place-order @7b0c91e2   orchestrated   for 41 s
      +0.1 ms   cool_off   waiting   until 2026-11-23T01:13:50.000Z
      +0.2 ms   paid       waiting   for shop.order.v1.OrderPaid of orders about order-1-0042
                cool_off   waiting   until 2026-11-23T01:13:50.000Z (in 60 s)
                paid       waiting   for shop.order.v1.OrderPaid of orders about order-1-0042
    ");
}

#[test]
fn a_call_of_which_nobody_knows_what_came_says_what_can_be_done() {
    let begun = workflow::StepBegun {
        step: "charge".to_owned(),
        round: 1,
        ..Default::default()
    };
    let suspended = workflow::StepSuspended {
        step: "charge".to_owned(),
        failure: Some(Failure {
            code: 2,
            message: "connection reset".to_owned(),
            details: Vec::new(),
        }),
        round: 1,
        ..Default::default()
    };
    let mut execution = Execution {
        steps: vec![step("charge", "PaymentService", StepState::Suspended)],
        events: vec![
            event(100, "StepBegun", &begun),
            event(900, "StepSuspended", &suspended),
        ],
        ..order(ExecutionState::Suspended)
    };
    insta::assert_snapshot!(show(&execution), @r"
    order-1-0042   suspended   place-order @7b0c91e2   orchestrated   for 41 s
      +0.1 ms   charge   called      payment   at most once
      +0.9 ms   charge   not known   payment   UNKNOWN: connection reset
    hint: find out what came of the call, then: pavane complete order-1-0042 charge, or: pavane skip order-1-0042 charge; or have it called again: pavane retry order-1-0042
    ");

    let resolved = workflow::StepResolved {
        step: "charge".to_owned(),
        resolution: workflow::Resolution::Completed.into(),
        reason: "charged by phone".to_owned(),
        ..Default::default()
    };
    execution
        .events
        .push(event(5000, "StepResolved", &resolved));
    execution.steps[0].state = StepState::Completed.into();
    execution.state = ExecutionState::Running.into();
    insta::assert_snapshot!(show(&execution), @r"
    order-1-0042   running   place-order @7b0c91e2   orchestrated   for 41 s
      +0.1 ms   charge   called              payment   at most once
      +0.9 ms   charge   not known           payment   UNKNOWN: connection reset
      +5.0 ms   charge   completed by hand   payment   charged by phone
    ");
}
