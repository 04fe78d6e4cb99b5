//! The parts from which a program puts a message together, in the order of the definition.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Value as Field};

use super::EvaluationError;
use super::convert::{to_field, to_single};
use super::copy::Copy;
use super::evaluate::Machine;
use super::expression::Expression;
use super::frame::Frame;
use super::meter::{Meter, Problem, check_bytes};
use super::wire::{WireType, prefix_length, put_tag};
use super::{ExecutionInfo, Scope};
use crate::Timestamp;

/// A part of a message.
#[derive(Clone)]
pub(crate) enum Node {
    /// Fields, encoded.
    Constant(Bytes),
    /// A field of another message.
    Copy(Copy),
    /// A field that is a message, put together of parts itself. It is there even if they are empty.
    Nested(u32, Vec<Node>),
    /// A field that has to be computed.
    Computed(Box<Computed>),
}

/// A field that has to be computed.
#[derive(Clone)]
pub(crate) struct Computed {
    /// The expression as written.
    pub(crate) source: Arc<str>,
    pub(crate) expression: Expression,
    pub(crate) field: FieldDescriptor,
    /// Whether it is one element of the field, which is a list.
    pub(crate) is_element: bool,
}

impl Node {
    pub(crate) fn is_wire_copy(&self) -> bool {
        match self {
            Self::Constant(_) | Self::Copy(_) => true,
            Self::Nested(_, nodes) => nodes.iter().all(Self::is_wire_copy),
            Self::Computed(_) => false,
        }
    }
}

/// Appends the parts of a message.
pub(crate) fn write<'a>(
    nodes: &'a [Node],
    scope: &Scope<'_>,
    machine: &mut Machine<'a, '_>,
    out: &mut Vec<u8>,
) -> Result<(), EvaluationError> {
    for node in nodes {
        match node {
            Node::Constant(bytes) => out.extend_from_slice(bytes),
            Node::Copy(copy) => {
                let written = copy.write(scope, out).and_then(|()| check_bytes(out.len()));
                written.map_err(|problem| EvaluationError::new(&copy.source, problem))?;
            }
            Node::Nested(number, nodes) => {
                put_tag(*number, WireType::Length, out);
                let start = out.len();
                write(nodes, scope, machine, out)?;
                prefix_length(start, out);
            }
            Node::Computed(computed) => {
                compute(computed, machine, out)
                    .map_err(|problem| EvaluationError::new(&computed.source, problem))?;
            }
        }
    }
    Ok(())
}

fn compute<'a>(
    computed: &'a Computed,
    machine: &mut Machine<'a, '_>,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    let field = &computed.field;
    let value = if computed.is_element {
        let value = machine.evaluate(&computed.expression)?;
        let element = to_single(&value, field, &mut machine.meter)?;
        Field::List(vec![element])
    } else {
        match machine.evaluate_for_field(&computed.expression)? {
            Some(value) => to_field(&value, field, &mut machine.meter)?,
            None => return Ok(()),
        }
    };
    encode_field(field, value, out)
}

/// Most steps that are spent on computing a constant when a definition is compiled.
const MAX_FOLD_STEPS: u64 = 1_000;

/// What a field whose expression refers to nothing is always set to, encoded. `None` if that takes so
/// long that it is left to be computed each time.
pub(crate) fn fold(computed: &Computed) -> Option<Result<Bytes, Problem>> {
    in_empty_scope(|scope| {
        let frame = Frame::new(scope, &[]);
        let mut machine = Machine::new(&frame);
        machine.meter = Meter::with(MAX_FOLD_STEPS);
        let mut out = Vec::new();
        let result = compute(computed, &mut machine, &mut out);
        let is_used_up = machine.meter.is_used_up();
        (result.is_ok() || !is_used_up).then(|| result.map(|()| Bytes::from(out)))
    })
}

/// Does something in a scope in which nothing is known.
fn in_empty_scope<T>(run: impl FnOnce(&Scope<'_>) -> T) -> T {
    let input = Bytes::new();
    run(&Scope {
        input: &input,
        outputs: &[],
        execution: ExecutionInfo {
            id: "",
            workflow: "",
            revision: "",
            create_time: Timestamp::default(),
        },
        element: None,
        event: None,
    })
}

/// Appends a field with a value that is valid for it.
pub(crate) fn encode_field(
    field: &FieldDescriptor,
    value: Field,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    let mut message = DynamicMessage::new(field.parent_message().clone());
    message.set_field(field, value);
    let length = message.encoded_len();
    check_bytes(out.len().saturating_add(length))?;
    message
        .encode(out)
        .map_err(|error| Problem::new(error.to_string()))
}

/// The same parts with neighbouring constants joined.
pub(crate) fn joined(nodes: Vec<Node>) -> Vec<Node> {
    let mut result: Vec<Node> = Vec::with_capacity(nodes.len());
    for node in nodes {
        match (result.last_mut(), node) {
            (Some(Node::Constant(last)), Node::Constant(next)) => {
                *last = [&last[..], &next[..]].concat().into();
            }
            (_, Node::Nested(number, nodes)) => match joined(nodes).as_slice() {
                [] => result.push(constant_message(number, &[])),
                [Node::Constant(bytes)] => result.push(constant_message(number, bytes)),
                nodes => result.push(Node::Nested(number, nodes.to_vec())),
            },
            (_, node) => result.push(node),
        }
    }
    if result.len() > 1 && has_neighbouring_constants(&result) {
        return joined(result);
    }
    result
}

fn has_neighbouring_constants(nodes: &[Node]) -> bool {
    nodes
        .windows(2)
        .any(|pair| matches!(pair, [Node::Constant(_), Node::Constant(_)]))
}

fn constant_message(number: u32, bytes: &[u8]) -> Node {
    let mut out = Vec::with_capacity(bytes.len() + 8);
    put_tag(number, WireType::Length, &mut out);
    let start = out.len();
    out.extend_from_slice(bytes);
    prefix_length(start, &mut out);
    Node::Constant(out.into())
}

/// Enough room for most messages, so that they are written without growing.
pub(crate) fn estimate(nodes: &[Node], scope: &Scope<'_>) -> usize {
    /// What is not worth reserving more for.
    const MOST: usize = 1 << 14;
    let size = |node: &Node| match node {
        Node::Constant(bytes) => bytes.len(),
        Node::Copy(copy) => copy.available(scope) + 8,
        Node::Nested(_, nodes) => estimate(nodes, scope) + 16,
        Node::Computed(_) => 64,
    };
    nodes
        .iter()
        .map(size)
        .fold(0, usize::saturating_add)
        .min(MOST)
}
