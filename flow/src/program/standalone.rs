//! Expressions that compute something other than a message: a text, how long to wait, the elements of
//! a list.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost_reflect::{FieldDescriptor, Value as Field};

use super::convert::to_single;
use super::evaluate::Machine;
use super::expression::{Expression, Slot};
use super::frame::Frame;
use super::meter::Problem;
use super::node::encode_field;
use super::value::{Moment, Value};
use super::{EvaluationError, Scope};
use crate::Timestamp;

/// Most elements of a list over which a step goes.
pub const MAX_ELEMENTS: usize = 10_000;

/// Computes a text.
#[derive(Clone, Debug)]
pub struct TextExpression(Standalone);

/// Computes when a wait is over.
#[derive(Clone, Debug)]
pub enum Pause {
    /// This long after it began.
    Fixed(Duration),
    /// As long after it began as is computed.
    Duration(DurationExpression),
    /// At the time that is computed.
    Until(TimestampExpression),
}

/// Computes a duration.
#[derive(Clone, Debug)]
pub struct DurationExpression(Standalone);

/// Computes a point in time.
#[derive(Clone, Debug)]
pub struct TimestampExpression(Standalone);

/// Computes the elements of a list, each as a message with one field: the element.
#[derive(Clone)]
pub struct Elements {
    list: Standalone,
    /// The field that holds an element.
    field: FieldDescriptor,
}

#[derive(Clone)]
struct Standalone {
    source: Arc<str>,
    expression: Arc<Expression>,
    slots: Arc<[Slot]>,
}

// Not derived: the descriptors inside print for ever where a type contains itself.
impl fmt::Debug for Standalone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl fmt::Debug for Elements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Elements").field(&self.list).finish()
    }
}

impl Standalone {
    fn new(source: &str, expression: Expression, slots: Vec<Slot>) -> Self {
        Self {
            source: source.into(),
            expression: Arc::new(expression),
            slots: slots.into(),
        }
    }

    /// Evaluates, and does something with the value.
    fn evaluate<T>(
        &self,
        scope: &Scope<'_>,
        take: impl FnOnce(Value<'_>, &mut Machine<'_, '_>) -> Result<T, Problem>,
    ) -> Result<T, EvaluationError> {
        let frame = Frame::new(scope, &self.slots);
        let mut machine = Machine::new(&frame);
        let value = machine.evaluate(&self.expression);
        value
            .and_then(|value| take(value, &mut machine))
            .map_err(|problem| EvaluationError::new(&self.source, problem))
    }
}

fn not_a(expected: &str) -> Problem {
    Problem::new(format!("it is not a {expected}"))
}

impl TextExpression {
    /// From a checked expression whose type is string.
    pub(crate) fn new(source: &str, expression: Expression, slots: Vec<Slot>) -> Self {
        Self(Standalone::new(source, expression, slots))
    }

    /// Computes the text. Errors: as of [`super::MessageProgram::evaluate`].
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<String, EvaluationError> {
        self.0.evaluate(scope, |value, _| match value {
            Value::String(text) => Ok(text.as_str().to_owned()),
            _ => Err(not_a("string")),
        })
    }
}

impl DurationExpression {
    /// From a checked expression whose type is duration.
    pub(crate) fn new(source: &str, expression: Expression, slots: Vec<Slot>) -> Self {
        Self(Standalone::new(source, expression, slots))
    }
}

impl TimestampExpression {
    /// From a checked expression whose type is timestamp.
    pub(crate) fn new(source: &str, expression: Expression, slots: Vec<Slot>) -> Self {
        Self(Standalone::new(source, expression, slots))
    }
}

impl Pause {
    /// When a wait that begins at `now` is over. Errors: as of [`super::MessageProgram::evaluate`].
    pub fn end(&self, now: Timestamp, scope: &Scope<'_>) -> Result<Timestamp, EvaluationError> {
        match self {
            Self::Fixed(duration) => Ok(now + *duration),
            Self::Duration(DurationExpression(expression)) => {
                let length = expression.evaluate(scope, |value, _| match value {
                    Value::Duration(moment) => Ok(moment),
                    _ => Err(not_a("duration")),
                })?;
                Ok(now + saturated(length))
            }
            Self::Until(TimestampExpression(expression)) => {
                let moment = expression.evaluate(scope, |value, _| match value {
                    Value::Timestamp(moment) => Ok(moment),
                    _ => Err(not_a("timestamp")),
                })?;
                let (first, last) = (i128::from(i64::MIN), i128::from(i64::MAX));
                let nanos = moment.as_nanos().clamp(first, last);
                let nanos = i64::try_from(nanos).expect("it was clamped");
                Ok(Timestamp::from_nanos(nanos))
            }
        }
    }
}

/// A duration as one that can be waited for: at least nothing, at most 584 years.
fn saturated(moment: Moment) -> Duration {
    let nanos = moment.as_nanos().clamp(0, i128::from(u64::MAX));
    Duration::from_nanos(u64::try_from(nanos).expect("it was clamped"))
}

impl Elements {
    /// A list of these numbers, whatever the scope. `field` can hold one of them.
    pub fn constant(numbers: impl IntoIterator<Item = u64>, field: FieldDescriptor) -> Self {
        let numbers = numbers.into_iter().map(Value::Uint);
        let list = Expression::List(numbers.map(Expression::Literal).collect());
        Self::new("elements", list, Vec::new(), field)
    }

    /// From a checked expression of a list, and the field of a message that can hold one of its
    /// elements.
    pub(crate) fn new(
        source: &str,
        expression: Expression,
        slots: Vec<Slot>,
        field: FieldDescriptor,
    ) -> Self {
        let list = Standalone::new(source, expression, slots);
        Self { list, field }
    }

    /// Computes the elements, each an encoded message that has it in its only field. Errors: as of
    /// [`super::MessageProgram::evaluate`]; or there are more than [`MAX_ELEMENTS`].
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Vec<Bytes>, EvaluationError> {
        self.list.evaluate(scope, |value, machine| {
            let Value::List(list) = value else {
                return Err(not_a("list"));
            };
            if list.len() > MAX_ELEMENTS {
                return Err(Problem::new(format!(
                    "the list has {} elements, more than the allowed {MAX_ELEMENTS}",
                    list.len()
                )));
            }
            let mut elements = Vec::with_capacity(list.len());
            for index in 0..list.len() {
                let item = list
                    .get(index, &mut machine.meter)?
                    .expect("the index is below the length");
                let mut encoded = Vec::new();
                encode_field(&self.field, self.value(&item, machine)?, &mut encoded)?;
                elements.push(encoded.into());
            }
            Ok(elements)
        })
    }

    fn value(&self, item: &Value<'_>, machine: &mut Machine<'_, '_>) -> Result<Field, Problem> {
        if self.field.is_list() || self.field.is_map() {
            super::convert::to_field(item, &self.field, &mut machine.meter)
        } else {
            to_single(item, &self.field, &mut machine.meter)
        }
    }
}
