//! What an overload takes and gives: types with places for others in them.

use crate::language::types::Type;

/// What an overload takes or gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Any,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    Map,
    Type,
    List(&'static Shape),
    Optional(&'static Shape),
    /// One and the same type wherever it stands, of those that are listed; of any if none is.
    Same(&'static [Shape]),
    /// As a result: the type of the first argument.
    First,
    /// As a result: known only when evaluated.
    Dyn,
}

/// The type for which `Same` stands in a call, as soon as one is known.
type Bound = Option<Type>;

impl Shape {
    /// Whether an argument of a type is taken.
    pub(super) fn takes(self, given: &Type, bound: &mut Bound) -> bool {
        match (self, given) {
            (Self::Same(allowed), given) => same(allowed, given, bound),
            (Self::List(element), Type::List(given)) => element.takes(given, bound),
            (Self::Optional(element), Type::Optional(given)) => element.takes(given, bound),
            (Self::List(element) | Self::Optional(element), given) if given.is_open() => {
                element.takes(given, bound)
            }
            (Self::List(_) | Self::Optional(_), Type::Wrapper(_)) => false,
            (_, given) if given.is_open() => true,
            (Self::Any, _) => true,
            (Self::Map, Type::Map(..)) => true,
            (shape, given) => shape
                .as_scalar()
                .is_some_and(|kind| kind == *given.unwrapped()),
        }
    }

    fn as_scalar(self) -> Option<Type> {
        Some(match self {
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Uint => Type::Uint,
            Self::Double => Type::Double,
            Self::String => Type::String,
            Self::Bytes => Type::Bytes,
            Self::Timestamp => Type::Timestamp,
            Self::Duration => Type::Duration,
            Self::Type => Type::Kind,
            Self::Any
            | Self::Map
            | Self::List(_)
            | Self::Optional(_)
            | Self::Same(_)
            | Self::First
            | Self::Dyn => return None,
        })
    }

    /// The type of the result of a call.
    pub(super) fn as_result(self, bound: &Bound, arguments: &[Type]) -> Type {
        match self {
            Self::List(element) => Type::List(Box::new(element.as_result(bound, arguments))),
            Self::Optional(element) => {
                Type::Optional(Box::new(element.as_result(bound, arguments)))
            }
            Self::Same(_) => bound.clone().unwrap_or(Type::Never),
            Self::First => {
                let first = arguments.first().map(Type::unwrapped);
                first.cloned().unwrap_or(Type::Dyn)
            }
            Self::Any | Self::Map | Self::Dyn => Type::Dyn,
            scalar => scalar.as_scalar().expect("all others are named above"),
        }
    }

    fn describe(self, bound: &Bound) -> String {
        match (self, bound) {
            (Self::Same(_), Some(bound)) if bound.is_open() => "anything".to_owned(),
            (Self::Same(_), Some(bound)) => format!("{bound} like the first"),
            // All that has an order would be a long list.
            (Self::Same(allowed), None) if allowed.len() > 4 => "a value with an order".to_owned(),
            (Self::Same(allowed), None) if !allowed.is_empty() => alternatives(allowed, bound),
            (Self::List(Self::Any | Self::Same([])), None) => "a list".to_owned(),
            (Self::List(element), bound) => {
                format!("a list, each element {}", element.describe(bound))
            }
            (Self::Optional(_), _) => "an optional".to_owned(),
            (Self::Map, _) => "a map".to_owned(),
            (shape, _) => shape
                .as_scalar()
                .map_or_else(|| "anything".to_owned(), |kind| kind.to_string()),
        }
    }
}

fn same(allowed: &[Shape], given: &Type, bound: &mut Bound) -> bool {
    let kind = if allowed.is_empty() || given.is_open() {
        given.clone()
    } else {
        let is_allowed = allowed.iter().any(|shape| shape.takes(given, &mut None));
        if !is_allowed {
            return false;
        }
        given.unwrapped().clone()
    };
    match bound.take() {
        None => *bound = Some(kind),
        Some(before) => {
            let fits = kind.fits(&before) || before.fits(&kind);
            *bound = Some(if fits { before.join(kind) } else { before });
            return fits;
        }
    }
    true
}

/// What is taken, in words.
pub(super) fn alternatives(taken: &[Shape], bound: &Bound) -> String {
    let names: Vec<_> = taken.iter().map(|shape| shape.describe(bound)).collect();
    match names.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}
