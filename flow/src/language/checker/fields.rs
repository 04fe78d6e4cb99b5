//! Fields of messages, keys of maps, values of enums: what comes after a point.

use cel::common::ast::{Expr, IdedExpr};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::{Checker, Typed, unknown};
use crate::diagnostic::Diagnostic;
use crate::language::decode::quoted_list;
use crate::language::types::Type;
use crate::language::{assign, overloads};
use crate::program::{ExecutionField, Expression, Value, kind_name};

const EXECUTION_FIELDS: [(&str, ExecutionField, Type); 4] = [
    ("id", ExecutionField::Id, Type::String),
    ("workflow", ExecutionField::Workflow, Type::String),
    ("revision", ExecutionField::Revision, Type::String),
    ("create_time", ExecutionField::CreateTime, Type::Timestamp),
];

/// What is asked of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Its value.
    Read,
    /// Whether it is set: `has(x.field)`.
    Test,
    /// Its value if it is set: `x.?field`.
    Optional,
}

impl Checker<'_, '_> {
    /// A field of an operand, or whether it has one.
    pub(super) fn field(
        &mut self,
        node: &IdedExpr,
        operand: Expression,
        kind: &Type,
        name: &str,
        access: Access,
    ) -> Typed {
        let kind = match kind {
            // Of what may be missing, each field may be missing.
            Type::Optional(inner) => {
                let (found, kind) = self.field(node, operand, inner, name, Access::Optional);
                return match access {
                    Access::Test => (has_value(found), Type::Bool),
                    Access::Read | Access::Optional => (found, kind),
                };
            }
            Type::Wrapper(inner) if matches!(**inner, Type::Message(_)) => inner,
            kind => kind,
        };
        let operand = Box::new(operand);
        match kind {
            Type::Unknown => unknown(),
            Type::Never if access == Access::Optional => {
                let kind = Type::Optional(Box::new(Type::Never));
                (Expression::OptionalKey(operand, name.into()), kind)
            }
            // It has no value, and so no field of it has one.
            Type::Never => (*operand, Type::Never),
            Type::Message(descriptor) => {
                let Some(field) = descriptor.get_field_by_name(name) else {
                    self.unknown_field(node, descriptor, name);
                    return unknown();
                };
                let kind = Type::of_field(&field);
                match access {
                    Access::Test => (Expression::HasField(operand, field), Type::Bool),
                    Access::Read => (Expression::Field(operand, field), kind),
                    Access::Optional => {
                        let kind = Type::Optional(Box::new(kind.non_null().clone()));
                        (Expression::OptionalField(operand, field), kind)
                    }
                }
            }
            Type::Execution => {
                let known = EXECUTION_FIELDS.iter().find(|(field, ..)| *field == name);
                let Some((_, field, kind)) = known else {
                    let names = EXECUTION_FIELDS.iter().map(|(field, ..)| *field);
                    let message = format!("`execution` has no field `{name}`");
                    let found = Diagnostic::error("UNKNOWN_FIELD", message)
                        .label("unknown field")
                        .help("its fields are `id`, `workflow`, `revision` and `create_time`")
                        .nearest(name, "a field", names);
                    self.found.push((self.parsed.selected(node, name), found));
                    return unknown();
                };
                let value = Expression::Execution(*field);
                match access {
                    Access::Test => (Expression::Literal(Value::Bool(true)), Type::Bool),
                    Access::Read => (value, kind.clone()),
                    Access::Optional => {
                        let function =
                            overloads::resolve("optional.of", false, std::slice::from_ref(kind));
                        let (function, kind) = function.expect("it takes anything");
                        (Expression::Call(function, vec![value]), kind)
                    }
                }
            }
            Type::Dyn | Type::Map(..) => {
                if let Type::Map(key, _) = kind
                    && !Type::String.fits(key)
                {
                    let message = format!("`.{name}` selects a text key, each key here is {key}");
                    let found = Diagnostic::error("TYPE_MISMATCH", message).label("not a key");
                    self.found.push((self.parsed.selected(node, name), found));
                    return unknown();
                }
                let value = match kind {
                    Type::Map(_, value) => (**value).clone(),
                    _ => Type::Dyn,
                };
                match access {
                    Access::Test => (Expression::HasKey(operand, name.into()), Type::Bool),
                    Access::Read => (Expression::Key(operand, name.into()), value),
                    Access::Optional => {
                        let kind = Type::Optional(Box::new(value));
                        (Expression::OptionalKey(operand, name.into()), kind)
                    }
                }
            }
            other => {
                let message = format!("{other} has no fields, so no `{name}`");
                let found = Diagnostic::error("UNKNOWN_FIELD", message).label("unknown field");
                let found = match other {
                    _ if overloads::names().any(|known| known == name) => {
                        found.help(format!("call it: `.{name}()`"))
                    }
                    Type::List(_) => found.help("index it, as in `[0]`, or use `map`, `filter`"),
                    _ => found,
                };
                self.found.push((self.parsed.selected(node, name), found));
                unknown()
            }
        }
    }

