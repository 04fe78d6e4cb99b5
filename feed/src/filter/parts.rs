//! The parts of a filter, or of one of its alternatives, prepared so that comparing allocates nothing.

use pavane::feed::v1 as pb;

use crate::Error;
use crate::record::EventView;

/// Types, subjects and attributes, each of which an event must match unless it is empty.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    types: Patterns,
    subjects: Patterns,
    attributes: Vec<(Attribute, String)>,
}

impl Parts {
    /// `place` is what errors put before the name of a field. Alternatives are left to the caller.
    pub(super) fn parse(filter: pb::Filter, place: &str) -> Result<Self, Error> {
        Ok(Self {
            types: Patterns::parse(&format!("{place}types"), filter.types)?,
            subjects: Patterns::parse(&format!("{place}subjects"), filter.subjects)?,
            attributes: filter
                .attributes
                .into_iter()
                .map(|(name, value)| Ok((Attribute::parse(name, place)?, value)))
                .collect::<Result<_, Error>>()?,
        })
    }

    pub(super) fn pass_everything(&self) -> bool {
        self.types.is_empty() && self.subjects.is_empty() && self.attributes.is_empty()
    }

    /// The subject that every event must have, if there is exactly one.
    pub(super) fn only_subject(&self) -> Option<&str> {
        match (&*self.subjects.exact, &*self.subjects.prefixes) {
            ([subject], []) => Some(subject),
            _ => None,
        }
    }

    pub(super) fn pass(&self, event: &EventView<'_>) -> Result<bool, Error> {
        if !self.types.match_text(event.r#type) || !self.subjects.match_text(event.subject) {
            return Ok(false);
        }
        for (attribute, expected) in &self.attributes {
            let found = match attribute {
                Attribute::Id => Some(event.id),
                Attribute::Source => Some(event.source),
                Attribute::CorrelationId => Some(event.correlation_id),
                Attribute::CausationId => Some(event.causation_id),
                Attribute::Extension(name) => event.attribute(name)?,
            };
            if found != Some(expected) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Texts, any of which matches; none: everything does.
#[derive(Debug, Clone, Default)]
struct Patterns {
    /// Sorted.
    exact: Vec<String>,
    prefixes: Vec<String>,
}

impl Patterns {
    fn parse(field: &str, texts: Vec<String>) -> Result<Self, Error> {
        let mut patterns = Self::default();
        for text in texts {
            let problem = match text.find('*') {
                None if text.is_empty() => "has an empty entry".to_owned(),
                None => {
                    patterns.exact.push(text);
                    continue;
                }
                Some(position) if position + 1 == text.len() => {
                    patterns.prefixes.push(text[..position].to_owned());
                    continue;
                }
                Some(_) => format!("has `{text}`: `*` is understood at the end only"),
            };
            return Err(Error::InvalidFilter {
                field: field.to_owned(),
                problem,
            });
        }
        patterns.exact.sort_unstable();
        patterns.exact.dedup();
        Ok(patterns)
    }

    fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.prefixes.is_empty()
    }

    fn match_text(&self, text: &str) -> bool {
        let exact = || self.exact.binary_search_by(|known| (**known).cmp(text));
        self.is_empty()
            || exact().is_ok()
            || self
                .prefixes
                .iter()
                .any(|prefix| text.starts_with(&**prefix))
    }
}

#[derive(Debug, Clone)]
enum Attribute {
    Id,
    Source,
    CorrelationId,
    CausationId,
    Extension(String),
}

impl Attribute {
    fn parse(name: String, place: &str) -> Result<Self, Error> {
        match name.as_str() {
            "id" => Ok(Self::Id),
            "source" => Ok(Self::Source),
            "correlation_id" => Ok(Self::CorrelationId),
            "causation_id" => Ok(Self::CausationId),
            _ if is_extension_name(&name) => Ok(Self::Extension(name)),
            _ => Err(Error::InvalidFilter {
                field: format!("{place}attributes"),
                problem: format!(
                    "names `{name}`: expected `id`, `source`, `correlation_id`, `causation_id` or \
                     an extension attribute (a-z, 0-9)"
                ),
            }),
        }
    }
}

/// CloudEvents 1.0: extension attributes are named with lower-case letters and digits.
pub(crate) fn is_extension_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}
