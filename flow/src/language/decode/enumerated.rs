//! Values of enums, by name: as in the .proto file, or without what all names of the enum begin with
//! and in lower case, as people write them.

use prost_reflect::{EnumDescriptor, Value};

use super::{Decoder, Node, Resolved, quoted_list, resolved};
use crate::diagnostic::Diagnostic;

impl Decoder<'_> {
    pub(super) fn enumerated(
        &mut self,
        descriptor: &EnumDescriptor,
        node: &Node,
        path: &str,
    ) -> Option<Value> {
        let Some(Resolved::Text(text)) = resolved(node) else {
            return self.refuse_kind(path, "a name", node);
        };
        let mut values = descriptor.values();
        let found = values.find(|value| value.name() == text || short_name(value.name()) == text);
        if let Some(value) = found {
            return Some(Value::EnumNumber(value.number()));
        }
        // The first says nothing: it is what is meant without a name.
        let names: Vec<_> = descriptor
            .values()
            .skip(1)
            .map(|value| short_name(value.name()))
            .collect();
        let message = format!("`{path}` takes {}, this is `{text}`", either(&names));
        let mut found = Diagnostic::error("UNKNOWN_ENUM_VALUE", message).label("unknown value");
        if let Some(nearest) = pavane::nearest(text, names.iter().map(String::as_str)) {
            found.help = format!("did you mean `{nearest}`?");
        }
        self.refuse(path, found)
    }
}

/// `MODE_CHOREOGRAPHED` is `choreographed`: buf STANDARD has names begin with that of their enum.
pub(in crate::language) fn short_name(name: &str) -> String {
    let short = name.split_once('_').map_or(name, |(_, short)| short);
    short.to_lowercase()
}

fn either(names: &[String]) -> String {
    quoted_list(names).replace(" and ", " or ")
}
