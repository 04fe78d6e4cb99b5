//! What may be missing: fields, keys and elements asked for by `.?` and `[?]`.

use prost_reflect::ReflectMessage;

use super::containers::{as_key, no_field};
use super::{Evaluated, Machine, has};
use crate::program::expression::Expression;
use crate::program::meter::Problem;
use crate::program::value::{Key, Value};

impl<'a> Machine<'a, '_> {
    /// A field, key or element that may be missing.
    pub(super) fn optional(&mut self, expression: &'a Expression) -> Evaluated<'a> {
        let found = match expression {
            Expression::OptionalField(operand, field) => match self.operand(operand)? {
                Some(Value::Message(message)) if !has(message.get(), field) => None,
                Some(operand) => Some(self.field(&operand, field)?),
                None => None,
            },
            Expression::OptionalKey(operand, key) => match self.operand(operand)? {
                Some(operand) => self.present_key(&operand, key)?,
                None => None,
            },
            Expression::OptionalIndex(parts) => {
                let [operand, index] = &**parts;
                let operand = self.operand(operand)?;
                let index = self.evaluate(index)?;
                match operand {
                    Some(operand) => self.present_index(&operand, &index)?,
                    None => None,
                }
            }
            _ => return self.evaluate(expression),
        };
        Ok(Value::optional(found))
    }

    /// What is looked into; `None` for an optional without a value, and for null.
    fn operand(&mut self, expression: &'a Expression) -> Result<Option<Value<'a>>, Problem> {
        Ok(match self.evaluate(expression)? {
            Value::Optional(value) => value.map(|value| (*value).clone()),
            Value::Null => None,
            value => Some(value),
        })
    }

    fn present_key(
        &mut self,
        operand: &Value<'a>,
        name: &str,
    ) -> Result<Option<Value<'a>>, Problem> {
        match operand {
            Value::Map(map) => map.get(&Key::String(name.into()), &mut self.meter),
            Value::Message(message) => {
                let field = message.get().descriptor().get_field_by_name(name);
                let field = field.ok_or_else(|| no_field(operand, name))?;
                if has(message.get(), &field) {
                    self.field(operand, &field).map(Some)
                } else {
                    Ok(None)
                }
            }
            _ => Err(no_field(operand, name)),
        }
    }

    fn present_index(
        &mut self,
        operand: &Value<'a>,
        index: &Value<'a>,
    ) -> Result<Option<Value<'a>>, Problem> {
        match (operand, index) {
            (Value::List(list), Value::Int(index)) => match usize::try_from(*index) {
                Ok(index) => list.get(index, &mut self.meter),
                Err(_) => Ok(None),
            },
            (Value::List(list), Value::Uint(index)) => match usize::try_from(*index) {
                Ok(index) => list.get(index, &mut self.meter),
                Err(_) => Ok(None),
            },
            (Value::Map(map), index) => map.get(&as_key(index)?, &mut self.meter),
            (operand, index) => {
                let (what, by) = (operand.describe(), index.describe());
                let text = format!("{what} cannot be indexed by {by}");
                Err(Problem::mismatch(&[operand, index], text))
            }
        }
    }

    /// `x.optMap(v, ...)`, `x.optFlatMap(v, ...)`
    pub(super) fn optional_map(
        &mut self,
        parts: &'a [Expression; 2],
        is_flat: bool,
    ) -> Evaluated<'a> {
        let [operand, body] = parts;
        match self.evaluate(operand)? {
            Value::Optional(Some(value)) => {
                let result = self.with_local((*value).clone(), body)?;
                Ok(if is_flat {
                    result
                } else {
                    Value::optional(Some(result))
                })
            }
            Value::Optional(None) => Ok(Value::optional(None)),
            other => Err(not_optional(&other)),
        }
    }

    /// `x.or(y)`, `x.orValue(y)`: the second only if it is needed.
    pub(super) fn optional_or(
        &mut self,
        parts: &'a [Expression; 2],
        is_value: bool,
    ) -> Evaluated<'a> {
        let [operand, other] = parts;
        match self.evaluate(operand)? {
            Value::Optional(Some(value)) if is_value => Ok((*value).clone()),
            value @ Value::Optional(Some(_)) => Ok(value),
            Value::Optional(None) => self.evaluate(other),
            other => Err(not_optional(&other)),
        }
    }
}

fn not_optional(value: &Value<'_>) -> Problem {
    let text = format!("this is {}, expected an optional", value.describe());
    Problem::mismatch(&[value], text)
}
