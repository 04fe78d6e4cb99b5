//! What runs over the elements of a list or the entries of a map.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Evaluated, Machine};
use crate::program::expression::{Comprehension, Loop};
use crate::program::function::lists::sorted;
use crate::program::meter::{Problem, check_list};
use crate::program::value::{Key, List, Map, Value};

/// What is run over: keys or indices, and what they lead to.
enum Range<'a> {
    List(List<'a>),
    Map(Map<'a>, Vec<Key>),
}

impl<'a> Machine<'a, '_> {
    pub(super) fn comprehension(&mut self, parts: &'a Loop) -> Evaluated<'a> {
        let range = match self.evaluate(&parts.range)? {
            Value::List(list) => Range::List(list),
            Value::Map(map) => {
                let keys = map.keys(&mut self.meter)?;
                Range::Map(map, keys)
            }
            other => {
                let what = other.describe();
                let text = format!("a macro runs over a list or a map, this is {what}");
                return Err(Problem::mismatch(&[&other], text));
            }
        };
        let depth = self.locals.len();
        let result = match parts.kind {
            Comprehension::All => self.decide(parts, &range, false),
            Comprehension::Exists => self.decide(parts, &range, true),
            Comprehension::ExistsOne => self.count(parts, &range),
            Comprehension::Filter | Comprehension::Map | Comprehension::SortBy => {
                self.make_list(parts, &range)
            }
            Comprehension::MapValues | Comprehension::MapEntries => self.make_map(parts, &range),
        };
        self.locals.truncate(depth);
        result
    }

    /// Sets the variables for a round, in place of those of the one before. Gives the key.
    fn enter(
        &mut self,
        parts: &Loop,
        range: &Range<'a>,
        index: usize,
        depth: usize,
    ) -> Result<Key, Problem> {
        self.meter.charge(1)?;
        self.locals.truncate(depth);
        let key = match range {
            Range::List(_) => Key::Int(i64::try_from(index).expect("no memory holds more")),
            Range::Map(_, keys) => keys[index].clone(),
        };
        let value = match range {
            Range::List(list) => list.at(index, &mut self.meter)?,
            Range::Map(map, _) if parts.is_double => {
                let value = map.get(&key, &mut self.meter)?;
                value.expect("it is one of the keys")
            }
            Range::Map(..) => key.to_value(),
        };
        if parts.is_double {
            self.locals.push(key.to_value());
        }
        self.locals.push(value);
        Ok(key)
    }

    /// All, exists: the first that decides, decides, even if others have no value.
    fn decide(&mut self, parts: &'a Loop, range: &Range<'a>, decisive: bool) -> Evaluated<'a> {
        let depth = self.locals.len();
        let mut problem = None;
        for index in 0..range.len() {
            self.enter(parts, range, index, depth)?;
            match self.condition(&parts.body) {
                Ok(value) if value == decisive => return Ok(Value::Bool(decisive)),
                Ok(_) => {}
                Err(found) => problem = Some(found),
            }
        }
        match problem {
            Some(problem) => Err(problem),
            None => Ok(Value::Bool(!decisive)),
        }
    }

    fn count(&mut self, parts: &'a Loop, range: &Range<'a>) -> Evaluated<'a> {
        let depth = self.locals.len();
        let mut count = 0_usize;
        for index in 0..range.len() {
            self.enter(parts, range, index, depth)?;
            count += usize::from(self.condition(&parts.body)?);
        }
        Ok(Value::Bool(count == 1))
    }

    fn is_chosen(&mut self, parts: &'a Loop) -> Result<bool, Problem> {
        match &parts.filter {
            Some(filter) => self.condition(filter),
            None => Ok(true),
        }
    }

    fn make_list(&mut self, parts: &'a Loop, range: &Range<'a>) -> Evaluated<'a> {
        let depth = self.locals.len();
        let mut results = Vec::new();
        let mut keyed = Vec::new();
        for index in 0..range.len() {
            self.enter(parts, range, index, depth)?;
            if !self.is_chosen(parts)? {
                continue;
            }
            let element = || self.locals.last().expect("it was just pushed").clone();
            match parts.kind {
                Comprehension::Filter => {
                    let element = element();
                    if self.condition(&parts.body)? {
                        results.push(element);
                    }
                }
                Comprehension::SortBy => {
                    let element = element();
                    keyed.push((self.evaluate(&parts.body)?, element));
                }
                _ => results.push(self.evaluate(&parts.body)?),
            }
            check_list(results.len().max(keyed.len()))?;
        }
        if parts.kind == Comprehension::SortBy {
            return sorted(keyed, &mut self.meter);
        }
        Ok(Value::list(results))
    }

    fn make_map(&mut self, parts: &'a Loop, range: &Range<'a>) -> Evaluated<'a> {
        let depth = self.locals.len();
        let mut results = BTreeMap::new();
        for index in 0..range.len() {
            let key = self.enter(parts, range, index, depth)?;
            if !self.is_chosen(parts)? {
                continue;
            }
            let value = self.evaluate(&parts.body)?;
            if parts.kind == Comprehension::MapValues {
                results.insert(key, value);
            } else {
                self.add_entries(&value, &mut results)?;
            }
            check_list(results.len())?;
        }
        Ok(Value::Map(Map::Shared(Arc::new(results))))
    }

    /// Adds the entries of a map, none of which may be there already.
    fn add_entries(
        &mut self,
        value: &Value<'a>,
        results: &mut BTreeMap<Key, Value<'a>>,
    ) -> Result<(), Problem> {
        let Value::Map(map) = value else {
            let what = value.describe();
            let text = format!("`transformMapEntry` makes maps, this is {what}");
            return Err(Problem::mismatch(&[value], text));
        };
        for key in map.keys(&mut self.meter)? {
            let item = map.get(&key, &mut self.meter)?;
            let item = item.expect("it is one of the keys");
            if results.contains_key(&key) {
                return Err(Problem::new(format!("the key {key} is given twice")));
            }
            results.insert(key, item);
        }
        Ok(())
    }
}

impl Range<'_> {
    fn len(&self) -> usize {
        match self {
            Self::List(list) => list.len(),
            Self::Map(_, keys) => keys.len(),
        }
    }
}
