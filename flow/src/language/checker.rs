//! The type checker of expressions: from a syntax tree to a checked expression.
//!
//! Every name is looked up here and nowhere later. A mistake is reported where it is made; what
//! contains it gets the type [`Type::Unknown`], which fits everywhere, so that it is reported once.

use std::collections::BTreeMap;
use std::ops::Range;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, ListExpr, LiteralValue, MapExpr, SelectExpr};
use prost_reflect::{DescriptorPool, MessageDescriptor};

use super::parse::{Found, Parsed};
use super::types::Type;
use crate::diagnostic::Diagnostic;
use crate::plan::StepIndex;
use crate::program::{Expression, Slot, Value, Variable};

mod calls;
mod fields;
mod functions;
mod macros;
mod messages;
mod money;
mod operations;
mod optional;
mod types;

use fields::Access;
pub(super) use fields::{describe_field, no_such_field};

/// What expressions can refer to.
pub(super) struct Environment<'a> {
    pub(super) pool: &'a DescriptorPool,
    /// Type of `input`; `None` if it is not known for a mistake reported elsewhere.
    pub(super) input: Option<MessageDescriptor>,
    /// The steps by id, and the types of their responses, as far as known.
    pub(super) steps: BTreeMap<String, (StepIndex, Option<MessageDescriptor>)>,
    /// Whether some step has no usable id: what is unknown then may be that step.
    pub(super) is_incomplete: bool,
}

/// What came of checking an expression.
pub(super) struct Checked {
    pub(super) expression: Expression,
    pub(super) kind: Type,
    /// The steps that it refers to, and where it does.
    pub(super) references: Vec<(StepIndex, Range<usize>)>,
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
        is_constant: true,
        found: Vec::new(),
    };
    let (expression, kind) = checker.expression(&parsed.root);
    Checked {
        expression,
        kind,
        references: checker.references,
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

    fn identifier(&mut self, node: &IdedExpr, name: &str) -> Typed {
        if let Some(depth) = self.locals.iter().rposition(|(local, _)| local == name) {
            return (Expression::Local(depth), self.locals[depth].1.clone());
        }
        let name = name.strip_prefix('.').unwrap_or(name);
        if name == "input" {
            self.is_constant = false;
            return match self.environment.input.clone() {
                Some(descriptor) => self.variable(Variable::Input, descriptor),
                None => unknown(),
            };
        }
        if name == "execution" {
            self.is_constant = false;
            return (Expression::Literal(Value::Null), Type::Execution);
        }
        if let Some((step, descriptor)) = self.environment.steps.get(name) {
            self.is_constant = false;
            self.references.push((*step, self.parsed.token(node)));
            return match descriptor.clone() {
                Some(descriptor) => self.variable(Variable::Output(*step), descriptor),
                None => unknown(),
            };
        }
        if let Some(kind) = type_named(name) {
            return (Expression::Literal(Value::Type(kind.into())), Type::Kind);
        }
        self.unknown_name(node, name);
        unknown()
    }

    fn variable(&mut self, variable: Variable, descriptor: MessageDescriptor) -> Typed {
        let kind = Type::of_message(&descriptor);
        let known = self.slots.iter().position(|slot| slot.variable == variable);
        let slot = known.unwrap_or_else(|| {
            let slot = Slot {
                variable,
                descriptor,
            };
            self.slots.push(slot);
            self.slots.len() - 1
        });
        (Expression::Slot(slot), kind)
    }

    fn unknown_name(&mut self, node: &IdedExpr, name: &str) {
        if self.environment.is_incomplete {
            return;
        }
        let steps = self.environment.steps.keys().map(String::as_str);
        let locals = self.locals.iter().map(|(local, _)| local.as_str());
        let names: Vec<_> = ["input", "execution"]
            .into_iter()
            .chain(steps)
            .chain(locals)
            .collect();
        let message = format!("`{name}` is not a step, nor `input` or `execution`");
        let mut found = Diagnostic::error("UNKNOWN_NAME", message).label("unknown name");
        if let Some(near) = pavane::nearest(name, names) {
            found.help = format!("did you mean `{near}`?");
        }
        let is_all = self.parsed.text.trim() == name;
        if is_all && found.help.is_empty() {
            found.help = format!("a text is written in quotes within quotes: \"'{name}'\"");
        }
        self.found.push((self.parsed.token(node), found));
    }

    fn select(&mut self, node: &IdedExpr, select: &SelectExpr) -> Typed {
        if let Some(typed) = self.enum_value(node).or_else(|| self.type_value(node)) {
            return typed;
        }
        let (operand, kind) = self.expression(&select.operand);
        self.field(node, operand, &kind, &select.field, Access::Read)
    }

    /// Whether a name at the root of an expression is that of a variable: what else could have the
    /// same name, such as a package, is hidden by it.
    fn is_variable(&self, name: &str) -> bool {
        name == "input"
            || name == "execution"
            || self.environment.steps.contains_key(name)
            || self.is_local(name)
    }

    fn is_local(&self, name: &str) -> bool {
        self.locals.iter().any(|(local, _)| local == name)
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
