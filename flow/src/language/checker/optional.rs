//! What may be missing, and names for values: `x.?field`, `x.or(y)`, `x.optMap(v, ...)`, `cel.bind`.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};

use super::{Access, Checker, Typed, unknown};
use crate::language::types::Type;
use crate::program::Expression;

impl Checker<'_, '_> {
    /// `x.?field`
    pub(super) fn optional_select(
        &mut self,
        node: &IdedExpr,
        operand: &IdedExpr,
        name: &IdedExpr,
    ) -> Typed {
        let Expr::Literal(LiteralValue::String(name)) = &name.expr else {
            return self.unsupported(node);
        };
        let (operand, kind) = self.expression(operand);
        self.field(node, operand, &kind, name.inner(), Access::Optional)
    }

    /// Functions of optionals that need their arguments only at times.
    pub(super) fn optional_call(&mut self, node: &IdedExpr, call: &CallExpr) -> Option<Typed> {
        let target = call.target.as_deref()?;
        let name = call.func_name.as_str();
        match (name, call.args.as_slice()) {
            ("or" | "orValue", [other]) => Some(self.or(name, target, other)),
            ("optMap" | "optFlatMap", [variable, body]) => {
                Some(self.optional_map(name, target, variable, body))
            }
            ("or" | "orValue", _) => {
                let message = format!("`{name}` takes 1 argument, as in `x.{name}(y)`");
                Some(self.wrong_call(node, name, message))
            }
            ("optMap" | "optFlatMap", _) => {
                let message =
                    format!("`{name}` takes a name and an expression, as in `x.{name}(v, ...)`");
                Some(self.wrong_call(node, name, message))
            }
            _ => None,
        }
    }

    /// The type of what an optional holds.
    fn held(&mut self, node: &IdedExpr, name: &str, kind: &Type) -> Option<Type> {
        match kind {
            Type::Optional(inner) => Some((**inner).clone()),
            kind if kind.is_open() => Some(kind.clone()),
            other => {
                let message = format!("`{name}` takes an optional, this is {other}");
                self.mismatch(node, message, "ask for it by `.?field` or `[?index]`");
                None
            }
        }
    }

    fn or(&mut self, name: &str, target: &IdedExpr, other: &IdedExpr) -> Typed {
        let (value, kind) = self.expression(target);
        let (otherwise, other_kind) = self.expression(other);
        let is_value = name == "orValue";
        let Some(held) = self.held(target, name, &kind) else {
            return unknown();
        };
        let expected = if is_value {
            held
        } else {
            Type::Optional(Box::new(held))
        };
        if !other_kind.fits(&expected) && !expected.fits(&other_kind) {
            let message = format!("`{name}` takes {expected} as well, this is {other_kind}");
            self.mismatch(other, message, "another type");
            return unknown();
        }
        let parts = Box::new([value, otherwise]);
        let kind = expected.join(other_kind);
        (Expression::OptionalOr { parts, is_value }, kind)
    }

    fn optional_map(
        &mut self,
        name: &str,
        target: &IdedExpr,
        variable: &IdedExpr,
        body: &IdedExpr,
    ) -> Typed {
        let (value, kind) = self.expression(target);
        let Some(held) = self.held(target, name, &kind) else {
            return unknown();
        };
        let Some((made, made_kind)) = self.with_local(name, variable, held, body) else {
            return unknown();
        };
        let is_flat = name == "optFlatMap";
        let kind = match made_kind {
            Type::Optional(_) if is_flat => made_kind,
            Type::Unknown => Type::Unknown,
            // Where there is nothing to compute it from, there is an optional all the same.
            kind if is_flat && kind.is_open() => Type::Optional(Box::new(kind)),
            other if is_flat => {
                let message = format!("`{name}` makes an optional, this is {other}");
                self.mismatch(body, message, "not an optional");
                return unknown();
            }
            kind => Type::Optional(Box::new(kind)),
        };
        let parts = Box::new([value, made]);
        (Expression::OptionalMap { parts, is_flat }, kind)
    }

    /// `cel.bind(name, value, expression)`
    pub(super) fn bind(&mut self, node: &IdedExpr, call: &CallExpr) -> Typed {
        let [variable, value, body] = call.args.as_slice() else {
            let message = "`cel.bind` takes a name, a value and an expression".to_owned();
            return self.wrong_call(node, "bind", message);
        };
        let (value, kind) = self.expression(value);
        match self.with_local("cel.bind", variable, kind, body) {
            Some((body, kind)) => (Expression::Bind(Box::new([value, body])), kind),
            None => unknown(),
        }
    }

    /// Checks an expression with one more variable; `None` if its name is none.
    fn with_local(
        &mut self,
        name: &str,
        variable: &IdedExpr,
        kind: Type,
        body: &IdedExpr,
    ) -> Option<Typed> {
        let variable = self.variable_name(name, variable)?;
        self.locals.push((variable, kind));
        let typed = self.expression(body);
        self.locals.pop();
        Some(typed)
    }

    /// The name of a variable that a macro introduces.
    pub(super) fn variable_name(&mut self, name: &str, node: &IdedExpr) -> Option<String> {
        if let Expr::Ident(variable) = &node.expr {
            return Some(variable.clone());
        }
        self.mismatch(node, format!("`{name}` takes a name here"), "not a name");
        None
    }
}
