//! What names a type: type values, enums made of numbers and names, messages in an `Any`.

use cel::common::ast::{CallExpr, IdedExpr};
use prost_reflect::MessageDescriptor;

use super::fields::qualified_name;
use super::{Checker, Typed, unknown};
use crate::language::assign;
use crate::language::types::Type;
use crate::program::{Expression, Value, is_any};

impl Checker<'_, '_> {
    /// `package.Message` as a type, for comparing with `type(x)`.
    pub(super) fn type_value(&mut self, node: &IdedExpr) -> Option<Typed> {
        let descriptor = self.named_type(node)?;
        let name = descriptor.full_name().to_owned();
        Some((Expression::Literal(Value::Type(name.into())), Type::Kind))
    }

    /// The message type that is named, unless the name is one of ours.
    pub(super) fn named_type(&self, node: &IdedExpr) -> Option<MessageDescriptor> {
        let name = qualified_name(node)?;
        let root = name.split('.').next()?;
        if self.is_variable(root) {
            return None;
        }
        self.environment.pool.get_message_by_name(&name)
    }

    /// Calls in which a type is named, or that depend on one: `package.Enum(x)`, `x.name()`,
    /// `x.unpack(package.Message)`, `x.is(package.Message)`.
    pub(super) fn of_type(&mut self, node: &IdedExpr, call: &CallExpr) -> Option<Typed> {
        if let Some(typed) = self.enum_of(node, call) {
            return Some(typed);
        }
        let target = call.target.as_deref()?;
        match (call.func_name.as_str(), call.args.as_slice()) {
            ("name", []) => Some(self.enum_name(target)),
            ("unpack" | "is", arguments) => Some(self.unpack(node, call, target, arguments)),
            _ => None,
        }
    }

    /// `package.Enum(1)`, `package.Enum('NAME')`
    fn enum_of(&mut self, node: &IdedExpr, call: &CallExpr) -> Option<Typed> {
        let name = match &call.target {
            Some(target) => format!("{}.{}", qualified_name(target)?, call.func_name),
            None => call.func_name.clone(),
        };
        if self.is_variable(name.split('.').next()?) {
            return None;
        }
        let descriptor = self.environment.pool.get_enum_by_name(&name)?;
        let [argument] = call.args.as_slice() else {
            let message = format!("`{name}` takes a number or a name");
            return Some(self.wrong_call(node, &call.func_name, message));
        };
        let (operand, kind) = self.expression(argument);
        if let Expression::Literal(Value::String(text)) = &operand
            && descriptor.get_value_by_name(text.as_str()).is_none()
        {
            let found = assign::no_such_value(&descriptor, text.as_str());
            self.found.push((self.parsed.token(argument), found));
            return Some(unknown());
        }
        if !kind.unwrapped().fits(&Type::Int) && !kind.fits(&Type::String) {
            let message = format!("`{name}` takes an int or a string, this is {kind}");
            self.mismatch(argument, message, "another type");
            return Some(unknown());
        }
        let made = Expression::EnumOf(Box::new(operand), descriptor.clone());
        Some((made, Type::Enum(descriptor)))
    }

    /// `x.name()`
    fn enum_name(&mut self, target: &IdedExpr) -> Typed {
        let (operand, kind) = self.expression(target);
        match kind.non_null() {
            Type::Enum(descriptor) => {
                let name = Expression::EnumName(Box::new(operand), descriptor.clone());
                (name, Type::String)
            }
            Type::Unknown => unknown(),
            Type::Never => (operand, Type::Never),
            other => {
                let message = format!("`name` takes a value of an enum, this is {other}");
                self.mismatch(target, message, "make it one: `package.Enum(x)`");
                unknown()
            }
        }
    }

    fn unpack(
        &mut self,
        node: &IdedExpr,
        call: &CallExpr,
        target: &IdedExpr,
        arguments: &[IdedExpr],
    ) -> Typed {
        let name = call.func_name.as_str();
        let [argument] = arguments else {
            let message = format!("`{name}` takes a type: `x.{name}(package.Message)`");
            return self.wrong_call(node, name, message);
        };
        let (operand, kind) = self.expression(target);
        match kind.non_null() {
            Type::Message(descriptor) if is_any(descriptor) => {}
            open if open.is_open() => {}
            other => {
                let message = format!("`{name}` takes a google.protobuf.Any, this is {other}");
                self.mismatch(target, message, "another type");
                return unknown();
            }
        }
        let Some(descriptor) = self.named_type(argument) else {
            match qualified_name(argument) {
                Some(missing) => {
                    let range = self.parsed.extent(argument);
                    self.unknown_message(range, &missing);
                }
                None => {
                    let message = format!("`{name}` takes a type: `x.{name}(package.Message)`");
                    self.mismatch(argument, message, "not a type");
                }
            }
            return unknown();
        };
        let operand = Box::new(operand);
        if name == "is" {
            return (Expression::IsPacked(operand, descriptor), Type::Bool);
        }
        let kind = Type::of_message(&descriptor);
        (Expression::Unpack(operand, descriptor), kind)
    }
}
