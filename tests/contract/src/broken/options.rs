//! The `buf.validate` options of fields, messages and oneofs, as they are.

use prost_reflect::{
    DynamicMessage, FieldDescriptor, MessageDescriptor, OneofDescriptor, ReflectMessage, Value,
};

/// The rules of a field, or of an element or a key of one.
#[derive(Debug, Clone)]
pub(super) struct Options(Option<DynamicMessage>);

/// The rules of a field.
pub(super) fn of_field(field: &FieldDescriptor) -> Options {
    Options(extension(&field.options(), "buf.validate.field"))
}

/// Whether one of its fields must be set.
pub(super) fn requires_one(oneof: &OneofDescriptor) -> bool {
    let rules = extension(&oneof.options(), "buf.validate.oneof");
    rules.is_some_and(|rules| flag(&rules, "required"))
}

/// The fields of which exactly one must be set; none: there are no such fields.
pub(super) fn one_of(message: &MessageDescriptor) -> Vec<String> {
    let Some(rules) = extension(&message.options(), "buf.validate.message") else {
        return Vec::new();
    };
    let rules = rules
        .get_field_by_name("oneof")
        .expect("a field of MessageRules");
    let rules = rules.as_list().unwrap_or_default().iter();
    let fields = rules.filter_map(Value::as_message).flat_map(|rule| {
        let fields = rule
            .get_field_by_name("fields")
            .expect("a field of MessageOneofRule");
        let fields = fields.as_list().unwrap_or_default().iter();
        fields
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    });
    fields.collect()
}

impl Options {
    pub(super) fn has_rules(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn is_required(&self) -> bool {
        self.0.as_ref().is_some_and(|rules| flag(rules, "required"))
    }

    pub(super) fn is_ignored(&self) -> bool {
        self.ignore() == Some(3)
    }

    pub(super) fn is_ignored_if_zero(&self) -> bool {
        self.ignore() == Some(1)
    }

    fn ignore(&self) -> Option<i32> {
        let ignore = self.0.as_ref()?.get_field_by_name("ignore")?;
        ignore.as_enum_number()
    }

    /// The value of a rule such as `string.max_bytes`, if it is set.
    pub(super) fn get(&self, rule: &str) -> Option<Value> {
        let mut message = self.0.clone()?;
        let mut names = rule.split('.').peekable();
        while let Some(name) = names.next() {
            if !message.has_field_by_name(name) {
                return None;
            }
            let value = message.get_field_by_name(name)?.into_owned();
            if names.peek().is_none() {
                return Some(value);
            }
            message = value.as_message()?.clone();
        }
        None
    }

    /// A rule that is a number.
    pub(super) fn number(&self, rule: &str) -> Option<i128> {
        match self.get(rule)? {
            Value::I32(number) => Some(number.into()),
            Value::I64(number) => Some(number.into()),
            Value::U32(number) => Some(number.into()),
            Value::U64(number) => Some(number.into()),
            Value::F64(number) => Some(number as i128),
            Value::Message(duration) => {
                let part = |name| duration.get_field_by_name(name);
                let seconds = part("seconds")?.as_i64()?;
                let nanos = part("nanos")?.as_i32()?;
                Some(i128::from(seconds) * 1_000_000_000 + i128::from(nanos))
            }
            _ => None,
        }
    }

    /// What can be broken, each by its full name. What only says when to look is not a rule.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        if let Some(rules) = &self.0
            && !self.is_ignored()
        {
            collect("", rules, &mut names);
        }
        names
    }

    /// The rules of what is within: `repeated.items`, `map.keys`.
    pub(super) fn inner(&self, rule: &str) -> Option<Self> {
        let inner = self.get(rule)?;
        Some(Self(Some(inner.as_message()?.clone())))
    }
}

fn collect(before: &str, rules: &DynamicMessage, names: &mut Vec<String>) {
    for (field, value) in rules.fields() {
        let name = format!("{before}{}", field.name());
        match value {
            _ if name == "ignore" => {}
            Value::Message(inner) if !inner.descriptor().full_name().starts_with("google.") => {
                collect(&format!("{name}."), inner, names);
            }
            _ => names.push(name),
        }
    }
}

fn flag(message: &DynamicMessage, name: &str) -> bool {
    let value = message.get_field_by_name(name);
    value.is_some_and(|value| value.as_bool() == Some(true))
}

fn extension(options: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    let pool = options.descriptor().parent_pool().clone();
    let extension = pool.get_extension_by_name(name)?;
    let found = options.has_extension(&extension);
    let value = found.then(|| options.get_extension(&extension).into_owned())?;
    value.as_message().cloned()
}
