//! Operators: which of them there are for operands of which types.

use cel::common::ast::{CallExpr, IdedExpr, operators};

use super::operations::{arithmetic, comparison, conversion, result, sign};
use super::{Checker, Typed, is_key, unknown};
use crate::diagnostic::Diagnostic;
use crate::language::types::Type;
use crate::program::{Arithmetic, Comparison, Expression};

impl Checker<'_, '_> {
    pub(super) fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Typed {
        if let Some(typed) = self.macro_call(node, call) {
            return typed;
        }
        match (call.func_name.as_str(), &call.target, call.args.as_slice()) {
            (operators::LOGICAL_AND, None, [left, right]) => {
                let [left, right] = self.conditions("&&", [left, right]);
                (Expression::And(Box::new(left), Box::new(right)), Type::Bool)
            }
            (operators::LOGICAL_OR, None, [left, right]) => {
                let [left, right] = self.conditions("||", [left, right]);
                (Expression::Or(Box::new(left), Box::new(right)), Type::Bool)
            }
            (operators::LOGICAL_NOT, None, [operand]) => {
                let [operand] = self.conditions("!", [operand]);
                (Expression::Not(Box::new(operand)), Type::Bool)
            }
            (operators::NEGATE, None, [operand]) => self.negate(node, operand),
            (operators::CONDITIONAL, None, [condition, yes, no]) => {
                self.conditional(condition, yes, no)
            }
            (operators::INDEX, None, [operand, index]) => self.index(operand, index, false),
            (operators::OPT_INDEX, None, [operand, index]) => self.index(operand, index, true),
            (operators::OPT_SELECT, None, [operand, name]) => {
                self.optional_select(node, operand, name)
            }
            (operators::IN, None, [element, container]) => self.contains(node, element, container),
            (operators::EQUALS, None, [left, right]) => self.equality(node, left, right),
            (operators::NOT_EQUALS, None, [left, right]) => {
                let (equal, kind) = self.equality(node, left, right);
                (Expression::Not(Box::new(equal)), kind)
            }
            (name, None, [left, right]) => match (arithmetic(name), comparison(name)) {
                (Some(operator), _) => self.arithmetic(node, operator, left, right),
                (_, Some(comparison)) => self.comparison(node, comparison, left, right),
                (None, None) => self.function(node, call),
            },
            _ => self.function(node, call),
        }
    }

    /// Operands of logic, which must be bools.
    fn conditions<const N: usize>(
        &mut self,
        operator: &str,
        operands: [&IdedExpr; N],
    ) -> [Expression; N] {
        operands.map(|operand| {
            let (expression, kind) = self.expression(operand);
            self.expect_bool(operand, &kind, &format!("`{operator}` takes bools"));
            expression
        })
    }

    pub(super) fn expect_bool(&mut self, node: &IdedExpr, kind: &Type, expected: &str) {
        if !kind.fits(&Type::Bool) {
            let message = format!("{expected}, this is {kind}");
            self.mismatch(node, message, "not a bool");
        }
    }

    pub(super) fn mismatch(&mut self, node: &IdedExpr, message: String, label: &str) {
        self.mismatch_with_help(node, message, label, "");
    }

    pub(super) fn mismatch_with_help(
        &mut self,
        node: &IdedExpr,
        message: String,
        label: &str,
        help: &str,
    ) {
        let found = Diagnostic::error("TYPE_MISMATCH", message)
            .label(label)
            .help(help);
        self.found.push((self.parsed.extent(node), found));
    }

    /// A mistake at an operator, or at the name of a function.
    pub(super) fn at_token(&mut self, node: &IdedExpr, message: String, help: &str) -> Typed {
        let found = Diagnostic::error("TYPE_MISMATCH", message)
            .label("no such operation")
            .help(help);
        self.found.push((self.parsed.token(node), found));
        unknown()
    }

    fn negate(&mut self, node: &IdedExpr, operand: &IdedExpr) -> Typed {
        let (operand, kind) = self.expression(operand);
        match kind.unwrapped() {
            Type::Int | Type::Double | Type::Dyn | Type::Never | Type::Unknown => {
                let kind = kind.unwrapped().clone();
                (Expression::Negate(Box::new(operand)), kind)
            }
            other => self.at_token(
                node,
                format!("`-` takes an int or a double, this is {other}"),
                "",
            ),
        }
    }

    fn conditional(&mut self, condition: &IdedExpr, yes: &IdedExpr, no: &IdedExpr) -> Typed {
        let (chosen, kind) = self.expression(condition);
        self.expect_bool(condition, &kind, "the condition before `?` is a bool");
        let (yes, yes_kind) = self.expression(yes);
        let (otherwise, no_kind) = self.expression(no);
        if !yes_kind.fits(&no_kind) && !no_kind.fits(&yes_kind) {
            let message = format!(
                "both sides of `:` are of one type, but one is {yes_kind}, this is {no_kind}"
            );
            self.mismatch(no, message, "another type");
            return unknown();
        }
        let parts = Box::new([chosen, yes, otherwise]);
        (Expression::Conditional(parts), yes_kind.join(no_kind))
    }

