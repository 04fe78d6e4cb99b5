//! One order in all books: what became of it, and what stands because of it.

use std::collections::{BTreeMap, HashMap};

use pavane::shop::common::v1::{Money, OrderLine};
use pavane::shop::inventory::v1::Reservation;
use pavane::shop::payment::v1::Charge;
use pavane::shop::shipping::v1::Shipment;
use pavane::workflow::v1::{Execution, ExecutionState, StepCompleted};
use prost::Message;
use prost_types::Timestamp;
use serde_json::Value;

use super::{Audit, Books};
use crate::render::{struct_to_json, timeline};

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Everything was done.
    Succeeded,
    /// It failed, and there was nothing to undo.
    Failed,
    /// It failed, and what was done has been undone.
    Compensated,
    /// It has no outcome.
    Unfinished,
}

impl Outcome {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Compensated => "compensated",
            Self::Unfinished => "unfinished",
        }
    }
}

/// What became of one execution.
pub fn outcome(execution: &Execution) -> Outcome {
    match execution.state() {
        ExecutionState::Succeeded => Outcome::Succeeded,
        ExecutionState::Failed | ExecutionState::Canceled => {
            if timeline::compensated(execution) {
                Outcome::Compensated
            } else {
                Outcome::Failed
            }
        }
        ExecutionState::Unspecified
        | ExecutionState::Running
        | ExecutionState::Failing
        | ExecutionState::Suspended => Outcome::Unfinished,
    }
}

/// What all books say of one order.
#[derive(Default)]
pub(super) struct Order<'a> {
    executions: Vec<&'a Execution>,
    reservations: Vec<&'a Reservation>,
    charges: Vec<&'a Charge>,
    shipments: Vec<&'a Shipment>,
}

/// All orders that any book mentions.
pub(super) fn by_id(books: &Books) -> BTreeMap<String, Order<'_>> {
    let mut orders: BTreeMap<String, Order<'_>> = BTreeMap::new();
    for execution in &books.executions {
        orders
            .entry(order_id(execution))
            .or_default()
            .executions
            .push(execution);
    }
    for reservation in &books.reservations {
        let order = orders.entry(reservation.order_id.clone()).or_default();
        order.reservations.push(reservation);
    }
    for charge in &books.charges {
        orders
            .entry(charge.order_id.clone())
            .or_default()
            .charges
            .push(charge);
    }
    for shipment in &books.shipments {
        orders
            .entry(shipment.order_id.clone())
            .or_default()
            .shipments
            .push(shipment);
    }
    orders
}

/// When the completion of a step was recorded, by the key that its call carries.
pub(super) fn completion_times(books: &Books) -> HashMap<String, Timestamp> {
    let mut times = HashMap::new();
    for execution in &books.executions {
        for event in &execution.events {
            if let (Some(step), Some(time)) = (completed_step(event), event.time) {
                times.insert(format!("{}/{step}", execution.id), time);
            }
        }
    }
    times
}

