//! Functions: those of the tables, and those whose type the tables cannot say.

use cel::common::ast::{CallExpr, IdedExpr};

use super::fields::qualified_name;
use super::{Checker, Typed, unknown};
use crate::diagnostic::Diagnostic;
use crate::language::overloads::{self, Mismatch};
use crate::language::types::Type;
use crate::program::function::format::{Piece, pieces};
use crate::program::{Expression, Function, Moment, Text, Value, compile_pattern};

impl Checker<'_, '_> {
    pub(super) fn function(&mut self, node: &IdedExpr, call: &CallExpr) -> Typed {
        if let Some(typed) = self
            .namespaced(node, call)
            .or_else(|| self.of_type(node, call))
            .or_else(|| self.optional_call(node, call))
        {
            return typed;
        }
        let target = call.target.iter().map(|target| &**target);
        let nodes: Vec<_> = target.chain(&call.args).collect();
        self.overload(node, &call.func_name, call.target.is_some(), &nodes)
    }

    /// A function of a namespace, such as `math.abs(x)`. A variable of that name hides it, but for a
    /// step, whose response has no functions.
    fn namespaced(&mut self, node: &IdedExpr, call: &CallExpr) -> Option<Typed> {
        let space = qualified_name(call.target.as_deref()?)?;
        if self.is_local(&space) {
            return None;
        }
        let name = format!("{space}.{}", call.func_name);
        if name == "cel.bind" {
            return Some(self.bind(node, call));
        }
        if space == "money" {
            return self.money(node, call);
        }
        if overloads::is_known(&name) {
            let nodes: Vec<_> = call.args.iter().collect();
            return Some(self.overload(node, &name, false, &nodes));
        }
        const SPACES: [&str; 7] = [
            "cel", "math", "lists", "sets", "strings", "base64", "optional",
        ];
        if SPACES.contains(&space.as_str()) && !self.is_variable(&space) {
            return Some(self.unknown_function(node, &name, &call.func_name));
        }
        None
    }

    pub(super) fn unknown_function(&mut self, node: &IdedExpr, name: &str, last: &str) -> Typed {
        let message = format!("there is no function `{name}`");
        let found = Diagnostic::error("UNKNOWN_FUNCTION", message)
            .label("unknown function")
            .nearest(name, "a function", overloads::names());
        self.found.push((self.parsed.called(node, last), found));
        unknown()
    }

    /// A call that is not written as it must be.
    pub(super) fn wrong_call(&mut self, node: &IdedExpr, name: &str, message: String) -> Typed {
        let found = Diagnostic::error("WRONG_CALL", message).label("called otherwise");
        self.found.push((self.parsed.called(node, name), found));
        unknown()
    }

    /// A call of a function of the tables, with these arguments.
    fn overload(
        &mut self,
        node: &IdedExpr,
        name: &str,
        is_method: bool,
        nodes: &[&IdedExpr],
    ) -> Typed {
        let checked = nodes.iter().map(|argument| self.expression(argument));
        let (arguments, kinds): (Vec<_>, Vec<_>) = checked.unzip();
        match overloads::resolve(name, is_method, &kinds) {
            Ok((function, kind)) if function.name == "matches" => {
                (self.matches(nodes[1], function, arguments), kind)
            }
            Ok((function, kind)) => {
                if function.name == "format" {
                    self.check_format(nodes, &arguments);
                }
                self.applied(function, arguments, &kinds, kind)
            }
            Err(mismatch) => {
                let arguments: Vec<_> = nodes.iter().copied().zip(kinds).collect();
                self.no_overload(node, name, is_method, mismatch, &arguments)
            }
        }
    }

    /// A call whose type is what the table says, or can be said better.
    pub(super) fn applied(
        &self,
        function: Function,
        arguments: Vec<Expression>,
        kinds: &[Type],
        kind: Type,
    ) -> Typed {
        let kind = match function.name {
            "sum" if kinds != [Type::Never] => return sum(function, arguments, kind),
            "avg" => average(kinds),
            "flatten" => flattened(&arguments, kind),
            _ => kind,
        };
        (Expression::Call(function, arguments), kind)
    }

