//! Messages that an expression makes: `shop.common.v1.Money{currency: 'EUR'}`.

use std::collections::HashMap;
use std::ops::Range;

use cel::common::ast::{EntryExpr, IdedExpr, StructExpr};
use prost_reflect::MessageDescriptor;

use super::{Checker, Typed, no_such_field, unknown};
use crate::diagnostic::Diagnostic;
use crate::language::assign;
use crate::language::types::Type;
use crate::program::Expression;

impl Checker<'_, '_> {
    pub(super) fn message(&mut self, node: &IdedExpr, message: &StructExpr) -> Typed {
        let name = message.type_name.trim_start_matches('.');
        let Some(descriptor) = self.environment.pool.get_message_by_name(name) else {
            let brace = self.parsed.token(node).start;
            let start = self.parsed.text[..brace].rfind(name).unwrap_or(brace);
            self.unknown_message(start..start + name.len(), name);
            return unknown();
        };
        let mut fields = Vec::new();
        let mut oneofs: HashMap<String, String> = HashMap::new();
        for entry in &message.entries {
            let EntryExpr::StructField(given) = &entry.expr else {
                continue;
            };
            let (value, kind) = self.expression(&given.value);
            let at = self.parsed.token_of(entry.id);
            let Some(field) = descriptor.get_field_by_name(&given.field) else {
                // The token of an entry is its colon: the name stands before it.
                let start = self.parsed.text[..at.start].rfind(&given.field);
                let range = start.map_or(at, |start| start..start + given.field.len());
                self.found
                    .push((range, no_such_field(&descriptor, &given.field)));
                continue;
            };
            if let Some(oneof) = field
                .containing_oneof()
                .filter(|oneof| !oneof.is_synthetic())
                && let Some(other) = oneofs.insert(oneof.name().to_owned(), given.field.clone())
            {
                let found = assign::both_of_oneof(&oneof, &other, &given.field);
                self.found.push((self.parsed.extent(&given.value), found));
            }
            let (kind, is_wrong) = match kind {
                Type::Optional(inner) if given.optional => (*inner, false),
                kind => (kind.clone(), given.optional && !kind.is_open()),
            };
            if is_wrong {
                let message = format!("`?` takes an optional, this is {kind}");
                self.mismatch(&given.value, message, "not an optional");
            } else if let Err(found) = assign::check(&value, &kind, &field) {
                self.found.push((self.parsed.extent(&given.value), *found));
            }
            let value = assign::adapted(value, &field);
            fields.push((field, value));
        }
        let kind = Type::of_message(&descriptor);
        (Expression::Message(descriptor, fields), kind)
    }

    pub(super) fn unknown_message(&mut self, range: Range<usize>, name: &str) {
        let messages: Vec<MessageDescriptor> = self.environment.pool.all_messages().collect();
        let message = format!("there is no message type `{name}`");
        let mut found = Diagnostic::error("UNKNOWN_TYPE", message).label("unknown type");
        let by_short_name = messages.iter().find(|message| message.name() == name);
        found = match by_short_name {
            Some(message) => found.help(format!("write `{}`", message.full_name())),
            None => found.nearest(
                name,
                "a type",
                messages.iter().map(MessageDescriptor::full_name),
            ),
        };
        self.found.push((range, found));
    }
}
