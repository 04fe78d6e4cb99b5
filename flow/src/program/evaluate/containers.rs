//! Lists and maps: their elements, their keys, and what runs over them.

use prost_reflect::ReflectMessage;

use super::{Evaluated, Machine, has};
use crate::program::compare::equal;
use crate::program::expression::{Comprehension, Loop};
use crate::program::meter::{Problem, check_list};
use crate::program::value::{Key, List, Value};

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
                        let what = other.describe();
                        return Err(Problem::new(format!("{what} cannot index a list")));
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
            other => Err(Problem::new(format!(
                "{} cannot be indexed",
                other.describe()
            ))),
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
                Err(Problem::new(format!(
                    "`in` takes a list or a map, this is {what}"
                )))
            }
        }
    }

    pub(super) fn comprehension(&mut self, parts: &'a Loop) -> Evaluated<'a> {
        let items = match self.evaluate(&parts.range)? {
            Value::List(list) => list,
            Value::Map(map) => {
                let keys = map.keys(&mut self.meter)?;
                List::Shared(keys.iter().map(Key::to_value).collect())
            }
            other => {
                let what = other.describe();
                return Err(Problem::new(format!(
                    "a macro runs over a list or a map, this is {what}"
                )));
            }
        };
        let depth = self.locals.len();
        let result = self.run(parts, &items);
        self.locals.truncate(depth);
        result
    }

    fn run(&mut self, parts: &'a Loop, items: &List<'a>) -> Evaluated<'a> {
        let mut problem = None;
        let mut count = 0_usize;
        let mut results = Vec::new();
        for index in 0..items.len() {
            self.meter.charge(1)?;
            let item = items.get(index, &mut self.meter)?;
            let item = item.expect("the index is below the length");
            self.locals.push(item);
            match parts.kind {
                Comprehension::All | Comprehension::Exists => {
                    let decisive = parts.kind == Comprehension::Exists;
                    match self.condition(&parts.body) {
                        Ok(value) if value == decisive => return Ok(Value::Bool(decisive)),
                        Ok(_) => {}
                        Err(error) => problem = Some(error),
                    }
                }
                Comprehension::ExistsOne => count += usize::from(self.condition(&parts.body)?),
                Comprehension::Filter => {
                    if self.condition(&parts.body)? {
                        results.push(self.locals.last().expect("it was just pushed").clone());
                    }
                }
                Comprehension::Map => {
                    let chosen = match &parts.filter {
                        Some(filter) => self.condition(filter)?,
                        None => true,
                    };
                    if chosen {
                        results.push(self.evaluate(&parts.body)?);
                        check_list(results.len())?;
                    }
                }
            }
            self.locals.pop();
        }
        if let Some(problem) = problem {
            return Err(problem);
        }
        Ok(match parts.kind {
            Comprehension::All => Value::Bool(true),
            Comprehension::Exists => Value::Bool(false),
            Comprehension::ExistsOne => Value::Bool(count == 1),
            Comprehension::Filter | Comprehension::Map => Value::List(List::Shared(results.into())),
        })
    }
}

pub(super) fn as_key(value: &Value<'_>) -> Result<Key, Problem> {
    value.as_key().ok_or_else(|| {
        let what = value.describe();
        Problem::new(format!("{what} cannot be the key of a map"))
    })
}

pub(super) fn no_field(value: &Value<'_>, name: &str) -> Problem {
    Problem::new(format!("{} has no field `{name}`", value.describe()))
}
