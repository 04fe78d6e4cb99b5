//! The evaluation of expressions. Every node is paid for before it is evaluated, and nothing that a
//! message can hold makes it panic.

use std::collections::BTreeMap;
use std::sync::Arc;

use prost_reflect::{DynamicMessage, FieldDescriptor, Value as Field};

use super::arithmetic::{arithmetic, negate};
use super::compare::{compare, equal};
use super::convert::{is_wrapper, to_field};
use super::expression::{Comparison, ExecutionField, Expression};
use super::frame::Frame;
use super::function;
use super::meter::{Meter, Problem};
use super::value::{List, Map, Message, Moment, Text, Value};

mod containers;

use containers::{as_key, no_field};

/// Evaluates expressions of one program.
pub(crate) struct Machine<'a, 's> {
    frame: &'a Frame<'s>,
    /// The variables of the comprehensions around, outermost first.
    locals: Vec<Value<'a>>,
    pub(crate) meter: Meter,
}

type Evaluated<'a> = Result<Value<'a>, Problem>;

impl<'a, 's> Machine<'a, 's> {
    pub(crate) fn new(frame: &'a Frame<'s>) -> Self {
        Self {
            frame,
            locals: Vec::new(),
            meter: Meter::new(),
        }
    }

    /// The value that a field is to be set to; `None` if it is to be left unset: for null, and for a
    /// path to a field that is not set.
    pub(crate) fn evaluate_for_field(
        &mut self,
        expression: &'a Expression,
    ) -> Result<Option<Value<'a>>, Problem> {
        match expression {
            Expression::Conditional(parts) => {
                let [condition, yes, no] = &**parts;
                let chosen = if self.condition(condition)? { yes } else { no };
                self.evaluate_for_field(chosen)
            }
            Expression::Field(operand, field) => {
                let operand = self.evaluate(operand)?;
                if let Value::Message(message) = &operand
                    && field.supports_presence()
                    && !has(message.get(), field)
                    && !has_explicit_default(field)
                {
                    return Ok(None);
                }
                self.field(&operand, field).map(some_unless_null)
            }
            _ => self.evaluate(expression).map(some_unless_null),
        }
    }

    /// The value of an expression.
    pub(crate) fn evaluate(&mut self, expression: &'a Expression) -> Evaluated<'a> {
        self.meter.charge(1)?;
        match expression {
            Expression::Literal(value) => Ok(value.clone()),
            Expression::Slot(slot) => {
                let message = self.frame.message(*slot)?;
                Ok(Value::Message(Message::Borrowed(message)))
            }
            Expression::Local(depth) => Ok(self.locals[*depth].clone()),
            Expression::Execution(field) => Ok(self.execution(*field)),
            Expression::Field(operand, field) => {
                let operand = self.evaluate(operand)?;
                self.field(&operand, field)
            }
            Expression::HasField(operand, field) => match self.evaluate(operand)? {
                Value::Message(message) => Ok(Value::Bool(has(message.get(), field))),
                other => Err(no_field(&other, field.name())),
            },
            Expression::Key(operand, key) => {
                let operand = self.evaluate(operand)?;
                self.key(&operand, key)
            }
            Expression::HasKey(operand, key) => {
                let operand = self.evaluate(operand)?;
                self.has_key(&operand, key)
            }
            Expression::Index(operand, index) => {
                let operand = self.evaluate(operand)?;
                let index = self.evaluate(index)?;
                self.index(&operand, &index)
            }
            Expression::Not(operand) => Ok(Value::Bool(!self.condition(operand)?)),
            Expression::Negate(operand) => negate(&self.evaluate(operand)?),
            Expression::And(left, right) => self.logic(left, right, false),
            Expression::Or(left, right) => self.logic(left, right, true),
            Expression::Conditional(parts) => {
                let [condition, yes, no] = &**parts;
                let chosen = if self.condition(condition)? { yes } else { no };
                self.evaluate(chosen)
            }
            Expression::Arithmetic(operator, operands) => {
                let (left, right) = self.both(operands)?;
                arithmetic(*operator, &left, &right, &mut self.meter)
            }
            Expression::Compare(comparison, operands) => {
                let (left, right) = self.both(operands)?;
                let order = compare(&left, &right, &mut self.meter)?;
                Ok(Value::Bool(order.is_some_and(|order| match comparison {
                    Comparison::Less => order.is_lt(),
                    Comparison::LessOrEqual => order.is_le(),
                    Comparison::Greater => order.is_gt(),
                    Comparison::GreaterOrEqual => order.is_ge(),
                })))
            }
            Expression::Equal(operands) => {
                let (left, right) = self.both(operands)?;
                equal(&left, &right, &mut self.meter).map(Value::Bool)
            }
            Expression::In(operands) => {
                let (element, container) = self.both(operands)?;
                self.contains(&element, &container).map(Value::Bool)
            }
            Expression::Call(function, arguments) => {
                let arguments: Result<Vec<_>, _> = arguments
                    .iter()
                    .map(|argument| self.evaluate(argument))
                    .collect();
                function::call(*function, &arguments?, &mut self.meter)
            }
            Expression::Matches(operand, pattern) => match self.evaluate(operand)? {
                Value::String(text) => {
                    self.meter.charge_bytes(text.as_str().len())?;
                    Ok(Value::Bool(pattern.is_match(text.as_str())))
                }
                other => Err(Problem::new(format!(
                    "matches() takes a string, this is {}",
                    other.describe()
                ))),
            },
            Expression::List(items) => {
                let items: Result<Vec<_>, _> =
                    items.iter().map(|item| self.evaluate(item)).collect();
                Ok(Value::List(List::Shared(items?.into())))
            }
            Expression::Map(entries) => self.map(entries),
            Expression::Message(descriptor, fields) => {
                let mut message = DynamicMessage::new(descriptor.clone());
                for (field, value) in fields {
                    if let Some(value) = self.evaluate_for_field(value)? {
                        let value = to_field(&value, field, &mut self.meter)?;
                        message.set_field(field, value);
                    }
                }
                Value::owned(Field::Message(message), &mut self.meter)
            }
            Expression::Comprehension(parts) => self.comprehension(parts),
        }
    }

    /// The value of an expression that must be a bool.
    pub(crate) fn condition(&mut self, expression: &'a Expression) -> Result<bool, Problem> {
        match self.evaluate(expression)? {
            Value::Bool(value) => Ok(value),
            other => {
                let what = other.describe();
                Err(Problem::new(format!("this is {what}, expected a bool")))
            }
        }
    }

    fn both(&mut self, operands: &'a [Expression; 2]) -> Result<(Value<'a>, Value<'a>), Problem> {
        let [left, right] = operands;
        Ok((self.evaluate(left)?, self.evaluate(right)?))
    }

    /// And, or: whichever side decides, decides, even if the other has no value.
    fn logic(
        &mut self,
        left: &'a Expression,
        right: &'a Expression,
        decisive: bool,
    ) -> Evaluated<'a> {
        let left = self.condition(left);
        if left == Ok(decisive) {
            return Ok(Value::Bool(decisive));
        }
        let right = self.condition(right)?;
        if right == decisive {
            return Ok(Value::Bool(decisive));
        }
        left.map(Value::Bool)
    }

    fn execution(&self, field: ExecutionField) -> Value<'a> {
        let execution = &self.frame.scope.execution;
        match field {
            ExecutionField::Id => Value::String(Text::Borrowed(execution.id)),
            ExecutionField::Workflow => Value::String(Text::Borrowed(execution.workflow)),
            ExecutionField::Revision => Value::String(Text::Borrowed(execution.revision)),
            ExecutionField::CreateTime => {
                let nanos = i128::from(execution.create_time.as_nanos());
                let moment = Moment::from_nanos(nanos);
                Value::Timestamp(moment.expect("a moment has more range than a timestamp"))
            }
        }
    }

    fn field(&mut self, operand: &Value<'a>, field: &FieldDescriptor) -> Evaluated<'a> {
        let Value::Message(message) = operand else {
            return Err(no_field(operand, field.name()));
        };
        if field.supports_presence() && is_wrapper(field) && !has(message.get(), field) {
            return Ok(Value::Null);
        }
        let value = match message {
            Message::Borrowed(message) => message.get_field(field),
            Message::Shared(message) => {
                // Made by this expression: what it holds has been paid for, once.
                std::borrow::Cow::Owned(message.get_field(field).into_owned())
            }
        };
        match value {
            std::borrow::Cow::Borrowed(value) => Value::borrowed(value, &mut self.meter),
            std::borrow::Cow::Owned(value) => Value::owned(value, &mut self.meter),
        }
    }

    fn map(&mut self, entries: &'a [(Expression, Expression)]) -> Evaluated<'a> {
        let mut map = BTreeMap::new();
        for (key, value) in entries {
            let key = as_key(&self.evaluate(key)?)?;
            let value = self.evaluate(value)?;
            if map.contains_key(&key) {
                return Err(Problem::new(format!("the key {key} is given twice")));
            }
            map.insert(key, value);
        }
        Ok(Value::Map(Map::Shared(Arc::new(map))))
    }
}

fn some_unless_null(value: Value<'_>) -> Option<Value<'_>> {
    match value {
        Value::Null => None,
        value => Some(value),
    }
}

/// `has()`: fields without presence are there if they are not zero or empty.
fn has(message: &DynamicMessage, field: &FieldDescriptor) -> bool {
    message.has_field(field)
}

/// Whether an unset field reads as something that its type alone does not say (proto2).
pub(crate) fn has_explicit_default(field: &FieldDescriptor) -> bool {
    field.field_descriptor_proto().default_value.is_some()
}
