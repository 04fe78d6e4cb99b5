//! The macros: `has`, and those that run over the elements of a list or the keys of a map.

use cel::common::ast::{CallExpr, Expr, IdedExpr};

use super::{Checker, Typed, unknown};
use crate::diagnostic::Diagnostic;
use crate::language::types::Type;
use crate::program::{Comprehension, Expression, Loop};

impl Checker<'_, '_> {
    /// The call of a macro; `None` if it is none.
    pub(super) fn macro_call(&mut self, node: &IdedExpr, call: &CallExpr) -> Option<Typed> {
        let name = call.func_name.as_str();
        if name == "has" && call.target.is_none() {
            return Some(self.has(node, call));
        }
        let kind = match name {
            "all" => Comprehension::All,
            "exists" => Comprehension::Exists,
            "exists_one" | "existsOne" => Comprehension::ExistsOne,
            "filter" => Comprehension::Filter,
            "map" => Comprehension::Map,
            _ => return None,
        };
        let target = call.target.as_ref()?;
        let (variable, filter, body) = match call.args.as_slice() {
            [variable, body] => (variable, None, body),
            [variable, filter, body] if kind == Comprehension::Map => {
                (variable, Some(filter), body)
            }
            _ => {
                let message = format!(
                    "`{name}` takes a name and an expression, as in `lines.{name}(x, ...)`"
                );
                let found = Diagnostic::error("WRONG_CALL", message).label("called otherwise");
                self.found.push((self.parsed.called(node, name), found));
                return Some(unknown());
            }
        };
        let (range, range_kind) = self.expression(target);
        let element = match &range_kind {
            Type::List(element) => (**element).clone(),
            Type::Map(key, _) => (**key).clone(),
            Type::Dyn | Type::Unknown => range_kind.clone(),
            other => {
                let message = format!("`{name}` runs over a list or a map, this is {other}");
                self.mismatch(target, message, "not a list or map");
                Type::Unknown
            }
        };
        let Expr::Ident(variable_name) = &variable.expr else {
            self.mismatch(
                variable,
                format!("`{name}` takes a name first"),
                "not a name",
            );
            return Some(unknown());
        };
        self.locals.push((variable_name.clone(), element.clone()));
        let filter = filter.map(|filter| {
            let (expression, kind) = self.expression(filter);
            self.expect_bool(filter, &kind, "the condition of `map` is a bool");
            expression
        });
        let (expression, body_kind) = self.expression(body);
        self.locals.pop();
        let result = match kind {
            Comprehension::Map => Type::List(Box::new(body_kind)),
            _ => {
                self.expect_bool(
                    body,
                    &body_kind,
                    &format!("the condition of `{name}` is a bool"),
                );
                match kind {
                    Comprehension::Filter => Type::List(Box::new(element)),
                    _ => Type::Bool,
                }
            }
        };
        let parts = Loop {
            kind,
            range,
            filter,
            body: expression,
        };
        Some((Expression::Comprehension(Box::new(parts)), result))
    }

    fn has(&mut self, node: &IdedExpr, call: &CallExpr) -> Typed {
        if let [argument] = call.args.as_slice()
            && let Expr::Select(select) = &argument.expr
        {
            let (operand, kind) = self.expression(&select.operand);
            return self.field(argument, operand, &kind, &select.field, true);
        }
        let message = "`has` takes a field, as in `has(input.address)`";
        let found = Diagnostic::error("WRONG_CALL", message).label("called otherwise");
        self.found.push((self.parsed.called(node, "has"), found));
        unknown()
    }
}