    /// An element, or the value of a key. Of what may be missing, or where that is asked for, it may
    /// be missing as well.
    fn index(&mut self, operand: &IdedExpr, index: &IdedExpr, is_optional: bool) -> Typed {
        let (container, kind) = self.expression(operand);
        let (key, key_kind) = self.expression(index);
        let (kind, is_optional) = match kind {
            Type::Optional(inner) => (*inner, true),
            kind => (kind, is_optional),
        };
        let element = match &kind {
            Type::List(element) => {
                if !key_kind.fits(&Type::Int) && !key_kind.fits(&Type::Uint) {
                    let message = format!("the index of a list is an int, this is {key_kind}");
                    self.mismatch(index, message, "not an int");
                }
                (**element).clone()
            }
            Type::Map(expected, value) => {
                let numbers = [Type::Int, Type::Uint];
                let both_numbers =
                    numbers.contains(key_kind.unwrapped()) && numbers.contains(expected);
                if !is_key(&key_kind) || !key_kind.fits(expected) && !both_numbers {
                    let message = match &**expected {
                        open if open.is_open() => {
                            format!("the key of a map cannot be {key_kind}")
                        }
                        expected => {
                            format!("the key of this map is {expected}, this is {key_kind}")
                        }
                    };
                    self.mismatch(index, message, "another type");
                }
                (**value).clone()
            }
            Type::Dyn | Type::Never | Type::Unknown => kind.clone(),
            other => {
                self.mismatch(
                    operand,
                    format!("{other} cannot be indexed"),
                    "not a list or map",
                );
                return unknown();
            }
        };
        if is_optional {
            let parts = Box::new([container, key]);
            let kind = Type::Optional(Box::new(element));
            return (Expression::OptionalIndex(parts), kind);
        }
        (
            Expression::Index(Box::new(container), Box::new(key)),
            element,
        )
    }

    fn contains(&mut self, node: &IdedExpr, element: &IdedExpr, container: &IdedExpr) -> Typed {
        let (left, left_kind) = self.expression(element);
        let (right, right_kind) = self.expression(container);
        let expected = match &right_kind {
            Type::List(element) => element,
            Type::Map(key, _) => key,
            Type::Dyn | Type::Never | Type::Unknown => &Box::new(Type::Dyn),
            other => {
                let message = format!("`in` takes a list or a map, this is {other}");
                return self.at_token(node, message, "");
            }
        };
        if !left_kind.fits(expected) {
            let message = format!("{left_kind} is never in this: there, each is {expected}");
            return self.at_token(node, message, "");
        }
        (Expression::In(Box::new([left, right])), Type::Bool)
    }

    fn equality(&mut self, node: &IdedExpr, left: &IdedExpr, right: &IdedExpr) -> Typed {
        let (left, left_kind) = self.expression(left);
        let (right, right_kind) = self.expression(right);
        if !left_kind.fits(&right_kind) && !right_kind.fits(&left_kind) {
            let message = format!("{left_kind} never equals {right_kind}");
            let help = conversion(&left_kind, &right_kind);
            return self.at_token(node, message, help);
        }
        (Expression::Equal(Box::new([left, right])), Type::Bool)
    }

    fn comparison(
        &mut self,
        node: &IdedExpr,
        comparison: Comparison,
        left: &IdedExpr,
        right: &IdedExpr,
    ) -> Typed {
        let (left, left_kind) = self.expression(left);
        let (right, right_kind) = self.expression(right);
        let is_number = |kind: &Type| matches!(kind, Type::Int | Type::Uint | Type::Double);
        let (a, b) = (left_kind.unwrapped(), right_kind.unwrapped());
        let comparable =
            a.has_order() && b.has_order() && (a.fits(b) || is_number(a) && is_number(b));
        if !comparable {
            let message = format!("{left_kind} and {right_kind} have no order");
            let help = conversion(a, b);
            return self.at_token(node, message, help);
        }
        (
            Expression::Compare(comparison, Box::new([left, right])),
            Type::Bool,
        )
    }

    fn arithmetic(
        &mut self,
        node: &IdedExpr,
        operator: Arithmetic,
        left: &IdedExpr,
        right: &IdedExpr,
    ) -> Typed {
        let (left, left_kind) = self.expression(left);
        let (right, right_kind) = self.expression(right);
        let (a, b) = (left_kind.unwrapped(), right_kind.unwrapped());
        let Some(kind) = result(operator, a, b) else {
            let sign = sign(operator);
            let message = format!("`{sign}` does not work between {left_kind} and {right_kind}");
            return self.at_token(node, message, conversion(a, b));
        };
        (
            Expression::Arithmetic(operator, Box::new([left, right])),
            kind,
        )
    }
}
