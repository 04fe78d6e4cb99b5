//! What the names at the root of an expression stand for.
//!
//! A new kind of name is a new [`Meaning`], and what the checker makes of it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use prost_reflect::{DescriptorPool, FieldDescriptor, MessageDescriptor};

use super::parse::Parsed;
use super::types::Type;
use crate::plan::StepIndex;
use crate::program::{Value, Variable};

/// All that an expression can refer to.
#[derive(Clone)]
pub(super) struct Environment<'a> {
    /// The types that expressions can name.
    pub(super) pool: &'a DescriptorPool,
    names: BTreeMap<String, Meaning<'a>>,
    /// Where names mean something that mean nothing here, in a sentence.
    elsewhere: BTreeMap<String, &'static str>,
    /// Whether some step has no usable id: what is unknown then may be that step.
    pub(super) is_incomplete: bool,
}

/// What a name stands for.
#[derive(Clone)]
pub(super) enum Meaning<'a> {
    /// A message; without a type if that is not known for a mistake reported elsewhere.
    Message(Variable, Option<MessageDescriptor>),
    /// The only field of a message: an element of a list, the responses of a step over a list.
    Field(Variable, FieldDescriptor),
    /// The variable `execution`.
    Execution,
    /// The variable `constants`: those by name.
    Constants(Rc<BTreeMap<String, (Value<'static>, Type)>>),
    /// A value that is computed where it is used.
    Computed(Rc<ComputedValue<'a>>),
    /// A value that is yet to be looked at.
    Pending,
    /// A step that has no response: a wait.
    Silent,
    /// Something that is wrong, which was reported.
    Wrong,
}

/// A value that is computed where it is used.
pub(super) struct ComputedValue<'a> {
    /// Its name.
    pub(super) name: &'a str,
    pub(super) parsed: Parsed<'a>,
    pub(super) kind: Type,
    /// The steps that it refers to, itself or through others, ascending.
    pub(super) references: Vec<StepIndex>,
    /// As of expressions, those that it refers to included.
    pub(super) depth: usize,
    /// Whether anything refers to it.
    pub(super) is_used: Cell<bool>,
}

impl<'a> Environment<'a> {
    /// One in which nothing has a name.
    pub(super) fn new(pool: &'a DescriptorPool) -> Self {
        Self {
            pool,
            names: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            is_incomplete: false,
        }
    }

    /// Gives something a name, whatever had it before.
    pub(super) fn set(&mut self, name: &str, meaning: Meaning<'a>) {
        self.names.insert(name.to_owned(), meaning);
    }

    /// Says of a name where it means something, if not here.
    pub(super) fn set_elsewhere(&mut self, name: &str, place: &'static str) {
        self.elsewhere.insert(name.to_owned(), place);
    }

    /// Where a name means something, if not here.
    pub(super) fn elsewhere(&self, name: &str) -> Option<&'static str> {
        self.elsewhere.get(name).copied()
    }

    /// The same with further names.
    pub(super) fn with<'n>(&self, names: impl IntoIterator<Item = (&'n str, Meaning<'a>)>) -> Self {
        let mut environment = self.clone();
        for (name, meaning) in names {
            environment.set(name, meaning);
        }
        environment
    }

    /// What a name stands for.
    pub(super) fn get(&self, name: &str) -> Option<&Meaning<'a>> {
        self.names.get(name)
    }

    /// Everything that has a name.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// As in "`total` is not a step, nor `input` or `execution`".
    pub(super) fn what_it_is_not(&self, name: &str) -> String {
        let (steps, others): (Vec<_>, Vec<_>) = self
            .names
            .iter()
            .partition(|(_, meaning)| meaning.is_step());
        let is_first = |name: &str| !matches!(name, "input" | "execution");
        let mut others: Vec<_> = others.iter().map(|(name, _)| name.as_str()).collect();
        // Those that are always there come first.
        others.sort_by_key(|name| (is_first(name), *name != "input"));
        let others: Vec<_> = others.iter().map(|name| format!("`{name}`")).collect();
        let others = match others.split_last() {
            None => String::new(),
            Some((last, [])) => last.clone(),
            Some((last, first)) => format!("{} or {last}", first.join(", ")),
        };
        match (steps.is_empty(), others.as_str()) {
            (false, "") => format!("`{name}` is not a step"),
            (false, _) => format!("`{name}` is not a step, nor {others}"),
            (true, "") => format!("`{name}` means nothing here"),
            (true, _) => format!("`{name}` is not {others}"),
        }
    }
}

impl Meaning<'_> {
    /// Whether it is a step.
    fn is_step(&self) -> bool {
        match self {
            Self::Message(variable, _) | Self::Field(variable, _) => {
                matches!(variable, Variable::Output(_))
            }
            Self::Execution | Self::Constants(_) => false,
            Self::Computed(_) | Self::Pending | Self::Silent | Self::Wrong => true,
        }
    }

    /// Whether it is there in some expressions only, which a value that is computed elsewhere does not
    /// see.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Self::Message(variable, _) | Self::Field(variable, _) => matches!(
                variable,
                Variable::Element | Variable::Event | Variable::Data
            ),
            _ => false,
        }
    }
}
