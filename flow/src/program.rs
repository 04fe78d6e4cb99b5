//! Compiled expressions: what computes requests, outputs and conditions.
//!
//! A message is put together on the wire: constants are encoded beforehand, what only moves a field
//! from one message to another is copied as bytes, and only what computes is decoded and evaluated.
//!
//! Evaluation is bounded, has no side effects and never panics, whatever bytes it is given.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use evaluate::Machine;
use frame::Frame;

mod any;
mod arithmetic;
mod compare;
mod convert;
mod copy;
mod evaluate;
mod expression;
mod frame;
pub(crate) mod function;
mod meter;
mod moment;
mod money;
mod node;
mod scope;
mod standalone;
mod value;
mod wire;
mod zone;

pub use meter::{Cause, MAX_LIST, MAX_OUTPUT_BYTES, MAX_STEPS};
pub use scope::{EventInfo, ExecutionInfo, Scope};
pub use standalone::{
    DurationExpression, Elements, MAX_ELEMENTS, Pause, TextExpression, TimestampExpression,
};

pub(crate) use any::is_any;
pub(crate) use convert::{kind_name, to_map_key, to_single, wrapped};
pub(crate) use copy::Copy;
pub(crate) use expression::{
    Arithmetic, Comparison, Comprehension, ExecutionField, Expression, Loop, MoneyOperation, Slot,
    Variable,
};
pub(crate) use function::{Apply, Function, compile_pattern};
pub(crate) use meter::{Meter, Problem};
pub(crate) use moment::show_duration;
pub(crate) use money::Fields as MoneyFields;
pub(crate) use node::{Computed, Node, encode_field, fold};
pub(crate) use value::{Key, Map, Moment, Text, Value};
pub(crate) use wire::{Reader, WireError, WireType, check_varints};

/// Computes an encoded message from a scope.
#[derive(Clone)]
pub struct MessageProgram {
    nodes: Arc<[Node]>,
    slots: Arc<[Slot]>,
}

/// Computes whether a step is to run.
#[derive(Clone)]
pub struct Condition {
    source: Arc<str>,
    expression: Arc<Expression>,
    slots: Arc<[Slot]>,
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{expression}` has no value: {problem}")]
pub struct EvaluationError {
    /// The expression as written.
    pub expression: String,
    /// What went wrong, such as a division by zero.
    pub problem: String,
    /// The kind of it.
    pub cause: Cause,
}

// Not derived: the descriptors inside print for ever where a type contains itself.
impl fmt::Debug for MessageProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageProgram")
            .field("nodes", &self.nodes.len())
            .field("is_wire_copy", &self.is_wire_copy())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.source).finish()
    }
}

impl EvaluationError {
    fn new(expression: &str, problem: Problem) -> Self {
        Self {
            expression: expression.to_owned(),
            problem: problem.text,
            cause: problem.cause,
        }
    }
}

impl MessageProgram {
    /// A program that always gives these bytes.
    pub fn constant(bytes: Bytes) -> Self {
        Self::new(vec![Node::Constant(bytes)], Vec::new())
    }

    pub(crate) fn new(nodes: Vec<Node>, slots: Vec<Slot>) -> Self {
        let nodes = node::joined(nodes);
        // Copies go by bytes: what only they read need not be kept decoded.
        let decodes = !nodes.iter().all(Node::is_wire_copy);
        let slots = if decodes { slots } else { Vec::new() };
        Self {
            nodes: nodes.into(),
            slots: slots.into(),
        }
    }

    /// Computes the message. Errors: an expression has no value in this scope, a response is not of
    /// its type, or a limit is exceeded.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Bytes, EvaluationError> {
        match &*self.nodes {
            [] => Ok(Bytes::new()),
            [Node::Constant(bytes)] => Ok(bytes.clone()),
            nodes => {
                let frame = Frame::new(scope, &self.slots);
                let mut out = Vec::with_capacity(node::estimate(nodes, scope));
                node::write(nodes, scope, &mut Machine::new(&frame), &mut out)?;
                Ok(Bytes::from(out))
            }
        }
    }

    /// Whether nothing is decoded when it is evaluated: all of it is constant or copied.
    pub fn is_wire_copy(&self) -> bool {
        self.nodes.iter().all(Node::is_wire_copy)
    }
}

impl Condition {
    /// A condition that always has this value.
    pub fn constant(value: bool) -> Self {
        let expression = Expression::Literal(Value::Bool(value));
        Self::new(&value.to_string(), expression, Vec::new())
    }

    pub(crate) fn new(source: &str, expression: Expression, slots: Vec<Slot>) -> Self {
        Self {
            source: source.into(),
            expression: Arc::new(expression),
            slots: slots.into(),
        }
    }

    /// Computes the condition. Errors: as of [`MessageProgram::evaluate`].
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<bool, EvaluationError> {
        let frame = Frame::new(scope, &self.slots);
        Machine::new(&frame)
            .condition(&self.expression)
            .map_err(|problem| EvaluationError::new(&self.source, problem))
    }
}
