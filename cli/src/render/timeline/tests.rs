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
