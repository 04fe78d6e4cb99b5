//! The functions of expressions and which arguments they take.

use super::types::Type;
use crate::program::Function;
use table::{FAMILIES, SCALARS};

mod table;

/// What an overload takes or gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Any,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    List,
    Map,
    Type,
}

/// How a function may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// `f(x)`
    Global,
    /// `x.f()`
    Method,
    Either,
}

struct Family {
    name: &'static str,
    call: Call,
    function: Function,
    /// Of a method, the first is its target.
    arguments: &'static [&'static [Shape]],
    result: Shape,
}

/// What is wrong with a call.
#[derive(Debug, PartialEq)]
pub(super) enum Mismatch {
    /// There is no function of that name.
    Unknown,
    /// `x.f()` where `f(x)` is meant, or the other way round.
    Style(String),
    /// So many arguments, which is not how many it takes.
    Count(usize),
    /// The argument at this index is not among what is taken.
    Argument(usize, String),
}

/// Finds the overload for a call. Of a method call, the first argument is the target.
pub(super) fn resolve(
    name: &str,
    is_method: bool,
    arguments: &[Type],
) -> Result<(Function, Type), Mismatch> {
    if !is_method && (name == "min" || name == "max") {
        return extreme(name, arguments);
    }
    let family = FAMILIES.iter().find(|family| family.name == name);
    let family = family.ok_or(Mismatch::Unknown)?;
    match family.call {
        Call::Method if !is_method => return Err(Mismatch::Style(format!("x.{name}()"))),
        Call::Global if is_method => return Err(Mismatch::Style(format!("{name}(x)"))),
        Call::Global | Call::Method | Call::Either => {}
    }
    if arguments.len() != family.arguments.len() {
        let own = usize::from(is_method);
        return Err(Mismatch::Count(family.arguments.len() - own));
    }
    for (index, (given, taken)) in arguments.iter().zip(family.arguments).enumerate() {
        if !taken.iter().any(|shape| shape.takes(given)) {
            return Err(Mismatch::Argument(index, alternatives(taken)));
        }
    }
    let result = match family.function {
        Function::Dyn => Type::Dyn,
        _ => family.result.as_type(),
    };
    Ok((family.function, result))
}

/// `min` and `max` take values of one type, or one list of them.
fn extreme(name: &str, arguments: &[Type]) -> Result<(Function, Type), Mismatch> {
    let function = if name == "min" {
        Function::Min
    } else {
        Function::Max
    };
    let (first, others) = arguments.split_first().ok_or(Mismatch::Count(1))?;
    if let (Type::List(element), []) = (first, others) {
        return Ok((function, (**element).clone()));
    }
    if !first.is_open() && !SCALARS.iter().any(|shape| shape.takes(first)) {
        let taken = "numbers, strings, timestamps, durations or one list".to_owned();
        return Err(Mismatch::Argument(0, taken));
    }
    let mut result = first.unwrapped().clone();
    for (index, other) in others.iter().enumerate() {
        if !other.fits(&result) {
            return Err(Mismatch::Argument(
                index + 1,
                format!("{result} like the first"),
            ));
        }
        result = result.join(other.unwrapped().clone());
    }
    Ok((function, result))
}

/// The names of all functions, for proposals.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let macros = [
        "has",
        "all",
        "exists",
        "exists_one",
        "map",
        "filter",
        "min",
        "max",
    ];
    FAMILIES.iter().map(|family| family.name).chain(macros)
}

impl Shape {
    fn takes(self, given: &Type) -> bool {
        match given {
            given if given.is_open() => true,
            Type::List(_) => matches!(self, Self::List | Self::Any),
            Type::Map(..) => matches!(self, Self::Map | Self::Any),
            given => self == Self::Any || self.as_type() == *given.unwrapped(),
        }
    }

    fn as_type(self) -> Type {
        match self {
            Self::Any => Type::Dyn,
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Uint => Type::Uint,
            Self::Double => Type::Double,
            Self::String => Type::String,
            Self::Bytes => Type::Bytes,
            Self::Timestamp => Type::Timestamp,
            Self::Duration => Type::Duration,
            Self::List => Type::List(Box::new(Type::Dyn)),
            Self::Map => Type::Map(Box::new(Type::Dyn), Box::new(Type::Dyn)),
            Self::Type => Type::Kind,
        }
    }
}

fn alternatives(taken: &[Shape]) -> String {
    let names: Vec<_> = taken
        .iter()
        .map(|shape| shape.as_type().to_string())
        .collect();
    match names.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overloads_are_found_by_the_types_of_the_arguments() {
        let ok = |function, result| Ok((function, result));
        assert_eq!(
            resolve("size", true, &[Type::String]),
            ok(Function::Size, Type::Int)
        );
        assert_eq!(
            resolve("size", false, &[Type::Dyn]),
            ok(Function::Size, Type::Int)
        );
        let wrapper = Type::Wrapper(Box::new(Type::Int));
        assert_eq!(
            resolve("int", false, &[wrapper]),
            ok(Function::Int, Type::Int)
        );
        assert_eq!(
            resolve("max", false, &[Type::Int, Type::Int]),
            ok(Function::Max, Type::Int)
        );
        assert_eq!(resolve("sise", false, &[]), Err(Mismatch::Unknown));
        assert_eq!(resolve("size", false, &[]), Err(Mismatch::Count(1)));
        assert_eq!(
            resolve("contains", false, &[Type::String, Type::String]),
            Err(Mismatch::Style("x.contains()".to_owned()))
        );
        assert_eq!(
            resolve("bool", false, &[Type::Int]),
            Err(Mismatch::Argument(0, "a bool or a string".to_owned()))
        );
    }
}
