//! The type checker of expressions: from a syntax tree to a checked expression.
//!
//! Every name is looked up here and nowhere later. A mistake is reported where it is made; what
//! contains it gets the type [`Type::Unknown`], which fits everywhere, so that it is reported once.

use std::ops::Range;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, ListExpr, LiteralValue, MapExpr, SelectExpr};

use super::environment::Environment;
use super::parse::{Found, Parsed};
use super::types::Type;
use crate::diagnostic::Diagnostic;
use crate::plan::StepIndex;
use crate::program::{Expression, Slot, Value};

mod calls;
mod fields;
mod functions;
mod macros;
mod messages;
mod money;
mod names;
mod operations;
mod optional;
mod types;

use fields::Access;
pub(super) use fields::{describe_field, no_such_field};

/// What came of checking an expression.
pub(super) struct Checked {
    pub(super) expression: Expression,
    pub(super) kind: Type,
    /// The steps that it refers to, and where it does.
    pub(super) references: Vec<(StepIndex, Range<usize>)>,
    /// The names that it uses of values which are yet to be looked at.
    pub(super) pending: Vec<String>,
    /// How many nodes there are from the root to the farthest leaf, those of values that are computed
    /// included.
    pub(super) depth: usize,
    /// Whether its value is the same in every scope.
    pub(super) is_constant: bool,
    pub(super) found: Vec<Found>,
}

/// Checks an expression. `slots` are the messages that the program reads, so far.
pub(super) fn check(
    parsed: &Parsed<'_>,
    environment: &Environment<'_>,
    slots: &mut Vec<Slot>,
) -> Checked {
    let mut checker = Checker {
        parsed,
        environment,
        slots,
        locals: Vec::new(),
        references: Vec::new(),
        pending: Vec::new(),
        depth: 0,
        is_inlined: false,
        is_constant: true,
        found: Vec::new(),
    };
    let (expression, kind) = checker.expression(&parsed.root);
    Checked {
        expression,
        kind,
        references: checker.references,
        pending: checker.pending,
        depth: parsed.depth + checker.depth,
        is_constant: checker.is_constant,
        found: checker.found,
    }
}

struct Checker<'c, 'e> {
    parsed: &'c Parsed<'c>,
    environment: &'c Environment<'e>,
    slots: &'c mut Vec<Slot>,
    /// The variables of the macros around, outermost first.
    locals: Vec<(String, Type)>,
    references: Vec<(StepIndex, Range<usize>)>,
    pending: Vec<String>,
    /// The deepest of the values that are computed.
    depth: usize,
    /// Whether this is a value that is computed, which sees no variable of the expression around it.
    is_inlined: bool,
    is_constant: bool,
    found: Vec<Found>,
}

type Typed = (Expression, Type);

impl Checker<'_, '_> {
    fn expression(&mut self, node: &IdedExpr) -> Typed {
        match &node.expr {
            Expr::Literal(literal) => constant(literal),
            Expr::Ident(name) => self.identifier(node, name),
            Expr::Select(select) => self.select(node, select),
            Expr::Call(call) => self.call(node, call),
            Expr::List(list) => self.list(list),
            Expr::Map(map) => self.map(map),
            Expr::Struct(message) => self.message(node, message),
            Expr::Comprehension(_) | Expr::Unspecified => self.unsupported(node),
        }
    }

    fn list(&mut self, list: &ListExpr) -> Typed {
        let mut items = Vec::new();
        let mut elements = Type::Never;
        for (index, element) in list.elements.iter().enumerate() {
            let is_optional = list.optional_indices.contains(&index);
            let (item, kind) = self.element(element, is_optional);
            elements = elements.join(kind);
            items.push(item);
        }
        (Expression::List(items), Type::List(Box::new(elements)))
    }

    fn map(&mut self, map: &MapExpr) -> Typed {
        let mut entries = Vec::new();
        let (mut keys, mut values) = (Type::Never, Type::Never);
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else {
                continue;
            };
            let (key, key_type) = self.expression(&entry.key);
            let (value, value_type) = self.element(&entry.value, entry.optional);
            if !is_key(&key_type) {
                let message = format!("the key of a map cannot be {key_type}");
                self.mismatch(&entry.key, message, "not a bool, int, uint or string");
            }
            keys = keys.join(key_type);
            values = values.join(value_type);
            entries.push((key, value));
        }
        let kind = Type::Map(Box::new(keys), Box::new(values));
        (Expression::Map(entries), kind)
    }

    /// An element or entry, which may be there only if it has a value.
    fn element(&mut self, node: &IdedExpr, is_optional: bool) -> Typed {
        let (value, kind) = self.expression(node);
        if !is_optional {
            return (value, kind);
        }
        let kind = match kind {
            Type::Optional(inner) => *inner,
            kind if kind.is_open() => kind,
            other => {
                let message = format!("`?` takes an optional, this is {other}");
                self.mismatch(node, message, "not an optional");
                Type::Unknown
            }
        };
        (Expression::IfPresent(Box::new(value)), kind)
    }

    fn select(&mut self, node: &IdedExpr, select: &SelectExpr) -> Typed {
        let typed = self
            .constant(node, select)
            .or_else(|| self.enum_value(node))
            .or_else(|| self.type_value(node));
        if let Some(typed) = typed {
            return typed;
        }
        let (operand, kind) = self.expression(&select.operand);
        self.field(node, operand, &kind, &select.field, Access::Read)
    }

    fn unsupported(&mut self, node: &IdedExpr) -> Typed {
        let found = Diagnostic::error("EXPRESSION_SYNTAX", "this has no place in expressions");
        self.found.push((self.parsed.token(node), found));
        unknown()
    }
}

fn constant(literal: &LiteralValue) -> Typed {
    let (value, kind) = match literal {
        LiteralValue::Boolean(value) => (Value::Bool(*value.inner()), Type::Bool),
        LiteralValue::Int(value) => (Value::Int(*value.inner()), Type::Int),
        LiteralValue::UInt(value) => (Value::Uint(*value.inner()), Type::Uint),
        LiteralValue::Double(value) => (Value::Double(*value.inner()), Type::Double),
        LiteralValue::String(value) => (Value::text(value.inner()), Type::String),
        LiteralValue::Bytes(value) => {
            let bytes = bytes::Bytes::copy_from_slice(value.inner());
            (Value::Bytes(bytes), Type::Bytes)
        }
        LiteralValue::Null => (Value::Null, Type::Null),
    };
    (Expression::Literal(value), kind)
}

fn unknown() -> Typed {
    (Expression::Literal(Value::Null), Type::Unknown)
}

fn is_key(kind: &Type) -> bool {
    kind.is_open()
        || matches!(
            kind.unwrapped(),
            Type::Bool | Type::Int | Type::Uint | Type::String
        )
}

/// The types that can be named, for comparing with `type(x)`.
fn type_named(name: &str) -> Option<&'static str> {
    let names = [
        "bool",
        "int",
        "uint",
        "double",
        "string",
        "bytes",
        "list",
        "map",
        "null_type",
        "type",
    ];
    names.into_iter().find(|known| *known == name)
}
