//! Lists and maps: their elements and their keys.

use prost_reflect::ReflectMessage;

use super::{Evaluated, Machine, has};
use crate::program::compare::equal;
use crate::program::meter::{Cause, Problem};
use crate::program::value::{Key, Value};

impl<'a> Machine<'a, '_> {
    pub(super) fn key(&mut self, operand: &Value<'a>, name: &str) -> Evaluated<'a> {
        match operand {
            Value::Map(map) => {
                let key = Key::String(name.into());
                let found = map.get(&key, &mut self.meter)?;
                found.ok_or_else(|| Problem::new(format!("there is no key {key}")))
            }
            Value::Message(message) => {
                let field = message.get().descriptor().get_field_by_name(name);
                let field = field.ok_or_else(|| no_field(operand, name))?;
                self.field(operand, &field)
            }
            _ => Err(no_field(operand, name)),
        }
    }

    pub(super) fn has_key(&mut self, operand: &Value<'a>, name: &str) -> Evaluated<'a> {
        match operand {
            Value::Map(map) => {
                let found = map.get(&Key::String(name.into()), &mut self.meter)?;
                Ok(Value::Bool(found.is_some()))
            }
            Value::Message(message) => {
                let field = message.get().descriptor().get_field_by_name(name);
                let field = field.ok_or_else(|| no_field(operand, name))?;
                Ok(Value::Bool(has(message.get(), &field)))
            }
            _ => Err(no_field(operand, name)),
        }
    }

    pub(super) fn index(&mut self, operand: &Value<'a>, index: &Value<'a>) -> Evaluated<'a> {
        match operand {
            Value::List(list) => {
                let position = match index {
                    Value::Int(index) => usize::try_from(*index).ok(),
                    Value::Uint(index) => usize::try_from(*index).ok(),
                    other => {
                        let text = format!("{} cannot index a list", other.describe());
                        return Err(Problem::mismatch(&[other], text));
                    }
                };
                let found = match position {
                    Some(position) => list.get(position, &mut self.meter)?,
                    None => None,
                };
                found.ok_or_else(|| {
                    let length = list.len();
                    Problem::new(format!("the index is outside of a list of {length}"))
                })
            }
            Value::Map(map) => {
                let key = as_key(index)?;
                let found = map.get(&key, &mut self.meter)?;
                found.ok_or_else(|| Problem::new(format!("there is no key {key}")))
            }
            other => {
                let text = format!("{} cannot be indexed", other.describe());
                Err(Problem::mismatch(&[other], text))
            }
        }
    }

    pub(super) fn contains(
        &mut self,
        element: &Value<'a>,
        container: &Value<'a>,
    ) -> Result<bool, Problem> {
        match container {
            Value::List(list) => {
                for index in 0..list.len() {
                    let item = list.get(index, &mut self.meter)?;
                    let item = item.expect("the index is below the length");
                    if equal(element, &item, &mut self.meter)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Value::Map(map) => match element.as_key() {
                Some(key) => Ok(map.get(&key, &mut self.meter)?.is_some()),
                None => Ok(false),
            },
            other => {
                let what = other.describe();
                let text = format!("`in` takes a list or a map, this is {what}");
                Err(Problem::mismatch(&[other], text))
            }
        }
    }
}

pub(super) fn as_key(value: &Value<'_>) -> Result<Key, Problem> {
    value.as_key().ok_or_else(|| {
        let what = value.describe();
        Problem::mismatch(&[value], format!("{what} cannot be the key of a map"))
    })
}

pub(super) fn no_field(value: &Value<'_>, name: &str) -> Problem {
    let text = format!("{} has no field `{name}`", value.describe());
    match value {
        Value::Null => Problem::because(Cause::Null, text),
        _ => Problem::because(Cause::Field, text),
    }
}
