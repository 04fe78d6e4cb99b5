//! What a definition uses of the methods that it calls: which fields it writes, and which it reads.
//!
//! Only the definition is looked at, so that whatever the language has is seen: every text in it that is
//! not a name may be an expression.

use std::collections::BTreeSet;

use pavane::workflow::v1::Workflow;
use prost::Message;
use prost_reflect::{DynamicMessage, Value};

use super::{Fields, Use, scan};

/// Fields of a definition that hold names and prose, and no expressions.
const NO_EXPRESSIONS: [&str; 6] = ["name", "description", "implements", "id", "call", "after"];

/// One method that a definition calls.
#[derive(Clone, Debug)]
pub struct StepUse {
    /// Position of the step.
    pub step: usize,
    /// Whether it is called to undo the step.
    pub is_compensation: bool,
    /// The method: `shop.payment.v1.PaymentService/ChargeCard`.
    pub method: String,
    /// What is used of it.
    pub used: Use,
}

/// The methods that a definition calls, in its order.
pub fn uses(workflow: &Workflow) -> Vec<StepUse> {
    let mut expressions = Vec::new();
    gather(&dynamic(workflow), &mut expressions);
    let mut uses = Vec::new();
    for (position, step) in workflow.steps.iter().enumerate() {
        if !step.call.is_empty() {
            let read = expressions
                .iter()
                .map(|expression| scan::fields_of(&step.id, expression))
                .fold(Fields::Only(BTreeSet::new()), Fields::and);
            // What follows the name of a step over a list is not a field: `ship.map(one, one.id)`.
            let is_list = step.for_each.is_some();
            let read = if is_list && read != Fields::Only(BTreeSet::new()) {
                Fields::All
            } else {
                read
            };
            uses.push(StepUse {
                step: position,
                is_compensation: false,
                method: step.call.clone(),
                used: of_call(step.request.as_ref(), read),
            });
        }
        if let Some(compensate) = &step.compensate {
            // Nobody reads what it answers.
            let read = Fields::Only(BTreeSet::new());
            uses.push(StepUse {
                step: position,
                is_compensation: true,
                method: compensate.call.clone(),
                used: of_call(compensate.request.as_ref(), read),
            });
        }
    }
    uses
}

fn of_call(request: Option<&prost_types::Struct>, response: Fields) -> Use {
    let written = request.map(|request| request.fields.keys().cloned().collect());
    Use {
        request: Fields::Only(written.unwrap_or_default()),
        response,
        json: false,
    }
}

fn dynamic(workflow: &Workflow) -> DynamicMessage {
    let descriptor = pavane::descriptor_pool()
        .get_message_by_name("pavane.workflow.v1.Workflow")
        .expect("the contract holds Workflow");
    DynamicMessage::decode(descriptor, workflow.encode_to_vec().as_slice())
        .expect("what was encoded can be decoded")
}

/// All texts that may be expressions.
fn gather(message: &DynamicMessage, out: &mut Vec<String>) {
    for (field, value) in message.fields() {
        if !NO_EXPRESSIONS.contains(&field.name()) {
            gather_value(value, out);
        }
    }
}

fn gather_value(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.clone()),
        Value::Message(message) => gather(message, out),
        Value::List(values) => values.iter().for_each(|value| gather_value(value, out)),
        Value::Map(entries) => entries.values().for_each(|value| gather_value(value, out)),
        _ => {}
    }
}
