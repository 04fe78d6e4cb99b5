//! Amounts of money: `money.sum(list)` and the like, on any message that is made of units and nanos.

use cel::common::ast::{CallExpr, IdedExpr};
use prost_reflect::MessageDescriptor;

use super::{Checker, Typed, unknown};
use crate::language::types::Type;
use crate::program::{Expression, MoneyFields, MoneyOperation};

/// What an operation takes besides the amount or list of amounts that comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Amount,
    Factor,
    Digits,
    Int,
    Text,
}

/// The operations: what they take, and how many of it can be left out.
const OPERATIONS: [(&str, MoneyOperation, &[Rest], usize); 10] = [
    ("sum", MoneyOperation::Sum, &[], 0),
    ("add", MoneyOperation::Add, &[Rest::Amount], 0),
    ("subtract", MoneyOperation::Subtract, &[Rest::Amount], 0),
    ("negate", MoneyOperation::Negate, &[], 0),
    ("multiply", MoneyOperation::Multiply, &[Rest::Factor], 0),
    (
        "round",
        MoneyOperation::Round,
        &[Rest::Digits, Rest::Text],
        1,
    ),
    ("compare", MoneyOperation::Compare, &[Rest::Amount], 0),
    ("minorUnits", MoneyOperation::MinorUnits, &[Rest::Digits], 0),
    (
        "fromMinorUnits",
        MoneyOperation::FromMinorUnits,
        &[Rest::Int, Rest::Digits, Rest::Text],
        1,
    ),
    ("text", MoneyOperation::Text, &[Rest::Digits], 0),
];

impl Checker<'_, '_> {
    /// A call of `money.`; `None` if a variable has that name and no operation has the other.
    pub(super) fn money(&mut self, node: &IdedExpr, call: &CallExpr) -> Option<Typed> {
        let name = call.func_name.as_str();
        let known = OPERATIONS.iter().find(|(known, ..)| *known == name);
        let Some((_, operation, rest, optional)) = known else {
            if self.is_variable("money") {
                return None;
            }
            return Some(self.unknown_function(node, &format!("money.{name}"), name));
        };
        let most = rest.len() + 1;
        let given = call.args.len();
        if given > most || given + optional < most {
            let message = format!("`money.{name}` takes {most} arguments, this is {given}");
            return Some(self.wrong_call(node, name, message));
        }
        let (first, others) = call.args.split_first().expect("it takes at least one");
        Some(self.money_call(*operation, name, first, others, rest))
    }

    fn money_call(
        &mut self,
        operation: MoneyOperation,
        name: &str,
        first: &IdedExpr,
        others: &[IdedExpr],
        rest: &[Rest],
    ) -> Typed {
        let mut arguments = Vec::new();
        let descriptor = if operation == MoneyOperation::FromMinorUnits {
            self.amount_type(name, first)
        } else {
            let (argument, kind) = self.expression(first);
            if kind == Type::Never {
                // It has no value, and so nothing that is computed from it has one.
                return (argument, kind);
            }
            arguments.push(argument);
            self.amount(operation, name, first, &kind)
        };
        let mut is_sound = true;
        for (node, taken) in others.iter().zip(rest) {
            let (argument, kind) = self.expression(node);
            arguments.push(argument);
            let fits = match (taken, &descriptor) {
                (Rest::Amount, Some(descriptor)) => {
                    kind.fits(&Type::Message(descriptor.clone())) && kind != Type::Null
                }
                (Rest::Amount, None) => true,
                (Rest::Factor, _) => [Type::Int, Type::Uint, Type::String]
                    .iter()
                    .any(|factor| kind.fits(factor)),
                (Rest::Digits | Rest::Int, _) => kind.fits(&Type::Int),
                (Rest::Text, _) => kind.fits(&Type::String),
            };
            if !fits {
                let expected = match (taken, &descriptor) {
                    (Rest::Amount, Some(descriptor)) => format!("a {}", descriptor.full_name()),
                    (Rest::Amount, None) => "an amount".to_owned(),
                    (Rest::Factor, _) => "an int, a uint or a text such as '1.19'".to_owned(),
                    (Rest::Digits | Rest::Int, _) => "an int".to_owned(),
                    (Rest::Text, _) => "a string".to_owned(),
                };
                let message = format!("`money.{name}` takes {expected}, this is {kind}");
                self.mismatch(node, message, "another type");
                is_sound = false;
            }
        }
        let Some(descriptor) = descriptor.filter(|_| is_sound) else {
            return unknown();
        };
        let kind = match operation {
            MoneyOperation::Compare | MoneyOperation::MinorUnits => Type::Int,
            MoneyOperation::Text => Type::String,
            _ => Type::Message(descriptor.clone()),
        };
        (Expression::Money(operation, descriptor, arguments), kind)
    }

    /// The type of an amount, or of those in a list.
    fn amount(
        &mut self,
        operation: MoneyOperation,
        name: &str,
        node: &IdedExpr,
        kind: &Type,
    ) -> Option<MessageDescriptor> {
        let is_sum = operation == MoneyOperation::Sum;
        let single = match kind {
            Type::Unknown => return None,
            Type::List(element) if is_sum => element.non_null(),
            _ if is_sum => &Type::Null,
            kind => kind.non_null(),
        };
        match single {
            Type::Unknown => return None,
            Type::Message(descriptor) if MoneyFields::of(descriptor).is_some() => {
                return Some(descriptor.clone());
            }
            _ => {}
        }
        let what = if is_sum {
            "a list of amounts"
        } else {
            "an amount"
        };
        let message = format!("`money.{name}` takes {what}, this is {kind}");
        let help = "an amount is a message with `units` (int64), `nanos` (int32) and perhaps \
                    `currency_code` (string)";
        self.mismatch_with_help(node, message, "another type", help);
        None
    }

    /// The type of amounts that is named.
    fn amount_type(&mut self, name: &str, node: &IdedExpr) -> Option<MessageDescriptor> {
        let named = self.named_type(node);
        if named.is_none() {
            let message = format!("`money.{name}` takes the type of the amount first");
            self.mismatch(node, message, "not a type");
        }
        let descriptor = named?;
        let kind = Type::Message(descriptor);
        self.amount(MoneyOperation::FromMinorUnits, name, node, &kind)
    }
}