    fn unknown_field(&mut self, node: &IdedExpr, descriptor: &MessageDescriptor, name: &str) {
        let range = self.parsed.selected(node, name);
        self.found.push((range, no_such_field(descriptor, name)));
    }

    /// `package.Enum.VALUE` as its number, unless the first name is one of ours.
    pub(super) fn enum_value(&mut self, node: &IdedExpr) -> Option<Typed> {
        let name = qualified_name(node)?;
        let (root, _) = name.split_once('.')?;
        if self.is_variable(root) {
            return None;
        }
        let (owner, value) = name.rsplit_once('.')?;
        let descriptor = self.environment.pool.get_enum_by_name(owner)?;
        let Some(found) = descriptor.get_value_by_name(value) else {
            let found = assign::no_such_value(&descriptor, value);
            self.found.push((self.parsed.selected(node, value), found));
            return Some(unknown());
        };
        let number = i64::from(found.number());
        let kind = Type::Enum(descriptor);
        Some((Expression::Literal(Value::Int(number)), kind))
    }
}

fn has_value(optional: Expression) -> Expression {
    let kind = Type::Optional(Box::new(Type::Dyn));
    let (function, _) = overloads::resolve("hasValue", true, &[kind]).expect("it takes optionals");
    Expression::Call(function, vec![optional])
}

/// The diagnostic of a field that a message does not have.
pub(in crate::language) fn no_such_field(descriptor: &MessageDescriptor, name: &str) -> Diagnostic {
    let message = format!("`{}` has no field `{name}`", descriptor.name());
    let found = Diagnostic::error("UNKNOWN_FIELD", message).label("unknown field");
    let fields: Vec<FieldDescriptor> = descriptor.fields().collect();
    let names = fields.iter().map(FieldDescriptor::name);
    // A field is often looked for by its name in JSON.
    let near = descriptor
        .get_field_by_json_name(name)
        .map(|field| field.name().to_owned());
    match near.or_else(|| pavane::nearest(name, names).map(ToOwned::to_owned)) {
        Some(near) => {
            let field = descriptor
                .get_field_by_name(&near)
                .expect("it is the name of one");
            let kind = describe_field(&field);
            found.help(format!(
                "a field with a similar name exists: `{near}` ({kind})"
            ))
        }
        None if fields.is_empty() => found.help("it has no fields"),
        None if fields.len() <= 12 => {
            let all: Vec<_> = fields.iter().map(FieldDescriptor::name).collect();
            found.help(format!("its fields are {}", quoted_list(&all)))
        }
        None => found,
    }
}

/// The type of a field as .proto files write it.
pub(in crate::language) fn describe_field(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
            format!("map<{}, {}>", describe_field(&key), describe_field(&value))
        }
        kind => {
            let name = kind_name(&kind);
            let repeated = if field.is_list() { "repeated " } else { "" };
            format!("{repeated}{name}")
        }
    }
}

/// `a.b.c` as written; `None` for what is not only names.
pub(super) fn qualified_name(node: &IdedExpr) -> Option<String> {
    match &node.expr {
        Expr::Ident(name) => Some(name.trim_start_matches('.').to_owned()),
        Expr::Select(select) => {
            let owner = qualified_name(&select.operand)?;
            Some(format!("{owner}.{}", select.field))
        }
        _ => None,
    }
}
