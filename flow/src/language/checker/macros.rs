//! The macros: `has`, and those that run over the elements of a list or the entries of a map.

use cel::common::ast::{CallExpr, Expr, IdedExpr};

use super::{Access, Checker, Typed, unknown};
use crate::language::overloads;
use crate::language::types::Type;
use crate::program::{Comprehension, Expression, Loop};

/// A macro as it is called.
struct Form<'n> {
    kind: Comprehension,
    variables: Vec<&'n IdedExpr>,
    filter: Option<&'n IdedExpr>,
    body: &'n IdedExpr,
}

impl Checker<'_, '_> {
    /// The call of a macro; `None` if it is none.
    pub(super) fn macro_call(&mut self, node: &IdedExpr, call: &CallExpr) -> Option<Typed> {
        let name = call.func_name.as_str();
        if name == "has" && call.target.is_none() {
            return Some(self.has(node, call));
        }
        let target = call.target.as_deref()?;
        if let ("sum" | "avg" | "min" | "max", [_, body]) = (name, call.args.as_slice()) {
            return self.aggregate(call, target, body);
        }
        let kind = kind_of(name)?;
        let Some(form) = form(kind, name, &call.args) else {
            let message = match name {
                "transformList" | "transformMap" | "transformMapEntry" => format!(
                    "`{name}` takes two names and an expression, as in `map.{name}(k, v, ...)`"
                ),
                _ => {
                    format!("`{name}` takes a name and an expression, as in `lines.{name}(x, ...)`")
                }
            };
            return Some(self.wrong_call(node, name, message));
        };
        Some(self.comprehension(name, target, &form))
    }

    fn comprehension(&mut self, name: &str, target: &IdedExpr, form: &Form<'_>) -> Typed {
        let (range, range_kind) = self.expression(target);
        let (key, element) = match &range_kind {
            Type::List(element) => (Type::Int, (**element).clone()),
            Type::Map(key, value) => ((**key).clone(), (**value).clone()),
            open if open.is_open() => (open.clone(), open.clone()),
            other => {
                let message = format!("`{name}` runs over a list or a map, this is {other}");
                self.mismatch(target, message, "not a list or map");
                (Type::Unknown, Type::Unknown)
            }
        };
        let is_double = form.variables.len() == 2;
        let depth = self.locals.len();
        let kinds = match &range_kind {
            _ if is_double => vec![key.clone(), element.clone()],
            Type::Map(..) => vec![key.clone()],
            _ => vec![element.clone()],
        };
        for (variable, kind) in form.variables.iter().zip(&kinds) {
            let Some(variable) = self.variable_name(name, variable) else {
                self.locals.truncate(depth);
                return unknown();
            };
            self.locals.push((variable, kind.clone()));
        }
        let filter = form.filter.map(|filter| {
            let (expression, kind) = self.expression(filter);
            self.expect_bool(
                filter,
                &kind,
                &format!("the condition of `{name}` is a bool"),
            );
            expression
        });
        let (body, body_kind) = self.expression(form.body);
        self.locals.truncate(depth);
        let single = kinds.into_iter().next_back().expect("there is a variable");
        let result = self.result_of(name, form, body_kind, key, single);
        let parts = Loop {
            kind: form.kind,
            is_double,
            range,
            filter,
            body,
        };
        (Expression::Comprehension(Box::new(parts)), result)
    }

    /// The type of what a macro makes, from those of its body, its keys and its elements.
    fn result_of(
        &mut self,
        name: &str,
        form: &Form<'_>,
        body: Type,
        key: Type,
        element: Type,
    ) -> Type {
        let list = |kind| Type::List(Box::new(kind));
        match form.kind {
            Comprehension::Map => list(body),
            Comprehension::MapValues => Type::Map(Box::new(key), Box::new(body)),
            Comprehension::MapEntries => match body {
                Type::Map(..) => body,
                open if open.is_open() => Type::Map(Box::new(Type::Dyn), Box::new(Type::Dyn)),
                other => {
                    let message = format!("`{name}` makes maps, this is {other}");
                    self.mismatch(form.body, message, "not a map");
                    Type::Unknown
                }
            },
            Comprehension::SortBy => {
                if !body.has_order() {
                    let message = format!("`{name}` sorts by what has an order, this is {body}");
                    self.mismatch(form.body, message, "no order");
                }
                list(element)
            }
            Comprehension::All
            | Comprehension::Exists
            | Comprehension::ExistsOne
            | Comprehension::Filter => {
                let expected = format!("the condition of `{name}` is a bool");
                self.expect_bool(form.body, &body, &expected);
                if form.kind == Comprehension::Filter {
                    list(element)
                } else {
                    Type::Bool
                }
            }
        }
    }

    /// `lines.sum(line, line.price)`: of what is computed from each element.
    fn aggregate(&mut self, call: &CallExpr, target: &IdedExpr, body: &IdedExpr) -> Option<Typed> {
        let name = call.func_name.as_str();
        let form = form(Comprehension::Map, name, &call.args)?;
        let (values, kind) = self.comprehension(name, target, &form);
        Some(
            match overloads::resolve(name, true, std::slice::from_ref(&kind)) {
                Ok((function, result)) => self.applied(function, vec![values], &[kind], result),
                Err(_) => {
                    let of = match kind {
                        Type::List(element) => *element,
                        other => other,
                    };
                    let message = match name {
                        "min" | "max" => format!("`{name}` takes what has an order, this is {of}"),
                        _ => format!("`{name}` takes numbers or durations, this is {of}"),
                    };
                    self.mismatch(body, message, "another type");
                    unknown()
                }
            },
        )
    }

    fn has(&mut self, node: &IdedExpr, call: &CallExpr) -> Typed {
        if let [argument] = call.args.as_slice()
            && let Expr::Select(select) = &argument.expr
        {
            let (operand, kind) = self.expression(&select.operand);
            return self.field(argument, operand, &kind, &select.field, Access::Test);
        }
        let message = "`has` takes a field, as in `has(input.address)`".to_owned();
        self.wrong_call(node, "has", message)
    }
}

fn kind_of(name: &str) -> Option<Comprehension> {
    Some(match name {
        "all" => Comprehension::All,
        "exists" => Comprehension::Exists,
        "exists_one" | "existsOne" => Comprehension::ExistsOne,
        "filter" => Comprehension::Filter,
        "map" | "transformList" => Comprehension::Map,
        "transformMap" => Comprehension::MapValues,
        "transformMapEntry" => Comprehension::MapEntries,
        "sortBy" => Comprehension::SortBy,
        _ => return None,
    })
}

/// How a macro is called; `None` if not as it must be.
fn form<'n>(kind: Comprehension, name: &str, arguments: &'n [IdedExpr]) -> Option<Form<'n>> {
    let (variables, filter, body) = match (name, arguments) {
        ("transformList" | "transformMap" | "transformMapEntry", [key, value, rest @ ..]) => {
            match rest {
                [body] => (vec![key, value], None, body),
                [filter, body] => (vec![key, value], Some(filter), body),
                _ => return None,
            }
        }
        ("transformList" | "transformMap" | "transformMapEntry", _) => return None,
        (_, [variable, body]) => (vec![variable], None, body),
        ("map", [variable, filter, body]) => (vec![variable], Some(filter), body),
        ("all" | "exists" | "exists_one" | "existsOne", [key, value, body]) => {
            (vec![key, value], None, body)
        }
        _ => return None,
    };
    Some(Form {
        kind,
        variables,
        filter,
        body,
    })
}
