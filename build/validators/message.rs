//! Writes the validator of one message: a walk over its fields.

use std::collections::BTreeSet;

use protox::prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::super::names::{ident, module_of, type_path, upper_camel};
use super::super::rules::{self, Bounds, Error, Ignore, Kind as RuleKind, Rules};
use super::line;

/// The `impl Validate` of a message; `with_rules` are the full names of all that have one.
/// Errors: a rule that is not known, or not for a field like that.
pub(crate) fn write(
    message: &MessageDescriptor,
    with_rules: &BTreeSet<String>,
) -> Result<String, Error> {
    let writer = Writer {
        message,
        with_rules,
    };
    writer.write()
}

/// Writes the validator of one message.
struct Writer<'a> {
    message: &'a MessageDescriptor,
    with_rules: &'a BTreeSet<String>,
}

impl Writer<'_> {
    fn write(&self) -> Result<String, Error> {
        let mut body = String::new();
        let mut alternatives = BTreeSet::new();
        for rule in rules::of_message(self.message)? {
            let set = rule.fields.iter().map(|name| self.is_set(name));
            let set = set.collect::<Result<Vec<_>, _>>()?.join(", ");
            let (fields, required) = (&rule.fields, rule.required);
            line(
                &mut body,
                &format!("checks::one_of(&{fields:?}, &[{set}], {required}, path, found);"),
            );
            alternatives.extend(rule.fields);
        }
        for oneof in self.message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            if rules::of_oneof(&oneof)? {
                let names: Vec<_> = oneof.fields().map(|it| it.name().to_owned()).collect();
                let (name, place) = (oneof.name(), ident(oneof.name()));
                let check = format!(
                    "checks::one_of(&{names:?}, &[self.{place}.is_some()], true, &path.field({name:?}), found);"
                );
                line(&mut body, &check);
            }
        }
        for field in self.message.fields() {
            let mut rules = rules::of_field(&field)?;
            if rules.ignore == Ignore::Unset && alternatives.contains(field.name()) {
                rules.ignore = Ignore::Zero;
            }
            body.push_str(&self.field(&field, &rules)?);
        }
        Ok(format!(
            "impl Validate for {} {{\n    fn validate(&self, path: &Path<'_>, found: &mut Violations) {{\n{body}    }}\n}}\n",
            type_path(self.message)
        ))
    }

    fn is_set(&self, name: &str) -> Result<String, Error> {
        let field = self.message.get_field_by_name(name);
        let field =
            field.ok_or_else(|| format!("{}: no field `{name}`", self.message.full_name()))?;
        let place = ident(name);
        match field.kind() {
            _ if field.supports_presence() => Ok(format!("self.{place}.is_some()")),
            Kind::String => Ok(format!("!self.{place}.is_empty()")),
            _ => Err(format!(
                "{}: expected a message or a text",
                field.full_name()
            )),
        }
    }

    /// The statements that check a field; none if it has no rules.
    fn field(&self, field: &FieldDescriptor, rules: &Rules) -> Result<String, Error> {
        let name = field.name();
        if rules.ignore == Ignore::Always {
            return Ok(String::new());
        }
        let place = format!("self.{}", ident(name));
        let real_oneof = field
            .containing_oneof()
            .filter(|oneof| !oneof.is_synthetic());
        let has_presence = field.supports_presence();
        let is_single = !field.is_list() && !field.is_map();
        if rules.required && !(has_presence && real_oneof.is_none()) {
            return Err(format!(
                "{}: `required` is for what can be unset",
                field.full_name()
            ));
        }
        let checks = self.value(field, rules)?;
        if checks.is_empty() && !rules.required {
            return Ok(String::new());
        }
        let mut code = String::new();
        let at = format!("let path = path.field({name:?});");
        if let Some(oneof) = real_oneof {
            let (variant, choice) = (upper_camel(name), upper_camel(oneof.name()));
            let (module, place) = (module_of(self.message), ident(oneof.name()));
            let case = format!(
                "if let Some({module}::{choice}::{variant}(value)) = &self.{place} {{ {at}"
            );
            code.push_str(&format!("{case}\n{checks}}}\n"));
        } else if has_presence && is_single {
            let otherwise = match rules.required {
                true => format!("else {{ checks::missing(&path.field({name:?}), found); }}"),
                false => String::new(),
            };
            code.push_str(&format!(
                "if let Some(value) = &{place} {{ {at}\n{checks}}} {otherwise}\n"
            ));
        } else {
            let guard = match (rules.ignore, is_single) {
                (Ignore::Zero, true) => format!("if !checks::is_zero(&{place}) "),
                _ => String::new(),
            };
            code.push_str(&format!(
                "{guard}{{ {at} let value = &{place};\n{checks}}}\n"
            ));
        }
        Ok(code)
    }

    /// The statements that check a field's `value` at `path`.
    fn value(&self, field: &FieldDescriptor, rules: &Rules) -> Result<String, Error> {
        let mut code = String::new();
        if field.is_map() {
            let (count, keys, values) = match &rules.kind {
                Some(RuleKind::Map {
                    count,
                    keys,
                    values,
                }) => (Some(count), keys, values),
                None => (None, &None, &None),
                Some(other) => return Err(misplaced(field, other)),
            };
            if let Some(count) = count.filter(|count| !count.is_empty()) {
                line(
                    &mut code,
                    &format!(
                        "checks::entries(value.len(), {}, &path, found);",
                        count.as_usize()
                    ),
                );
            }
            let entry = field.kind();
            let entry = entry.as_message().ok_or("a map has entries")?.clone();
            let of_keys = self.single(&entry.map_entry_key_field(), keys.as_deref())?;
            let of_values = self.single(&entry.map_entry_value_field(), values.as_deref())?;
            if !of_keys.is_empty() {
                let at = "let path = path.name_of(key); let value = key;";
                line(
                    &mut code,
                    &format!("for key in value.keys() {{ {at}\n{of_keys}}}"),
                );
            }
            if !of_values.is_empty() {
                let at = "let path = path.key(key);";
                line(
                    &mut code,
                    &format!("for (key, value) in value {{ {at}\n{of_values}}}"),
                );
            }
        } else if field.is_list() {
            let (count, items) = match &rules.kind {
                Some(RuleKind::List { count, items }) => (Some(count), items),
                None => (None, &None),
                Some(other) => return Err(misplaced(field, other)),
            };
            if let Some(count) = count.filter(|count| !count.is_empty()) {
                line(
                    &mut code,
                    &format!(
                        "checks::count(value.len(), {}, &path, found);",
                        count.as_usize()
                    ),
                );
            }
            let of_items = self.single(field, items.as_deref())?;
            if !of_items.is_empty() {
                let at = "let path = path.index(index);";
                line(
                    &mut code,
                    &format!(
                        "for (index, value) in value.iter().enumerate() {{ {at}\n{of_items}}}"
                    ),
                );
            }
        } else {
            code = self.single(field, Some(rules))?;
        }
        Ok(code)
    }

    /// The statements that check one `value` at `path`, of the kind that `field` has.
    fn single(&self, field: &FieldDescriptor, rules: Option<&Rules>) -> Result<String, Error> {
        let mut code = String::new();
        let kind = field.kind();
        match (rules.and_then(|rules| rules.kind.as_ref()), &kind) {
            (None, _) => {}
            (Some(RuleKind::Text { bytes, pattern }), Kind::String) => {
                let pattern = pattern.as_ref().map(|pattern| {
                    let (source, or_empty) = (&pattern.source, pattern.or_empty);
                    let parts = pattern.parts.iter().map(|part| {
                        let (ranges, least, most) = (&part.ranges, part.least, part.most);
                        format!("Part {{ ranges: &{ranges:?}, least: {least}, most: {most:?} }}")
                    });
                    let parts = parts.collect::<Vec<_>>().join(", ");
                    format!(
                        "&Pattern {{ source: {source:?}, or_empty: {or_empty}, parts: &[{parts}] }}"
                    )
                });
                if !bytes.is_empty() {
                    line(
                        &mut code,
                        &format!("checks::bytes(value, {}, &path, found);", bytes.as_usize()),
                    );
                }
                if let Some(pattern) = pattern {
                    line(
                        &mut code,
                        &format!("checks::pattern(value, {pattern}, &path, found);"),
                    );
                }
            }
            (
                Some(RuleKind::Number(bounds)),
                Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 | Kind::Double,
            ) => {
                line(
                    &mut code,
                    &format!(
                        "checks::number(*value, {}, &path, found);",
                        bounds.as_options()
                    ),
                );
            }
            (Some(RuleKind::Duration(bounds)), Kind::Message(message))
                if message.full_name() == "google.protobuf.Duration" =>
            {
                line(
                    &mut code,
                    &format!(
                        "checks::duration(value, {}, &path, found);",
                        bounds.as_options()
                    ),
                );
            }
            (
                Some(RuleKind::Enum {
                    defined_only: true,
                    not_in,
                }),
                Kind::Enum(enumeration),
            ) => {
                let values = enumeration
                    .values()
                    .filter(|value| !not_in.contains(&value.number()));
                let values: Vec<_> = values
                    .map(|value| (value.number(), value.name().to_owned()))
                    .collect();
                line(
                    &mut code,
                    &format!("checks::one_value_of(*value, &{values:?}, &path, found);"),
                );
            }
            (Some(other), _) => return Err(misplaced(field, other)),
        }
        if let Kind::Message(message) = &kind
            && self.with_rules.contains(message.full_name())
        {
            line(&mut code, "value.validate(&path, found);");
        }
        Ok(code)
    }
}

impl Bounds {
    fn is_empty(&self) -> bool {
        self.least.is_none() && self.most.is_none()
    }

    fn as_usize(&self) -> String {
        let least = self.least.as_deref().unwrap_or("0");
        let most = self.most.as_deref().unwrap_or("usize::MAX");
        format!("{least}, {most}")
    }

    fn as_options(&self) -> String {
        let option = |bound: &Option<String>| {
            let bound = bound.as_ref();
            bound.map_or("None".to_owned(), |bound| format!("Some({bound})"))
        };
        format!("{}, {}", option(&self.least), option(&self.most))
    }
}

fn misplaced(field: &FieldDescriptor, rule: &RuleKind) -> Error {
    format!(
        "{}: {rule:?} is not for a field like this",
        field.full_name()
    )
}
