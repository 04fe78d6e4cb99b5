//! Values of JSON in a definition: requests, outputs, constants.

use std::collections::BTreeMap;

use prost_types::value::Kind as JsonKind;

use super::{Content, Decoder, Node, Resolved, join};
use crate::diagnostic::Diagnostic;

/// The largest whole number up to which doubles, as which the JSON mapping holds numbers, are exact.
const MAX_EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;

impl Decoder<'_> {
    pub(super) fn structure(&mut self, node: &Node, path: &str) -> Option<prost_types::Struct> {
        let Content::Mapping(entries) = &node.content else {
            self.refuse_kind::<()>(path, "an object with a value for each field", node);
            return None;
        };
        let mut fields = BTreeMap::new();
        for (key, value) in entries {
            let Some(name) = self.key(key, path) else {
                continue;
            };
            let path = join(path, name);
            if fields.contains_key(name) {
                self.duplicate(name, key, &path);
                continue;
            }
            self.source.record(&path, Some(key), value);
            let kind = self.json_value(value, &path);
            fields.insert(name.to_owned(), prost_types::Value { kind: Some(kind) });
        }
        Some(prost_types::Struct { fields })
    }

    pub(super) fn json_value(&mut self, node: &Node, path: &str) -> JsonKind {
        match &node.content {
            Content::Mapping(_) => {
                let structure = self.structure(node, path);
                JsonKind::StructValue(structure.unwrap_or_default())
            }
            Content::Sequence(items) => {
                let mut values = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    self.source.record(&path, None, item);
                    let kind = Some(self.json_value(item, &path));
                    values.push(prost_types::Value { kind });
                }
                JsonKind::ListValue(prost_types::ListValue { values })
            }
            Content::Scalar(scalar) => match scalar.resolve() {
                Resolved::Null => JsonKind::NullValue(0),
                Resolved::Boolean(value) => JsonKind::BoolValue(value),
                Resolved::Text(text) => JsonKind::StringValue(text.to_owned()),
                Resolved::Number(text) => JsonKind::NumberValue(self.number(text, path)),
            },
        }
    }

    fn number(&mut self, text: &str, path: &str) -> f64 {
        let number: f64 = text
            .parse()
            .expect("what resolves as a number parses as one");
        let problem = if !number.is_finite() {
            "too large"
        } else if number.fract() == 0.0 && number.abs() > MAX_EXACT_INTEGER {
            "not exact in JSON"
        } else {
            return number;
        };
        let help = if path.starts_with("constants.") {
            "let a step `compute` it".to_owned()
        } else {
            format!("write it as an expression, in quotes: \"{text}\"")
        };
        let found = Diagnostic::error("OUT_OF_RANGE", format!("{text} is {problem} as a number"))
            .label(problem)
            .help(help);
        self.refuse::<()>(path, found);
        0.0
    }
}
