//! Expressions that stand alone: conditions, texts, durations, lists.

use super::{Compiler, Reference, trimmed};
use crate::diagnostic::Diagnostic;
use crate::language::types::Type;
use crate::program::{Condition, Expression, Slot, TextExpression};

/// An expression, its type, and the slots of the program that it is.
pub(in crate::language) struct Alone {
    pub(in crate::language) expression: Expression,
    pub(in crate::language) kind: Type,
    pub(in crate::language) slots: Vec<Slot>,
}

impl Compiler<'_, '_, '_> {
    /// Compiles a condition. `what` is what messages call it, as in "`when` is a bool".
    pub(in crate::language) fn condition(
        self,
        text: &str,
        path: &str,
        what: &str,
    ) -> (Option<Condition>, Vec<Reference>) {
        let (found, references) = self.alone(text, path, what, &Type::Bool);
        let make = |found: Alone| Condition::new(text, found.expression, found.slots);
        (found.map(make), references)
    }

    /// Compiles what computes a text.
    pub(in crate::language) fn text(
        self,
        text: &str,
        path: &str,
        what: &str,
    ) -> (Option<TextExpression>, Vec<Reference>) {
        let (found, references) = self.alone(text, path, what, &Type::String);
        let make = |found: Alone| TextExpression::new(text, found.expression, found.slots);
        (found.map(make), references)
    }

    /// Compiles an expression of a type.
    pub(in crate::language) fn alone(
        mut self,
        text: &str,
        path: &str,
        what: &str,
        expected: &Type,
    ) -> (Option<Alone>, Vec<Reference>) {
        let checked = self.expression(text, path).filter(|checked| {
            let kind = &checked.kind;
            if kind.fits(expected) && *kind != Type::Null {
                return true;
            }
            let help = match (expected, kind.unwrapped()) {
                (Type::String, Type::Int | Type::Uint | Type::Double | Type::Bool) => {
                    "convert it: `string(...)`"
                }
                (Type::Timestamp, Type::String | Type::Int) => "convert it: `timestamp(...)`",
                (Type::Duration, Type::String) => "convert it: `duration(...)`",
                (Type::List(_), Type::Map(..)) => "the keys of a map are a list: `x.map(key, key)`",
                _ => "",
            };
            let message = format!("`{what}` is {expected}, this is {kind}");
            let label = format!("not {expected}");
            let found = Diagnostic::error("TYPE_MISMATCH", message).label(label);
            let range = trimmed(text);
            self.report.add_inside(path, text, range, found.help(help));
            false
        });
        let slots = std::mem::take(&mut self.slots);
        let found = checked.map(|checked| Alone {
            expression: checked.expression,
            kind: checked.kind,
            slots,
        });
        (found, self.references)
    }
}