fn completed_step(event: &pavane::feed::v1::Event) -> Option<String> {
    let data = event
        .data
        .as_ref()
        .filter(|_| event.r#type.ends_with(".StepCompleted"))?;
    Some(StepCompleted::decode(&*data.value).ok()?.step)
}

impl Order<'_> {
    /// Adds the outcome, and whatever does not agree with it.
    pub(super) fn audit(&self, id: &str, audit: &mut Audit) {
        let mut wrong = |what: String| audit.violations.push(format!("{id}: {what}"));
        let standing = Standing {
            reservations: self
                .reservations
                .iter()
                .filter(|one| !one.released)
                .copied()
                .collect(),
            charges: self
                .charges
                .iter()
                .filter(|one| !one.refunded)
                .copied()
                .collect(),
            shipments: self
                .shipments
                .iter()
                .filter(|one| !one.canceled)
                .copied()
                .collect(),
        };
        audit.duplicate_effects += standing.surplus();
        let Some(outcome) = self.outcome() else {
            if !standing.is_empty() {
                wrong(format!("has no execution, but {standing} stand"));
            }
            return;
        };
        match outcome {
            Outcome::Succeeded => self.audit_success(&standing, &mut wrong),
            Outcome::Failed | Outcome::Compensated => {
                if !standing.is_empty() {
                    wrong(format!("it failed, but {standing} stand"));
                }
            }
            Outcome::Unfinished => wrong("it has no outcome".to_owned()),
        }
        audit.outcomes.insert(id.to_owned(), outcome);
    }

    /// The best of what became of its executions; `None` if there is none.
    fn outcome(&self) -> Option<Outcome> {
        let outcomes: Vec<_> = self.executions.iter().map(|one| outcome(one)).collect();
        let ranks = [
            Outcome::Succeeded,
            Outcome::Unfinished,
            Outcome::Compensated,
            Outcome::Failed,
        ];
        ranks.into_iter().find(|rank| outcomes.contains(rank))
    }

    fn audit_success(&self, standing: &Standing<'_>, wrong: &mut impl FnMut(String)) {
        let succeeded: Vec<_> = self
            .executions
            .iter()
            .filter(|one| outcome(one) == Outcome::Succeeded)
            .collect();
        let [execution] = succeeded[..] else {
            return wrong(format!("it succeeded {} times", succeeded.len()));
        };
        let ([reservation], [charge], [shipment]) = (
            &standing.reservations[..],
            &standing.charges[..],
            &standing.shipments[..],
        ) else {
            return wrong(format!(
                "it succeeded, but {standing} stand instead of one of each"
            ));
        };
        if charge.amount != reservation.total {
            let (charged, total) = (money(&charge.amount), money(&reservation.total));
            wrong(format!("{charged} was charged for goods worth {total}"));
        }
        if shipment.lines != reservation.lines {
            wrong("what was shipped is not what was reserved".to_owned());
        }
        if ordered_lines(execution).is_some_and(|ordered| ordered != reservation.lines) {
            wrong("what was reserved is not what was ordered".to_owned());
        }
    }
}

/// Effects that have not been undone.
struct Standing<'a> {
    reservations: Vec<&'a Reservation>,
    charges: Vec<&'a Charge>,
    shipments: Vec<&'a Shipment>,
}

impl Standing<'_> {
    fn counts(&self) -> [usize; 3] {
        [
            self.reservations.len(),
            self.charges.len(),
            self.shipments.len(),
        ]
    }

    fn is_empty(&self) -> bool {
        self.counts() == [0; 3]
    }

    /// How many there are beyond one of each.
    fn surplus(&self) -> u64 {
        self.counts()
            .iter()
            .map(|count| count.saturating_sub(1) as u64)
            .sum()
    }
}

impl std::fmt::Display for Standing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [reservations, charges, shipments] = self.counts();
        write!(
            f,
            "{reservations} reservations, {charges} charges and {shipments} shipments"
        )
    }
}

fn money(amount: &Option<Money>) -> String {
    let amount = amount.clone().unwrap_or_default();
    format!("{} {}", amount.minor_units, amount.currency)
}

fn input(execution: &Execution) -> Value {
    execution
        .input
        .as_ref()
        .map(struct_to_json)
        .unwrap_or_default()
}

/// Names are in camel case in the JSON mapping, but those of the .proto file are valid too.
fn order_id(execution: &Execution) -> String {
    let input = input(execution);
    let id = input.get("orderId").or_else(|| input.get("order_id"));
    id.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn ordered_lines(execution: &Execution) -> Option<Vec<OrderLine>> {
    let line = |line: &Value| {
        let quantity = line
            .get("quantity")
            .and_then(Value::as_f64)
            .unwrap_or_default();
        OrderLine {
            sku: line
                .get("sku")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            quantity: quantity as i32,
        }
    };
    Some(
        input(execution)
            .get("lines")?
            .as_array()?
            .iter()
            .map(line)
            .collect(),
    )
}
