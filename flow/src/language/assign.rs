//! Whether the value of an expression may be assigned to a field, and what to do if it may not.

use prost_reflect::{EnumDescriptor, EnumValueDescriptor, FieldDescriptor, Kind, OneofDescriptor};

use super::checker::describe_field;
use super::decode::quoted_list;
use super::types::Type;
use crate::diagnostic::Diagnostic;
use crate::program::{Expression, Text, Value, wrapped};

/// Checks that an expression of a type may be assigned to a field.
pub(super) fn check(
    expression: &Expression,
    kind: &Type,
    field: &FieldDescriptor,
) -> Result<(), Box<Diagnostic>> {
    if !field.is_list() && !field.is_map() {
        return check_single(expression, kind, field);
    }
    let fits = match (kind, field.kind()) {
        (kind, _) if kind.is_open() => true,
        (Type::List(element), _) if field.is_list() => is_element(element, &field.kind()),
        (Type::Map(key, value), Kind::Message(entry)) if field.is_map() => {
            let (key_field, value_field) =
                (entry.map_entry_key_field(), entry.map_entry_value_field());
            key.fits(&Type::of_kind(&key_field.kind())) && is_element(value, &value_field.kind())
        }
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(Box::new(mismatch(kind, field)))
    }
}

/// Checks that an expression may be one value of a field.
pub(super) fn check_single(
    expression: &Expression,
    kind: &Type,
    field: &FieldDescriptor,
) -> Result<(), Box<Diagnostic>> {
    if let (Kind::Enum(descriptor), Type::String) = (field.kind(), kind) {
        let Expression::Literal(Value::String(name)) = expression else {
            let found = mismatch(kind, field);
            let name = descriptor.full_name();
            let help = format!(
                "a value of an enum is named by a text, as in \"'NAME'\", is an int, or made of \
                 either: `{name}(...)`"
            );
            return Err(Box::new(found.help(help)));
        };
        let name = name.as_str();
        if descriptor.get_value_by_name(name).is_some() {
            return Ok(());
        }
        return Err(Box::new(no_such_value(&descriptor, name)));
    }
    if fits(kind, &field.kind()) {
        Ok(())
    } else {
        Err(Box::new(mismatch(kind, field)))
    }
}

/// Whether values of a type can be elements of a list, or values of a map: as single ones, but for
/// null, which has no place there.
fn is_element(kind: &Type, target: &Kind) -> bool {
    let takes_null = matches!(target, Kind::Message(descriptor)
        if descriptor.full_name() == "google.protobuf.Value" || wrapped(descriptor).is_some());
    fits(kind, target) && (*kind != Type::Null || takes_null)
}

/// Whether a value of a type can be a single one of a kind of field.
fn fits(kind: &Type, target: &Kind) -> bool {
    if kind.is_open() {
        return true;
    }
    let Kind::Message(descriptor) = target else {
        return kind.fits(&Type::of_kind(target));
    };
    match descriptor.full_name() {
        "google.protobuf.Value" => is_json(kind),
        "google.protobuf.Struct" => {
            matches!(kind, Type::Map(key, value) if Type::String.fits(key) && is_json(value))
                || *kind == Type::Null
        }
        "google.protobuf.ListValue" => {
            matches!(kind, Type::List(element) if is_json(element)) || *kind == Type::Null
        }
        // Any other message is packed.
        "google.protobuf.Any" => matches!(kind.non_null(), Type::Message(_) | Type::Null),
        _ => kind.fits(&Type::of_message(descriptor)),
    }
}

/// Checks that an expression may stand within JSON.
pub(super) fn check_json(kind: &Type) -> Result<(), Box<Diagnostic>> {
    if is_json(kind) {
        return Ok(());
    }
    let message = format!("{kind} has no place in JSON");
    Err(Box::new(
        Diagnostic::error("TYPE_MISMATCH", message).label("another type"),
    ))
}

/// An expression with the name of an enum's value replaced by its number, where that is the target.
pub(super) fn adapted(expression: Expression, field: &FieldDescriptor) -> Expression {
    if let (Kind::Enum(descriptor), Expression::Literal(Value::String(Text::Shared(name)))) =
        (field.kind(), &expression)
        && let Some(value) = descriptor.get_value_by_name(name)
    {
        return Expression::Literal(Value::Int(i64::from(value.number())));
    }
    expression
}

