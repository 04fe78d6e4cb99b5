//! What a program reads: the messages of a scope, decoded when the first expression looks.

use std::cell::OnceCell;

use prost_reflect::DynamicMessage;

use super::Scope;
use super::expression::{Expression, Slot, Variable};
use super::meter::{Cause, Problem};

/// The messages that the expressions of a program read, decoded when the first one looks.
pub(crate) struct Frame<'s> {
    pub(super) scope: &'s Scope<'s>,
    slots: &'s [Slot],
    messages: Vec<OnceCell<DynamicMessage>>,
}

impl<'s> Frame<'s> {
    pub(crate) fn new(scope: &'s Scope<'s>, slots: &'s [Slot]) -> Self {
        let messages = slots.iter().map(|_| OnceCell::new()).collect();
        Self {
            scope,
            slots,
            messages,
        }
    }

    /// The message in a slot. Errors: its bytes are not a message of its type.
    pub(super) fn message(&self, slot: usize) -> Result<&DynamicMessage, Problem> {
        let cell = &self.messages[slot];
        if let Some(message) = cell.get() {
            return Ok(message);
        }
        let Slot::Message {
            variable,
            descriptor,
        } = &self.slots[slot]
        else {
            unreachable!("only slots with messages are read as such");
        };
        let bytes = bytes_of(*variable, self.scope).unwrap_or_default();
        let message = DynamicMessage::decode(descriptor.clone(), bytes)
            .map_err(|error| malformed(descriptor.full_name(), &error))?;
        Ok(cell.get_or_init(|| message))
    }

    /// The value that is computed in a slot: its name, and how.
    pub(super) fn computed(&self, slot: usize) -> (&'s str, &'s Expression) {
        match &self.slots[slot] {
            Slot::Computed { name, expression } => (name, expression),
            Slot::Message { .. } => unreachable!("only slots with values are read as such"),
        }
    }
}

/// The encoded message that a variable stands for, if there is one.
pub(crate) fn bytes_of<'s>(variable: Variable, scope: &Scope<'s>) -> Option<&'s [u8]> {
    match variable {
        Variable::Input => Some(scope.input),
        Variable::Output(step) => scope.outputs.get(step.at())?.as_deref(),
        Variable::Element => scope.element.map(|element| &**element),
        Variable::Event => scope.event.map(|event| &**event.event),
        Variable::Data => scope.event.map(|event| &**event.data),
    }
}

fn malformed(name: &str, error: &dyn std::fmt::Display) -> Problem {
    Problem::because(
        Cause::Malformed,
        format!("the bytes are not a {name}: {error}"),
    )
}
