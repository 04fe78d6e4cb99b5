//! The functions of expressions and which arguments they take.

use super::types::Type;
use crate::program::{Apply, Function};
use shape::Shape;
use table::TABLES;

mod shape;
mod table;

/// How a function may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// `f(x)`
    Global,
    /// `x.f()`
    Method,
    Either,
}

/// A function and what it takes.
struct Family {
    name: &'static str,
    call: Call,
    apply: Apply,
    /// What each argument may be. Of a method, the first is its target.
    arguments: &'static [&'static [Shape]],
    /// How many of the last arguments may be left out.
    optional: usize,
    /// Whether the last argument may be repeated.
    is_variadic: bool,
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

/// Whether there is a function of a name, such as `size` or `math.abs`.
pub(super) fn is_known(name: &str) -> bool {
    family(name).is_some()
}

fn family(name: &str) -> Option<&'static Family> {
    let mut families = TABLES.iter().flat_map(|table| table.iter());
    families.find(|family| family.name == name)
}

/// Finds the overload for a call. Of a method call, the first argument is the target.
pub(super) fn resolve(
    name: &str,
    is_method: bool,
    arguments: &[Type],
) -> Result<(Function, Type), Mismatch> {
    let family = family(name).ok_or(Mismatch::Unknown)?;
    match family.call {
        Call::Method if !is_method => return Err(Mismatch::Style(format!("x.{name}()"))),
        Call::Global if is_method => return Err(Mismatch::Style(format!("{name}(x)"))),
        Call::Global | Call::Method | Call::Either => {}
    }
    let most = family.arguments.len();
    let least = most - family.optional;
    let too_many = arguments.len() > most && !family.is_variadic;
    if arguments.len() < least || too_many {
        let nearest = if too_many { most } else { least };
        return Err(Mismatch::Count(nearest - usize::from(is_method)));
    }
    let mut bound = None;
    for (index, given) in arguments.iter().enumerate() {
        let mut taken = family.arguments[index.min(most - 1)];
        // `max(list)` looks into its argument only if there is no other.
        if let [single, Shape::List(_)] = taken
            && family.is_variadic
            && arguments.len() > 1
        {
            taken = std::slice::from_ref(single);
        }
        if !taken.iter().any(|shape| shape.takes(given, &mut bound)) {
            let expected = shape::alternatives(taken, &bound);
            return Err(Mismatch::Argument(index, expected));
        }
    }
    let function = Function {
        name: family.name,
        apply: family.apply,
    };
    Ok((function, family.result.as_result(&bound, arguments)))
}

/// The names of all functions, for proposals.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let macros = [
        "has",
        "all",
        "exists",
        "exists_one",
        "existsOne",
        "map",
        "filter",
        "transformList",
        "transformMap",
        "transformMapEntry",
        "sortBy",
        "optMap",
        "optFlatMap",
        "or",
        "orValue",
        "unpack",
        "is",
        "name",
        "cel.bind",
        "money.sum",
        "money.add",
        "money.subtract",
        "money.negate",
        "money.multiply",
        "money.round",
        "money.compare",
        "money.minorUnits",
        "money.fromMinorUnits",
        "money.text",
    ];
    let families = TABLES.iter().flat_map(|table| table.iter());
    families.map(|family| family.name).chain(macros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_documented() {
        let page = include_str!("../../../docs/expressions.md");
        let is_there = |name: &&str| {
            let last = name.rsplit('.').next().expect("it has a last part");
            page.contains(&format!("{name}(")) || page.contains(&format!("`{last}"))
        };
        let missing: Vec<_> = names().filter(|name| !is_there(name)).collect();
        assert_eq!(missing, Vec::<&str>::new());
    }

    #[test]
    fn overloads_are_found_by_the_types_of_the_arguments() {
        let check = |name, is_method, arguments: &[Type]| {
            let found = resolve(name, is_method, arguments);
            found.map(|(function, kind)| (function.name, kind))
        };
        let list = |kind| Type::List(Box::new(kind));
        let wrapper = Type::Wrapper(Box::new(Type::Int));
        assert_eq!(
            check("size", true, &[Type::String]),
            Ok(("size", Type::Int))
        );
        assert_eq!(check("size", false, &[Type::Dyn]), Ok(("size", Type::Int)));
        assert_eq!(check("int", false, &[wrapper]), Ok(("int", Type::Int)));
        assert_eq!(
            check("max", false, &[Type::Int, Type::Int]),
            Ok(("max", Type::Int))
        );
        assert_eq!(
            check("max", false, &[list(Type::Uint)]),
            Ok(("max", Type::Uint))
        );
        assert_eq!(
            check("first", true, &[list(Type::Bool)]),
            Ok(("first", Type::Optional(Box::new(Type::Bool))))
        );
        assert_eq!(check("sise", false, &[]), Err(Mismatch::Unknown));
        assert_eq!(check("size", false, &[]), Err(Mismatch::Count(1)));
        assert_eq!(
            check("indexOf", true, &vec![Type::String; 4]),
            Err(Mismatch::Count(2))
        );
        assert_eq!(
            check("contains", false, &[Type::String, Type::String]),
            Err(Mismatch::Style("x.contains()".to_owned()))
        );
        assert_eq!(
            check("bool", false, &[Type::Int]),
            Err(Mismatch::Argument(0, "a bool or a string".to_owned()))
        );
        assert_eq!(
            check("max", false, &[Type::Int, Type::String]),
            Err(Mismatch::Argument(1, "an int like the first".to_owned()))
        );
    }
}
