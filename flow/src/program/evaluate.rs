//! The evaluation of expressions. Every node is paid for before it is evaluated, and nothing that a
//! message can hold makes it panic.

use std::collections::BTreeMap;
use std::sync::Arc;

use prost_reflect::{DynamicMessage, FieldDescriptor, Value as Field};

use super::any;
use super::arithmetic::{arithmetic, negate};
use super::compare::{compare, equal};
use super::convert::{is_wrapper, to_field};
use super::expression::{Comparison, ExecutionField, Expression};
use super::frame::Frame;
use super::meter::{Meter, Problem};
use super::money;
use super::value::{Map, Message, Moment, Text, Value};

mod comprehensions;
mod computed;
mod containers;
mod enumerated;
mod optional;

use containers::{as_key, no_field};

/// Evaluates expressions of one program.
pub(crate) struct Machine<'a, 's> {
    frame: &'a Frame<'s>,
    /// The variables of the comprehensions around, outermost first.
    locals: Vec<Value<'a>>,
    /// The values that were computed, by slot.
    computed: BTreeMap<usize, Value<'a>>,
    pub(crate) meter: Meter,
}

type Evaluated<'a> = Result<Value<'a>, Problem>;

impl<'a, 's> Machine<'a, 's> {
    pub(crate) fn new(frame: &'a Frame<'s>) -> Self {
        Self {
            frame,
            locals: Vec::new(),
            computed: BTreeMap::new(),
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
                self.field(&operand, field).map(present)
            }
            // Whether a field is to be left unset is for each branch to say.
            Expression::Computed(slot) if self.is_conditional(*slot) => {
                self.in_slot(*slot, Self::evaluate_for_field)
            }
            _ => self.evaluate(expression).map(present),
        }
    }

    /// The value of an element or entry; `None` for one that is there only if it has a value.
    fn evaluate_if_present(
        &mut self,
        expression: &'a Expression,
    ) -> Result<Option<Value<'a>>, Problem> {
        let Expression::IfPresent(operand) = expression else {
            return self.evaluate(expression).map(Some);
        };
        match self.evaluate(operand)? {
            Value::Optional(value) => Ok(value.map(|value| (*value).clone())),
            other => {
                let text = format!("this is {}, expected an optional", other.describe());
                Err(Problem::mismatch(&[&other], text))
            }
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
            Expression::Computed(slot) => self.computed(*slot),
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
            Expression::OptionalField(..)
            | Expression::OptionalKey(..)
            | Expression::OptionalIndex(_) => self.optional(expression),
            Expression::IfPresent(operand) => self.evaluate(operand),
            Expression::Bind(parts) => {
                let [value, body] = &**parts;
                let value = self.evaluate(value)?;
                self.with_local(value, body)
            }
            Expression::OptionalOr { parts, is_value } => self.optional_or(parts, *is_value),
            Expression::OptionalMap { parts, is_flat } => self.optional_map(parts, *is_flat),
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
                let arguments = self.all(arguments)?;
                (function.apply)(&arguments, &mut self.meter)
            }
            Expression::Money(operation, descriptor, arguments) => {
                let arguments = self.all(arguments)?;
                money::compute(*operation, descriptor, &arguments, &mut self.meter)
            }
            Expression::EnumOf(operand, descriptor) => {
                enumerated::number(&self.evaluate(operand)?, descriptor)
            }
            Expression::EnumName(operand, descriptor) => {
                enumerated::name(&self.evaluate(operand)?, descriptor)
            }
            Expression::IsPacked(operand, descriptor) => {
                any::is_packed(&self.evaluate(operand)?, descriptor).map(Value::Bool)
            }
            Expression::Unpack(operand, descriptor) => {
                let operand = self.evaluate(operand)?;
                any::unpack(&operand, descriptor, &mut self.meter)
            }
            Expression::Matches(operand, pattern) => match self.evaluate(operand)? {
                Value::String(text) => {
                    self.meter.charge_bytes(text.as_str().len())?;
                    Ok(Value::Bool(pattern.is_match(text.as_str())))
                }
                other => {
                    let what = other.describe();
                    let text = format!("`matches` takes a string, this is {what}");
                    Err(Problem::mismatch(&[&other], text))
                }
            },
            Expression::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    values.extend(self.evaluate_if_present(item)?);
                }
                Ok(Value::list(values))
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
                let text = format!("this is {}, expected a bool", other.describe());
                Err(Problem::mismatch(&[&other], text))
            }
        }
    }

    fn both(&mut self, operands: &'a [Expression; 2]) -> Result<(Value<'a>, Value<'a>), Problem> {
        let [left, right] = operands;
        Ok((self.evaluate(left)?, self.evaluate(right)?))
    }

    fn all(&mut self, expressions: &'a [Expression]) -> Result<Vec<Value<'a>>, Problem> {
        let values = expressions
            .iter()
            .map(|expression| self.evaluate(expression));
        values.collect()
    }

    /// Evaluates with one more variable.
    fn with_local(&mut self, value: Value<'a>, body: &'a Expression) -> Evaluated<'a> {
        let depth = self.locals.len();
        self.locals.push(value);
        let result = self.evaluate(body);
        self.locals.truncate(depth);
        result
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
            let Some(value) = self.evaluate_if_present(value)? else {
                continue;
            };
            if map.contains_key(&key) {
                return Err(Problem::new(format!("the key {key} is given twice")));
            }
            map.insert(key, value);
        }
        Ok(Value::Map(Map::Shared(Arc::new(map))))
    }
}

/// What a field is set to, if to anything.
fn present(value: Value<'_>) -> Option<Value<'_>> {
    match value {
        Value::Null => None,
        Value::Optional(value) => value.map(|value| (*value).clone()).and_then(present),
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
