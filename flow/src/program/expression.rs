//! A checked expression: a tree in which every name is resolved and every overload is known to exist.
//!
//! Made by the language's checker alone. What a value of type `dyn` turns out to be is checked again
//! when it is evaluated.

use std::sync::Arc;

use prost_reflect::{EnumDescriptor, FieldDescriptor, MessageDescriptor};
use regex::Regex;

use super::function::Function;
use super::value::Value;
use crate::plan::StepIndex;

/// What a name at the root of an expression stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variable {
    Input,
    /// A step's response; of a step over a list, a message with the responses as field 1.
    Output(StepIndex),
    /// The element of a step over a list, as a message that has it in its only field.
    Element,
    /// An event of a feed.
    Event,
    /// The data of that event.
    Data,
}

/// What expressions of one program read: made at most once for all of them.
#[derive(Clone)]
pub(crate) enum Slot {
    /// A message, decoded.
    Message {
        variable: Variable,
        descriptor: MessageDescriptor,
    },
    /// A value with a name, computed. It refers to earlier slots only, and to no variable around it.
    Computed {
        name: Arc<str>,
        expression: Expression,
    },
}

/// What is known of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExecutionField {
    Id,
    Workflow,
    Revision,
    CreateTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comprehension {
    All,
    Exists,
    ExistsOne,
    Filter,
    /// `map`, and `transformList`.
    Map,
    /// `transformMap`: another value for each key.
    MapValues,
    /// `transformMapEntry`: a map from each, all joined.
    MapEntries,
    /// `sortBy`: the elements in the order of what the body gives.
    SortBy,
}

/// What is computed from amounts of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MoneyOperation {
    Sum,
    Add,
    Subtract,
    Negate,
    Multiply,
    Round,
    Compare,
    MinorUnits,
    FromMinorUnits,
    Text,
}

#[derive(Clone)]
pub(crate) enum Expression {
    Literal(Value<'static>),
    /// The message in a slot of the program.
    Slot(usize),
    /// The value that is computed in a slot of the program.
    Computed(usize),
    /// The variable of a comprehension or binding at this depth, from the outermost, 0.
    Local(usize),
    Execution(ExecutionField),
    /// A field of a message.
    Field(Box<Expression>, FieldDescriptor),
    HasField(Box<Expression>, FieldDescriptor),
    /// The value of a key of a map, or of something that must turn out to be one.
    Key(Box<Expression>, Box<str>),
    HasKey(Box<Expression>, Box<str>),
    Index(Box<Expression>, Box<Expression>),
    /// A field, key or element that may be missing, of something that may be missing itself.
    OptionalField(Box<Expression>, FieldDescriptor),
    OptionalKey(Box<Expression>, Box<str>),
    OptionalIndex(Box<[Expression; 2]>),
    /// In a list, map or message: the value of an optional, and nothing if it has none.
    IfPresent(Box<Expression>),
    /// A value, and what is computed with it as a further variable.
    Bind(Box<[Expression; 2]>),
    /// The same with the value of an optional, if it has one. What is computed is an optional in
    /// itself, or is made one.
    OptionalMap {
        parts: Box<[Expression; 2]>,
        is_flat: bool,
    },
    Not(Box<Expression>),
    Negate(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Conditional(Box<[Expression; 3]>),
    Arithmetic(Arithmetic, Box<[Expression; 2]>),
    Compare(Comparison, Box<[Expression; 2]>),
    Equal(Box<[Expression; 2]>),
    /// The first, an optional, or without a value the second; of the first its value, if that is
    /// wanted.
    OptionalOr {
        parts: Box<[Expression; 2]>,
        is_value: bool,
    },
    /// Whether the first is an element or a key of the second.
    In(Box<[Expression; 2]>),
    Call(Function, Vec<Expression>),
    /// `matches` with a pattern that was known when the expression was checked.
    Matches(Box<Expression>, Regex),
    List(Vec<Expression>),
    Map(Vec<(Expression, Expression)>),
    Message(MessageDescriptor, Vec<(FieldDescriptor, Expression)>),
    /// The number of a value of an enum, from a number or a name.
    EnumOf(Box<Expression>, EnumDescriptor),
    /// The name of a value of an enum.
    EnumName(Box<Expression>, EnumDescriptor),
    /// Whether an Any holds a message of a type.
    IsPacked(Box<Expression>, MessageDescriptor),
    /// The message of a type that an Any holds.
    Unpack(Box<Expression>, MessageDescriptor),
    /// On amounts of this type.
    Money(MoneyOperation, MessageDescriptor, Vec<Expression>),
    Comprehension(Box<Loop>),
}

/// A comprehension over a list, or over the keys of a map.
#[derive(Clone)]
pub(crate) struct Loop {
    pub(crate) kind: Comprehension,
    /// Whether there are two variables: index and element, or key and value.
    pub(crate) is_double: bool,
    pub(crate) range: Expression,
    /// Of those that make something: only elements for which this holds.
    pub(crate) filter: Option<Expression>,
    pub(crate) body: Expression,
}

impl Expression {
    /// The slot and the fields, outermost first, of an expression that is only a path.
    pub(crate) fn as_path(&self) -> Option<(usize, Vec<&FieldDescriptor>)> {
        match self {
            Self::Slot(slot) => Some((*slot, Vec::new())),
            Self::Field(operand, field) => {
                let (slot, mut fields) = operand.as_path()?;
                fields.push(field);
                Some((slot, fields))
            }
            _ => None,
        }
    }
}