/// The diagnostic of a value that an enum does not have.
pub(super) fn no_such_value(descriptor: &EnumDescriptor, name: &str) -> Diagnostic {
    let values: Vec<_> = descriptor.values().collect();
    let names: Vec<_> = values.iter().map(EnumValueDescriptor::name).collect();
    let message = format!("`{}` has no value `{name}`", descriptor.full_name());
    let mut found = Diagnostic::error("UNKNOWN_ENUM_VALUE", message)
        .label("unknown value")
        .nearest(name, "a value", names.iter().copied());
    if found.help.is_empty() && names.len() <= 12 {
        found.help = format!("its values are {}", quoted_list(&names));
    }
    found
}

/// Two members of one oneof are set.
pub(super) fn both_of_oneof(oneof: &OneofDescriptor, first: &str, second: &str) -> Diagnostic {
    let name = oneof.full_name();
    let message = format!("only one field of the oneof `{name}` can be set, this is the second");
    Diagnostic::error("SEVERAL_OF_ONEOF", message)
        .label(format!("besides `{first}`"))
        .help(format!("leave out `{first}` or `{second}`"))
}

/// Whether values of a type can stand in a `google.protobuf.Value`.
fn is_json(kind: &Type) -> bool {
    match kind.unwrapped() {
        Type::Bytes | Type::Message(_) | Type::Kind | Type::Execution | Type::Optional(_) => false,
        Type::List(element) => is_json(element),
        Type::Map(key, value) => Type::String.fits(key) && is_json(value),
        Type::Unknown
        | Type::Never
        | Type::Dyn
        | Type::Null
        | Type::Bool
        | Type::Int
        | Type::Uint
        | Type::Double
        | Type::String
        | Type::Timestamp
        | Type::Duration
        | Type::Enum(_)
        | Type::Wrapper(_) => true,
    }
}

fn mismatch(kind: &Type, field: &FieldDescriptor) -> Diagnostic {
    let message = format!("{}, this is {kind}", what_it_is(field));
    let help = match (Type::of_kind(&field.kind()), kind.unwrapped()) {
        (Type::Uint, Type::Int) => "convert it: `uint(...)`; 1 is an int, 1u a uint",
        (Type::Int, Type::Uint | Type::Double) => "convert it: `int(...)`",
        (Type::Double, Type::Int | Type::Uint) => {
            "convert it: `double(...)`; 1 is an int, 1.0 a double"
        }
        (Type::String, Type::Int | Type::Uint | Type::Double | Type::Bool | Type::Bytes) => {
            "convert it: `string(...)`"
        }
        (Type::Int | Type::Uint | Type::Double, Type::String) if !field.is_list() => {
            "convert it: `int(...)`, `uint(...)` or `double(...)`"
        }
        (Type::Bytes, Type::String) => "convert it: `bytes(...)`, or write b'...'",
        (Type::Timestamp, Type::String | Type::Int) => "convert it: `timestamp(...)`",
        (Type::Duration, Type::String) => "convert it: `duration(...)`",
        _ => "",
    };
    Diagnostic::error("TYPE_MISMATCH", message)
        .label("another type")
        .help(help)
}

/// `ChargeCardRequest.amount`; of the values of a map, `Order.labels[]`.
pub(super) fn short_name(field: &FieldDescriptor) -> String {
    let owner = field.parent_message();
    if let (true, Some(outer)) = (owner.is_map_entry(), owner.parent_message()) {
        let is_map = |outer: &FieldDescriptor| outer.kind().as_message() == Some(owner);
        if let Some(map) = outer.fields().find(is_map) {
            return format!("{}.{}[]", outer.name(), map.name());
        }
    }
    format!("{}.{}", owner.name(), field.name())
}

/// As in "`ChargeCardRequest.amount` is a shop.common.v1.Money".
pub(super) fn what_it_is(field: &FieldDescriptor) -> String {
    let (name, kind) = (short_name(field), describe_field(field));
    let article = match kind.as_bytes() {
        b"bytes" => "",
        [b'a' | b'e' | b'i' | b'o', ..] => "an ",
        _ => "a ",
    };
    format!("`{name}` is {article}{kind}")
}
