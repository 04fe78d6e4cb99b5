//! Sound books pass; each way of cooking them is found.

use pavane::feed::v1::Event;
use pavane::shop::common::v1::{Money, OrderLine};
use pavane::shop::inventory::v1::{Item, Reservation};
use pavane::shop::payment::v1::Charge;
use pavane::shop::shipping::v1::Shipment;
use pavane::testing::v1::list_calls_response::Call;
use pavane::workflow::v1::{Execution, ExecutionState, StepCompleted, StepState, StepStatus};
use prost::Message;
use prost_types::{Any, Struct, Timestamp, Value, value};

use super::*;

fn total() -> Option<Money> {
    Some(Money {
        currency: "EUR".to_owned(),
        minor_units: 5990,
    })
}

fn lines() -> Vec<OrderLine> {
    vec![OrderLine {
        sku: "sku-1".to_owned(),
        quantity: 2,
    }]
}

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

fn execution(order_id: &str, state: ExecutionState, step: StepState) -> Execution {
    let value = Value {
        kind: Some(value::Kind::StringValue(order_id.to_owned())),
    };
    let completed = StepCompleted {
        step: "charge".to_owned(),
        ..StepCompleted::default()
    };
    let data = Any {
        type_url: String::new(),
        value: completed.encode_to_vec(),
    };
    Execution {
        id: format!("x-{order_id}"),
        state: state as i32,
        input: Some(Struct {
            fields: [("orderId".to_owned(), value)].into(),
        }),
        steps: vec![StepStatus {
            state: step as i32,
            ..StepStatus::default()
        }],
        events: vec![Event {
            r#type: "pavane.workflow.v1.StepCompleted".to_owned(),
            time: at(100),
            data: Some(data),
            ..Event::default()
        }],
        ..Execution::default()
    }
}

/// One order that succeeded, `a`, and one that was compensated, `b`.
fn sound() -> (Books, Expectation) {
    let reservation = |order_id: &str, released| Reservation {
        order_id: order_id.to_owned(),
        reservation_id: format!("r-{order_id}"),
        lines: lines(),
        total: total(),
        released,
    };
    let books = Books {
        executions: vec![
            execution("a", ExecutionState::Succeeded, StepState::Completed),
            execution("b", ExecutionState::Failed, StepState::Compensated),
        ],
        items: vec![Item {
            sku: "sku-1".to_owned(),
            available: 8,
            reserved: 2,
            unit_price: total(),
        }],
        reservations: vec![reservation("a", false), reservation("b", true)],
        charges: vec![Charge {
            order_id: "a".to_owned(),
            amount: total(),
            ..Charge::default()
        }],
        shipments: vec![Shipment {
            order_id: "a".to_owned(),
            lines: lines(),
            ..Shipment::default()
        }],
        calls: vec![(
            "payment",
            Call {
                idempotency_key: "x-a/charge".to_owned(),
                calls: 2,
                effects: 1,
                last_call_time: at(99),
                ..Call::default()
            },
        )],
    };
    let expectation = Expectation {
        stock: [("sku-1".to_owned(), 10)].into(),
        answers: [("a".to_owned(), true), ("b".to_owned(), false)].into(),
    };
    (books, expectation)
}

fn check(cook: impl FnOnce(&mut Books), expected: &[&str]) {
    let (mut books, expectation) = sound();
    cook(&mut books);
    assert_eq!(books.audit(&expectation).violations, expected);
}

#[test]
fn sound_books_pass() {
    let (books, expectation) = sound();
    let audit = books.audit(&expectation);
    assert!(audit.is_ok(), "{:?}", audit.violations);
    assert_eq!(audit.outcomes["a"], Outcome::Succeeded);
    assert_eq!(audit.outcomes["b"], Outcome::Compensated);
    assert_eq!(audit.duplicate_effects, 0);
}

#[test]
fn what_is_missing_or_stands_too_long_is_found() {
    check(
        |books| books.charges.clear(),
        &[
            "a: it succeeded, but 1 reservations, 0 charges and 1 shipments stand instead of one of each",
        ],
    );
    check(
        |books| {
            let of_b = Charge {
                order_id: "b".to_owned(),
                ..books.charges[0].clone()
            };
            books.charges.push(of_b);
        },
        &["b: it failed, but 0 reservations, 1 charges and 0 shipments stand"],
    );
    check(
        |books| {
            let of_c = Charge {
                order_id: "c".to_owned(),
                ..books.charges[0].clone()
            };
            books.charges.push(of_c);
        },
        &["c: has no execution, but 0 reservations, 1 charges and 0 shipments stand"],
    );
}

#[test]
fn what_differs_is_found() {
    check(
        |books| books.charges[0].amount = None,
        &["a: 0  was charged for goods worth 5990 EUR"],
    );
    check(
        |books| books.shipments[0].lines.clear(),
        &["a: what was shipped is not what was reserved"],
    );
}

#[test]
fn stock_that_appears_or_is_lost_is_found() {
    check(
        |books| books.items[0].available = 7,
        &["sku-1: there were 10, now there are 9"],
    );
    check(
        |books| books.items[0].reserved = 3,
        &[
            "sku-1: 3 are counted as reserved, 2 are",
            "sku-1: there were 10, now there are 11",
        ],
    );
}

#[test]
fn an_order_without_outcome_or_with_another_than_was_told_is_found() {
    check(
        |books| books.executions[1].state = ExecutionState::Suspended as i32,
        &["b: it has no outcome"],
    );
    let (books, mut expectation) = sound();
    expectation.answers.insert("b".to_owned(), true);
    let audit = books.audit(&expectation);
    assert_eq!(
        audit.violations,
        ["b: its caller was told success, it is compensated"]
    );
}

#[test]
fn an_effect_that_happened_twice_is_found() {
    let (mut books, expectation) = sound();
    books.calls[0].1.effects = 2;
    books.charges.push(books.charges[0].clone());
    let audit = books.audit(&expectation);
    assert_eq!(audit.duplicate_effects, 2);
    assert_eq!(audit.violations.len(), 2);
}

#[test]
fn a_call_after_the_completion_was_recorded_is_found() {
    check(
        |books| books.calls[0].1.last_call_time = at(101),
        &["x-a/charge: payment was called again after the completion was recorded"],
    );
}