    fn no_overload(
        &mut self,
        node: &IdedExpr,
        name: &str,
        is_method: bool,
        mismatch: Mismatch,
        arguments: &[(&IdedExpr, Type)],
    ) -> Typed {
        let last = name.rsplit('.').next().unwrap_or(name);
        match mismatch {
            Mismatch::Unknown => self.unknown_function(node, name, last),
            Mismatch::Style(style) => {
                self.wrong_call(node, last, format!("`{name}` is called as `{style}`"))
            }
            Mismatch::Count(expected) => {
                let plural = if expected == 1 { "" } else { "s" };
                let given = arguments.len() - usize::from(is_method);
                let message =
                    format!("`{name}` takes {expected} argument{plural}, this is {given}");
                let found = Diagnostic::error("WRONG_CALL", message).label("another number");
                self.found.push((self.parsed.called(node, last), found));
                unknown()
            }
            Mismatch::Argument(index, expected) => {
                let (node, kind) = &arguments[index];
                let message = format!("`{name}` takes {expected}, this is {kind}");
                self.mismatch(node, message, "another type");
                unknown()
            }
        }
    }

    /// A pattern that is known is compiled now: it is checked, and need not be compiled again.
    fn matches(
        &mut self,
        node: &IdedExpr,
        function: Function,
        mut arguments: Vec<Expression>,
    ) -> Expression {
        let Some(Expression::Literal(Value::String(Text::Shared(known)))) = arguments.last() else {
            return Expression::Call(function, arguments);
        };
        match compile_pattern(known) {
            Ok(pattern) => {
                arguments.pop();
                let text = arguments.pop().expect("it takes two");
                Expression::Matches(Box::new(text), pattern)
            }
            Err(problem) => {
                let found =
                    Diagnostic::error("INVALID_PATTERN", problem.text).label("not a pattern");
                self.found.push((self.parsed.token(node), found));
                unknown().0
            }
        }
    }

    /// What can be said of a format that is known: that it is one, and takes as many values.
    fn check_format(&mut self, nodes: &[&IdedExpr], arguments: &[Expression]) {
        let [Expression::Literal(Value::String(format)), values] = arguments else {
            return;
        };
        let message = match (pieces(format.as_str()), values) {
            (Err(problem), _) => problem.text,
            (Ok(pieces), Expression::List(values)) => {
                let is_verb = |piece: &&Piece<'_>| matches!(piece, Piece::Verb(..));
                let taken = pieces.iter().filter(is_verb).count();
                let is_open = values
                    .iter()
                    .any(|value| matches!(value, Expression::IfPresent(_)));
                if is_open || taken == values.len() {
                    return;
                }
                format!(
                    "the format takes {taken} values, these are {}",
                    values.len()
                )
            }
            _ => return,
        };
        let found = Diagnostic::error("INVALID_FORMAT", message).label("not such a format");
        self.found.push((self.parsed.token(nodes[0]), found));
    }
}

/// `sum` is told what the sum of nothing is.
fn sum(function: Function, mut arguments: Vec<Expression>, kind: Type) -> Typed {
    let (zero, kind) = match kind {
        Type::Uint => (Value::Uint(0), kind),
        Type::Double => (Value::Double(0.0), kind),
        Type::Duration => {
            let (seconds, nanos) = (0, 0);
            (Value::Duration(Moment { seconds, nanos }), kind)
        }
        Type::Never => (Value::Int(0), Type::Int),
        _ => (Value::Int(0), kind),
    };
    arguments.push(Expression::Literal(zero));
    (Expression::Call(function, arguments), kind)
}

fn average(kinds: &[Type]) -> Type {
    let element = match kinds {
        [Type::List(element)] => element.unwrapped(),
        _ => &Type::Dyn,
    };
    match element {
        Type::Duration => Type::Duration,
        Type::Dyn => Type::Dyn,
        Type::Unknown => Type::Unknown,
        _ => Type::Double,
    }
}

/// The type of a list that was flattened as often as is said.
fn flattened(arguments: &[Expression], mut kind: Type) -> Type {
    let depth = match arguments {
        [_] => 1,
        [_, Expression::Literal(Value::Int(depth))] => *depth,
        _ => return Type::List(Box::new(Type::Dyn)),
    };
    for _ in 0..depth {
        match kind {
            Type::List(element) if matches!(*element, Type::List(_)) => kind = *element,
            other => return other,
        }
    }
    kind
}
