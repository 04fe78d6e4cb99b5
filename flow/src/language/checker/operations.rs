//! Which operators there are, and what type they give for which operands.

use cel::common::ast::operators;

use crate::language::types::Type;
use crate::program::{Arithmetic, Comparison};

pub(super) fn arithmetic(name: &str) -> Option<Arithmetic> {
    Some(match name {
        operators::ADD => Arithmetic::Add,
        operators::SUBSTRACT => Arithmetic::Subtract,
        operators::MULTIPLY => Arithmetic::Multiply,
        operators::DIVIDE => Arithmetic::Divide,
        operators::MODULO => Arithmetic::Remainder,
        _ => return None,
    })
}

pub(super) fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        operators::LESS => Comparison::Less,
        operators::LESS_EQUALS => Comparison::LessOrEqual,
        operators::GREATER => Comparison::Greater,
        operators::GREATER_EQUALS => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

pub(super) fn sign(operator: Arithmetic) -> &'static str {
    match operator {
        Arithmetic::Add => "+",
        Arithmetic::Subtract => "-",
        Arithmetic::Multiply => "*",
        Arithmetic::Divide => "/",
        Arithmetic::Remainder => "%",
    }
}

/// The type of `left operator right`, if there is one.
pub(super) fn result(operator: Arithmetic, left: &Type, right: &Type) -> Option<Type> {
    use Arithmetic::{Add, Remainder, Subtract};
    Some(match (operator, left, right) {
        (_, Type::Unknown, _) | (_, _, Type::Unknown) => Type::Unknown,
        (_, Type::Dyn, _) | (_, _, Type::Dyn) => Type::Dyn,
        (_, Type::Never, _) | (_, _, Type::Never) => Type::Never,
        (_, Type::Int, Type::Int) => Type::Int,
        (_, Type::Uint, Type::Uint) => Type::Uint,
        (operator, Type::Double, Type::Double) if operator != Remainder => Type::Double,
        (Add, Type::String, Type::String) => Type::String,
        (Add, Type::Bytes, Type::Bytes) => Type::Bytes,
        (Add, Type::List(left), Type::List(right)) if left.fits(right) || right.fits(left) => {
            Type::List(Box::new((**left).clone().join((**right).clone())))
        }
        (Add, Type::Timestamp, Type::Duration)
        | (Add, Type::Duration, Type::Timestamp)
        | (Subtract, Type::Timestamp, Type::Duration) => Type::Timestamp,
        (Add | Subtract, Type::Duration, Type::Duration)
        | (Subtract, Type::Timestamp, Type::Timestamp) => Type::Duration,
        _ => return None,
    })
}

/// How two different types can be made one.
pub(super) fn conversion(left: &Type, right: &Type) -> &'static str {
    match (left.unwrapped(), right.unwrapped()) {
        (Type::Double, Type::Int | Type::Uint) | (Type::Int | Type::Uint, Type::Double) => {
            "convert one side: `double(...)` or `int(...)`; 1 is an int, 1.0 a double"
        }
        (Type::Int, Type::Uint) | (Type::Uint, Type::Int) => {
            "convert one side: `int(...)` or `uint(...)`; 1 is an int, 1u a uint"
        }
        (Type::String, Type::Int | Type::Uint | Type::Double | Type::Bool)
        | (Type::Int | Type::Uint | Type::Double | Type::Bool, Type::String) => {
            "convert one side: `string(...)`"
        }
        (Type::String, Type::Timestamp) | (Type::Timestamp, Type::String) => {
            "convert one side: `timestamp(...)`"
        }
        (Type::String, Type::Duration) | (Type::Duration, Type::String) => {
            "convert one side: `duration(...)`"
        }
        _ => "",
    }
}
