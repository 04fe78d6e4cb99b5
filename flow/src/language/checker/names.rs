//! Names at the root of an expression: variables, steps, values that are computed, constants.

use std::rc::Rc;

use cel::common::ast::{Expr, IdedExpr, SelectExpr};
use prost_reflect::MessageDescriptor;

use super::{Checker, Typed, type_named, unknown};
use crate::diagnostic::Diagnostic;
use crate::language::environment::{ComputedValue, Meaning};
use crate::language::types::Type;
use crate::plan::StepIndex;
use crate::program::{Expression, Slot, Value, Variable};

impl<'c, 'e> Checker<'c, 'e> {
    pub(super) fn identifier(&mut self, node: &IdedExpr, name: &str) -> Typed {
        if let Some(depth) = self.locals.iter().rposition(|(local, _)| local == name) {
            return (Expression::Local(depth), self.locals[depth].1.clone());
        }
        let name = name.strip_prefix('.').unwrap_or(name);
        match self.meaning(name) {
            Some(meaning) => self.named(node, name, meaning),
            None => match type_named(name) {
                Some(kind) => (Expression::Literal(Value::Type(kind.into())), Type::Kind),
                None => {
                    self.unknown_name(node, name);
                    unknown()
                }
            },
        }
    }

    /// What a name stands for, where it is known.
    fn meaning(&self, name: &str) -> Option<&'c Meaning<'e>> {
        let meaning = self.environment.get(name)?;
        (!self.is_inlined || !meaning.is_local()).then_some(meaning)
    }

    /// Whether a name at the root of an expression is that of a variable: what else could have the
    /// same name, such as a package, is hidden by it.
    pub(super) fn is_variable(&self, name: &str) -> bool {
        self.meaning(name).is_some() || self.is_local(name)
    }

    pub(super) fn is_local(&self, name: &str) -> bool {
        self.locals.iter().any(|(local, _)| local == name)
    }

    fn named(&mut self, node: &IdedExpr, name: &str, meaning: &Meaning<'_>) -> Typed {
        if !matches!(meaning, Meaning::Constants(_)) {
            self.is_constant = false;
        }
        match meaning {
            Meaning::Message(variable, descriptor) => {
                self.refer(node, *variable);
                match descriptor {
                    Some(descriptor) => {
                        let kind = Type::of_message(descriptor);
                        (self.variable(*variable, descriptor.clone()), kind)
                    }
                    None => unknown(),
                }
            }
            Meaning::Field(variable, field) => {
                self.refer(node, *variable);
                let message = self.variable(*variable, field.parent_message().clone());
                let kind = Type::of_field(field);
                (Expression::Field(Box::new(message), field.clone()), kind)
            }
            Meaning::Execution => (Expression::Literal(Value::Null), Type::Execution),
            Meaning::Constants(constants) => {
                let message = format!("`{name}` is used with the name of one");
                let found = Diagnostic::error("INCOMPLETE_NAME", message).label("which one?");
                let found = match constants.keys().next() {
                    Some(first) => found.help(format!("write `{name}.{first}`")),
                    None => found,
                };
                self.found.push((self.parsed.token(node), found));
                unknown()
            }
            Meaning::Computed(value) => self.computed(node, value),
            Meaning::Pending => {
                self.pending.push(name.to_owned());
                unknown()
            }
            Meaning::Silent => {
                let message = format!("`{name}` is a wait, which has no response to refer to");
                let found = Diagnostic::error("NO_RESPONSE", message)
                    .label("has no response")
                    .help(format!("to begin after it, write `after: [{name}]`"));
                self.found.push((self.parsed.token(node), found));
                unknown()
            }
            Meaning::Wrong => unknown(),
        }
    }

    /// Notes that a step is referred to.
    fn refer(&mut self, node: &IdedExpr, variable: Variable) {
        if let Variable::Output(step) = variable {
            self.references.push((step, self.parsed.token(node)));
        }
    }

    fn variable(&mut self, variable: Variable, descriptor: MessageDescriptor) -> Expression {
        let is_it = |slot: &Slot| matches!(slot, Slot::Message { variable: known, .. } if *known == variable);
        let known = self.slots.iter().position(is_it);
        let slot = known.unwrap_or_else(|| {
            let slot = Slot::Message {
                variable,
                descriptor,
            };
            self.slots.push(slot);
            self.slots.len() - 1
        });
        Expression::Slot(slot)
    }

    /// A value that is computed here. What is only a path, or known, is put in its place; anything else
    /// is computed once for the program.
    fn computed(&mut self, node: &IdedExpr, value: &Rc<ComputedValue<'_>>) -> Typed {
        value.is_used.set(true);
        let token = self.parsed.token(node);
        let steps = value.references.iter();
        self.references
            .extend(steps.map(|step: &StepIndex| (*step, token.clone())));
        self.depth = self.depth.max(value.depth);
        let is_it =
            |slot: &Slot| matches!(slot, Slot::Computed { name, .. } if **name == *value.name);
        if let Some(slot) = self.slots.iter().position(is_it) {
            return (Expression::Computed(slot), value.kind.clone());
        }
        let mut checker = Checker {
            parsed: &value.parsed,
            environment: self.environment,
            slots: self.slots,
            locals: Vec::new(),
            references: Vec::new(),
            pending: Vec::new(),
            depth: 0,
            is_inlined: true,
            is_constant: true,
            found: Vec::new(),
        };
        let (expression, kind) = checker.expression(&value.parsed.root);
        if !checker.found.is_empty() {
            // It was right where it was written: a name is taken, which was reported.
            return unknown();
        }
        if matches!(expression, Expression::Literal(_)) || expression.as_path().is_some() {
            return (expression, kind);
        }
        let name = value.name.into();
        self.slots.push(Slot::Computed { name, expression });
        (Expression::Computed(self.slots.len() - 1), kind)
    }

    /// `constants.name`, unless that means something else.
    pub(super) fn constant(&mut self, node: &IdedExpr, select: &SelectExpr) -> Option<Typed> {
        let Expr::Ident(root) = &select.operand.expr else {
            return None;
        };
        if self.is_local(root) {
            return None;
        }
        let Meaning::Constants(constants) = self.meaning(root)? else {
            return None;
        };
        let name = &select.field;
        if let Some((value, kind)) = constants.get(name) {
            return Some((Expression::Literal(value.clone()), kind.clone()));
        }
        let message = format!("there is no constant `{name}`");
        let names = constants.keys().map(String::as_str);
        let found = Diagnostic::error("UNKNOWN_CONSTANT", message)
            .label("unknown constant")
            .nearest(name, "a constant", names);
        self.found.push((self.parsed.selected(node, name), found));
        Some(unknown())
    }

    fn unknown_name(&mut self, node: &IdedExpr, name: &str) {
        if self.environment.is_incomplete {
            return;
        }
        let locals = self.locals.iter().map(|(local, _)| local.as_str());
        let names = self.environment.names().chain(locals);
        let message = self.environment.what_it_is_not(name);
        let mut found = Diagnostic::error("UNKNOWN_NAME", message).label("unknown name");
        if let Some(place) = self.environment.elsewhere(name) {
            found.help = place.to_owned();
        } else if let Some(near) = pavane::nearest(name, names) {
            found.help = format!("did you mean `{near}`?");
        }
        let is_all = self.parsed.text.trim() == name;
        if is_all && found.help.is_empty() {
            found.help = format!("a text is written in quotes within quotes: \"'{name}'\"");
        }
        self.found.push((self.parsed.token(node), found));
    }
}
